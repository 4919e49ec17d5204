// What it costs to tell a whole room what one of it says.
//
// The shipped server with a broadcast on air (the slate, small), its hub held to one core; the audience is
// this process, on the other one, with the rest of the server. Comments come in by the audience's own
// sockets, pass judge and store, and come back to everybody.
//
// First with one write per message: comments so far apart that each is a tick of its own; the same load then
// goes through Node's ws and through nginx with nchan, each in the hub's place. Then as many comments as make
// two million deliveries a second.
#include <fmt/ranges.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <optional>
#include <thread>
#include <vector>

#include "bench/awake.h"
#include "bench/cpu.h"
#include "bench/crowd.h"
#include "bench/own_network.h"
#include "bench/peers.h"
#include "bench/report.h"
#include "bench/room_server.h"

using namespace openday;
using namespace openday::bench;

namespace {

constexpr double kApart = 5;     // comments a second: each finds the room's tick of 100 ms over
constexpr double kRush = 2.1e6;  // deliveries a second
constexpr double kTickMs = 100;  // of a room of more than 2,000
constexpr size_t kJoins = 15'000;
constexpr int kRounds = 15;
constexpr Duration kSlice =
    seconds(3);  // of a server in a round: what the machine has become meanwhile hits all alike

/// Deliveries per CPU-second, a value a round.
using Rates = std::vector<double>;

double median(Rates all) {
  std::ranges::sort(all);
  return all.size() % 2 == 1 ? all[all.size() / 2] : (all[all.size() / 2 - 1] + all[all.size() / 2]) / 2;
}

/// Of the same rounds.
Rates over(const Rates& ours, const Rates& theirs) {
  Rates all;
  for (size_t i = 0; i < ours.size(); ++i) all.push_back(ours[i] / theirs[i]);
  return all;
}

struct Bench {
  Report& report;
  size_t sockets;
  Duration length;
  uint64_t lost = 0;

  void note(const std::string& name, const Heard& heard, double cpu_s) {
    lost += heard.missing + heard.disorder + heard.closed + heard.held + heard.refused;
    auto got = static_cast<double>(heard.deliveries);
    report.sample(fmt::format(
        "{}: {} comments to {} sockets, {:.3g} deliveries/s in {:.3g} frames/s, {:.0f}k per CPU-s (server "
        "{:.2f} CPU-s/s), delay p50 {:.1f}, p99 {:.1f}, max {:.1f} ms, {} missing, {} out of order, {} "
        "closed{}",
        name, heard.said, sockets, got / heard.took_s, static_cast<double>(heard.frames) / heard.took_s,
        got / cpu_s / 1000, cpu_s / heard.took_s, heard.delay.percentile(50), heard.delay.percentile(99),
        heard.delay.percentile(100), heard.missing, heard.disorder, heard.closed,
        heard.trouble.empty() ? "" : " (" + heard.trouble + ")"));
    if (heard.held + heard.refused > 0)
      report.sample(fmt::format("{}: {} held, {} refused", name, heard.held, heard.refused));
  }

  Heard talk(const std::string& name, Crowd& crowd, int server, double per_second, Rates* rates = nullptr) {
    double before = use_of_tree(server)[server].cpu_s;
    Heard heard = crowd.talk(per_second, rates != nullptr ? kSlice : length);
    double cpu_s = use_of_tree(server)[server].cpu_s - before;
    note(name, heard, cpu_s);
    // Whatever was late enough to share a write counts once.
    if (rates != nullptr) rates->push_back(static_cast<double>(heard.frames) / cpu_s);
    return heard;
  }
};

std::unique_ptr<Crowd> gather(CrowdPlan plan, Report& report, const std::string& name) {
  auto crowd = std::make_unique<Crowd>(plan);
  auto took = crowd->join();
  if (!took) throw std::runtime_error(name + ": " + took.error().message);
  report.sample(fmt::format("{}: {} joined in {:.2f} s", name, plan.sockets, *took));
  return crowd;
}

/// Sockets whose end a server has not dealt with yet would cost it what is measured next.
void wait_until_empty(const e2e::Server& server) {
  auto sockets = [&] { return e2e::metric(server.get("/metrics").body, "openday_websockets"); };
  if (!e2e::eventually(seconds(30), [&] { return sockets() == 0; }))
    throw std::runtime_error("the server keeps sockets whose peers have gone");
}

/// The server, and everything else that is not the audience, where it belongs.
void hold(int server, int core) {
  if (std::thread::hardware_concurrency() > 1) hold_to_core(server, core);
}

}  // namespace

