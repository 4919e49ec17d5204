// When a unit of a file or of a segment is let go, as if it came live.
#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.h"

namespace openday::feed {

/// Pure. Files and HLS deliver as fast as they are read; their units leave at the pace of their timestamps,
/// counted from the first. A jump of the timestamps, or a reader that was kept waiting, starts the count
/// anew.
class Pacer {
 public:
  /// When a unit of decode time `dts`, read at `now`, is due. Never before the unit before it.
  HouseTime due(Duration dts, HouseTime now) {
    constexpr Duration kTimestampJump = seconds(3);
    constexpr Duration kBehind = seconds(1);
    bool jumped = last_dts_ && (dts - *last_dts_ > kTimestampJump || *last_dts_ - dts > kTimestampJump);
    if (!last_dts_ || jumped || now - at(dts) > kBehind) {
      offset_ = std::max(now, last_due_) - HouseTime{dts.count()};
    }
    last_dts_ = dts;
    last_due_ = std::max(last_due_, at(dts));
    return last_due_;
  }

 private:
  [[nodiscard]] HouseTime at(Duration dts) const { return HouseTime{dts.count()} + offset_; }

  std::optional<Duration> last_dts_;
  Duration offset_{0};
  HouseTime last_due_;
};

}  // namespace openday::feed
