// Blocks of a tick to frames of an AAC encoder. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "media/media.h"

namespace openday::encode {

/// Keeps the sound's clock exact: every frame carries the time of its first sample, whatever was lost before.
/// Short losses become silence; after a long one the times jump.
class SoundFramer {
 public:
  static constexpr int64_t kLongestSilence = 2 * media::HouseFormat::kSampleRate;
  /// `frame` × 2 samples, and the time of the first in 48 kHz units from tick 0.
  using Sink = std::function<void(const float* samples, int64_t pts)>;

  SoundFramer(const media::HouseFormat& house, int frame) : house_(house), frame_(frame) {}

  void add(media::Tick tick, const media::Samples& block, const Sink& sink);
  /// The last, incomplete frame, filled with silence.
  void finish(const Sink& sink);
  /// Samples that were lost and stand as silence; a jump shows in the times.
  [[nodiscard]] int64_t silenced() const { return silenced_; }

 private:
  void append(const float* samples, int64_t count, const Sink& sink);

  media::HouseFormat house_;
  int frame_;
  int64_t silenced_ = 0;
  std::vector<float> pending_;
  int64_t next_ = -1;  // index of the sample that follows what is pending; −1: nothing came yet
};

}  // namespace openday::encode
