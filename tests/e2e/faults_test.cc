// One venue misbehaves in every way its encoder can; the program, and the other venues, must not notice.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;
using synth::TileLog;

namespace {

constexpr Size kSize;

std::string state_of(const Server& server, const std::string& venue) {
  Json status = server.status("day");
  for (const auto& slot : status["slots"]) {
    if (slot["venue"] == venue) return slot["state"];
  }
  return "";
}

}  // namespace

TEST_CASE(
    "whatever one venue does, no frame of the program is missing, no part is late, and the others are "
    "untouched") {
  Server server;
  SystemClock clock;
  server.set_up("day", 3);
  std::vector<std::unique_ptr<Program>> steady;
  for (int v : {0, 2}) {
    bool srt = v == 2;
    steady.push_back(publish(venue_file(v, 60, kSize, srt ? "ts" : "flv"),
                             server.publish_url("v" + std::to_string(v), srt ? "srt" : "rtmp"),
                             server.folder() + "/publisher"));
  }
  std::string victim_url = server.publish_url("v1", "rtmp");
  std::string victim_file = venue_file(1, 60, kSize, "flv");
  std::string other_size = venue_file(1, 20, {640, 360, 25}, "flv");
  auto victim = publish(victim_file, victim_url, server.folder() + "/victim");
  for (const char* venue : {"v0", "v1", "v2"}) REQUIRE(server.wait_live("day", venue));
  server.admin("POST", "/broadcasts/day/take", {{"layout", "grid"}, {"venues", {"v0", "v1", "v2"}}});
  server.admin("POST", "/broadcasts/day/go-live", Json::object());
  REQUIRE(eventually(seconds(10), [&] { return server.get("/hls/day/720p/live.m3u8").status == 200; }));
  Viewer viewer(server, "/hls/day/720p/live.m3u8");
  auto tick = [&] { return server.status("day")["tick"].get<int64_t>(); };
  auto pass = [&](int frames) {
    int64_t until = tick() + frames;
    REQUIRE(eventually(seconds(60), [&] { return tick() >= until; }));
  };
  auto becomes = [&](const std::string& state) {
    return eventually(seconds(10), [&] { return state_of(server, "v1") == state; });
  };

  std::vector<std::pair<std::string, int64_t>> phases;  // and the tick each began at
  auto phase = [&](const std::string& name) { phases.emplace_back(name, tick()); };

  phase("quiet");  // the fault-free phase of this very run
  pass(10 * 30);
  HouseTime quiet_end = clock.now();
  phase("killed");
  victim.reset();
  CHECK(becomes("lost"));
  phase("back at another size and rate");
  victim = publish(other_size, victim_url, server.folder() + "/victim");
  CHECK(becomes("live"));
  pass(60);
  phase("stopped");
  victim->signal(SIGSTOP);
  CHECK(becomes("lost"));
  pass(30);
  victim->signal(SIGCONT);
  CHECK(becomes("live"));
  phase("taken over by its second self");  // while the first still publishes
  auto second = publish(victim_file, victim_url, server.folder() + "/victim");
  CHECK(victim->wait(seconds(5)));
  CHECK(becomes("live"));
  pass(60);
  second.reset();
  CHECK(becomes("lost"));

  phase("time stamps jump, sound goes and comes, data is corrupt");
  Program tool({std::string(OPENDAY_BUILD_DIR) + "/tests/synth/openday-publish", victim_file, victim_url,
                "--jump", "3:10000", "--jump", "6:-7000", "--jump", "8:400", "--jump", "9:-390",
                "--mute-from", "11", "--unmute-from", "14", "--corrupt-from", "16:2"},
               server.folder() + "/victim");
  CHECK(becomes("live"));
  int64_t tool_start = tick();
  pass(21 * 30);
  CHECK(state_of(server, "v1") == "live");
  phase("end");

  size_t until = viewer.segments() + 3;
  REQUIRE(eventually(seconds(15), [&] { return viewer.segments() >= until; }));
  auto parts = viewer.parts();
  auto recording = viewer.finish(server.folder() + "/program.mp4");

  // No part late.
  double quiet_worst = -1e9;
  double fault_worst = -1e9;
  for (const auto& [late, at] : lateness(parts)) {
    (at < quiet_end ? quiet_worst : fault_worst) = std::max(at < quiet_end ? quiet_worst : fault_worst, late);
  }
  WARN(fmt::format("parts: latest {:.0f} ms without faults, {:.0f} ms with", quiet_worst, fault_worst));
  CHECK(fault_worst <= quiet_worst + 100);
  CHECK(viewer.misses() == 0);
  Json end = server.status("day");
  CHECK(end["dropped_ticks"] == 0);

  // No frame missing, and who was seen.
  std::vector<TileLog> tiles = {TileLog({0, 0, 640, 360}), TileLog({640, 0, 640, 360}),
                                TileLog({320, 360, 640, 360})};
  TileLog jumping({640, 0, 640, 360});
  std::vector<int64_t> ticks;
  size_t index = 0;
  Decoded decoded = decode(recording.file, kSize, [](const media::Image&) {});
  for (int64_t at : decoded.video_pts) ticks.push_back(at * 30 / 90000);
  for (size_t i = 1; i < ticks.size(); ++i) REQUIRE(ticks[i] == ticks[i - 1] + 1);
  decode(recording.file, kSize, [&](const media::Image& image) {
    for (auto& tile : tiles) tile.look(image);
    if (ticks[index] > tool_start + 30 && ticks[index] < tool_start + 15 * 30) jumping.look(image);
    ++index;
  });
  for (int v : {0, 2}) {
    const TileLog& tile = tiles[static_cast<size_t>(v)];
    INFO(fmt::format("venue {}: {} of {} frames, longest hold {}", v, tile.showing(v), tile.frames(),
                     tile.longest_hold()));
    CHECK(tile.showing(v) == tile.frames());
    CHECK(tile.counted() >= tile.frames() * 98 / 100);
    CHECK(tile.longest_hold() <= 4);
    CHECK(tile.went_back(60 * 30) == 0);
    // … and who was heard, in step with the picture: in every phase, for a median forgives what is short.
    auto beeps = synth::beeps(decoded.sound, v);
    double longest_silence = 0;
    double worst_offset = 0;
    for (size_t p = 0; p + 1 < phases.size(); ++p) {
      auto [name, from] = phases[p];
      int64_t to = phases[p + 1].second;
      double silence = synth::longest_silence(sound_of(decoded, from, to, kSize.fps), v);
      std::vector<size_t> flashes;
      for (size_t f : tile.flashes()) {  // the beep of the very first may lie before the recording
        if (f >= 15 && ticks[f] >= from && ticks[f] < to) flashes.push_back(f);
      }
      auto sync = synth::av_sync(flashes, kSize.fps, decoded.video_start, beeps, decoded.audio_start);
      INFO(fmt::format("venue {}, {}: silent for {:.0f} ms; {} of {} flashes with a beep, median {:+.0f} ms",
                       v, name, silence, sync.pairs, flashes.size(), sync.signed_median_ms));
      CHECK(silence <= 100);
      CHECK(sync.pairs == flashes.size());
      CHECK(sync.median_ms <= 40);
      CHECK(sync.worst_ms <= 80);
      longest_silence = std::max(longest_silence, silence);
      worst_offset = std::max(worst_offset, sync.worst_ms);
    }
    WARN(fmt::format(
        "sound of venue {}: never silent for longer than {:.0f} ms, at most {:.0f} ms off its flash", v,
        longest_silence, worst_offset));
  }
  // The victim itself fell silent when its encoder left the sound out, and was heard again in the end.
  auto victim_level = [&](double from_s, double to_s) {
    return synth::tone_level(sound_of(decoded, tool_start + static_cast<int64_t>(from_s * kSize.fps),
                                      tool_start + static_cast<int64_t>(to_s * kSize.fps), kSize.fps),
                             1);
  };
  CHECK(victim_level(11.5, 13) < synth::kToneLevel / 4);
  CHECK(victim_level(19, 21) > synth::kToneLevel / 2);
  // The victim was held at most half a second at a time, else its slate was shown; while its time stamps
  // jumped it never froze for longer than that.
  CHECK(tiles[1].showing(1) + 15 < tiles[1].frames());
  CHECK(tiles[1].longest_hold() <= 18);
  INFO(fmt::format("while jumping: {} of {} frames, longest hold {}", jumping.showing(1), jumping.frames(),
                   jumping.longest_hold()));
  CHECK(jumping.showing(1) == jumping.frames());
  CHECK(jumping.longest_hold() <= 18);
}
