#include "encode/shedding.h"

namespace openday::encode {

const char* name_of(Shedding shedding) {
  switch (shedding) {
    case Shedding::kNone: return "none";
    case Shedding::kThumbnails: return "thumbnails";
    case Shedding::kPreviews: return "previews";
    case Shedding::kFrames: return "frames";
  }
  return "none";
}

Shedding ShedPolicy::update(media::Tick tick, size_t fullest, bool lost) {
  Shedding called_for = lost                    ? Shedding::kFrames
                        : fullest >= bound_ / 2 ? Shedding::kPreviews
                        : fullest >= bound_ / 4 ? Shedding::kThumbnails
                                                : Shedding::kNone;
  if (called_for >= level_) {
    level_ = called_for;
    last_reason_ = tick;
  } else if (tick - last_reason_ >= fps_) {
    level_ = static_cast<Shedding>(static_cast<int>(level_) - 1);
    last_reason_ = tick;
  }
  return level_;
}

}  // namespace openday::encode
