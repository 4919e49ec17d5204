// How an encoder is doing: over the last second.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>

#include "base/clock.h"

namespace openday::encode {

/// Thread-safe.
class EncoderMeter {
 public:
  explicit EncoderMeter(const Clock& clock) : clock_(clock) {}

  /// One frame took `busy` and gave `bytes` (perhaps of an earlier frame).
  void add(Duration busy, size_t bytes);

  struct Reading {
    double per_second = 0;  // frames
    double busy_share = 0;  // of one thread's time
    double kbps = 0;
  };
  [[nodiscard]] Reading read() const;

 private:
  struct Sample {
    HouseTime at;
    Duration busy;
    size_t bytes;
  };
  static void forget(std::deque<Sample>& samples, HouseTime now);

  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::deque<Sample> samples_;  // of the last second
};

}  // namespace openday::encode
