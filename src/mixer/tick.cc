// One tick of the mixer: the only thread that reads the rings.
#include "mixer/mixer_impl.h"

namespace openday::mixer {
namespace {

constexpr int kThumbnailsPerSecond = 2;
constexpr Duration kOffAirFresh = seconds(5);  // an idle feed decodes key frames only, up to 4 s apart

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
