// How soon a venue is seen: from its first key frame leaving the encoder to its first frame in the program.
#include <csignal>
#include <fstream>

#include "bench/report.h"
#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;

namespace {

// Program time of a playlist's first segment, UTC ms.
int64_t program_start(const Server& server) {
  std::string text = server.get("/hls/join/720p/dvr.m3u8").body;
  size_t at = text.find("#EXT-X-PROGRAM-DATE-TIME:");
  return at == std::string::npos ? -1 : parse_rfc3339(text.substr(at + 25, text.find('\n', at) - at - 25));
}

}  // namespace

int main(int argc, char** argv) {
  bench::Report report("join", argc, argv);
  Server server;
  server.set_up("join", 1);
  server.admin("POST", "/broadcasts/join/take", {{"layout", "full"}, {"venues", {"v0"}}});
  server.admin("POST", "/broadcasts/join/go-live", Json::object());
  if (!eventually(seconds(20), [&] { return program_start(server) > 0; })) return 1;
  Viewer viewer(server, "/hls/join/720p/live.m3u8");
  std::string file = venue_file(0, 60, {}, "flv");
  std::string url = server.publish_url("v0", "rtmp");
  std::vector<int64_t> started;
  for (int i = 0; i < 5; ++i) {
    std::string log = server.folder() + "/publisher-" + std::to_string(i);
    Program publisher({std::string(OPENDAY_BUILD_DIR) + "/tests/synth/openday-publish", file, url}, log);
    if (!server.wait_live("join", "v0")) throw std::runtime_error("venue does not come up:\n" + server.log());
    int64_t until = server.status("join")["tick"].get<int64_t>() + 45;
    if (!eventually(seconds(10), [&] { return server.status("join")["tick"].get<int64_t>() >= until; }))
      return 1;
    std::ifstream in(log);
    std::string word;
    int64_t start_ms = 0;
    in >> word >> start_ms;
    started.push_back(start_ms);
    publisher.signal(SIGKILL);
    bool lost = eventually(seconds(10), [&] { return server.status("join")["slots"][0]["state"] == "lost"; });
    if (!lost) throw std::runtime_error("the venue does not go away");
  }
  size_t more = viewer.segments() + 2;
  if (!eventually(seconds(15), [&] { return viewer.segments() >= more; })) return 1;
  auto recording = viewer.finish(server.folder() + "/join.mp4");
  // The first kept segment's program time: that of the DVR's, plus what was cut off before the viewer came.
  synth::TileLog tile({0, 0, 1280, 720});
  Decoded decoded = decode(recording.file, {}, [&](const media::Image& image) { tile.look(image); });
  int64_t first_ms = recording.first_at_ms;
  std::vector<double> delays;
  bool shown = false;
  for (size_t i = 0; i < tile.frames(); ++i) {
    bool venue = tile.readings()[i].venue == 0;
    if (venue && !shown && delays.size() < started.size()) {
      double at = static_cast<double>(first_ms) +
                  static_cast<double>(decoded.video_pts[i] - decoded.video_pts[0]) / 90;
      delays.push_back((at - static_cast<double>(started[delays.size()])) / 1000);
      report.sample(fmt::format("joined after {:.3f} s", delays.back()));
    }
    shown = venue;
  }
  if (delays.size() != started.size()) {
    report.sample(fmt::format("{} of {} joins were seen", delays.size(), started.size()));
    return 1;
  }
  report.target("publish to program, worst of 5", *std::max_element(delays.begin(), delays.end()), "s", 1.0);
  return report.finish();
}
