#include "encode/ladder.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <condition_variable>
#include <map>
#include <mutex>
#include <numbers>

#include "decoder.h"

using namespace openday;
using namespace openday::encode;
using namespace openday::encode::test;

namespace {

const media::HouseFormat kHouse{160, 90, 25};

LadderConfig small_ladder() {
  LadderConfig config;
  config.house = kHouse;
  config.renditions = {{"48p", 86, 48, 60, 96}, {"90p", 160, 90, 150, 96}};
  return config;
}

/// Collects what comes out, and lets the pusher wait for it.
struct Collector {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::vector<media::AccessUnit>> units;
  std::vector<Shedding> levels;
  std::vector<std::string> failures;

  LadderEvents events() {
    LadderEvents e;
    e.unit = [this](const std::string& rendition, media::AccessUnit unit) {
      std::lock_guard lock(mutex);
      units[rendition].push_back(std::move(unit));
      changed.notify_all();
    };
    e.shedding = [this](Shedding level) { levels.push_back(level); };
    e.failed = [this](const std::string& rendition, const Error& why) {
      std::lock_guard lock(mutex);
      failures.push_back(rendition + ": " + why.message);
      changed.notify_all();
    };
    return e;
  }

  bool wait_for(const std::string& rendition, size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, seconds(20), [&] { return units[rendition].size() >= count; });
  }
};

media::ProgramFrame frame_at(media::Tick tick) {
  auto image = std::make_shared<media::Image>(kHouse.width, kHouse.height);
  image->fill(static_cast<uint8_t>(40 + tick % 150), 90, 160);
  auto samples = std::make_shared<media::Samples>(static_cast<size_t>(kHouse.samples_per_tick()) * 2);
  for (size_t i = 0; i < samples->size(); ++i) {
    double t = (static_cast<double>(tick) * kHouse.samples_per_tick() + static_cast<double>(i / 2)) / 48000;
    (*samples)[i] = static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * 440 * t));
  }
  return {tick, ProgramTime{tick * 40}, image, samples};
}

// Never more frames in flight than the queues hold, so that nothing is shed.
void push_all(Ladder& ladder, Collector& collector, media::Tick from, media::Tick to, size_t before = 0) {
  for (media::Tick tick = from; tick < to; ++tick) {
    ladder.push(frame_at(tick));
    size_t pushed = before + static_cast<size_t>(tick - from) + 1;
    if (pushed > 25) {
      REQUIRE(collector.wait_for("90p", pushed - 25));
      REQUIRE(collector.wait_for("48p", pushed - 25));
    }
  }
}

std::string refusal(const LadderConfig& config) {
  SystemClock clock;
  auto ladder = Ladder::open(config, Collector().events(), clock);
  return ladder ? "" : ladder.error().message;
}

}  // namespace

TEST_CASE(
    "every frame of the program comes out of every rendition, with its time, and decodes to its picture") {
  SystemClock clock;
  Collector collector;
  auto opened = Ladder::open(small_ladder(), collector.events(), clock);
  REQUIRE(opened);
  Ladder& ladder = **opened;
  push_all(ladder, collector, 0, 120);
  ladder.finish();
  REQUIRE(collector.failures.empty());
  REQUIRE(ladder.tracks().size() == 3);
  for (size_t r = 0; r < 2; ++r) {
    const NamedTrack& track = ladder.tracks()[r];
    const auto& units = collector.units[track.rendition];
    REQUIRE(units.size() == 120);
    for (size_t i = 0; i < units.size(); ++i) {
      CHECK(units[i].tick == static_cast<media::Tick>(i));
      CHECK(units[i].pts == static_cast<int64_t>(i) * 3600);
      CHECK(units[i].dts == units[i].pts);
      CHECK(units[i].duration == 3600);
      CHECK(units[i].key == (i % 50 == 0));
    }
    auto pictures = decode_video(track.track, units);
    REQUIRE(pictures.size() == 120);
    for (size_t i = 0; i < pictures.size(); ++i) {
      const media::Image& image = *pictures[i].image;
      CHECK(pictures[i].pts == units[i].pts);
      CHECK(pictures[i].key == units[i].key);
      CHECK(pictures[i].colorspace == 1);
      CHECK_FALSE(pictures[i].full_range);
      CHECK(image.width() == track.track.width);
      int middle = image.plane(0)[image.height() / 2 * image.stride(0) + image.width() / 2];
      CHECK(middle == Approx(40 + static_cast<int>(i) % 150).margin(4));
    }
  }
}

