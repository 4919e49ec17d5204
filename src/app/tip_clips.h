// The clips of tips: what the desk asks for, out of what was aired.
#pragma once

#include "broadcast/ledger.h"
#include "desk/ports.h"
#include "hub/clips.h"

namespace openday::app {

/// Home thread: the loop's. What it is given outlives it. No clip is anybody's but a tip's.
class TipClips final : public desk::ClipKeeper {
 public:
  TipClips(hub::Clips& clips, broadcast::LedgerView& broadcasts) : clips_(clips), broadcasts_(broadcasts) {}

  /// kNotFound: there is no such broadcast, or nothing of it was aired.
  void keep(const std::string& broadcast, ProgramTime from, ProgramTime to,
            std::function<void(Result<std::string>)> done) override;
  void release(const std::string& clip) override;
  Result<std::vector<std::string>> kept() override { return clips_.ids(); }

 private:
  hub::Clips& clips_;
  broadcast::LedgerView& broadcasts_;
};

}  // namespace openday::app
