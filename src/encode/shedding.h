// What to give up when the machine cannot keep up, and when to say so. Pure.
#pragma once

#include <cstddef>

#include "media/media.h"

namespace openday::encode {

/// What overload costs, mildest first; each includes those before it.
enum class Shedding { kNone, kThumbnails, kPreviews, kFrames };
const char* name_of(Shedding shedding);

/// Rises at once, falls one step at a time, each after a second of calm: overload that comes and goes would
/// otherwise make the feeds change their mode twice a second.
class ShedPolicy {
 public:
  ShedPolicy(int fps, size_t bound) : fps_(fps), bound_(bound) {}

  /// `fullest`: frames in the fullest queue; `lost`: a frame has been shed since the last call.
  Shedding update(media::Tick tick, size_t fullest, bool lost);
  [[nodiscard]] Shedding level() const { return level_; }

 private:
  int fps_;
  size_t bound_;
  Shedding level_ = Shedding::kNone;
  media::Tick last_reason_ = 0;  // newest tick at which the level was called for
};

}  // namespace openday::encode
