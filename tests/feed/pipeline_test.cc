// Real media through the real decoders, in simulated time.
#include "feed/pipeline.h"

#include <cmath>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <mutex>
#include <random>

#include "feed/ts_reader.h"
#include "test_media.h"

using namespace openday;
using namespace openday::test;
using feed::Mode;
using media::Kind;

namespace {

std::vector<feed::Unit> flashes_h264() {
  return units_of(make_media("flash.flv", flash_and_beep() + kH264 + "-g 60 -c:a aac -f flv"));
}

/// Picture minus sound, in ms, for each flash that has a beep near it.
std::vector<double> av_offsets(const Recorder& recorder) {
  std::vector<double> out;
  for (HouseTime flash : recorder.flashes()) {
    for (HouseTime beep : recorder.beeps) {
      double ms = static_cast<double>((beep - flash).count()) / kMs;
      if (std::abs(ms) < 400) out.push_back(ms);
    }
  }
  return out;
}

/// The ring holds eight: never more than five in the future, or one would be lost that is still to be shown.
void check_ring_holds(const Recorder& recorder) {
  const auto& pictures = recorder.pictures;
  for (size_t i = 5; i < pictures.size(); ++i) CHECK(pictures[i].written >= pictures[i - 5].show_at);
}

int64_t longest_hold_ms(const Recorder& recorder) {
  int64_t longest = 0;
  for (size_t i = 1; i < recorder.pictures.size(); ++i) {
    longest =
        std::max(longest, (recorder.pictures[i].show_at - recorder.pictures[i - 1].show_at).count() / kMs);
  }
  return longest;
}

}  // namespace

TEST_CASE("every picture of a live source is written in time, at its pace, and flash meets beep") {
  House house(house_720());
  house.pipeline.want({1280, 720, Mode::kProgram}, house.now);
  house.play(flashes_h264());
  house.settle();
  const auto& pictures = house.recorder.pictures;
  REQUIRE(pictures.size() == 240);
  for (size_t i = 1; i < pictures.size(); ++i) {
    CHECK(pictures[i].written <= pictures[i].show_at);
    CHECK(std::abs((pictures[i].show_at - pictures[i - 1].show_at).count() - kSecond / 30) <= 2 * kMs);
  }
  check_ring_holds(house.recorder);
  CHECK(pictures.front().width == 160);
  CHECK(house.recorder.gaps.empty());
  auto offsets = av_offsets(house.recorder);
  REQUIRE(offsets.size() >= 7);
  for (double offset : offsets) CHECK(std::abs(offset) < 20);
  auto stats = house.pipeline.stats(house.now);
  CHECK(stats.decode_errors == 0);
  CHECK(stats.dropped == 0);
  CHECK(stats.caught_up);
  CHECK(stats.video == feed::VideoInfo{"h264", 160, 90, 30});
  CHECK(stats.audio == feed::AudioInfo{"aac", 48000, 1});
}

TEST_CASE("the sound is moved by the offset that was asked for, in both directions and in time") {
  for (int wanted : {150, -150}) {
    auto options = house_720();
    options.av_offset = milliseconds(wanted);
    House house(options);
    house.pipeline.want({1280, 720, Mode::kProgram}, house.now);
    house.play(flashes_h264());
    house.settle();
    auto offsets = av_offsets(house.recorder);
    REQUIRE(offsets.size() >= 7);
    for (double offset : offsets) CHECK(std::abs(offset - wanted) < 20);
    CHECK(house.recorder.late_samples == 0);
    check_ring_holds(house.recorder);
  }
}

TEST_CASE("B-frames are shown in order and in time") {
  auto units = units_of(make_media(
      "b.ts",
      flash_and_beep() + "-c:v libx264 -preset veryfast -bf 3 -pix_fmt yuv420p -g 60 -c:a aac -f mpegts"));
  House house(house_720());
  house.pipeline.want({1280, 720, Mode::kProgram}, house.now);
  house.play(units);
  house.settle();
  const auto& pictures = house.recorder.pictures;
  CHECK(pictures.size() >= 236);
  for (size_t i = 1; i < pictures.size(); ++i) {
    CHECK(pictures[i].source_pts > pictures[i - 1].source_pts);
    CHECK(pictures[i].written <= pictures[i].show_at);
  }
  check_ring_holds(house.recorder);
  for (double offset : av_offsets(house.recorder)) CHECK(std::abs(offset) < 20);
}

