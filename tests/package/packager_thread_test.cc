// The packager on its own thread, and its queue.
#include <condition_variable>
#include <mutex>

#include "packager_stage.h"

using namespace openday;
using namespace openday::package;
using namespace openday::package::test;

namespace {

/// Holds the packager's thread until it is let go, so that the queue fills.
struct Gate final : PackageListener {
  void on_init(const media::InitSegment&) override {}
  void on_part(const media::Part& part) override {
    std::unique_lock lock(mutex);
    parts.push_back(part);
    reached = true;
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
  }
  void on_segment(const media::Segment&) override {}
  void wait_until_reached() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return reached; });
  }
  void let_go() {
    std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool reached = false;
  bool open = false;
  std::vector<media::Part> parts;
};

}  // namespace

TEST_CASE("on its own thread the packager makes the same parts") {
  const EncodedProgram& from = program(30);
  Collector direct;
  PackagerCore core = core_for(30, direct);
  play(core, from, 30, all(), all());
  core.finish();
  Collector collector;
  std::atomic<int> refused = 0;
  {
    auto packager = Packager::create(options_for(30), one_rung(from), from.audio, 96, collector, Log("test"));
    REQUIRE(packager);
    // Neither is more than a second ahead of the other: at two it would go on alone.
    std::atomic<int64_t> shown = 0;
    std::atomic<int64_t> heard = 0;
    std::jthread sound([&] {
      for (const media::AccessUnit& unit : from.sound) {
        while (unit.pts > (shown + 30) * 1600) std::this_thread::yield();
        refused += (*packager)->push_audio(unit) ? 0 : 1;
        heard = unit.pts / 1600;
      }
      heard = from.pictures.back().tick;
    });
    for (const media::AccessUnit& unit : from.pictures) {
      while (unit.tick > heard + 30) std::this_thread::yield();
      refused += (*packager)->push_video(0, unit) ? 0 : 1;
      shown = unit.tick;
    }
  }
  CHECK(refused == 0);
  const auto& want = direct.renditions.at("90p");
  const auto& got = collector.renditions.at("90p");
  REQUIRE(got.parts.size() == want.parts.size());
  for (size_t i = 0; i < got.parts.size(); ++i) {
    CHECK(got.parts[i].msn == want.parts[i].msn);
    CHECK(got.parts[i].duration == want.parts[i].duration);
  }
  Decoded decoded = decode(got.file());  // whatever the threads' order was
  CHECK(decoded.complaints.empty());
  CHECK(decoded.pictures == 195);
}

TEST_CASE("a full queue refuses, counts, and the rendition goes on at its next IDR") {
  const EncodedProgram& from = program(30);
  Gate gate;
  PackagerOptions options = options_for(30);
  options.queue_bound = 8;
  PackagerCounters counters;
  {
    auto packager = Packager::create(options, one_rung(from), std::nullopt, 0, gate, Log("test"));
    REQUIRE(packager);
    size_t tick = 0;
    // Ten ticks are a part, at which the packager's thread stands still.
    while (tick < 10) {
      if ((*packager)->push_video(0, from.pictures[tick])) ++tick;
    }
    gate.wait_until_reached();
    uint64_t refused_before = (*packager)->counters().refused;
    for (; tick < 30; ++tick) (*packager)->push_video(0, from.pictures[tick]);
    CHECK((*packager)->counters().refused == refused_before + 12);  // 8 of 20 fit
    gate.let_go();
    while ((*packager)->queued() > 0) std::this_thread::yield();
    for (; tick < 120; ++tick) {
      while (!(*packager)->push_video(0, from.pictures[tick])) std::this_thread::yield();
    }
    while ((*packager)->queued() > 0) std::this_thread::yield();
    counters = (*packager)->counters();
  }
  CHECK(counters.undecodable >= 29);  // ticks 30 to 59: the hole is in front of them
  bool second_segment_whole = false;
  for (const media::Part& part : gate.parts) {
    if (part.msn == 1001 && part.index == 0) second_segment_whole = part.independent;
  }
  CHECK(second_segment_whole);
}

TEST_CASE("a queue full of pictures still takes sound") {
  const EncodedProgram& from = program(30);
  Gate gate;
  PackagerOptions options = options_for(30);
  options.queue_bound = 8;
  auto packager = Packager::create(options, one_rung(from), from.audio, 96, gate, Log("test"));
  REQUIRE(packager);
  size_t tick = 0;
  size_t sound = 0;
  while (tick < 10) {
    if ((*packager)->push_video(0, from.pictures[tick])) ++tick;
  }
  while (from.sound[sound].pts < 16'000) {
    if ((*packager)->push_audio(from.sound[sound])) ++sound;
  }
  gate.wait_until_reached();  // the packager's thread stands still in its first part
  while ((*packager)->push_video(0, from.pictures[tick])) ++tick;
  CHECK((*packager)->queued() >= options.queue_bound);
  uint64_t refused = (*packager)->counters().refused;
  for (; sound < from.sound.size(); ++sound) CHECK((*packager)->push_audio(from.sound[sound]));
  CHECK((*packager)->counters().refused == refused);
  gate.let_go();
}
