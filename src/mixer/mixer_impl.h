// What mixer.cc (the caller's side) and tick.cc (the tick's side) share.
#pragma once

#include <algorithm>
#include <mutex>
#include <optional>

#include "mixer/audio.h"
#include "mixer/mixer.h"
#include "mixer/slot.h"

namespace openday::mixer {

using Scenery = std::shared_ptr<const PreparedScene>;

// Who sits in a slot.
struct Seat {
  std::string venue;   // empty: nobody
  uint32_t stale = 0;  // generation of the feed that wrote for the venue before
  bool operator==(const Seat&) const = default;
};

struct Mixer::Impl {
  struct Pending {
    Scenery scenery;
    std::optional<HouseTime> since;  // first tick that saw it
  };
  // What a tick needs to know of the world, copied once under the lock.
  struct Inputs {
    Scenery scenery;
    std::optional<Pending> pending;
    std::vector<uint64_t> superseded;
    std::array<Seat, kSlots> seats;
    std::array<FeedState, kSlots> feeds;
    std::array<VenueMix, kSlots> mix;
    bool shed_previews = false;
  };

  Impl(const MixerConfig& config, LayoutBook layouts, MixerEvents e)
      : house(config.house),
        events(std::move(e)),
        builder(config.house, std::move(layouts), config.institution),
        loudness(house),
        program_peaks(static_cast<size_t>(house.fps)),
        slot_peaks(kSlots, PeakMeter(static_cast<size_t>(house.fps))),
        compositor(house.width, house.height),
        block(static_cast<size_t>(house.samples_per_tick()) * 2) {}

  Inputs take_inputs();
  void follow_assignments(const Inputs& in, HouseTime at);
  void settle_take(Inputs& in, media::Tick tick, HouseTime at);
  [[nodiscard]] bool ready(const Inputs& in, const PreparedScene& next, HouseTime at) const;
  void update_wants(const Inputs& in);
  media::SharedImage picture(const PreparedScene& scene, HouseTime at);
  std::shared_ptr<const media::Samples> sound(const Inputs& in, media::Tick tick);
  void offer_thumbnails(media::Tick tick, HouseTime at);
  void publish(const Inputs& in, const media::ProgramFrame& frame, HouseTime at);
  [[nodiscard]] PictureState state(int slot, bool shown, HouseTime at) const;
  [[nodiscard]] HouseTime time_of(media::Tick tick) const { return start + house.since_start(tick); }
  [[nodiscard]] ProgramTime wall_of(media::Tick tick) const {
    return wall + duration_cast<milliseconds>(house.since_start(tick));
  }

  const media::HouseFormat house;
  const MixerEvents events;

  std::mutex control;  // guards the builder and the order of takes; held while fonts are drawn
  SceneBuilder builder;
  uint64_t next_id = 1;

  mutable std::mutex mutex;  // guards what follows; held for moments only
  Scenery scenery;           // on air
  std::optional<Pending> pending;
  std::vector<uint64_t> superseded;
  std::array<Seat, kSlots> seats;
  std::map<std::string, VenueMix> mix;
  std::array<FeedState, kSlots> feeds;
  bool shed_previews = false;
  std::vector<Want> wants;
  MixerStatus status;
  Loudness loudness;
  PeakMeter program_peaks;
  std::vector<PeakMeter> slot_peaks;

  // The tick's own.
  HouseTime start{};
  ProgramTime wall{};
  int64_t first_sample = 0;
  std::vector<Slot> slots;
  std::array<Seat, kSlots> seated;  // as this thread has last seen them
  std::vector<Want> sent_wants;
  Compositor compositor;
  media::SharedImage last_image;
  Limiter limiter;
  std::vector<float> block;
  std::array<Peak, kSlots> tick_peaks{};
  media::Pool<media::Samples> blocks{48};
  std::array<media::SharedImage, kSlots> offered;
};

}  // namespace openday::mixer