TEST_CASE("an idle venue costs its key frames and catches up within a run of the queue") {
  House house(house_720());
  house.pipeline.want({80, 45, Mode::kIdle}, house.now);
  auto units = flashes_h264();
  size_t half = units.size() / 2 + 20;
  house.play({units.begin(), units.begin() + static_cast<long>(half)});
  CHECK(house.recorder.pictures.size() <= 3);  // one each two seconds
  CHECK(house.recorder.pictures.size() >= 2);
  CHECK(house.recorder.pictures.back().width == 80);
  CHECK_FALSE(house.pipeline.stats(house.now).caught_up);
  CHECK(house.recorder.written_samples > 48000 * 3);  // its level meter lives
  size_t before = house.recorder.pictures.size();
  HouseTime armed = house.now;
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  house.play({units.begin() + static_cast<long>(half), units.end()});
  house.settle();
  const auto& pictures = house.recorder.pictures;
  REQUIRE(pictures.size() > before + 80);
  CHECK(pictures[before].width == 160);
  CHECK(pictures[before].show_at >= armed - milliseconds(40));  // the past is decoded, not shown
  CHECK(pictures[before].written - armed < milliseconds(100));
  CHECK(house.pipeline.stats(house.now).caught_up);
  CHECK(house.pipeline.stats(house.now).dropped == 0);
  for (size_t i = before + 1; i < pictures.size(); ++i) {
    CHECK((pictures[i].show_at - pictures[i - 1].show_at).count() < 40 * kMs);
  }
}

TEST_CASE(
    "a venue that becomes idle is decoded up to its next key frame, so that it can come back at any time") {
  House house(house_720());
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  auto units = flashes_h264();
  size_t third = units.size() / 3;
  auto part = [&](size_t from, size_t to) {
    return std::vector<feed::Unit>(units.begin() + static_cast<long>(from),
                                   units.begin() + static_cast<long>(to));
  };
  house.play(part(0, third));
  house.pipeline.want({160, 90, Mode::kIdle}, house.now);
  house.play(part(third, third + 10));
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  house.play(part(third + 10, units.size()));
  house.settle();
  CHECK(house.recorder.pictures.size() == 240);
  CHECK(house.pipeline.stats(house.now).decode_errors == 0);
}

TEST_CASE("a source with key frames ten seconds apart is decoded all the time even when idle") {
  auto units = units_of(make_media("gop10.flv", flash_and_beep("160x90", 30, 21) + kH264 +
                                                    "-g 300 -keyint_min 300 -sc_threshold 0 -an -f flv"));
  House house(house_720());
  house.pipeline.want({160, 90, Mode::kIdle}, house.now);
  house.play(units);
  CHECK(house.recorder.pictures.size() > 400);
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  house.settle();
  CHECK(house.pipeline.stats(house.now).decode_errors == 0);
}

TEST_CASE("timestamps that jump or wrap neither freeze the picture nor part it from the sound") {
  for (int64_t jump_ms : {2'500, -2'500, 60'000, -60'000, 400, -400}) {
    INFO("jump of " << jump_ms << " ms");
    House house(house_720());
    house.pipeline.want({160, 90, Mode::kProgram}, house.now);
    auto units = flashes_h264();
    // The second half is sent right after the first, with its times moved.
    size_t half = units.size() / 2;
    std::vector<feed::Unit> second(units.begin() + static_cast<long>(half), units.end());
    units.resize(half);
    house.play(units);
    shift(second, milliseconds(jump_ms));
    house.now = house.now + milliseconds(15);
    house.play(second);
    house.settle();
    CHECK(house.recorder.pictures.size() >= 225);
    CHECK(longest_hold_ms(house.recorder) <= 200);
    CHECK(house.pipeline.stats(house.now).reanchors >= 1);
    CHECK(house.pipeline.stats(house.now).decode_errors == 0);
    auto offsets = av_offsets(house.recorder);
    REQUIRE(offsets.size() >= 6);
    for (double offset : offsets) CHECK(std::abs(offset) < 40);
  }
}

TEST_CASE("a source that changes its size, rate and codec in mid-stream goes on") {
  House house(house_720());
  house.pipeline.want({1280, 720, Mode::kProgram}, house.now);
  house.play(units_of(make_media("one.flv", flash_and_beep("160x90", 30, 3) + kH264 + "-c:a aac -f flv")));
  house.play(units_of(make_media("two.ts", flash_and_beep("320x240", 25, 3) + kH264 + "-c:a mp2 -f mpegts")));
  house.play(units_of(make_media(
      "three.ts",
      flash_and_beep("256x144", 30, 3) +
          "-c:v libx265 -preset ultrafast -x265-params log-level=none:bframes=0 -pix_fmt yuv420p -c:a aac "
          "-ar 44100 -f mpegts")));
  house.settle();
  auto count = [&](int width) {
    return std::ranges::count_if(house.recorder.pictures, [&](const auto& p) { return p.width == width; });
  };
  CHECK(count(160) >= 85);
  CHECK(count(320) >= 70);
  CHECK(count(256) >= 80);
  CHECK(house.pipeline.stats(house.now).video.codec == "hevc");
  CHECK(house.pipeline.stats(house.now).audio.rate == 44100);
  CHECK(longest_hold_ms(house.recorder) < 500);
  CHECK(house.recorder.written_samples > 48000 * 8);
}

