// Strangers decide how often they are refused, but not how much is logged about it.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"

namespace openday {

/// Lets one event a second through. One thread.
class LogThrottle {
 public:
  explicit LogThrottle(const Clock& clock) : clock_(clock) {}

  /// Log now, and say that so many were left out before; or do not log.
  std::optional<uint64_t> allow() {
    if (last_ && clock_.now() - *last_ < seconds(1)) {
      ++left_out_;
      return std::nullopt;
    }
    last_ = clock_.now();
    return std::exchange(left_out_, 0);
  }

 private:
  const Clock& clock_;
  std::optional<HouseTime> last_;
  uint64_t left_out_ = 0;
};

}  // namespace openday
