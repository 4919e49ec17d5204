// The program for real: rings → mixer → ladder → decoders, in real time.
#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "decoder.h"
#include "encode/ladder.h"
#include "encode/thumbnails.h"
#include "feeders.h"
#include "mixer/mixer.h"
#include "mixer/ticker.h"

using namespace openday;
using namespace openday::encode;
using encode::test::decode_audio;
using encode::test::decode_video;
using openday::test::Feeders;
using openday::test::Venue;

namespace {

#if defined(OPENDAY_SANITIZE_ADDRESS) || defined(OPENDAY_SANITIZE_THREAD)
constexpr bool kSanitized = true;
const media::HouseFormat kHouse{160, 90, 25};
#else
constexpr bool kSanitized = false;
const media::HouseFormat kHouse{1280, 720, 30};
#endif

std::vector<media::Rendition> renditions() {
  if (kSanitized) return {{"90p", 160, 90, 200, 128}, {"48p", 86, 48, 100, 128}};
  return {{"720p", 1280, 720, 2500, 128}, {"480p", 854, 480, 1200, 128}, {"360p", 640, 360, 700, 128}};
}

const mixer::Ink kColours[] = {{63, 102, 200}, {120, 42, 80}, {60, 200, 118}};
const mixer::Scene kThree{.layout = "grid", .venues = {"a", "b", "c"}};
// Middles of the grid's three tiles, in 1/1000.
constexpr std::pair<int, int> kMiddle[] = {{250, 250}, {750, 250}, {500, 750}};

mixer::Ink at(const media::Image& image, int x, int y) {
  x = x * image.width() / 1000;
  y = y * image.height() / 1000;
  return {image.plane(0)[y * image.stride(0) + x], image.plane(1)[y / 2 * image.stride(1) + x / 2],
          image.plane(2)[y / 2 * image.stride(2) + x / 2]};
}

bool near(const mixer::Ink& a, const mixer::Ink& b) {
  return std::abs(a.y - b.y) <= 6 && std::abs(a.u - b.u) <= 6 && std::abs(a.v - b.v) <= 6;
}

struct Run {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::vector<media::AccessUnit>> units;
  std::vector<mixer::Taken> taken;
  std::vector<std::string> failures;
  std::vector<Thumbnail> thumbnails;
  media::Tick newest = -1;

  bool wait_for_tick(media::Tick tick) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, seconds(30), [&] { return newest >= tick; });
  }
};

}  // namespace

