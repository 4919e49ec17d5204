// One permanent input of the mixer: what its feed wrote into the ring, as pictures and sound that can be
// trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "base/clock.h"
#include "link/frame_ring.h"
#include "media/media.h"
#include "media/pool.h"
#include "mixer/audio.h"
#include "mixer/layout.h"
#include "wrap/scale/scaler.h"

namespace openday::mixer {

/// Tick's thread, but for share() and generation().
class Slot {
 public:
  explicit Slot(link::RingReader ring) : ring_(std::move(ring)) {}

  [[nodiscard]] Result<UniqueFd> share() const { return ring_.share(); }

  /// Which of the feeds that have attached, one after the other, is writing; 0: none yet.
  [[nodiscard]] uint32_t generation() const { return ring_.generation(); }

  /// Another venue, or none, sits here from now on: nothing of the feed of generation `stale` is shown or
  /// heard any more; its sound fades.
  void reassign(uint32_t stale);

  /// Looks for the picture to show at `at`. Copies no pixels.
  void look(HouseTime at);
  /// Since when the newest picture has been due; nothing: there never was one.
  [[nodiscard]] std::optional<HouseTime> newest() const;

  /// The picture found by look(), as the feed wrote it; the one before when it could not be read; null: none
  /// ever.
  media::SharedImage picture();
  /// The same scaled to fit inside `tile`, and where it goes.
  struct Fitted {
    Rect at;
    media::SharedImage image;
  };
  std::optional<Fitted> fitted(const Rect& tile);

  /// Reads the block of sound that starts at absolute index `from`, repaired.
  void read(int64_t from, std::span<float> block);
  Voice& voice() { return voice_; }
  [[nodiscard]] const Voice& voice() const { return voice_; }

  /// Pictures whose pixels were overwritten while they were being read, since the start.
  [[nodiscard]] uint64_t torn() const { return torn_; }

 private:
  bool fetch(const link::PictureInfo& info);
  [[nodiscard]] bool silenced() const { return ring_.generation() == stale_generation_; }

  link::RingReader ring_;
  uint32_t stale_generation_ = 0;  // generation 0 never writes
  HouseTime looked_at_{};
  std::optional<link::PictureInfo> seen_;

  media::SharedImage shown_;
  link::PictureInfo shown_info_{};
  media::SharedImage scaled_;
  media::SharedImage scaled_from_;
  wrap::Scaler scaler_;
  media::Pool<media::Image> pictures_{6};
  media::Pool<media::Image> scaled_pool_{6};
  Voice voice_;
  uint64_t torn_ = 0;
};

}  // namespace openday::mixer
