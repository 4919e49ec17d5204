// Whether a room that talks disturbs the program.
//
// The shipped server mixes three venues to the ladder; 15,500 sockets sit in the room, on the same two cores.
// First they are silent, then they say more than 5,000 comments a second: as many sockets as it takes when a
// viewer may write every three seconds and an address ten times a second. Each comment is judged by the word
// lists that come with Openday, stored and acknowledged, while a moderators' page looks on. The room shows a
// sample of one a second: what it costs to show them is the benchmark fanout's.
#include <filesystem>
#include <future>

#include "bench/cpu.h"
#include "bench/report.h"
#include "bench/room_server.h"

using namespace openday;
using namespace openday::e2e;
using namespace openday::bench;

namespace {

constexpr double kPerSecond = 5150;  // more than is wanted, as the time until the last answer counts, too
constexpr size_t kSockets = 15'500;

/// Ticks that came too late to have a picture of their own, and frames that an encoder could not take.
uint64_t late_ticks(const Server& server) {
  Json status = server.status(kBroadcast);
  uint64_t sum = status["dropped_ticks"].get<uint64_t>() + status["repeated_ticks"].get<uint64_t>();
  for (const auto& encoder : status["encoders"]) sum += encoder["shed"].get<uint64_t>();
  return sum;
}

/// A moderators' page: one socket that is told what moderators are.
CrowdPlan page_plan(const Server& server) {
  CrowdPlan plan = room_plan(server, 1);
  plan.path = fmt::format("/api/v1/admin/broadcasts/{}/moderation", kBroadcast);
  plan.subprotocol = "openday-moderation-1";
  plan.headers = fmt::format("Authorization: Bearer {}\r\n", server.token());
  plan.room = false;
  return plan;
}

}  // namespace

int main(int argc, char** argv) {
  Report report("commit", argc, argv);
  Duration length = seconds(argc > 1 ? std::atoi(argv[1]) : 30);
  if (raise_files() < kSockets + 1000) {
    fmt::print(stderr, "{} open files are needed\n", kSockets + 1000);
    return 1;
  }
  Server server(room_options(1));
  server.set_up(kBroadcast, 3);
  std::vector<std::unique_ptr<Program>> publishers;
  for (int v = 0; v < 3; ++v) {
    publishers.push_back(publish(venue_file(v, 60, {}, "flv", "camera"),
                                 server.publish_url("v" + std::to_string(v), "rtmp"),
                                 server.folder() + "/publisher.log"));
  }
  for (const char* venue : {"v0", "v1", "v2"}) {
    if (!server.wait_live(kBroadcast, venue, seconds(60))) throw std::runtime_error("venue does not come up");
  }
  server.admin("POST", "/broadcasts/room/take", {{"layout", "grid"}, {"venues", {"v0", "v1", "v2"}}});
  server.admin("POST", "/broadcasts/room/go-live", Json::object());
  for (const auto& list : std::filesystem::directory_iterator(OPENDAY_SOURCE_DIR "/config/words")) {
    auto set = server.command({"word-list", "set", list.path().stem().string(), list.path().string()});
    if (set.status != 0) throw std::runtime_error(set.output);
  }
  Crowd moderators(page_plan(server));
  Crowd crowd(room_plan(server, kSockets));
  for (Crowd* one : {&moderators, &crowd}) {
    if (auto joined = one->join(); !joined) throw std::runtime_error(joined.error().message);
  }
  crowd.talk(0, seconds(5));  // what joining has stirred up settles

  int hub = server.pid_of(kBroadcast, "hub");
  int engine = server.pid_of(kBroadcast, "engine");
  struct Phase {
    uint64_t late = 0;
    Heard heard;
  };
  auto phase = [&](const std::string& name, double per_second) {
    Phase now;
    uint64_t late = late_ticks(server);
    double hub_before = cpu_of_tree(hub);
    double engine_before = cpu_of_tree(engine);
    auto page = std::async(std::launch::async, [&] { return moderators.talk(0, length, /*shown=*/false); });
    now.heard = crowd.talk(per_second, length, /*shown=*/false);
    Heard told = page.get();
    now.heard.closed += told.closed;
    double hub_s = cpu_of_tree(hub) - hub_before;
    double engine_s = cpu_of_tree(engine) - engine_before;
    now.late = late_ticks(server) - late;
    const Heard& heard = now.heard;
    report.sample(fmt::format(
        "{}: {} comments in {:.1f} s, {:.0f} acknowledged a second ({} held), p50 {:.1f}, p99 {:.1f}, "
        "max {:.1f} ms, {} refused, {} unanswered, {} closed{}; late ticks {}; hub {:.2f}, engine {:.2f} "
        "CPU-s/s; {:.0f} kB/s to the moderators' page",
        name, heard.said, heard.took_s, static_cast<double>(heard.published + heard.held) / heard.took_s,
        heard.held, heard.ack.percentile(50), heard.ack.percentile(99), heard.ack.percentile(100),
        heard.refused, heard.missing, heard.closed, heard.trouble.empty() ? "" : " (" + heard.trouble + ")",
        now.late, hub_s / heard.took_s, engine_s / heard.took_s,
        static_cast<double>(told.bytes) / 1000 / told.took_s));
    return now;
  };
  Phase quiet = phase("quiet", 0);
  Phase loaded = phase("loaded", kPerSecond);
  const Heard& heard = loaded.heard;
  report.target("late ticks beyond the quiet phase's",
                static_cast<double>(loaded.late) - static_cast<double>(quiet.late), "ticks", 1);
  report.target("judged, stored and acknowledged",
                static_cast<double>(heard.published + heard.held) / heard.took_s, "comments/s", 5000, true);
  report.target("refused, unanswered, closed",
                static_cast<double>(heard.refused + heard.missing + heard.closed + quiet.heard.closed),
                "comments", 0);
  return report.finish();
}
