// Push targets of a broadcast.
#pragma once

#include <string>

#include "broadcast/ledger.h"
#include "broadcast/rules.h"

namespace openday::broadcast {

struct NewTarget {
  std::string id;
  std::string name;
  std::string url;
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

}  // namespace openday::broadcast
