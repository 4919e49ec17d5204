// Push targets of a broadcast.
#pragma once

#include <string>

#include "broadcast/ledger.h"
#include "broadcast/rules.h"

namespace openday::broadcast {

struct NewTarget {
  std::string id;
  std::string name;
  std::string url;  // RTMP without a key: whole, the key is the path's last part with the query
  std::string key;  // in plain, sealed at once; empty: none
  std::string rendition;
  bool enabled = true;
};

struct TargetChanges {
  std::optional<std::string> name;
  std::optional<std::string> url;
  std::optional<std::string> key;
  std::optional<std::string> rendition;
  std::optional<bool> enabled;
};

inline constexpr size_t kMaxTargets = 16;

Result<Target> add_target(Ledger& ledger, const std::string& broadcast, const NewTarget& wanted,
                          const Rules& rules, const Act& act);
Result<Target> edit_target(Ledger& ledger, const std::string& broadcast, const std::string& id,
                           const TargetChanges& changes, const Rules& rules, const Act& act);
Result<> remove_target(Ledger& ledger, const std::string& broadcast, const std::string& id, const Act& act);
/// Seals what older versions kept in the URLs of targets in plain. They mean what they meant.
Result<> seal_targets(Ledger& ledger, const Rules& rules);

}  // namespace openday::broadcast
