// The judge of the program: what viewers are sent, decoded and looked at.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;
using synth::TileLog;

namespace {

// How much of a tile later tiles cover at its reading points is small in our layouts, but a picture in
// picture hides part of the cells: there only the colours are asked for.
bool covered(const std::vector<Tile>& tiles, size_t i) {
  for (size_t k = i + 1; k < tiles.size(); ++k) {
    const Tile& a = tiles[i];
    const Tile& b = tiles[k];
    if (a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h) return true;
  }
  return false;
}

struct Shown {
  std::string name;
  int64_t tick = 0;
  std::vector<int> venues;
  std::vector<Tile> tiles;
  std::vector<TileLog> logs;
};

}  // namespace

TEST_CASE("every layout shows the right venue in each tile, in step with its sound") {
  constexpr int kVenues = 8;
  constexpr int kLarge = 3;
  auto loop_of = [](int venue) { return venue < kLarge ? 60 : 20; };  // seconds
  Size size;
  Server server;
  server.set_up("day", kVenues);
  std::vector<std::unique_ptr<Program>> publishers;
  for (int v = 0; v < kVenues; ++v) {
    bool srt = v == 2;
    // Lips are judged by the first three; the others are small and short, so that eight cost little more.
    Size sent = v < kLarge ? size : Size{640, 360, size.fps};
    publishers.push_back(publish(venue_file(v, loop_of(v), sent, srt ? "ts" : "flv"),
                                 server.publish_url("v" + std::to_string(v), srt ? "srt" : "rtmp"),
                                 server.folder() + "/publisher"));
  }
  for (int v = 0; v < kVenues; ++v) REQUIRE(server.wait_live("day", "v" + std::to_string(v)));
  auto take = [&](const std::string& layout, const std::vector<int>& venues) {
    Json ids = Json::array();
    for (int v : venues) ids.push_back("v" + std::to_string(v));
    return server.admin("POST", "/broadcasts/day/take", {{"layout", layout}, {"venues", ids}});
  };
  take("grid", {0, 1, 2});
  server.admin("POST", "/broadcasts/day/go-live", Json::object());
  REQUIRE(eventually(seconds(10), [&] { return server.get("/hls/day/720p/live.m3u8").status == 200; }));
  Viewer viewer(server, "/hls/day/720p/live.m3u8");

  std::vector<Shown> shown;
  auto show = [&](const std::string& layout, const std::vector<int>& venues, int frames) {
    Json taken = take(layout, venues);
    REQUIRE(taken["ok"] == true);
    Shown s;
    s.name = layout;
    s.tick = taken["tick"];
    s.venues = venues;
    s.tiles = tiles_of(server, layout, venues.size());
    REQUIRE(s.tiles.size() == venues.size());
    for (const auto& tile : s.tiles) s.logs.emplace_back(picture_in(tile, size));
    REQUIRE(eventually(seconds(60),
                       [&] { return server.status("day")["tick"].get<int64_t>() >= s.tick + frames; }));
    shown.push_back(std::move(s));
  };
  show("grid", {0, 1, 2}, 24 * size.fps);  // long: lips are judged here
  show("full", {0}, 60);                   // and here that it is heard alone
  // Every layout for every number of venues it takes; each take begins with the next venue.
  const Json layouts = server.admin("GET", "/layouts");
  for (const auto& layout : layouts["layouts"]) {
    for (const auto& arrangement : layout["arrangements"]) {
      std::vector<int> venues(arrangement["venues"].get<size_t>());
      std::iota(venues.begin(), venues.end(), static_cast<int>(shown.size()));
      for (int& v : venues) v %= kVenues;
      show(layout["id"], venues, 40);
    }
  }
  CHECK(shown.size() >= 2 + 18);
  // What was composed must also have been sent.
  size_t until = viewer.segments() + 3;
  REQUIRE(eventually(seconds(15), [&] { return viewer.segments() >= until; }));
  auto recording = viewer.finish(server.folder() + "/program.mp4");
  CHECK(viewer.misses() == 0);
  REQUIRE(recording.inits.size() == 1);

  std::vector<int64_t> ticks;
  size_t index = 0;
  Decoded pts = decode(recording.file, size, [](const media::Image&) {});
  for (int64_t at : pts.video_pts) ticks.push_back(at * size.fps / 90000);
  CHECK(pts.errors == "");

  SECTION("no program frame is missing, every segment starts with an IDR") {
    for (size_t i = 1; i < ticks.size(); ++i) REQUIRE(ticks[i] == ticks[i - 1] + 1);
    for (size_t i = 0; i < ticks.size(); ++i) {
      if (ticks[i] % (2 * size.fps) == 0) CHECK(pts.keys[i]);
    }
    CHECK(ticks.size() >= 26 * static_cast<size_t>(size.fps) + (shown.size() - 2) * 40);
  }

  std::vector<size_t> first_frame(shown.size());
  Decoded decoded = decode(recording.file, size, [&](const media::Image& image) {
    int64_t tick = ticks.at(index);
    for (size_t s = 0; s < shown.size(); ++s) {
      int64_t end = s + 1 < shown.size() ? shown[s + 1].tick : ticks.back() + 1;
      if (tick < shown[s].tick || tick >= end) continue;
      if (shown[s].logs[0].frames() == 0) first_frame[s] = index;
      for (auto& log : shown[s].logs) log.look(image);
    }
    ++index;
  });
  REQUIRE(index == ticks.size());
  for (size_t s = 0; s < shown.size(); ++s) {
    for (size_t i = 0; i < shown[s].logs.size(); ++i) {
      const TileLog& log = shown[s].logs[i];
      INFO(fmt::format("{} of {} venues, tile {}: {} frames, {} of the venue, {} counted, longest hold {}",
                       shown[s].name, shown[s].venues.size(), i, log.frames(),
                       log.showing(shown[s].venues[i]), log.counted(), log.longest_hold()));
      CHECK(log.frames() >= 40);
      CHECK(log.showing(shown[s].venues[i]) == log.frames());
      if (covered(shown[s].tiles, i)) continue;
      CHECK(log.counted() >= log.frames() * 98 / 100);
      CHECK(log.went_back(static_cast<uint32_t>(loop_of(shown[s].venues[i]) * size.fps)) == 0);
      CHECK(log.longest_hold() <= 4);
    }
  }
  // Lips, in the long grid: the sound of each venue against its own flash.
  const Shown& grid = shown[0];
  for (size_t i = 0; i < grid.venues.size(); ++i) {
    std::vector<size_t> flashes;
    for (size_t f : grid.logs[i].flashes()) flashes.push_back(f + first_frame[0]);
    auto sync = synth::av_sync(flashes, size.fps, decoded.video_start,
                               synth::beeps(decoded.sound, grid.venues[i]), decoded.audio_start);
    INFO(fmt::format("venue {}: {} flashes, median {:.0f} ms ({:+.0f}), worst {:.0f} ms", grid.venues[i],
                     sync.pairs, sync.median_ms, sync.signed_median_ms, sync.worst_ms));
    CHECK(sync.pairs >= 20);
    CHECK(sync.median_ms <= 40);
    CHECK(sync.worst_ms <= 80);
  }
  // Audio follows the scene: alone on air, only venue 0 is heard.
  auto alone = sound_of(decoded, shown[1].tick + 15, shown[1].tick + 55, size.fps);
  CHECK(synth::tone_level(alone, 0) > synth::kToneLevel / 2);
  CHECK(synth::tone_level(alone, 1) < synth::kToneLevel / 8);
  CHECK(synth::tone_level(alone, 2) < synth::kToneLevel / 8);
}