TEST_CASE("sound that is missing, comes late, vanishes and returns leaves the picture alone") {
  House house(house_720());
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  auto units = flashes_h264();
  Duration first = units.front().dts;
  std::erase_if(units, [&](const auto& unit) {
    auto second = (unit.dts - first).count() / kSecond;
    return unit.kind == Kind::kAudio && (second < 2 || second == 5);
  });
  house.play(units);
  house.settle();
  CHECK(house.recorder.pictures.size() == 240);
  REQUIRE(house.recorder.gaps.size() == 1);
  auto gap = house.recorder.gaps[0].second - house.recorder.gaps[0].first;
  CHECK(std::abs(gap - 48000) < 2400);
  for (double offset : av_offsets(house.recorder)) CHECK(std::abs(offset) < 20);
  CHECK(av_offsets(house.recorder).size() >= 4);
}

TEST_CASE("a source with sound alone is heard") {
  House house(house_720());
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  auto units = flashes_h264();
  std::erase_if(units, [](const auto& unit) { return unit.kind == Kind::kVideo; });
  house.play(units);
  house.settle();
  CHECK(house.recorder.pictures.empty());
  CHECK(house.recorder.written_samples > 48000 * 7);
  CHECK(house.recorder.beeps.size() >= 7);
}

TEST_CASE("damaged pictures are not shown: the last good one stays until the next key frame") {
  House house(house_720());
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  // Detailed pictures, so that there is something to damage.
  auto units = units_of(make_media("detail.flv",
                                   "-f lavfi -i testsrc2=s=320x180:r=30:d=6 -c:v libx264 -preset veryfast "
                                   "-bf 0 -g 30 -pix_fmt yuv420p -f flv"));
  std::mt19937 random(7);
  for (size_t i = 40; i < 44; ++i) {
    Bytes broken = *units[i].data;
    for (size_t k = broken.size() / 2; k < broken.size(); ++k) broken[k] = static_cast<uint8_t>(random());
    units[i].data = std::make_shared<const Bytes>(std::move(broken));
  }
  house.play(units);
  house.settle();
  auto stats = house.pipeline.stats(house.now);
  CHECK(stats.decode_errors >= 1);
  CHECK(stats.dropped >= 15);  // up to the key frame at 60
  CHECK(stats.dropped <= 25);
  CHECK(house.recorder.pictures.size() >= 155);
  CHECK(longest_hold_ms(house.recorder) <= 800);
}

TEST_CASE("garbage in place of units is counted and nothing else happens") {
  House house(house_720());
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  auto units = flashes_h264();
  std::mt19937 random(9);
  for (auto& unit : units) {
    Bytes garbage(random() % 2000);
    for (auto& byte : garbage) byte = static_cast<uint8_t>(random());
    unit.data = std::make_shared<const Bytes>(std::move(garbage));
  }
  house.play(units);
  house.settle();
  CHECK(house.pipeline.stats(house.now).decode_errors > 100);
  CHECK(house.recorder.pictures.empty());
  house.pipeline.restart();
  house.play(flashes_h264());
  house.settle();
  CHECK(house.recorder.pictures.size() == 240);
}