TEST_CASE("renditions and their tracks come largest first, whatever the order they were given in") {
  SystemClock clock;
  Collector collector;
  auto config = small_ladder();
  config.renditions = {{"48p", 86, 48, 60, 96}, {"90p-low", 160, 90, 80, 96}, {"90p", 160, 90, 150, 96}};
  auto ladder = Ladder::open(config, collector.events(), clock);
  REQUIRE(ladder);
  const auto& renditions = (*ladder)->renditions();
  const auto& tracks = (*ladder)->tracks();
  REQUIRE(renditions.size() == 3);
  REQUIRE(tracks.size() == 4);
  CHECK(renditions[0] == config.renditions[2]);
  CHECK(renditions[1] == config.renditions[1]);
  CHECK(renditions[2] == config.renditions[0]);
  for (size_t i = 0; i < renditions.size(); ++i) {
    CHECK(tracks[i].rendition == renditions[i].name);
    CHECK(tracks[i].track.width == renditions[i].width);
  }
  CHECK(tracks[3].rendition == kAudioRendition);
}

TEST_CASE("tracks are described as players need them") {
  SystemClock clock;
  Collector collector;
  auto ladder = Ladder::open(small_ladder(), collector.events(), clock);
  REQUIRE(ladder);
  const media::Track& video = (*ladder)->tracks()[0].track;
  CHECK(video.codec == media::Codec::kH264);
  CHECK(video.codecs.substr(0, 9) == "avc1.4d40");  // main
  CHECK(video.codecs.size() == 11);
  CHECK(video.fps == 25);
  CHECK(video.config[0] == 1);
  CHECK((video.config[4] & 3) == 3);  // 4-byte lengths
  const NamedTrack& audio = (*ladder)->tracks()[2];
  CHECK(audio.rendition == kAudioRendition);
  CHECK(audio.track.codecs == "mp4a.40.2");
  REQUIRE(audio.track.config.size() >= 2);
  CHECK(audio.track.config[0] >> 3 == 2);                                       // AAC-LC
  CHECK(((audio.track.config[0] & 7) << 1 | audio.track.config[1] >> 7) == 3);  // 48 kHz
  CHECK(((audio.track.config[1] >> 3) & 15) == 2);                              // stereo
}

TEST_CASE("access units hold nothing but slices with 4-byte lengths") {
  SystemClock clock;
  Collector collector;
  auto ladder = Ladder::open(small_ladder(), collector.events(), clock);
  REQUIRE(ladder);
  push_all(**ladder, collector, 0, 60);
  (*ladder)->finish();
  for (const auto& unit : collector.units["90p"]) {
    const Bytes& data = *unit.data;
    size_t at = 0;
    int slices = 0;
    while (at < data.size()) {
      ByteReader reader(ByteView(data).subspan(at));
      uint32_t length = reader.u32();
      REQUIRE(length > 0);
      REQUIRE(length <= reader.remaining());
      int type = reader.u8() & 0x1f;
      CHECK(type == (unit.key ? 5 : 1));
      ++slices;
      at += 4 + length;
    }
    CHECK(slices == 1);
  }
}

TEST_CASE("the sound comes out whole and at its time: priming before zero, then the tone where it was") {
  SystemClock clock;
  Collector collector;
  auto ladder = Ladder::open(small_ladder(), collector.events(), clock);
  REQUIRE(ladder);
  push_all(**ladder, collector, 0, 100);
  (*ladder)->finish();
  const auto& units = collector.units[kAudioRendition];
  REQUIRE(units.size() > 180);
  CHECK(units[0].pts == -1024);
  for (size_t i = 1; i < units.size(); ++i) CHECK(units[i].pts == units[i - 1].pts + 1024);
  CHECK(units.back().pts + 1024 >= 100 * 1920);

  auto sound = decode_audio((*ladder)->tracks()[2].track, units);
  // Correlate with the tone that went in: a shift of one sample would turn 440 Hz by 3.3°, a frame of 1024 by
  // many turns.
  double in_phase = 0;
  double energy = 0;
  for (const auto& frame : sound) {
    for (size_t i = 0; i < frame.left.size(); ++i) {
      int64_t index = frame.pts + static_cast<int64_t>(i);
      if (index < 4800 || index > 90 * 1920) continue;
      double wanted = 0.5 * std::sin(2 * std::numbers::pi * 440 * static_cast<double>(index) / 48000);
      in_phase += wanted * static_cast<double>(frame.left[i]);
      energy += wanted * wanted;
    }
  }
  REQUIRE(energy > 1000);
  CHECK(in_phase / energy == Approx(1).margin(0.02));
}

TEST_CASE(
    "ticks that never came leave a gap in the picture's times and silence in the sound; the GOP goes on by "
    "tick") {
  SystemClock clock;
  Collector collector;
  auto ladder = Ladder::open(small_ladder(), collector.events(), clock);
  REQUIRE(ladder);
  push_all(**ladder, collector, 0, 45);
  push_all(**ladder, collector, 53, 110, 45);  // the IDR of tick 50 among the lost
  (*ladder)->finish();
  for (const char* rendition : {"90p", "48p"}) {
    std::vector<media::Tick> keys;
    for (const auto& unit : collector.units[rendition]) {
      if (unit.key) keys.push_back(unit.tick);
    }
    CHECK(keys == std::vector<media::Tick>{0, 53, 100});
  }
  const auto& sound = collector.units[kAudioRendition];
  for (size_t i = 1; i < sound.size(); ++i) CHECK(sound[i].pts == sound[i - 1].pts + 1024);
  CHECK((*ladder)->stats().back().silenced == 8 * 1920);
}

