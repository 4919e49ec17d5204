// What the desk needs of others.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace openday::desk {

/// Keeps aired, unwithdrawn media beyond the DVR window.
class ClipKeeper {
 public:
  virtual ~ClipKeeper() = default;
  /// `done` gets the clip's id, perhaps at once.
  virtual void keep(const std::string& broadcast, ProgramTime from, ProgramTime to,
                    std::function<void(Result<std::string>)> done) = 0;
  /// Nobody needs it any more. When that fails, it is among the kept ones again, at the latest after a start.
  virtual void release(const std::string& clip) = 0;
  /// The ids of all there are. kBusy: not known yet.
  virtual Result<std::vector<std::string>> kept() = 0;
};

}  // namespace openday::desk
