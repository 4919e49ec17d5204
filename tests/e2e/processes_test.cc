// Each process is killed in turn while a viewer watches. What must happen is docs/ARCHITECTURE.md's table.
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;
using synth::TileLog;

namespace {

constexpr Size kSize;

struct OnAir {
  Server server;
  std::vector<std::unique_ptr<Program>> publishers;
  std::vector<std::string> urls;

  OnAir() {
    server.set_up("day", 2);
    for (int v = 0; v < 2; ++v) {
      urls.push_back(server.publish_url("v" + std::to_string(v), "rtmp"));
      publishers.push_back(start(v));
    }
    for (const char* venue : {"v0", "v1"}) REQUIRE(server.wait_live("day", venue));
    server.admin("POST", "/broadcasts/day/take",
                 {{"layout", "side-by-side"}, {"venues", {"v0", "v1"}}, {"title", "第一法庭"}});
    server.admin("POST", "/broadcasts/day/go-live", Json::object());
    REQUIRE(eventually(seconds(10), [&] { return server.get("/hls/day/720p/live.m3u8").status == 200; }));
  }

  std::unique_ptr<Program> start(int v) {
    return publish(venue_file(v, 60, kSize, "flv"), urls[static_cast<size_t>(v)],
                   server.folder() + "/publisher");
  }

  // Kills the process of this role and waits until another one does its work.
  void kill(const std::string& role, const std::string& id = {}) {
    int pid = server.pid_of("day", role, id);
    REQUIRE(pid > 0);
    REQUIRE(::kill(pid, SIGKILL) == 0);
    REQUIRE(eventually(seconds(15), [&] {
      Http answer = server.admin_raw("GET", "/api/v1/admin/broadcasts/day/status");
      if (answer.status != 200) return false;
      Json now = answer.json();
      for (const auto& process : now["processes"]) {
        if (process["role"] == role && (id.empty() || process["id"] == id)) {
          return process["state"] == "ready" && process["pid"] != pid;
        }
      }
      return false;
    }));
  }

  // Waits until both venues are live again; one second later they must be seen and heard.
  int64_t wait_back() const {
    for (const char* venue : {"v0", "v1"}) REQUIRE(server.wait_live("day", venue));
    return server.status("day")["tick"].get<int64_t>() + kSize.fps;
  }

  void pass(const Viewer& viewer, size_t segments) {
    size_t until = viewer.segments() + segments;
    REQUIRE(eventually(seconds(30), [&] { return viewer.segments() >= until; }));
  }
};

// The words that follow a name in a file of the kernel's.
std::string line_of(const std::string& file, const std::string& name) {
  std::ifstream in(file);
  std::string all;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name)) continue;
    std::istringstream words(line.substr(name.size()));
    for (std::string word; words >> word;) all += (all.empty() ? "" : " ") + word;
  }
  return all;
}

// What a thread may not do, as the kernel tells it.
struct Bonds {
  std::string seccomp;  // "2": by a filter
  int filters = 0;
  std::string no_new_privileges;
  std::string capabilities;
  bool operator==(const Bonds&) const = default;
};

Bonds bonds_of(const std::string& place) {
  std::string status = place + "/status";
  return {line_of(status, "Seccomp:"), std::stoi(line_of(status, "Seccomp_filters:")),
          line_of(status, "NoNewPrivs:"), line_of(status, "CapEff:")};
}

std::ostream& operator<<(std::ostream& out, const Bonds& bonds) {
  return out << fmt::format("seccomp {} ({} filters), no_new_privs {}, capabilities {}", bonds.seccomp,
                            bonds.filters, bonds.no_new_privileges, bonds.capabilities);
}

// What a viewer saw of both venues, in all and from one tick on.
struct Seen {
  std::array<TileLog, 2> tiles{TileLog({0, 180, 640, 360}), TileLog({640, 180, 640, 360})};
  std::array<TileLog, 2> since = tiles;
  Decoded decoded;

  [[nodiscard]] size_t away() const {
    return tiles[0].frames() - std::min(tiles[0].showing(0), tiles[1].showing(1));
  }
};

Seen look_at(const std::string& file, int64_t tick) {
  Seen seen;
  auto pts = decode(file, kSize, [](const media::Image&) {}).video_pts;
  size_t index = 0;
  seen.decoded = decode(file, kSize, [&](const media::Image& image) {
    bool late = pts.at(index++) >= tick * 3000;
    for (size_t v : {0u, 1u}) {
      seen.tiles[v].look(image);
      if (late) seen.since[v].look(image);
    }
  });
  return seen;
}

