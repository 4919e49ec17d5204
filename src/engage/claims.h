// Who looks at what just now, so that two people never decide the same comment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace openday::engage {

struct Claim {
  int64_t id = 0;
  std::string by;  // a person's id; empty: free again
  std::string name;
  ProgramTime until;
};

/// One room's. A claim lasts kLasts from when it was made or renewed. At most kMost, the oldest goes first.
class Claims {
 public:
  static constexpr milliseconds kLasts = seconds(60);
  static constexpr size_t kMost = 2000;

  /// The claim as it is now: another's that is in force stays theirs.
  Claim claim(int64_t id, const std::string& by, const std::string& name, ProgramTime now);
  /// False: it was not theirs.
  bool release(int64_t id, const std::string& by);
  /// The decision is made.
  void forget(int64_t id) { claims_.erase(id); }
  /// Whoever else holds it.
  [[nodiscard]] std::optional<Claim> held_against(int64_t id, const std::string& by, ProgramTime now) const;
  [[nodiscard]] std::vector<Claim> all(ProgramTime now) const;
  /// Those that have ended, to be told of once.
  std::vector<Claim> expire(ProgramTime now);

 private:
  std::map<int64_t, Claim> claims_;
};

}  // namespace openday::engage