TEST_CASE("an encoder that cannot keep up sheds the oldest frames, counts them and says so") {
  SystemClock clock;
  Collector collector;
  std::mutex gate;
  std::unique_lock closed(gate);
  LadderEvents events = collector.events();
  auto pass_on = events.unit;
  events.unit = [&](const std::string& rendition, media::AccessUnit unit) {
    if (rendition == "90p") std::lock_guard wait(gate);
    pass_on(rendition, std::move(unit));
  };
  auto ladder = Ladder::open(small_ladder(), std::move(events), clock);
  REQUIRE(ladder);
  for (media::Tick tick = 0; tick < 200; ++tick) {
    (*ladder)->push(frame_at(tick));
    if (tick <= 25) continue;  // then its sibling and the sound go on
    REQUIRE(collector.wait_for("48p", static_cast<size_t>(tick) - 24));
    REQUIRE(collector.wait_for(kAudioRendition, (static_cast<size_t>(tick) - 24) * 1920 / 1024));
  }
  auto stats = (*ladder)->stats();
  CHECK(stats[0].rendition == "90p");
  CHECK(stats[0].queue == Ladder::kQueueBound);
  CHECK(stats[0].shed > 100);
  CHECK(stats[1].shed == 0);
  CHECK(stats[2].shed + stats[2].silenced == 0);  // of the sound, nothing
  CHECK(collector.levels ==
        std::vector<Shedding>{Shedding::kThumbnails, Shedding::kPreviews, Shedding::kFrames});
  closed.unlock();
  (*ladder)->finish();
  CHECK(collector.units["48p"].size() == 200);
  const auto& units = collector.units["90p"];
  CHECK(units.size() == 200 - stats[0].shed);
  CHECK(units.back().tick == 199);
  const auto& sound = collector.units[kAudioRendition];
  CHECK(sound.size() >= 200 * 1920 / 1024);
  for (size_t i = 1; i < sound.size(); ++i) CHECK(sound[i].pts == sound[i - 1].pts + 1024);
  // After the gap the first frame of the new GOP is an IDR although the tick that should have been one is
  // gone.
  for (size_t i = 1; i < units.size(); ++i)
    CHECK(units[i].key == (units[i].tick / 50 != units[i - 1].tick / 50));
  CHECK(decode_video((*ladder)->tracks()[0].track, units).size() == units.size());
}

TEST_CASE("a ladder closed in the middle of its work ends without waiting for what is queued") {
  SystemClock clock;
  Collector collector;
  auto ladder = Ladder::open(small_ladder(), collector.events(), clock);
  REQUIRE(ladder);
  for (media::Tick tick = 0; tick < 30; ++tick) (*ladder)->push(frame_at(tick));
  ladder->reset();
  CHECK(collector.failures.empty());
}

TEST_CASE("statistics tell rate, speed and bits of the last second") {
  SystemClock clock;
  Collector collector;
  auto ladder = Ladder::open(small_ladder(), collector.events(), clock);
  REQUIRE(ladder);
  push_all(**ladder, collector, 0, 40);
  auto stats = (*ladder)->stats();
  REQUIRE(stats.size() == 3);
  CHECK(stats[2].rendition == kAudioRendition);
  for (const auto& one : stats) {
    CAPTURE(one.rendition);
    CHECK(one.fps > 0);
    CHECK(one.speed > 0);
    CHECK(one.shed == 0);
  }
  CHECK(stats[0].kbps > 0);
}

TEST_CASE("a ladder that cannot be is refused with the reason") {
  auto with = [](auto change) {
    LadderConfig config = small_ladder();
    change(config);
    return refusal(config);
  };
  CHECK(with([](auto& c) { c.renditions.clear(); }) == "ladder: expected 1 to 8 renditions");
  CHECK(with([](auto& c) { c.renditions[0].name = "audio"; }) == "ladder: \"audio\" cannot be a name");
  CHECK(with([](auto& c) { c.renditions[0].name = "90p"; }) == "ladder: two renditions are named \"90p\"");
  CHECK(with([](auto& c) { c.renditions[0].width = 320; }) ==
        "ladder: 48p: 320x48 is not an even size within the house's 160x90");
  CHECK(with([](auto& c) { c.renditions[0].audio_kbps = 64; }).find("same audio_kbps") != std::string::npos);
  CHECK(with([](auto& c) { c.preset = "superfats"; }) ==
        "ladder: \"superfats\" is no preset of x264; nearest is \"superfast\"");
}
