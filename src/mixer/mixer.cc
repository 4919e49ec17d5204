#include "mixer/mixer.h"

#include <fmt/format.h>

#include "link/frame_ring.h"
#include "mixer/mixer_impl.h"

namespace openday::mixer {

const char* name_of(WantMode mode) {
  switch (mode) {
    case WantMode::kIdle: return "idle";
    case WantMode::kPreview: return "preview";
    case WantMode::kProgram: return "program";
  }
  return "idle";
}

const char* name_of(PictureState state) {
  switch (state) {
    case PictureState::kNone: return "none";
    case PictureState::kLive: return "live";
    case PictureState::kHeld: return "held";
    case PictureState::kLost: return "lost";
  }
  return "none";
}

Mixer::Mixer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Mixer::~Mixer() = default;

Result<std::unique_ptr<Mixer>> Mixer::create(const MixerConfig& config, LayoutBook layouts,
                                             MixerEvents events) {
  const media::HouseFormat& house = config.house;
  bool good = (house.fps == 25 || house.fps == 30) && house.width >= 64 && house.height >= 36 &&
              house.width <= 4096 && house.height <= 4096 && house.width % 2 == 0 && house.height % 2 == 0;
  if (!good) {
    return fail(Errc::kInvalid,
                fmt::format("house format {}x{} at {} fps: expected even sizes from 64x36 to 4096x4096 "
                            "at 25 or 30 fps",
                            house.width, house.height, house.fps));
  }
  auto impl = std::make_unique<Impl>(config, std::move(layouts), std::move(events));
  for (int i = 0; i < kSlots; ++i) {
    OPENDAY_TRY(auto ring, link::RingReader::create({house.width, house.height}));
    impl->slots.emplace_back(std::move(ring));
  }
  std::unique_ptr<Mixer> mixer(new Mixer(std::move(impl)));
  OPENDAY_CHECK_OK(mixer->configure(config.title, config.slots));
  return mixer;
}

const media::HouseFormat& Mixer::house() const {
  return impl_->house;
}

Result<UniqueFd> Mixer::share(int slot) const {
  if (slot < 0 || slot >= kSlots) return fail(Errc::kLimit, fmt::format("there is no slot {}", slot));
  return impl_->slots[static_cast<size_t>(slot)].share();
}

// ---- the caller's side
// -----------------------------------------------------------------------------------------------

Result<uint64_t> Mixer::take(const Scene& scene) {
  Impl& m = *impl_;
  std::lock_guard in_order(m.control);
  OPENDAY_TRY(Scenery next, m.builder.build(m.next_id, scene));
  std::lock_guard lock(m.mutex);
  if (m.pending) m.superseded.push_back(m.pending->scenery->id);
  m.pending = Impl::Pending{std::move(next), std::nullopt};
  return m.next_id++;
}

Result<> Mixer::configure(const std::string& title, const std::vector<SlotAssignment>& slots) {
  Impl& m = *impl_;
  std::lock_guard in_order(m.control);
  OPENDAY_CHECK_OK(m.builder.assign(title, slots));
  Scenery now;
  Scenery next;
  {
    std::lock_guard lock(m.mutex);
    now = m.scenery;
    if (m.pending) next = m.pending->scenery;
  }
  if (now) {
    now = m.builder.rebuild(*now);
  } else {
    OPENDAY_TRY(now, m.builder.build(0, Scene{}));
  }
  if (next) next = m.builder.rebuild(*next);
  std::lock_guard lock(m.mutex);
  // The tick may have applied the pending scene while the slates were drawn; takes wait for m.control.
  bool applied = next && !m.pending;
  m.scenery = applied ? next : now;
  if (m.pending) m.pending->scenery = next;
  std::array<std::string, kSlots> venues;
  for (const SlotAssignment& one : slots) venues[static_cast<size_t>(one.slot)] = one.venue;
  for (size_t i = 0; i < kSlots; ++i) {
    Seat& seat = m.seats[i];
    if (seat.venue == venues[i]) continue;
    if (!seat.venue.empty()) seat.stale = m.slots[i].generation();
    seat.venue = venues[i];
  }
  return {};
}

Result<> Mixer::set_mix(const std::map<std::string, VenueMix>& venues) {
  for (const auto& [venue, mix] : venues) {
    if (!(mix.gain_db >= -60 && mix.gain_db <= 12)) {
      return fail(Errc::kInvalid, fmt::format("gain of venue \"{}\": expected −60 to 12 dB", venue));
    }
  }
  std::lock_guard lock(impl_->mutex);
  for (const auto& [venue, mix] : venues) impl_->mix[venue] = mix;
  return {};
}

std::map<std::string, VenueMix> Mixer::mix() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->mix;
}

void Mixer::feed_state(int slot, const FeedState& state) {
  if (slot < 0 || slot >= kSlots) return;
  std::lock_guard lock(impl_->mutex);
  impl_->feeds[static_cast<size_t>(slot)] = state;
}

void Mixer::shed_previews(bool shedding) {
  std::lock_guard lock(impl_->mutex);
  impl_->shed_previews = shedding;
}

std::vector<Want> Mixer::wants() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->wants;
}

MixerStatus Mixer::status() const {
  std::lock_guard lock(impl_->mutex);
  MixerStatus status = impl_->status;
  auto second = static_cast<size_t>(impl_->house.fps);
  for (SlotStatus& slot : status.slots)
    slot.peak_db = impl_->slot_peaks[static_cast<size_t>(slot.slot)].db(second);
  status.peak_db = impl_->program_peaks.db(second);
  status.lufs = impl_->loudness.short_term();
  return status;
}

Levels Mixer::levels() const {
  std::lock_guard lock(impl_->mutex);
  auto tenth = static_cast<size_t>(impl_->house.fps) / 10 + 1;
  Levels levels;
  for (const SlotStatus& slot : impl_->status.slots) {
    levels.venues[slot.venue] = impl_->slot_peaks[static_cast<size_t>(slot.slot)].db(tenth);
  }
  levels.program = impl_->program_peaks.db(tenth);
  return levels;
}

// ---- the tick's side
// -------------------------------------------------------------------------------------------------

void Mixer::start(HouseTime house, ProgramTime wall) {
  impl_->start = house;
  impl_->wall = wall;
  impl_->first_sample = link::audio_index(house);
}

HouseTime Mixer::time_of(media::Tick tick) const {
  return impl_->time_of(tick);
}

}  // namespace openday::mixer