// From that tick on both venues are in their tiles, in motion and heard; never was one in the other's.
void check_back(const Seen& seen, int64_t tick) {
  CHECK(seen.decoded.errors == "");
  auto sound = sound_of(seen.decoded, tick, seen.decoded.video_pts.back() / 3000, kSize.fps);
  for (int v : {0, 1}) {
    const TileLog& tile = seen.tiles[static_cast<size_t>(v)];
    const TileLog& since = seen.since[static_cast<size_t>(v)];
    double silence = synth::longest_silence(sound, v);
    INFO(fmt::format("venue {}: {} of {} frames, longest hold {}, silent for {:.0f} ms", v, since.showing(v),
                     since.frames(), since.longest_hold(), silence));
    CHECK(tile.showing(1 - v) == 0);
    CHECK(since.frames() >= 60);
    CHECK(since.showing(v) == since.frames());
    CHECK(since.longest_hold() <= 4);
    CHECK(silence <= 100);
  }
}

// The longest time between two parts, in ms, and how many numbers were skipped or came twice.
struct Gaps {
  double longest_ms = 0;
  size_t repeated = 0;
  size_t skipped_segments = 0;
};

Gaps gaps_of(const std::vector<PartSeen>& parts) {
  Gaps gaps;
  std::set<std::pair<int64_t, int>> seen;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!seen.insert({parts[i].msn, parts[i].part}).second) ++gaps.repeated;
    if (i == 0) continue;
    gaps.longest_ms =
        std::max(gaps.longest_ms, static_cast<double>((parts[i].at - parts[i - 1].at).count()) / 1e6);
    if (parts[i].msn > parts[i - 1].msn + 1) ++gaps.skipped_segments;
  }
  return gaps;
}

}  // namespace

TEST_CASE("a feed that dies costs its tile a moment and nothing else") {
  OnAir air;
  Viewer viewer(air.server, "/hls/day/720p/live.m3u8");
  air.pass(viewer, 2);
  air.kill("feed", "day/v1");
  REQUIRE(air.server.wait_live("day", "v1"));
  air.pass(viewer, 3);
  CHECK(viewer.misses() == 0);
  Gaps gaps = gaps_of(viewer.parts());
  auto recording = viewer.finish(air.server.folder() + "/feed.mp4");
  TileLog left({0, 180, 640, 360});
  TileLog right({640, 180, 640, 360});
  Decoded decoded = decode(recording.file, kSize, [&](const media::Image& image) {
    left.look(image);
    right.look(image);
  });
  for (size_t i = 1; i < decoded.video_pts.size(); ++i)
    CHECK(decoded.video_pts[i] - decoded.video_pts[i - 1] == 3000);
  CHECK(left.showing(0) == left.frames());
  CHECK(left.longest_hold() <= 4);
  WARN(fmt::format("feed killed: longest gap between parts {:.0f} ms, its tile away for {} of {} frames",
                   gaps.longest_ms, right.frames() - right.showing(1), right.frames()));
  CHECK(right.frames() - right.showing(1) < 3 * 30);
}

TEST_CASE("a gateway that dies is back for the encoders, and the program does not stop meanwhile") {
  OnAir air;
  Viewer viewer(air.server, "/hls/day/720p/live.m3u8");
  air.pass(viewer, 2);
  air.kill("gateway");
  // Encoders reconnect; ffmpeg does not do that by itself.
  air.publishers.clear();
  for (const char* venue : {"v0", "v1"})  // who is live after this is so anew
    REQUIRE(eventually(seconds(10), [&] { return !air.server.wait_live("day", venue, milliseconds(0)); }));
  for (int v = 0; v < 2; ++v) air.publishers.push_back(air.start(v));
  int64_t back = air.wait_back();
  air.pass(viewer, 3);
  CHECK(viewer.misses() == 0);
  Gaps gaps = gaps_of(viewer.parts());
  CHECK(gaps.longest_ms < 600);
  auto recording = viewer.finish(air.server.folder() + "/gateway.mp4");
  Seen seen = look_at(recording.file, back);
  WARN(fmt::format("gateway killed: longest gap between parts {:.0f} ms, a tile away for {} of {} frames",
                   gaps.longest_ms, seen.away(), seen.decoded.video_pts.size()));
  for (size_t i = 1; i < seen.decoded.video_pts.size(); ++i)
    CHECK(seen.decoded.video_pts[i] - seen.decoded.video_pts[i - 1] == 3000);
  check_back(seen, back);
}

