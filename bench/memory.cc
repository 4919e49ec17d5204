// Does any process grow? PSS of each over the minutes 3 to 12 of a broadcast of three venues with a viewer, a
// target and recording. 'memory 60' watches an hour; the slope is that of the same minutes.
#include <sys/socket.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "bench/cpu.h"
#include "bench/report.h"
#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;

int main(int argc, char** argv) {
  bench::Report report("memory", argc, argv);
  int minutes = std::max(12, argc > 1 ? std::atoi(argv[1]) : 0);
  Server server;
  server.set_up("memory", 3);
  std::vector<std::unique_ptr<Program>> publishers;
  for (int v = 0; v < 3; ++v) {
    bool srt = v == 2;
    publishers.push_back(publish(venue_file(v, 60, {}, srt ? "ts" : "flv"),
                                 server.publish_url("v" + std::to_string(v), srt ? "srt" : "rtmp"),
                                 server.folder() + "/publisher.log"));
  }
  for (const char* venue : {"v0", "v1", "v2"}) {
    if (!server.wait_live("memory", venue)) throw std::runtime_error("venue does not come up");
  }
  server.admin("POST", "/broadcasts/memory/take", {{"layout", "grid"}, {"venues", {"v0", "v1", "v2"}}});
  server.admin("POST", "/broadcasts/memory/go-live", Json::object());
  // FFmpeg's player knows no parts: it wants a few segments.
  if (!eventually(seconds(30),
                  [&] { return segments_of(server, "/hls/memory/720p/live.m3u8").size() >= 3; })) {
    throw std::runtime_error("the program does not come up");
  }
  // Somebody watches all the time, and a platform takes the program.
  Program viewer({"ffmpeg", "-nostdin", "-v", "error", "-i", server.url() + "/hls/memory/live.m3u8", "-map",
                  "0:v:0", "-c", "copy", "-f", "null", "-"},
                 server.folder() + "/viewer.log");
  openday::test::HeldPort port;
  std::string platform = fmt::format("rtmp://127.0.0.1:{}/app", port.number());
  Program restreamed({"ffmpeg", "-nostdin", "-v", "error", "-f", "flv", "-listen", "1", "-i",
                      platform + "/key", "-c", "copy", "-f", "null", "-"},
                     server.folder() + "/platform.log");
  server.admin("POST", "/broadcasts/memory/targets",
               {{"id", "p"}, {"name", "P"}, {"url", platform}, {"key", "key"}, {"enabled", true}});
  if (!eventually(seconds(20), [&] {
        Json targets = server.status("memory").value("targets", Json::array());
        return targets.size() == 1 && targets[0].value("state", "") == "live";
      })) {
    throw std::runtime_error("the platform does not get the program");
  }

  struct Series {
    std::string title;
    std::vector<std::pair<double, double>> points;  // minute, MB
  };
  std::map<int, Series> series;
  auto start = std::chrono::steady_clock::now();
  for (double minute = 0; minute <= minutes;) {
    if (!eventually(seconds(20), [&] {
          minute = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / 60;
          return std::fmod(minute * 6, 1.0) < 0.05;  // six times a minute
        })) {
      return 1;
    }
    for (const auto& [one, log] :
         {std::pair(&viewer, "viewer.log"), std::pair(&restreamed, "platform.log")}) {
      if (one->running()) continue;
      throw std::runtime_error(
          fmt::format("one has ended: {}: {}", log, bench::slurp(server.folder() + "/" + log)));
    }
    std::string row = fmt::format("{:5.1f} min", minute);
    for (const auto& [pid, use] : bench::use_of_tree(server.program().pid(), true)) {
      series[pid].title = use.title;
      series[pid].points.emplace_back(minute, use.pss_mb);
      row += fmt::format("  {} {:.1f}", use.title, use.pss_mb);
    }
    report.sample(row + " MB");
    (void)eventually(seconds(8), [] { return false; });
  }
  for (const auto& [pid, s] : series) {
    double n = 0, sx = 0, sy = 0, sxx = 0, sxy = 0;
    for (const auto& [x, y] : s.points) {
      if (x < 3 || x > 12) continue;
      n += 1;
      sx += x;
      sy += y;
      sxx += x * x;
      sxy += x * y;
    }
    // Six samples a minute; a process that died has fewer, and so has the one after it.
    report.target(s.title + ": samples missing of minutes 3 to 12", std::max(0.0, 50 - n), "samples", 0);
    if (n < 30) continue;
    report.target(s.title + ": PSS slope", (n * sxy - sx * sy) / (n * sxx - sx * sx), "MB/min", 1.0);
  }
  return report.finish();
}
