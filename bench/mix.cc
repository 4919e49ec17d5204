// Three 720p30 venues to 720/480/360 + AAC: all our processes against one ffmpeg doing the three-up job from
// the same live streams, at the same x264 preset and bitrates. Both run at the same time while they are
// compared: a machine's speed changes from one minute to the next, and CPU time with it. Before that the
// server alone shows that it keeps real time.
//
// While they are compared, loops in the idle class keep the cores from halting: on a virtual machine CPU time
// after a halt is up to 40 % dearer (the core has run something else meanwhile), by an amount that changes
// from run to run.
#include <chrono>
#include <future>
#include <thread>

#include "bench/awake.h"
#include "bench/cpu.h"
#include "bench/report.h"
#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;

namespace {

constexpr int kSeconds = 30;

// Asks rarely: the answers cost the hub what is being measured.
void wait_until_tick(const Server& server, int64_t tick) {
  int64_t left = tick - server.status("mix")["tick"].get<int64_t>();
  std::this_thread::sleep_for(std::chrono::milliseconds(std::max<int64_t>(0, left * 1000 / 30)));
  if (!eventually(seconds(120), [&] { return server.status("mix")["tick"].get<int64_t>() >= tick; })) {
    throw std::runtime_error("the program stopped");
  }
}

struct Cost {
  double ours = 0;
  double ffmpeg = 0;
};

// CPU seconds per second of our whole process tree, and of ffmpeg's if it runs, over the same kSeconds.
Cost measure(Server& server, const Program* ffmpeg, bench::Report& report, const std::string& name) {
  int64_t tick = server.status("mix")["tick"];
  wait_until_tick(server, tick + 90);  // the scene has settled
  auto start = std::chrono::steady_clock::now();
  auto before = bench::use_of_tree(server.program().pid());
  double theirs_before = ffmpeg ? bench::cpu_of_tree(ffmpeg->pid()) : 0;
  int64_t from = server.status("mix")["tick"];
  wait_until_tick(server, from + 30 * kSeconds);
  auto after = bench::use_of_tree(server.program().pid());
  double theirs_after = ffmpeg ? bench::cpu_of_tree(ffmpeg->pid()) : 0;
  double length = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  Cost cost;
  for (const auto& [pid, use] : after) {
    double one = (use.cpu_s - (before.contains(pid) ? before[pid].cpu_s : 0)) / length;
    cost.ours += one;
    report.sample(fmt::format("{}: {} {:.4f} CPU-s/s", name, use.title, one));
  }
  cost.ffmpeg = (theirs_after - theirs_before) / length;
  if (ffmpeg == nullptr) {
    report.sample(fmt::format("{}: ours {:.4f} CPU-s/s over {:.1f} s", name, cost.ours, length));
    return cost;
  }
  if (cost.ffmpeg > 0.97) throw std::runtime_error("ffmpeg does not keep up: nothing can be compared");
  report.sample(
      fmt::format("{}: ours {:.4f} CPU-s/s, ffmpeg's three-up {:.4f} CPU-s/s, over the same {:.1f} s", name,
                  cost.ours, cost.ffmpeg, length));
  return cost;
}

struct FfmpegMix {
  std::unique_ptr<Program> program;
  std::vector<std::unique_ptr<Program>> publishers;
};

// One ffmpeg takes the same three streams by RTMP and makes the same ladder of a three-up grid.
FfmpegMix start_ffmpeg(Server& server, const std::vector<std::string>& files) {
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
                           "-profile:v",
                           "main",
                           "-x264-params",
                           "weightp=0",
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
  FfmpegMix mix{std::make_unique<Program>(command, server.folder() + "/ffmpeg.log"), {}};
  for (int v = 0; v < 3; ++v) {
    // ffmpeg opens its inputs one after the other: a publisher is tried until its turn has come.
    std::string url = fmt::format("rtmp://127.0.0.1:{}/live/x", 26960 + v);
    bool open = eventually(seconds(20), [&] {
      auto candidate = publish(files[static_cast<size_t>(v)], url, server.folder() + "/publisher.log");
      if (candidate->wait(milliseconds(700))) return false;
      mix.publishers.push_back(std::move(candidate));
      return true;
    });
    if (!open) throw std::runtime_error("ffmpeg does not listen: " + server.log());
  }
  double settled = bench::cpu_of_tree(mix.program->pid());
  if (!eventually(seconds(20), [&] { return bench::cpu_of_tree(mix.program->pid()) > settled + 3; })) {
    throw std::runtime_error("ffmpeg does not mix: " + bench::slurp(server.folder() + "/ffmpeg.log"));
  }
  return mix;
}

}  // namespace

