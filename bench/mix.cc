// Three 720p30 venues to 720/480/360 + AAC: all our processes against one ffmpeg doing the three-up job from
// the same live streams, at the same x264 preset and bitrates, side by side in one run.
#include <chrono>
#include <thread>

#include "bench/cpu.h"
#include "bench/report.h"
#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;

namespace {

constexpr int kSeconds = 30;

void wait_until_tick(const Server& server, int64_t tick) {
  if (!eventually(seconds(120), [&] { return server.status("mix")["tick"].get<int64_t>() >= tick; })) {
    throw std::runtime_error("the program stopped");
  }
}

// CPU seconds per second of program, of our whole process tree, over kSeconds of ticks.
double measure_ours(Server& server, bench::Report& report, const std::string& name) {
  int64_t tick = server.status("mix")["tick"];
  wait_until_tick(server, tick + 90);  // the scene has settled
  auto before = bench::use_of_tree(server.program().pid());
  int64_t from = server.status("mix")["tick"];
  wait_until_tick(server, from + 30 * kSeconds);
  auto after = bench::use_of_tree(server.program().pid());
  double length = static_cast<double>(server.status("mix")["tick"].get<int64_t>() - from) / 30;
  double sum = 0;
  for (const auto& [pid, use] : after) {
    double cost = (use.cpu_s - (before.contains(pid) ? before[pid].cpu_s : 0)) / length;
    sum += cost;
    report.sample(fmt::format("{}: {} {:.4f} CPU-s/s", name, use.title, cost));
  }
  report.sample(fmt::format("{}: ours {:.4f} CPU-s/s over {:.1f} s", name, sum, length));
  return sum;
}

// One ffmpeg takes the same three streams by RTMP and makes the same ladder of a three-up grid.
double measure_ffmpeg(Server& server, const std::vector<std::string>& files, bench::Report& report) {
  std::vector<std::string> command = {"ffmpeg", "-nostdin", "-v", "error", "-filter_complex_threads", "1"};
  for (int v = 0; v < 3; ++v) {
    for (const auto& word :
         {std::string("-threads"), std::string("1"), std::string("-listen"), std::string("1"),
          std::string("-i"), fmt::format("rtmp://127.0.0.1:{}/live/x", 26960 + v)}) {
      command.push_back(word);
    }
  }
  // The geometry of our grid of three: two above, one below in the middle.
  std::string graph =
      "[0:v]scale=640:360:flags=bilinear[a];[1:v]scale=640:360:flags=bilinear[b];[2:v]scale=640:360:flags="
      "bilinear[c];"
      "color=c=0x101418:s=1280x720:r=30[bg];[bg][a]overlay=0:0:shortest=0[x];[x][b]overlay=640:0[y];[y][c]"
      "overlay=320:360,fps=30,"
      "split=3[p][q0][r0];[q0]scale=854:480:flags=bilinear[q];[r0]scale=640:360:flags=bilinear[r];"
      "[0:a][1:a][2:a]amix=inputs=3:normalize=0[m]";
  for (const auto& word : {"-filter_complex", graph.c_str()}) command.emplace_back(word);
  struct Rung {
    const char* pad;
    const char* kbps;
  };
  int index = 0;
  for (const Rung& rung : {Rung{"[p]", "2500k"}, Rung{"[q]", "1200k"}, Rung{"[r]", "700k"}}) {
    std::string i = std::to_string(index++);
    for (const auto& word : {std::string("-map"), std::string(rung.pad), "-c:v:" + i, std::string("libx264"),
                             "-b:v:" + i, std::string(rung.kbps), "-maxrate:v:" + i, std::string(rung.kbps),
                             "-bufsize:v:" + i, std::string(rung.kbps)}) {
      command.push_back(word);
    }
  }
  for (const char* word : {"-map",
                           "[m]",
                           "-preset",
                           "superfast",
                           "-bf",
                           "0",
                           "-g",
                           "60",
                           "-sc_threshold",
                           "0",
                           "-rc-lookahead",
                           "10",
                           "-threads",
                           "1",
                           "-c:a",
                           "aac",
                           "-b:a",
                           "128k",
                           "-f",
                           "mp4",
                           "-movflags",
                           "frag_keyframe+empty_moov",
                           "-y",
                           "/dev/null"}) {
    command.emplace_back(word);
  }
  Program ffmpeg(command, server.folder() + "/ffmpeg.log");
  std::vector<std::unique_ptr<Program>> publishers;
  for (int v = 0; v < 3; ++v) {
    // ffmpeg opens its inputs one after the other: a publisher is tried until its turn has come.
    std::string url = fmt::format("rtmp://127.0.0.1:{}/live/x", 26960 + v);
    bool open = eventually(seconds(20), [&] {
      auto candidate = publish(files[static_cast<size_t>(v)], url, server.folder() + "/publisher.log");
      if (candidate->wait(milliseconds(700))) return false;
      publishers.push_back(std::move(candidate));
      return true;
    });
    if (!open) throw std::runtime_error("ffmpeg does not listen: " + server.log());
  }
  double settled = bench::cpu_of_tree(ffmpeg.pid());
  if (!eventually(seconds(20), [&] { return bench::cpu_of_tree(ffmpeg.pid()) > settled + 3; })) {
    throw std::runtime_error("ffmpeg does not mix: " + bench::slurp(server.folder() + "/ffmpeg.log"));
  }
  auto start = std::chrono::steady_clock::now();
  double before = bench::cpu_of_tree(ffmpeg.pid());
  std::this_thread::sleep_for(seconds(kSeconds));  // the length of the measurement itself
  double length = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  double cost = (bench::cpu_of_tree(ffmpeg.pid()) - before) / length;
  report.sample(fmt::format("three-up: ffmpeg {:.4f} CPU-s/s over {:.1f} s", cost, length));
  return cost;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Report report("mix", argc, argv);
  Server server;
  server.set_up("mix", 3);
  std::vector<std::string> files;
  std::vector<std::unique_ptr<Program>> publishers;
  for (int v = 0; v < 3; ++v) {
    files.push_back(venue_file(v, 60, {}, "flv"));
    publishers.push_back(publish(files.back(), server.publish_url("v" + std::to_string(v), "rtmp"),
                                 server.folder() + "/publisher.log"));
  }
  for (const char* venue : {"v0", "v1", "v2"}) {
    if (!server.wait_live("mix", venue)) throw std::runtime_error("venue does not come up");
  }
  server.admin("POST", "/broadcasts/mix/take", {{"layout", "grid"}, {"venues", {"v0", "v1", "v2"}}});
  server.admin("POST", "/broadcasts/mix/go-live", Json::object());
  Viewer viewer(server, "/hls/mix/720p/live.m3u8");
  double ours_grid = measure_ours(server, report, "three-up");
  uint64_t dropped_before = server.status("mix")["dropped_ticks"];
  server.admin("POST", "/broadcasts/mix/take", {{"layout", "full"}, {"venues", {"v0"}}});
  double ours_full = measure_ours(server, report, "full screen");
  Json status = server.status("mix");
  uint64_t shed = 0;
  double slowest = 1e9;
  for (const auto& encoder : status["encoders"]) {
    shed += encoder["shed"].get<uint64_t>();
    slowest = std::min(slowest, encoder["speed"].get<double>());
  }
  publishers.clear();
  server.admin("POST", "/broadcasts/mix/end", {{"confirm", "mix"}});
  double theirs = measure_ffmpeg(server, files, report);
  report.sample(fmt::format("slowest encoder {:.2f} times real time, {} frames shed, {} ticks dropped",
                            slowest, shed, status["dropped_ticks"].get<uint64_t>() - dropped_before));
  report.target("three-up CPU, ours over ffmpeg", ours_grid / theirs, "×", 1.0);
  report.target("full screen CPU, ours over ffmpeg's three-up", ours_full / theirs, "×", 0.75);
  report.target("frames shed and ticks dropped",
                static_cast<double>(shed + status["dropped_ticks"].get<uint64_t>()), "frames", 0);
  return report.finish();
}
