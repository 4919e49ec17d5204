// What a running server lists: read by a parser that is not ours, held against what it lists, over an
// engine's death.
#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;

namespace {

constexpr const char* kRenditions[] = {"360p", "180p", "audio"};

struct Listed {
  std::string text;
  std::map<int64_t, std::string> segments;    // URI by media sequence number
  std::map<int64_t, std::string> facts;       // program date and EXTINF of each
  std::map<int64_t, std::string> first_part;  // its URI, of segments that list parts
  std::set<std::string> parts;
  size_t discontinuities = 0;

  /// The whole line that begins so.
  [[nodiscard]] std::string line(const std::string& tag) const {
    size_t at = text.find(tag);
    return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
  }
};

std::string attribute(const std::string& line, const std::string& name) {
  size_t at = line.find(name + "=\"");
  if (at == std::string::npos) return "";
  at += name.size() + 2;
  return line.substr(at, line.find('"', at) - at);
}

Listed read(const Server& server, const std::string& path) {
  Http answer = server.get(path);
  INFO(path);
  REQUIRE(answer.status == 200);
  Listed listed;
  listed.text = answer.body;
  int64_t msn = std::stoll(listed.line("#EXT-X-MEDIA-SEQUENCE:").substr(22));
  std::istringstream lines(answer.body);
  std::string facts;
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("#EXT-X-PROGRAM-DATE-TIME:", 0) == 0 || line.rfind("#EXTINF:", 0) == 0) facts += line;
    if (line == "#EXT-X-DISCONTINUITY") ++listed.discontinuities;
    if (line.rfind("#EXT-X-PART:", 0) == 0) {
      listed.parts.insert(attribute(line, "URI"));
      listed.first_part.try_emplace(msn, attribute(line, "URI"));
    }
    if (line.empty() || line[0] == '#') continue;
    listed.facts[msn] = std::exchange(facts, "");
    listed.segments[msn++] = line;
  }
  return listed;
}

std::vector<std::string> all_paths() {
  std::vector<std::string> paths = {"/hls/day/live.m3u8", "/hls/day/dvr.m3u8"};
  for (const char* rendition : kRenditions) {
    for (const char* kind : {"live", "dvr"})
      paths.push_back(fmt::format("/hls/day/{}/{}.m3u8", rendition, kind));
  }
  return paths;
}

/// Every playlist of the broadcast, as it is now, through the parser from npm.
void parse_all(const Server& server) {
  std::vector<std::string> command = {
      "node", std::string(OPENDAY_BUILD_DIR) + "/tests/playlist-npm/parser/check.mjs"};
  for (const std::string& path : all_paths()) {
    Http answer = server.get(path);
    INFO(path);
    REQUIRE(answer.status == 200);
    std::string file = path.substr(1);
    std::replace(file.begin(), file.end(), '/', '-');
    command.push_back(server.folder() + "/" + file);
    std::ofstream(command.back()) << answer.body;
  }
  std::string said = run(command);  // throws with what it complains of
  CHECK(said.find(fmt::format("{} playlists read, 0 complaints", all_paths().size())) != std::string::npos);
}

/// The first packet of a fragment: "K…" for a key frame.
std::string first_flags(const Server& server, const std::string& init, const std::string& media) {
  std::string file = server.folder() + "/fragment.mp4";
  std::ofstream(file, std::ios::binary) << server.get(init).body << server.get(media).body;
  return run({"ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=flags", "-of",
              "csv=p=0", "-read_intervals", "%+#1", file});
}

}  // namespace

