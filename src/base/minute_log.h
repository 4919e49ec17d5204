// Log lines that do not tell the moment.
#pragma once

#include <string>
#include <utility>

#include "base/log.h"
#include "base/log_throttle.h"
#include "base/loop.h"

namespace openday {

/// For what goes wrong while somebody does something whose time nobody should learn: a line is written when
/// its minute is over, and one a second at most is kept for that. The loop's thread; a line outlives this, if
/// the loop does.
class MinuteLog {
 public:
  MinuteLog(Loop& loop, Log log) : loop_(loop), log_(std::move(log)), throttle_(loop.clock()) {}

  void write(LogLevel level, std::string event, std::string why) {
    auto left_out = throttle_.allow();
    if (!left_out) return;
    constexpr int64_t kMinute = 60'000;
    milliseconds rest(kMinute - loop_.clock().wall().ms % kMinute);
    loop_.after(rest, [log = log_, level, event = std::move(event), why = std::move(why),
                       before = *left_out] { log.write(level, event, {{"why", why}, {"before", before}}); });
  }

 private:
  Loop& loop_;
  const Log log_;
  LogThrottle throttle_;
};

}  // namespace openday