TEST_CASE("a hub that dies comes back to a program that went on, and so did recording and restreaming") {
  OnAir air;
  constexpr int kRestreamed = 12;  // s
  test::HeldPort port;
  std::string platform = fmt::format("rtmp://127.0.0.1:{}/app", port.number());
  std::string restreamed = air.server.folder() + "/restreamed.flv";
  auto platform_server = recorder({"-f", "flv", "-listen", "1", "-i", platform + "/a-stream-key"}, restreamed,
                                  kRestreamed, air.server.folder() + "/recorder");
  air.server.admin(
      "POST", "/broadcasts/day/targets",
      {{"id", "p"}, {"name", "P"}, {"url", platform}, {"key", "a-stream-key"}, {"enabled", true}});
  auto target = [&] {
    Json targets = air.server.status("day").value("targets", Json::array());
    return targets.empty() ? Json::object() : targets[0];
  };
  REQUIRE(eventually(seconds(15), [&] { return target().value("state", "") == "live"; }));
  Viewer viewer(air.server, "/hls/day/720p/live.m3u8");
  air.pass(viewer, 2);
  REQUIRE(platform_server->running());
  int64_t tick = air.server.status("day")["tick"];
  int engine = air.server.pid_of("day", "engine");
  int64_t killed_at = air.server.status("day")["now"];
  air.kill("hub");
  CHECK(platform_server->running());  // it is to see the whole of it
  REQUIRE(eventually(seconds(10), [&] { return air.server.get("/hls/day/720p/live.m3u8").status == 200; }));
  CHECK(air.server.pid_of("day", "engine") == engine);
  REQUIRE(eventually(seconds(5), [&] {
    Json status = air.server.status("day");
    return status.contains("tick") && status["tick"].get<int64_t>() > tick;
  }));
  CHECK(air.server.status("day")["dropped_ticks"] == 0);
  air.pass(viewer, 3);
  Gaps gaps = gaps_of(viewer.parts());
  WARN(fmt::format("hub killed: a viewer waited {:.0f} ms for the next part", gaps.longest_ms));
  CHECK(gaps.repeated == 0);
  CHECK(gaps.skipped_segments == 0);
  CHECK(gaps.longest_ms < 5000);

  CHECK(target().value("reconnects", -1) == 0);
  REQUIRE(platform_server->wait(seconds(20)));
  CHECK(platform_server->status() == 0);
  TileLog left({0, 180, 640, 360});
  Decoded there = decode(restreamed, kSize, [&](const media::Image& image) { left.look(image); });
  CHECK(there.errors == "");
  CHECK(there.video_pts.size() >= (kRestreamed - 1) * 30);
  for (size_t i = 1; i < there.video_pts.size(); ++i)
    CHECK(std::abs(there.video_pts[i] - there.video_pts[i - 1] - 3000) <= 90);  // FLV counts in ms
  CHECK(left.showing(0) == left.frames());
  CHECK(left.longest_hold() <= 4);

  auto recorded = segments_of(air.server, "/hls/day/720p/dvr.m3u8");
  REQUIRE(recorded.size() >= 5);
  CHECK(recorded.front().from_ms < killed_at);
  CHECK(recorded.back().to_ms > killed_at + 2000);
  for (size_t i = 0; i < recorded.size(); ++i) {
    CHECK(!recorded[i].gap);
    CHECK(air.server.get(recorded[i].path).status == 200);
    if (i > 0) CHECK(std::abs(recorded[i].from_ms - recorded[i - 1].to_ms) <= 2);
  }

  auto recording = viewer.finish(air.server.folder() + "/hub.mp4");
  CHECK(recording.inits.size() == 1);
  Decoded decoded = decode(recording.file, kSize, [](const media::Image&) {});
  for (size_t i = 1; i < decoded.video_pts.size(); ++i)
    CHECK(decoded.video_pts[i] - decoded.video_pts[i - 1] == 3000);
}

