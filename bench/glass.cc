// Glass to glass: from the camera of an RTMP venue to the screen of Chromium with hls.js, on one machine, at
// default settings.
#include <fstream>

#include "bench/report.h"
#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;

int main(int argc, char** argv) {
  bench::Report report("glass", argc, argv);
  Server server;
  server.set_up("glass", 1);
  std::string log = server.folder() + "/publisher.log";
  Program publisher({std::string(OPENDAY_BUILD_DIR) + "/tests/synth/openday-publish",
                     venue_file(0, 60, {}, "flv"), server.publish_url("v0", "rtmp")},
                    log);
  if (!server.wait_live("glass", "v0")) throw std::runtime_error("venue does not come up:\n" + server.log());
  server.admin("POST", "/broadcasts/glass/take", {{"layout", "full"}, {"venues", {"v0"}}});
  server.admin("POST", "/broadcasts/glass/go-live", Json::object());
  std::ifstream in(log);
  std::string word;
  int64_t start_ms = 0;
  in >> word >> start_ms;
  if (!eventually(seconds(20), [&] { return server.get("/hls/glass/live.m3u8").status == 200; })) return 1;

  Json samples =
      Json::parse(run({"node", std::string(OPENDAY_SOURCE_DIR) + "/bench/glass.mjs",
                       server.url() + "/watch/glass", std::to_string(start_ms), "30", "60", "45"}));
  std::vector<double> ms = samples.get<std::vector<double>>();
  // Where the time goes: a player that stands or starts too far behind is seen here.
  for (size_t from = 0; from + 150 <= ms.size(); from += 150) {
    std::vector<double> five(ms.begin() + static_cast<ptrdiff_t>(from),
                             ms.begin() + static_cast<ptrdiff_t>(from + 150));
    std::sort(five.begin(), five.end());
    report.sample(fmt::format("frames {} to {}: {:.3f} to {:.3f} s, median {:.3f} s", from, from + 149,
                              five.front() / 1000, five.back() / 1000, five[75] / 1000));
  }
  size_t settled = ms.size() / 3;  // the first third is the player finding its place
  std::vector<double> sorted(ms.begin() + static_cast<ptrdiff_t>(settled), ms.end());
  std::sort(sorted.begin(), sorted.end());
  if (sorted.size() < 300) {
    report.sample(fmt::format("only {} frames could be read", sorted.size()));
    return 1;
  }
  auto at = [&](double q) {
    return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1))] / 1000;
  };
  report.sample(
      fmt::format("{} frames after settling: p5 {:.3f} s, median {:.3f} s, p95 {:.3f} s, worst {:.3f} s",
                  sorted.size(), at(0.05), at(0.5), at(0.95), at(1)));
  report.target("glass to glass, median", at(0.5), "s", 2.0);
  return report.finish();
}