int main(int argc, char** argv) {
  Report report("fanout", argc, argv);
  Bench bench{report, argc > 1 ? static_cast<size_t>(std::atoi(argv[1])) : 10'000,
              seconds(argc > 2 ? std::atoi(argv[2]) : 10)};
  size_t files = raise_files();
  if (files < kJoins + 1000) {
    fmt::print(stderr, "{} open files are permitted; {} are needed\n", files, kJoins + 1000);
    return 1;
  }
  OwnNetwork network;
  const bool steered = network.receive_on(1);
  network.receive_on(-1);
  e2e::Server server(small_options(0));
  server.set_up(kBroadcast, 1);
  server.admin("POST", "/broadcasts/room/go-live", e2e::Json::object());
  int hub = server.pid_of(kBroadcast, "hub");
  for (const auto& [pid, use] : use_of_tree(server.program().pid())) hold(pid, pid == hub ? 0 : 1);
  hold(::getpid(), 1);
  report.sample(std::thread::hardware_concurrency() > 1 ? "the hub has a core, everything else another one"
                                                        : "everything shares one core");
  AwakeCores awake(/*each_held=*/true);
  CrowdPlan room = room_plan(server, bench.sockets);
  room.sleeps = false;

  // Memory first: what a hub holds that has never had more.
  CrowdPlan all = room;
  all.sockets = std::max(kJoins, bench.sockets);
  double before_mb = use_of_tree(hub, true)[hub].pss_mb;
  auto joined = std::make_unique<Crowd>(all);
  auto took = joined->join();
  if (!took) throw std::runtime_error("joins: " + took.error().message);
  double socket_kb =
      (use_of_tree(hub, true)[hub].pss_mb - before_mb) * 1024 / static_cast<double>(all.sockets);
  report.sample(fmt::format("hub: {} joined in {:.2f} s; {:.2f} kB of the hub's memory each", all.sockets,
                            *took, socket_kb));
  joined.reset();
  wait_until_empty(server);

  report.sample(steered
                    ? "one write per message: packets are received on the audience's core"
                    : "one write per message: a sender also pays for receiving (root can give that to the "
                      "audience's core)");
  network.receive_on(1);
  Rates ours;
  Rates ws;
  Rates nchan;
  for (int round = 0; round < kRounds; ++round) {
    {
      auto crowd = gather(room, report, "hub");
      bench.talk("hub, one write per message", *crowd, hub, kApart, &ours);
    }
    wait_until_empty(server);
    CrowdPlan plain = room;
    plain.path = Peer::kPath;
    plain.subprotocol.clear();
    plain.room = false;
    {
      Peer peer = Peer::node_ws(server.folder());
      hold(peer.pid(), 0);
      plain.port = peer.port();
      auto crowd = gather(plain, report, "ws");
      bench.talk("ws, one write per message", *crowd, peer.pid(), kApart, &ws);
    }
    {
      Peer peer = Peer::nchan(server.folder());
      hold(peer.pid(), 0);
      plain.port = peer.port();
      auto crowd = gather(plain, report, "nchan");
      bench.talk("nchan, one write per message", *crowd, peer.pid(), kApart, &nchan);
    }
  }

  network.receive_on(-1);

  double rush = kRush / static_cast<double>(bench.sockets);
  Heard rushed;
  {
    auto crowd = gather(room, report, "hub");
    rushed = bench.talk("hub, rush", *crowd, hub, rush);
    crowd.reset();
    wait_until_empty(server);
    // After it the room has a history of 200 comments to tell.
    gather(all, report, "hub, with a full history");
    wait_until_empty(server);
  }
  {
    CrowdPlan tls = room;
    tls.port = server.tls_port();
    tls.tls_certificate = slurp(server.folder() + "/cert.pem");
    double free_mb = use_of_tree(hub, true)[hub].pss_mb;
    auto crowd = gather(tls, report, "hub over TLS");
    report.sample(fmt::format(
        "hub over TLS: {:.1f} kB of the hub's memory each",
        (use_of_tree(hub, true)[hub].pss_mb - free_mb) * 1024 / static_cast<double>(tls.sockets)));
    uint64_t lost = bench.lost;
    bench.talk("hub over TLS, one write per message", *crowd, hub, kApart);
    bench.talk("hub over TLS, a quarter of the rush", *crowd, hub, rush / 4);
    bench.lost = lost;  // printed, not judged
  }
  report.sample(
      fmt::format("deliveries per server CPU-second, median: hub {:.0f}k, ws {:.0f}k, nchan {:.0f}k",
                  median(ours) / 1000, median(ws) / 1000, median(nchan) / 1000));
  report.sample(fmt::format("round by round, over ws: {:.2f}; over nchan: {:.2f}",
                            fmt::join(over(ours, ws), ", "), fmt::join(over(ours, nchan), ", ")));
  report.target("deliveries per CPU-second over those of ws, median", median(over(ours, ws)), "×", 1.4, true);
  report.target("deliveries per CPU-second over those of nchan, median", median(over(ours, nchan)), "×", 1.7,
                true);
  report.target("deliveries in the rush", static_cast<double>(rushed.deliveries) / rushed.took_s / 1e6,
                "million/s", 2, true);
  report.target("delay in the rush over the tick, p99", rushed.delay.percentile(99) - kTickMs, "ms", 100);
  report.target("lost, refused, out of order", static_cast<double>(bench.lost), "messages", 0);
  report.target("memory a socket", socket_kb, "kB", 2.5);
  report.target(fmt::format("{} joins", all.sockets), *took, "s", 2);
  return report.finish();
}