TEST_CASE("an engine that dies goes on with its last confirmed scene after a discontinuity") {
  OnAir air;
  Viewer viewer(air.server, "/hls/day/720p/live.m3u8");
  air.pass(viewer, 3);
  air.kill("engine");
  int64_t back = air.wait_back();
  Json scene = air.server.status("day")["scene"];
  CHECK(scene["layout"] == "side-by-side");
  CHECK(scene["title"] == "第一法庭");
  air.pass(viewer, 3);
  Gaps gaps = gaps_of(viewer.parts());
  CHECK(gaps.longest_ms < 6000);
  CHECK(gaps.repeated == 0);
  std::string playlist = air.server.get("/hls/day/720p/live.m3u8").body;
  CHECK(playlist.find("#EXT-X-ENDLIST") == std::string::npos);
  auto recording = viewer.finish(air.server.folder() + "/engine.mp4");
  REQUIRE(recording.inits.size() == 2);
  CHECK(recording.discontinuities == 1);
  check_back(look_at(recording.file, 0), 0);
  Seen after = look_at(recording.later[0], back);
  WARN(fmt::format(
      "engine killed: a viewer waited {:.0f} ms for the next part, then a tile was away for {} of "
      "{} frames",
      gaps.longest_ms, after.away(), after.decoded.video_pts.size()));
  check_back(after, back);
}

TEST_CASE("the gateway and every kind of feed are confined, and nothing else is") {
  Server::Options options;
  options.extra =
      fmt::format("[store]\nreserve_mb = 10\n[egress]\nallow_private = true\nmedia_root = \"{}/venues\"\n",
                  OPENDAY_BUILD_DIR);
  Server server(options);
  std::string file = std::filesystem::path(venue_file(0, 60, kSize, "flv")).filename();
  const std::map<std::string, Json> sources = {
      {"pushed", {{"kind", "ingest"}}},
      {"pulled", {{"kind", "pull"}, {"url", fmt::format("srt://127.0.0.1:{}", test::free_udp_port())}}},
      {"file", {{"kind", "file"}, {"path", file}}},
      {"test", {{"kind", "test"}}}};
  Json ids = Json::array();
  for (const auto& [id, source] : sources) {
    server.admin("POST", "/venues", {{"id", id}, {"name", id}, {"source", source}});
    ids.push_back(id);
  }
  server.admin("POST", "/broadcasts", {{"id", "day"}, {"title", "Confined"}, {"venues", ids}});
  server.admin("POST", "/broadcasts/day/rehearse", Json::object());
  Json processes;
  REQUIRE(eventually(seconds(10), [&] {
    Json status = server.status("day");
    processes = status["processes"];
    return processes.size() == 3 + sources.size() &&  // hub, gateway, engine
           std::all_of(processes.begin(), processes.end(),
                       [](const Json& p) { return p["state"] == "ready"; });
  }));
  // What surrounds the test, a container with a filter of its own perhaps, surrounds them all.
  const Bonds outside = bonds_of("/proc/self");
  CHECK(bonds_of(fmt::format("/proc/{}", server.program().pid())) == outside);
  for (const auto& process : processes) {
    std::string role = process["role"];
    INFO(role << " " << process["id"]);
    std::string place = fmt::format("/proc/{}", process["pid"].get<int>());
    bool confined = role == "gateway" || role == "feed";
    Bonds expected = outside;
    if (confined) expected = {"2", outside.filters + 1, "1", "0000000000000000"};
    size_t threads = 0;
    for (const auto& thread : std::filesystem::directory_iterator(place + "/task")) {
      CHECK(bonds_of(thread.path()) == expected);
      ++threads;
    }
    CHECK(threads > 0);
    if (confined) CHECK(line_of(place + "/limits", "Max core file size") == "0 0 bytes");
    if (role == "feed") {
      CHECK(line_of(place + "/limits", "Max open files") == "256 256 files");
      CHECK(line_of(place + "/limits", "Max address space") ==
            fmt::format("{0} {0} bytes", int64_t{3} << 30));
    }
  }
}

TEST_CASE("the end of the supervisor is the end of every process") {
  Server server;
  server.set_up("day", 1);
  std::set<int> pids;
  REQUIRE(eventually(seconds(10), [&] {
    pids.clear();
    Json status = server.status("day");
    for (const auto& process : status["processes"]) pids.insert(process["pid"].get<int>());
    return pids.size() >= 4 && !pids.contains(0);  // hub, gateway, feed, engine
  }));
  server.program().signal(SIGKILL);
  CHECK(eventually(seconds(5), [&] {
    return std::all_of(pids.begin(), pids.end(), [](int pid) { return ::kill(pid, 0) != 0; });
  }));
}