TEST_CASE(
    "ten seconds of a real program: every frame, every rendition, the right venues, GOPs aligned, sound in "
    "step") {
  SystemClock clock;
  Log log("test", LogLevel::kError);
  Run run;

  auto book = mixer::LayoutBook::load(OPENDAY_PIPELINES "/layouts");
  REQUIRE(book);
  mixer::MixerConfig config;
  config.house = kHouse;
  config.title = "公开庭审";
  config.slots = {{0, "a", "第一法庭"}, {1, "b", "第二法庭"}, {2, "c", "第三法庭"}};
  mixer::MixerEvents mixer_events;
  std::unique_ptr<Thumbnails> thumbnails;
  mixer_events.taken = [&](const mixer::Taken& taken) {
    std::lock_guard lock(run.mutex);
    run.taken.push_back(taken);
  };
  mixer_events.venue_picture = [&](mixer::VenuePicture p) { thumbnails->venue(p.venue, p.image, p.at); };
  auto mixer = mixer::Mixer::create(config, *book, mixer_events);
  REQUIRE(mixer);

  LadderEvents events;
  events.unit = [&](const std::string& rendition, media::AccessUnit unit) {
    std::lock_guard lock(run.mutex);
    run.units[rendition].push_back(std::move(unit));
  };
  events.failed = [&](const std::string& rendition, const Error& why) {
    std::lock_guard lock(run.mutex);
    run.failures.push_back(rendition + ": " + why.message);
  };
  LadderConfig ladder_config;
  ladder_config.house = kHouse;
  ladder_config.renditions = renditions();
  auto ladder = Ladder::open(ladder_config, events, clock);
  REQUIRE(ladder);
  thumbnails = std::make_unique<Thumbnails>(kHouse, [&](Thumbnail thumbnail) {
    std::lock_guard lock(run.mutex);
    run.thumbnails.push_back(std::move(thumbnail));
  });

  std::vector<std::unique_ptr<Venue>> venues;
  for (int i = 0; i < 3; ++i) {
    auto venue = std::make_unique<Venue>();
    venue->slot = i;
    venue->ink = kColours[i];
    venue->width = kHouse.width / 2 & ~1;
    venue->height = kHouse.height / 2 & ~1;
    venue->hertz = 300 + i * 100;
    venue->flash = i == 0;
    venues.push_back(std::move(venue));
    (*mixer)->feed_state(i, {true, true});
  }
  auto feeders = std::make_unique<Feeders>(**mixer, venues, clock);
  REQUIRE((*mixer)->take(kThree));

  const int fps = kHouse.fps;
  (*mixer)->start(clock.now(), clock.wall());
  std::unique_ptr<mixer::Ticker> ticker = std::make_unique<mixer::Ticker>(
      **mixer, clock,
      [&](const media::ProgramFrame& frame) {
        (*ladder)->push(frame);
        thumbnails->program(frame);
        // The machine has something better to do for a third of a second, once.
        if (frame.tick == 8 * fps) std::this_thread::sleep_for(milliseconds(330));
        std::lock_guard lock(run.mutex);
        run.newest = frame.tick;
        run.changed.notify_all();
      },
      log);
  REQUIRE(run.wait_for_tick(4 * fps));
  venues[1]->alive = false;  // gone for two seconds
  REQUIRE(run.wait_for_tick(6 * fps));
  venues[1]->alive = true;
  REQUIRE(run.wait_for_tick(10 * fps));
  mixer::TickerStats stats = ticker->stats();
  auto encoders = (*ladder)->stats();
  ticker.reset();
  (*ladder)->finish();
  feeders.reset();
  const media::Tick last = run.newest;

  REQUIRE(run.failures.empty());
  REQUIRE(run.taken.size() == 1);
  CHECK(run.taken[0].result);
  const media::Tick shown_from = run.taken[0].tick;
  CHECK(shown_from <= fps / 2 + 1);
  CHECK(stats.dropped_ticks == 0);
  CHECK(stats.repeated_ticks >= static_cast<uint64_t>(fps) / 4);
  WARN("late at most " << stats.late_ms << " ms in the last second, " << stats.repeated_ticks
                       << " ticks repeated, real-time priority: " << stats.realtime);
  for (const auto& one : encoders) {
    WARN(one.rendition << ": " << one.fps << " fps, speed " << one.speed << ", " << one.kbps
                       << " kbit/s, shed " << one.shed);
  }

  int64_t step = 90'000 / fps;
  for (const NamedTrack& track : (*ladder)->tracks()) {
    if (track.track.kind != media::Kind::kVideo) continue;
    CAPTURE(track.rendition);
    const auto& units = run.units[track.rendition];
    REQUIRE(units.size() == static_cast<size_t>(last) + 1);
    int64_t bits = 0;
    for (size_t i = 0; i < units.size(); ++i) {
      REQUIRE(units[i].pts == static_cast<int64_t>(i) * step);
      REQUIRE(units[i].key == (i % static_cast<size_t>(2 * fps) == 0));
      bits += static_cast<int64_t>(units[i].data->size()) * 8;
    }
    for (const auto& r : ladder_config.renditions) {
      if (r.name == track.rendition)
        CHECK(bits / 1000 * fps / static_cast<int64_t>(units.size()) <= r.video_kbps);
    }
    auto pictures = decode_video(track.track, units);
    REQUIRE(pictures.size() == units.size());
    int lost = 0;
    for (const auto& picture : pictures) {
      auto tick = static_cast<media::Tick>(picture.pts / step);
      if (tick < shown_from + 3) continue;
      CAPTURE(tick);
      CHECK(picture.colorspace == 1);
      const media::Image& image = *picture.image;
      mixer::Ink first = at(image, kMiddle[0].first, kMiddle[0].second);
      CHECK((near(first, kColours[0]) || first.y > 180));  // or the flash, and what is left of it
      CHECK(near(at(image, kMiddle[2].first, kMiddle[2].second), kColours[2]));
      CHECK(near(at(image, 60, 750), mixer::kBackground));
      bool away = !near(at(image, kMiddle[1].first, kMiddle[1].second), kColours[1]);
      lost += away ? 1 : 0;
      if (away) CHECK((tick >= 4 * fps && tick <= 6 * fps + fps / 2));
    }
    // Two seconds away, half a second held, what had been written ahead, and the slate's letters may hide
    // none of it.
    CHECK(lost >= fps);
    CHECK(lost <= 2 * fps);
  }

  const auto& sound_units = run.units[kAudioRendition];
  REQUIRE(!sound_units.empty());
  CHECK(sound_units.front().pts == -1024);
  for (size_t i = 1; i < sound_units.size(); ++i)
    REQUIRE(sound_units[i].pts == sound_units[i - 1].pts + 1024);
  CHECK(sound_units.back().pts + 1024 >= (last + 1) * kHouse.samples_per_tick());

  // Flash and beep, from what a viewer decodes: the first white frame of each second against the first loud
  // sample.
  std::vector<double> flashes;
  bool white = false;
  for (const auto& picture :
       decode_video((*ladder)->tracks()[0].track, run.units[(*ladder)->tracks()[0].rendition])) {
    bool now = at(*picture.image, kMiddle[0].first, kMiddle[0].second).y > 180;
    if (now && !white) flashes.push_back(static_cast<double>(picture.pts) / 90'000);
    white = now;
  }
  std::vector<double> beeps;
  double quiet_until = 0;
  for (const auto& frame : decode_audio((*ladder)->tracks().back().track, sound_units)) {
    for (size_t i = 0; i < frame.left.size(); ++i) {
      double t = static_cast<double>(frame.pts + static_cast<int64_t>(i)) / 48'000;
      if (std::abs(frame.left[i]) > 0.3f && t > quiet_until) {
        beeps.push_back(t);
        quiet_until = t + 0.5;
      }
    }
  }
  REQUIRE(flashes.size() >= 8);
  std::vector<double> offsets;
  for (double flash : flashes) {
    double nearest = 1;
    for (double beep : beeps) nearest = std::abs(beep - flash) < std::abs(nearest) ? beep - flash : nearest;
    offsets.push_back(nearest);
  }
  // A picture waits for the next tick, so it is up to one frame late; sound is exact.
  for (double offset : offsets) {
    CHECK(offset <= 0.003);
    CHECK(offset >= -1.0 / fps - 0.003);
  }

  std::map<std::string, int> count;
  for (const auto& thumbnail : run.thumbnails) {
    ++count[thumbnail.what == Thumbnail::What::kVenue ? thumbnail.venue : name_of(thumbnail.what)];
  }
  CHECK(count["a"] >= 18);
  CHECK(count["b"] >= 13);
  CHECK(count["program"] >= 9);
  CHECK(count["poster"] >= 1);
}