TEST_CASE("a flood of units is bounded") {
  House house(house_720());
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  auto units = flashes_h264();
  for (int round = 0; round < 40; ++round) {
    for (const auto& unit : units) {
      feed::Unit copy = unit;
      copy.arrival = house.now;
      house.pipeline.push(copy, house.now);
    }
  }
  CHECK(house.pipeline.stats(house.now).dropped > 10'000);
  house.now = house.now + seconds(20);
  house.play(units);
  house.settle();
  CHECK(house.recorder.pictures.size() >= 150);
}

TEST_CASE("twice the house rate is thinned to the house rate") {
  auto units = units_of(make_media("sixty.flv", flash_and_beep("160x90", 60, 4) + kH264 + "-an -f flv"));
  House house(house_720());
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  house.play(units);
  house.settle();
  CHECK(house.recorder.pictures.size() >= 118);
  CHECK(house.recorder.pictures.size() <= 135);
  check_ring_holds(house.recorder);
}

TEST_CASE("a source clock 200 ppm off neither drops nor repeats sound") {
  House house(house_720());
  auto units = units_of(make_media("long.ts", "-f lavfi -i sine=440:r=48000:d=120 -c:a mp2 -f mpegts"));
  HouseTime start = house.now;
  Duration first = units.front().dts;
  for (auto& unit : units) {
    auto since = static_cast<double>((unit.dts - first).count());
    house.play_at(unit, start + Duration(static_cast<int64_t>(since * 1.0002)));
  }
  house.settle();
  CHECK(house.recorder.gaps.empty());
  // Two minutes of its own time last 24 ms longer here; what the slow start of the map leaves is a few ms.
  double own = static_cast<double>(units.size()) * 1152 / 48000;
  double written = static_cast<double>(house.recorder.written_samples) / 48000;
  CHECK(written > own + 0.015);
  CHECK(written < own + 0.030);
  CHECK(std::abs(house.pipeline.stats(house.now).av_error.count()) < 10 * kMs);
}

TEST_CASE("late pictures under jitter are few, and the delay grows for them") {
  House house(house_720());
  house.pipeline.want({160, 90, Mode::kProgram}, house.now);
  std::mt19937 random(5);
  house.play(flashes_h264(), [&](int64_t) { return static_cast<int64_t>(random() % 300) * kMs; });
  house.settle();
  size_t late = 0;
  for (const auto& picture : house.recorder.pictures) late += picture.written > picture.show_at ? 1 : 0;
  CHECK(late <= 6);
  check_ring_holds(house.recorder);
  CHECK(house.recorder.pictures.size() >= 230);
  CHECK(house.pipeline.stats(house.now).jitter >= milliseconds(200));
}

TEST_CASE("behind packets that were lost, no picture with a hole is taken for whole") {
  // Large pictures: a loss of sixteen packets, which their counters cannot show, lies within one.
  std::string path = make_media("large.ts", "-f lavfi -i testsrc2=s=640x360:r=30:d=3 " + kH264 +
                                                "-g 30 -b:v 20M -minrate 20M -bufsize 1M -f mpegts");
  std::ifstream in(path, std::ios::binary);
  std::vector<char> raw((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  Bytes whole(raw.begin(), raw.end());
  auto is_video = [&](size_t at) {
    return ((whole[at + 1] & 0x1f) << 8 | whole[at + 2]) == 0x100;  // ffmpeg's first elementary stream
  };
  // The first packet of a picture well behind the first key frame; the hole begins four packets later.
  size_t begin = 188 * 700;
  auto starts_picture = [&](size_t at) { return is_video(at) && (whole[at + 1] & 0x40) != 0; };
  while (!starts_picture(begin)) begin += 188;
  begin += 188 * 4;
  size_t end = begin;
  for (int packets = 0; packets < 16; end += 188) {
    REQUIRE(!starts_picture(end));  // all of one picture
    packets += is_video(end) ? 1 : 0;
  }

  struct Heard {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<feed::Unit> units;
  };
  auto play = [&](const std::vector<std::pair<size_t, size_t>>& pieces, bool told, Duration until) {
    auto heard = std::make_unique<Heard>();
    feed::TsReader reader([&](feed::Unit unit) {
      std::lock_guard lock(heard->mutex);
      heard->units.push_back(std::move(unit));
      heard->changed.notify_all();
    });
    bool first = true;
    for (const auto& [from, to] : pieces) {
      reader.bytes(std::make_shared<const Bytes>(whole.begin() + static_cast<ptrdiff_t>(from),
                                                 whole.begin() + static_cast<ptrdiff_t>(to)),
                   HouseTime{1}, told && !first);
      first = false;
    }
    std::unique_lock lock(heard->mutex);
    REQUIRE(heard->changed.wait_for(lock, seconds(20), [&] {
      return !heard->units.empty() && heard->units.back().pts - heard->units.front().pts >= until;
    }));
    // What came in time to be beyond the question is not the same in every play.
    std::erase_if(heard->units, [&, first = heard->units.front().pts](const feed::Unit& unit) {
      return unit.pts - first > until;
    });
    return heard->units;
  };
  std::map<int64_t, SharedBytes> good;
  for (const feed::Unit& unit : play({{0, whole.size()}}, false, milliseconds(2500)))
    good[unit.pts.count()] = unit.data;

  auto torn = [&](bool told) {
    int unmarked = 0;
    int marked = 0;
    for (const feed::Unit& unit : play({{0, begin}, {end, whole.size()}}, told, milliseconds(2500))) {
      bool same = good.contains(unit.pts.count()) && *good[unit.pts.count()] == *unit.data;
      if (!same && !(unit.after_loss && !unit.key)) ++unmarked;
      marked += unit.after_loss ? 1 : 0;
    }
    return std::vector{unmarked, marked};
  };
  CHECK(torn(false) == std::vector{1, 0});  // this is the loss that nobody sees
  CHECK(torn(true) == std::vector{0, 2});
}