int main(int argc, char** argv) {
  bench::Report report("mix", argc, argv);
  Server server;
  server.set_up("mix", 3);
  std::vector<std::string> files;
  std::vector<std::unique_ptr<Program>> publishers;
  for (int v = 0; v < 3; ++v) {
    files.push_back(venue_file(v, 60, {}, "flv", "camera"));
    publishers.push_back(publish(files.back(), server.publish_url("v" + std::to_string(v), "rtmp"),
                                 server.folder() + "/publisher.log"));
  }
  for (const char* venue : {"v0", "v1", "v2"}) {
    if (!server.wait_live("mix", venue)) throw std::runtime_error("venue does not come up");
  }
  auto take = [&](const char* layout, const Json& venues) {
    server.admin("POST", "/broadcasts/mix/take", {{"layout", layout}, {"venues", venues}});
  };
  Json all = {"v0", "v1", "v2"};
  Json one = {"v0"};
  take("grid", all);
  server.admin("POST", "/broadcasts/mix/go-live", Json::object());
  Viewer viewer(server, "/hls/mix/720p/live.m3u8");

  // Alone, in both scenes, with the watch page open: does it keep up?
  constexpr int kWatched = 2 * kSeconds;
  auto page = std::async(std::launch::async, [&] {
    return Json::parse(run({"node", std::string(OPENDAY_SOURCE_DIR) + "/bench/page.mjs",
                            server.url() + "/watch/mix", std::to_string(kWatched)}));
  });
  for (const auto& [layout, venues] : {std::pair("grid", all), std::pair("full", one)}) {
    take(layout, venues);
    measure(server, nullptr, report, fmt::format("alone, {}", layout));
  }
  auto lost = [&] {
    Json status = server.status("mix");
    uint64_t sum = status["dropped_ticks"].get<uint64_t>() + status["repeated_ticks"].get<uint64_t>();
    for (const auto& encoder : status["encoders"]) sum += encoder["shed"].get<uint64_t>();
    return sum;
  };
  uint64_t lost_alone = lost();
  double slowest = 1e9;
  Json encoders = server.status("mix")["encoders"];
  for (const auto& encoder : encoders) slowest = std::min(slowest, encoder["speed"].get<double>());
  report.sample(fmt::format("alone: the slowest encoder has {:.2f} times real time", slowest));
  Json seen = page.get();
  report.sample(
      fmt::format("alone: the page played {:.1f} of {} s, stood {} times, showed {} frames and dropped {}",
                  seen["played"].get<double>(), kWatched, seen["stalls"].get<int>(),
                  seen["frames"].get<int>(), seen["dropped"].get<int>()));

  bench::AwakeCores awake;
  FfmpegMix ffmpeg = start_ffmpeg(server, files);
  take("grid", all);
  Cost grid = measure(server, ffmpeg.program.get(), report, "three-up");
  take("full", one);
  Cost full = measure(server, ffmpeg.program.get(), report, "full screen");
  uint64_t lost_compared = lost() - lost_alone;
  ffmpeg = {};
  server.admin("POST", "/broadcasts/mix/end", {{"confirm", "mix"}});
  report.target("three-up CPU, ours over ffmpeg", grid.ours / grid.ffmpeg, "×", 1.0);
  report.target("full screen CPU, ours over ffmpeg's three-up", full.ours / full.ffmpeg, "×", 0.75);
  report.target("frames shed, ticks dropped or repeated, alone", static_cast<double>(lost_alone), "frames",
                0);
  report.target("the page stood still, alone", kWatched - seen["played"].get<double>(), "s", 3);
  // Who sheds does less: nothing would be compared.
  report.target("frames shed, ticks dropped or repeated, compared", static_cast<double>(lost_compared),
                "frames", 0);
  return report.finish();
}
