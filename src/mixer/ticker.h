// The master tick: real time for the mixer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "media/media.h"
#include "mixer/mixer.h"

namespace openday::mixer {

/// What a ticker that wakes at some moment has to do. Pure.
struct DueTicks {
  media::Tick dropped_from = 0;  // [dropped_from, repeat_from) are lost for good
  media::Tick repeat_from = 0;   // [repeat_from, compose) are made up for with the last picture
  media::Tick compose = 0;       // this one is due now
};
/// `next`: the first tick not yet produced; `due`: the last whose time has come, ≥ next; `bound`: most to
/// make up for.
DueTicks due_ticks(media::Tick next, media::Tick due, int bound);

struct TickerStats {
  double late_ms = 0;           // worst of the last second
  uint64_t repeated_ticks = 0;  // made up for after the process was held up
  uint64_t dropped_ticks = 0;   // lost: the hold-up was longer than kMakeUpSeconds
  bool realtime = false;        // the kernel gave us real-time priority
};

/// Wakes at absolute deadlines of CLOCK_MONOTONIC on its own thread, with real-time priority where permitted.
class Ticker {
 public:
  static constexpr int kMakeUpSeconds = 1;

  /// Mixer::start() has said when tick 0 is. `frame` is called on the ticker's thread once per produced tick
  /// and must not wait.
  Ticker(Mixer& mixer, const Clock& clock, std::function<void(const media::ProgramFrame&)> frame, Log log);
  ~Ticker();
  Ticker(const Ticker&) = delete;

  [[nodiscard]] TickerStats stats() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::mixer