TEST_CASE("playlists of a running server parse elsewhere, agree with each other and list what is there") {
  Server::Options options;
  options.house = {640, 360, 25};
  options.ladder = {"360p 640x360 700 96", "180p 320x180 200 96"};
  Server server(options);
  server.admin("POST", "/venues", {{"id", "hall"}, {"name", "Hall"}, {"source", {{"kind", "test"}}}});
  server.admin("POST", "/broadcasts", {{"id", "day"}, {"title", "Day"}, {"venues", {"hall"}}});
  server.admin("POST", "/broadcasts/day/rehearse", Json::object());
  REQUIRE(server.wait_live("day", "hall"));
  server.admin("POST", "/broadcasts/day/take", {{"layout", "full"}, {"venues", {"hall"}}});
  server.admin("POST", "/broadcasts/day/go-live", Json::object());
  auto has_segments = [&](size_t count, size_t discontinuities) {
    return eventually(seconds(30), [&] {
      for (const std::string& path : all_paths()) {
        if (server.get(path).status != 200) return false;
      }
      Listed listed = read(server, "/hls/day/360p/dvr.m3u8");
      return listed.segments.size() >= count && listed.discontinuities == discontinuities;
    });
  };
  REQUIRE(has_segments(4, 0));
  parse_all(server);
  std::map<std::string, std::vector<std::string>> promises;
  auto promised = [&](const std::string& rendition) {
    Listed live = read(server, fmt::format("/hls/day/{}/live.m3u8", rendition));
    return std::vector{live.line("#EXT-X-PART-INF"), live.line("#EXT-X-SERVER-CONTROL"),
                       live.line("#EXT-X-TARGETDURATION")};
  };
  for (const char* rendition : kRenditions) {
    promises[rendition] = promised(rendition);
    CHECK(promises[rendition][0].find("PART-TARGET=") != std::string::npos);
  }

  {
    INFO("every part and segment is there, whole, and each segment starts with an IDR");
    for (const char* rendition : kRenditions) {
      Listed live = read(server, fmt::format("/hls/day/{}/live.m3u8", rendition));
      REQUIRE(live.parts.size() >= 6);
      std::string init = attribute(live.line("#EXT-X-MAP"), "URI");
      for (const std::string& uri : live.parts) {
        Http part = server.get(uri);
        INFO(uri);
        REQUIRE(part.status == 200);
        CHECK(part.body.substr(4, 4) == "moof");
      }
      for (const auto& [msn, uri] : live.segments) {
        INFO(uri);
        REQUIRE(server.get(uri).status == 200);
        if (std::string(rendition) == "audio") continue;
        CHECK(first_flags(server, init, uri).rfind('K', 0) == 0);
      }
      if (std::string(rendition) == "audio") continue;
      for (const auto& [msn, uri] : live.first_part) CHECK(first_flags(server, init, uri).rfind('K', 0) == 0);
    }
  }

  {
    INFO("pictures of all sizes are cut at the same moments");
    Listed large = read(server, "/hls/day/360p/dvr.m3u8");
    Listed small = read(server, "/hls/day/180p/dvr.m3u8");
    size_t both = 0;
    for (const auto& [msn, facts] : large.facts) {
      if (!small.facts.contains(msn)) continue;
      ++both;
      CHECK(small.facts[msn] == facts);
    }
    CHECK(both >= 4);
  }

  {
    INFO("the metrics tell what goes on");
    Viewer viewer(server, "/hls/day/360p/live.m3u8");
    std::string text;
    auto says = [&](const std::string& sample, const std::function<bool(double)>& holds) {
      bool did = eventually(seconds(15), [&] {
        text = server.get("/metrics").body;
        auto value = metric(text, sample);
        return value && holds(*value);
      });
      INFO(sample << " in\n" << text);
      CHECK(did);
    };
    auto is = [](double expected) { return [=](double value) { return value == expected; }; };
    const std::string venue = R"({broadcast="day",venue="hall"})";
    says(R"(openday_viewers{broadcast="day"})", [](double n) { return n >= 1; });
    says("openday_origin_waiters", [](double n) { return n >= 1; });
    const std::string answered = R"(openday_origin_requests_total{class="blocked_playlist",status="2xx"})";
    says(answered, [](double n) { return n > 0; });
    double before = metric(text, answered).value_or(0);
    says(answered, [&](double n) { return n > before; });
    says("openday_venue_fps" + venue, [](double fps) { return fps >= 24 && fps <= 26; });
    says("openday_venue_reconnects_total" + venue, is(0));
    says(R"(openday_venue_state{broadcast="day",venue="hall",state="live"})", is(1));
    says(R"(openday_program_dropped_ticks_total{broadcast="day"})", is(0));
    says(R"(openday_encoder_speed{broadcast="day",rendition="360p"})",
         [](double speed) { return speed > 1; });
    CHECK(viewer.misses() == 0);
  }

  {
    INFO("what was promised of parts and segments holds beyond the engine that promised it");
    int old = server.pid_of("day", "engine");
    REQUIRE(::kill(old, SIGKILL) == 0);
    REQUIRE(eventually(seconds(20), [&] {
      return server.pid_of("day", "engine") > 0 && server.pid_of("day", "engine") != old;
    }));
    REQUIRE(has_segments(6, 1));
    parse_all(server);
    for (const char* rendition : kRenditions) {
      INFO(rendition);
      CHECK(promised(rendition) == promises[rendition]);
    }
  }
}
