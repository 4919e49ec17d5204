#include "mixer/mixer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <optional>

#include "link/frame_ring.h"
#include "mixer/audio.h"
#include "mixer/slot.h"

namespace openday::mixer {
namespace {

using Scenery = std::shared_ptr<const PreparedScene>;

constexpr int kThumbnailsPerSecond = 2;
constexpr Duration kOffAirFresh = seconds(5);  // an idle feed decodes key frames only, up to 4 s apart

// Who sits in a slot.
struct Seat {
  std::string venue;   // empty: nobody
  uint32_t stale = 0;  // generation of the feed that wrote for the venue before
  bool operator==(const Seat&) const = default;
};

bool shows_slate(const PreparedScene& scene) {
  return scene.scene.slate || scene.tiles.empty();
}

bool contains(const PreparedScene& scene, int slot) {
  return std::any_of(scene.tiles.begin(), scene.tiles.end(), [&](auto& tile) { return tile.slot == slot; });
}

bool on_air(const PreparedScene& scene, int slot) {
  return !shows_slate(scene) && contains(scene, slot);
}

}  // namespace

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

Mixer::Mixer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Mixer::~Mixer() = default;

Result<std::unique_ptr<Mixer>> Mixer::create(MixerConfig config, LayoutBook layouts, MixerEvents events) {
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

media::ProgramFrame Mixer::compose(media::Tick tick) {
  Impl& m = *impl_;
  HouseTime at = m.time_of(tick);
  Impl::Inputs in = m.take_inputs();
  m.follow_assignments(in, at);
  m.settle_take(in, tick, at);
  m.update_wants(in);
  m.last_image = m.picture(*in.scenery, at);
  media::ProgramFrame frame{tick, m.wall_of(tick), m.last_image, m.sound(in, tick)};
  m.offer_thumbnails(tick, at);
  m.publish(in, frame, at);
  return frame;
}

media::ProgramFrame Mixer::repeat(media::Tick tick) {
  Impl& m = *impl_;
  if (!m.last_image) return compose(tick);
  Impl::Inputs in = m.take_inputs();
  m.follow_assignments(in, m.time_of(tick));
  media::ProgramFrame frame{tick, m.wall_of(tick), m.last_image, m.sound(in, tick)};
  m.publish(in, frame, m.time_of(tick));
  return frame;
}

Mixer::Impl::Inputs Mixer::Impl::take_inputs() {
  std::lock_guard lock(mutex);
  Inputs in;
  in.scenery = scenery;
  in.pending = pending;
  in.superseded.swap(superseded);
  in.seats = seats;
  in.feeds = feeds;
  in.shed_previews = shed_previews;
  for (size_t i = 0; i < kSlots; ++i) {
    if (auto found = mix.find(seats[i].venue); found != mix.end()) in.mix[i] = found->second;
  }
  return in;
}

void Mixer::Impl::follow_assignments(const Inputs& in, HouseTime at) {
  for (size_t i = 0; i < kSlots; ++i) {
    if (seated[i] != in.seats[i]) {
      seated[i] = in.seats[i];
      slots[i].reassign(seated[i].stale);
      offered[i].reset();
    }
    if (!seated[i].venue.empty()) slots[i].look(at);
  }
}

bool Mixer::Impl::ready(const Inputs& in, const PreparedScene& next, HouseTime at) const {
  if (shows_slate(next)) return true;
  return std::all_of(next.tiles.begin(), next.tiles.end(), [&](const PreparedTile& tile) {
    if (tile.slot < 0 || on_air(*in.scenery, tile.slot)) return true;
    const FeedState& feed = in.feeds[static_cast<size_t>(tile.slot)];
    if (!feed.live) return true;  // its slate is all there is to show
    auto newest = slots[static_cast<size_t>(tile.slot)].newest();
    return feed.caught_up && newest && at - *newest <= kFresh;
  });
}

void Mixer::Impl::settle_take(Inputs& in, media::Tick tick, HouseTime at) {
  auto report = [&](uint64_t id, Result<> result) {
    if (events.taken) events.taken({id, std::move(result), in.scenery->scene, tick, wall_of(tick)});
  };
  for (uint64_t id : in.superseded)
    report(id, fail(Errc::kConflict, "another take came before this one was on air"));
  if (!in.pending) return;
  Pending& next = *in.pending;
  HouseTime since = next.since.value_or(at);
  if (!ready(in, *next.scenery, at) && at - since < kTakePatience) {
    std::lock_guard lock(mutex);
    if (pending && pending->scenery->id == next.scenery->id) pending->since = since;
    return;
  }
  in.scenery = next.scenery;
  in.pending.reset();
  {
    std::lock_guard lock(mutex);
    if (pending && pending->scenery->id == in.scenery->id) {
      in.scenery = pending->scenery;  // the same one, with slates drawn since
      pending.reset();
    }
    scenery = in.scenery;
    // A take that came in this very moment has listed this one as superseded; it was not.
    std::erase(superseded, in.scenery->id);
  }
  report(in.scenery->id, {});
}

void Mixer::Impl::update_wants(const Inputs& in) {
  std::vector<Want> now;
  for (int slot = 0; slot < kSlots; ++slot) {
    if (in.seats[static_cast<size_t>(slot)].venue.empty()) continue;
    Want want{slot, std::min(kIdleWidth, house.width), std::min(kIdleHeight, house.height), WantMode::kIdle};
    auto raise = [&](const PreparedScene& scene, WantMode mode) {
      for (const PreparedTile& tile : scene.tiles) {
        if (tile.slot != slot) continue;
        bool first = want.mode == WantMode::kIdle;
        want.width = first ? tile.rect.width : std::max(want.width, tile.rect.width);
        want.height = first ? tile.rect.height : std::max(want.height, tile.rect.height);
        want.mode = std::max(want.mode, mode);
      }
    };
    // Behind the emergency slate the scene's feeds stay warm, so that it can return at once.
    bool aired = !in.scenery->scene.slate;
    if (aired || !in.shed_previews) raise(*in.scenery, aired ? WantMode::kProgram : WantMode::kPreview);
    if (in.pending)
      raise(*in.pending->scenery, WantMode::kPreview);  // a take that was asked for is no luxury
    now.push_back(want);
  }
  std::vector<Want> changed;
  for (const Want& want : now) {
    if (std::find(sent_wants.begin(), sent_wants.end(), want) == sent_wants.end()) changed.push_back(want);
  }
  if (now == sent_wants) return;
  sent_wants = now;
  {
    std::lock_guard lock(mutex);
    wants = std::move(now);
  }
  if (!changed.empty() && events.wants) events.wants(changed);
}

media::SharedImage Mixer::Impl::picture(const PreparedScene& scene, HouseTime at) {
  if (shows_slate(scene)) return scene.program_slate;
  std::vector<Placed> placed;
  placed.reserve(scene.tiles.size());
  for (const PreparedTile& tile : scene.tiles) {
    std::optional<Slot::Fitted> fitted;
    if (tile.slot >= 0) {
      Slot& slot = slots[static_cast<size_t>(tile.slot)];
      auto newest = slot.newest();
      if (newest && at - *newest <= kHold) fitted = slot.fitted(tile.rect);
    }
    if (fitted) {
      placed.push_back({tile.rect, fitted->at, std::move(fitted->image)});
    } else {
      placed.push_back({tile.rect, tile.rect, tile.slate});
    }
  }
  return compositor.compose(std::move(placed), scene.title);
}

std::shared_ptr<const media::Samples> Mixer::Impl::sound(const Inputs& in, media::Tick tick) {
  auto sum = blocks.take([&] { return std::make_unique<media::Samples>(block.size()); });
  std::fill(sum->begin(), sum->end(), 0.0f);
  int64_t from = first_sample + tick * house.samples_per_tick();
  for (size_t i = 0; i < kSlots; ++i) {
    tick_peaks[i] = {0, 0};
    bool assigned = !in.seats[i].venue.empty();
    if (!assigned && slots[i].voice().quiet()) continue;
    slots[i].read(from, block);
    float gain = gain_from_db(in.mix[i].gain_db);
    Peak peak = peak_of(block);
    tick_peaks[i] = {peak[0] * gain, peak[1] * gain};
    bool heard = assigned && !in.mix[i].mute && !in.scenery->scene.slate &&
                 (!in.scenery->scene.follow_audio || on_air(*in.scenery, static_cast<int>(i)));
    slots[i].voice().mix(block, heard ? gain : 0, *sum);
  }
  limiter.process(*sum);
  return sum;
}

void Mixer::Impl::offer_thumbnails(media::Tick tick, HouseTime at) {
  if (!events.venue_picture) return;
  int period = house.fps / kThumbnailsPerSecond;
  for (int i = 0; i < kSlots; ++i) {
    auto index = static_cast<size_t>(i);
    bool turn = tick % period == i * period / kSlots;  // spread, so that no tick copies eight pictures
    auto newest = slots[index].newest();
    if (!turn || seated[index].venue.empty() || !newest || at - *newest > kOffAirFresh) continue;
    media::SharedImage image = slots[index].picture();
    if (!image || image == offered[index]) continue;
    offered[index] = image;
    events.venue_picture({i, seated[index].venue, image, wall_of(tick)});
  }
}

PictureState Mixer::Impl::state(int slot, bool shown, HouseTime at) const {
  auto newest = slots[static_cast<size_t>(slot)].newest();
  if (!newest) return PictureState::kNone;
  Duration age = at - *newest;
  if (!shown) return age <= kOffAirFresh ? PictureState::kLive : PictureState::kLost;
  return age <= kFresh ? PictureState::kLive : age <= kHold ? PictureState::kHeld : PictureState::kLost;
}

void Mixer::Impl::publish(const Inputs& in, const media::ProgramFrame& frame, HouseTime at) {
  std::vector<SlotStatus> list;
  for (int i = 0; i < kSlots; ++i) {
    const std::string& venue = in.seats[static_cast<size_t>(i)].venue;
    if (venue.empty()) continue;
    bool shown = on_air(*in.scenery, i);
    list.push_back({i, venue, state(i, shown, at), shown, {}});
  }
  std::lock_guard lock(mutex);
  status.tick = frame.tick;
  status.scene = in.scenery->scene;
  status.slots = std::move(list);
  for (size_t i = 0; i < kSlots; ++i) slot_peaks[i].add(tick_peaks[i]);
  program_peaks.add(peak_of(*frame.audio));
  loudness.add(*frame.audio);
}

}  // namespace openday::mixer
