#include "output/unit_queue.h"

#include <catch2/catch.hpp>

namespace openday::output {
namespace {

constexpr int64_t kFrame = 3000;  // 30 fps in 90 kHz

media::AccessUnit picture(int number, bool key = false, size_t size = 100) {
  media::AccessUnit unit;
  unit.pts = unit.dts = number * kFrame;
  unit.duration = kFrame;
  unit.key = key;
  unit.tick = number;
  unit.data = std::make_shared<const Bytes>(size);
  return unit;
}

media::AccessUnit sound(int number, size_t size = 10) {
  media::AccessUnit unit;
  unit.kind = media::Kind::kAudio;
  unit.pts = unit.dts = int64_t{number} * 1024;
  unit.duration = 1024;
  unit.data = std::make_shared<const Bytes>(size);
  return unit;
}

std::vector<media::AccessUnit> drain(UnitQueue& queue) {
  std::vector<media::AccessUnit> out;
  while (auto unit = queue.pop()) out.push_back(std::move(*unit));
  return out;
}

bool in_order(const std::vector<media::AccessUnit>& units) {
  for (size_t i = 1; i < units.size(); ++i) {
    if (time_of(units[i]) < time_of(units[i - 1])) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("video and audio come out in the order of their times, however far apart they came in") {
  UnitQueue queue(true, true, {});
  queue.open();
  std::vector<media::AccessUnit> out;
  int frame = 0;
  for (int i = 0; i < 300; ++i) {  // sound leads by half a second
    queue.push(sound(i));
    for (; frame < i * 0.64 - 15; ++frame) queue.push(picture(frame, frame % 60 == 0));
    for (auto& unit : drain(queue)) out.push_back(std::move(unit));
  }
  CHECK(in_order(out));
  CHECK(std::ranges::count(out, media::Kind::kVideo, &media::AccessUnit::kind) > 150);
  CHECK(std::ranges::count(out, media::Kind::kAudio, &media::AccessUnit::kind) > 240);
  CHECK(queue.dropped() == 0);
}

TEST_CASE("it begins with a key frame and the sound from there on, which came before it") {
  UnitQueue queue(true, true, {});
  queue.open();
  for (int i = 0; i < 140; ++i) queue.push(sound(i));
  for (int i = 30; i <= 61; ++i) queue.push(picture(i, i == 60));
  auto out = drain(queue);
  REQUIRE(out.size() >= 2);
  CHECK(out[0].kind == media::Kind::kVideo);
  CHECK(out[0].key);
  CHECK(out[1].kind == media::Kind::kAudio);
  CHECK(time_of(out[1]) >= time_of(out[0]));
  CHECK(time_of(out[1]) - time_of(out[0]) < milliseconds(22));
  CHECK(queue.dropped() == 0);
}

TEST_CASE("a closed queue takes nothing and forgets what it had") {
  UnitQueue queue(true, false, {});
  queue.push(picture(0, true));
  CHECK_FALSE(queue.pop());
  queue.open();
  queue.push(picture(1));
  CHECK_FALSE(queue.pop());
  queue.push(picture(2, true));
  queue.close();
  CHECK_FALSE(queue.pop());
  queue.open();
  queue.push(picture(3));
  CHECK_FALSE(queue.pop());
  queue.push(picture(4, true));
  CHECK(queue.pop()->tick == 4);
  CHECK(queue.dropped() == 0);
}

TEST_CASE("what is too old gives way to the newest key frame, and is counted") {
  UnitQueue queue(true, true, {.span = seconds(4), .bytes = 1 << 30, .patience = seconds(1)});
  queue.open();
  for (int i = 0; i <= 121; ++i) {
    queue.push(picture(i, i % 60 == 0));
    queue.push(sound(i * 1600 / 1024));
  }
  auto first = queue.pop();
  REQUIRE(first);
  CHECK(first->key);
  CHECK(first->tick == 120);
  CHECK(queue.dropped() >= 120);
  CHECK(in_order(drain(queue)));
}

TEST_CASE("without a later key frame everything goes, until one comes") {
  UnitQueue queue(true, false, {.span = seconds(1), .bytes = 1 << 30, .patience = seconds(1)});
  queue.open();
  for (int i = 0; i <= 40; ++i) queue.push(picture(i, i == 0));
  CHECK_FALSE(queue.pop());
  CHECK(queue.dropped() == 41);
  queue.push(picture(41, true));
  CHECK(queue.pop()->tick == 41);
  CHECK(queue.dropped() == 41);
}

TEST_CASE("bytes are bounded too") {
  UnitQueue queue(true, false, {.span = seconds(100), .bytes = 1000, .patience = seconds(1)});
  queue.open();
  for (int i = 0; i < 11; ++i) queue.push(picture(i, i == 0 || i == 8));
  auto out = drain(queue);
  REQUIRE(out.size() == 3);
  CHECK(out[0].tick == 8);
  CHECK(queue.dropped() == 8);
}

TEST_CASE("one kind goes on alone when the other stays away") {
  UnitQueue queue(true, true, {.span = seconds(4), .bytes = 1 << 30, .patience = seconds(1)});
  queue.open();
  queue.push(picture(0, true));
  CHECK_FALSE(queue.pop());
  for (int i = 1; i <= 30; ++i) queue.push(picture(i));
  CHECK(queue.pop()->tick == 0);
  CHECK_FALSE(queue.pop());  // less than a second again
}

TEST_CASE("a program without sound, and one without pictures, wait for nothing") {
  UnitQueue silent(true, false, {});
  silent.open();
  silent.push(picture(0, true));
  silent.push(sound(0));
  CHECK(silent.pop());
  CHECK_FALSE(silent.pop());
  UnitQueue radio(false, true, {});
  radio.open();
  radio.push(picture(0, true));
  radio.push(sound(0));
  CHECK(radio.pop()->kind == media::Kind::kAudio);
}

TEST_CASE("sound alone is bounded while no picture comes") {
  UnitQueue queue(true, true, {.span = seconds(1), .bytes = 1 << 30, .patience = seconds(100)});
  queue.open();
  for (int i = 0; i < 1000; ++i) queue.push(sound(i));
  queue.push(picture(600, true));  // 20 s; the sound goes to 21.3 s
  auto out = drain(queue);
  CHECK(out.size() <= 48);
  CHECK(queue.dropped() == 0);  // all of it stood before the start
}

TEST_CASE("times of a run of years do not overflow") {
  media::AccessUnit unit;
  unit.dts = int64_t{90'000} * 86'400 * 365 * 100;
  CHECK(time_of(unit) == std::chrono::hours(24 * 365 * 100));
}

}  // namespace openday::output
