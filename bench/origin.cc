// How soon after a part exists the players that wait for it have its playlist.
//
// Three processes: an engine with three test patterns in a grid (the ladder for these cores, 1/3 s parts),
// the hub (one thread), and the clients here (one thread). A part exists when the engine's message with it
// has been read where it is passed on to the hub.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "app/engine.h"
#include "base/text.h"
#include "bench/cpu.h"
#include "bench/origin_clients.h"
#include "bench/origin_reference.h"
#include "bench/report.h"
#include "feed/feed.h"
#include "hub/http.h"
#include "hub/origin.h"
#include "link/channel.h"
#include "package/wire.h"
#include "tests/hub_origin/nginx.h"
#include "wrap/ssl/self_signed.h"

using namespace openday;
using namespace openday::bench;

namespace {

constexpr size_t kReferenceBody = 700;  // about what a packed live playlist has

struct Shared {
  PartTimes times;
  char run[64];  // the engine's, there before its first part
  std::atomic<int> plain_port;
  std::atomic<int> tls_port;
  std::atomic<int> reference_port;
  std::atomic<uint64_t> playlist_requests;  // that reached the hub
  std::atomic<uint64_t> slowest_pass_us;
  std::atomic<uint64_t> mean_pass_us;
  std::atomic<uint64_t> mean_render_us;
  std::atomic<uint64_t> viewers;
};

int64_t now_ns(const Clock& clock) {
  return clock.now().ns;
}

/// A child that dies with us.
template <class Work>
pid_t start_child(const Work& work) {
  pid_t parent = ::getpid();
  pid_t child = ::fork();
  if (child != 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() == parent) work();
  ::_exit(0);
}

/// An engine with three venues in a grid, its feeds, and who sees each message off to the hub.
class Publisher {
 public:
  Publisher(Loop& loop, Shared& shared, UniqueFd socket, const std::string& folder) : shared_(shared) {
    to_hub_ = link::Channel::open(
                  loop, std::move(socket), 64 << 20, [](link::Message) {}, [&](const Error&) { loop.stop(); })
                  .value();
    app::EngineConfig config;
    config.broadcast = "bench";
    config.preset = "superfast";
    config.pipelines = OPENDAY_SOURCE_DIR "/pipelines";
    config.store = {folder + "/store", 0, 0, 0};
    config.scene.layout = "grid";
    for (int i = 0; i < kVenues; ++i) {
      config.mixer.slots.push_back({i, fmt::format("v{}", i), fmt::format("Venue {}", i)});
      config.scene.venues.push_back(config.mixer.slots.back().venue);
    }
    media::HouseFormat house = config.mixer.house;
    engine_ = app::Engine::start(std::move(config), {}, loop, loop.clock(), Log("bench", LogLevel::kError),
                                 [](const app::Checkpoint&) {})
                  .value();
    for (int i = 0; i < kVenues; ++i) {
      feed::FeedConfig venue;
      venue.venue = fmt::format("v{}", i);
      venue.source = feed::TestConfig{static_cast<uint32_t>(i)};
      venue.house = house;
      auto ends = socket_pair().value();
      feeds_.push_back(std::make_unique<feed::Feed>(loop, Log("bench", LogLevel::kError), venue));
      feeds_.back()->connect_engine(std::move(ends.first)).value();
      engine_->attach_feed("bench/" + venue.venue, std::move(ends.second));
    }
    auto ends = socket_pair().value();
    from_engine_ = link::Channel::open(
                       loop, std::move(ends.first), 64 << 20,
                       [this, &loop](link::Message message) { pass_on(std::move(message), loop.clock()); },
                       [&](const Error&) { loop.stop(); })
                       .value();
    engine_->attach_hub(std::move(ends.second));
  }

 private:
  void pass_on(link::Message message, const Clock& clock) {
    if (auto init = package::init_from(message); init && init->rendition == "720p") {
      *fmt::format_to_n(shared_.run, sizeof shared_.run - 1, "{}", init->run).out = '\0';
    }
    if (auto part = package::part_from(message); part && part->value.rendition == "720p") {
      auto number = static_cast<size_t>(part->value.msn * kPartsPerSegment + part->value.index);
      if (number < PartTimes::kMost)
        shared_.times.appeared_ns[number].store(now_ns(clock), std::memory_order_release);
    }
    static_cast<void>(to_hub_->send(std::move(message)));
  }

  static constexpr int kVenues = 3;
  Shared& shared_;
  std::shared_ptr<link::Channel> to_hub_;
  std::unique_ptr<app::Engine> engine_;
  std::vector<std::unique_ptr<feed::Feed>> feeds_;
  std::shared_ptr<link::Channel> from_engine_;
};

void run_hub(Shared& shared, UniqueFd socket, const std::string& folder) {
  SystemClock clock;
  auto loop = Loop::create(clock).value();
  hub::HttpOptions options;
  options.listeners = {{.address = "127.0.0.1", .port = 0, .tls = false},
                       {.address = "127.0.0.1", .port = 0, .tls = true}};
  options.tls = hub::TlsFiles{folder + "/cert.pem", folder + "/key.pem"};
  auto server = hub::HttpServer::create(options, *loop).value();
  hub::Origin origin({}, *loop, Log("bench"));
  origin.add_routes(server->router());
  hub::OriginSetup setup;
  setup.id = "bench";
  setup.names = {"bench"};
  setup.store = folder + "/store";
  setup.state = hub::OriginState::kLive;
  origin.put(setup);
  auto channel = link::Channel::open(
      *loop, std::move(socket), 1 << 20,
      [&](link::Message message) { static_cast<void>(origin.take("bench", message)); },
      [&](const Error&) { loop->stop(); });
  loop->every(milliseconds(100), [&] {
    auto metrics = origin.metrics();
    const auto& count = metrics.counters;
    auto ok = [&](hub::OriginClass of) { return count.requests[static_cast<size_t>(of)][2]; };
    shared.playlist_requests = ok(hub::OriginClass::kBlockedPlaylist) + ok(hub::OriginClass::kLivePlaylist);
    shared.slowest_pass_us = count.slowest_pass_ns / 1000;
    shared.mean_pass_us = count.passes ? count.pass_ns / count.passes / 1000 : 0;
    shared.mean_render_us = count.renders ? count.render_ns / count.renders / 1000 : 0;
    shared.viewers = metrics.broadcasts.empty() ? 0 : metrics.broadcasts[0].viewers;
  });
  shared.plain_port = server->port(0);
  shared.tls_port = server->port(1);
  loop->run();
}

/// The hub and its publisher, alive while it is.
class Stage {
 public:
  explicit Stage(const std::string& folder) : folder_(folder) {
    void* memory = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared_ = new (memory) Shared();
    auto ends = socket_pair().value();
    hub_ = start_child([&] {
      ends.second.reset();
      run_hub(*shared_, std::move(ends.first), folder);
    });
    publisher_ = start_child([&] {
      ends.first.reset();
      SystemClock clock;
      auto loop = Loop::create(clock).value();
      Publisher publisher(*loop, *shared_, std::move(ends.second), folder);
      loop->run();
    });
    while (shared_->tls_port == 0 || shared_->times.appeared_ns[3] == 0) ::usleep(10'000);
  }
  ~Stage() {
    for (pid_t pid : {publisher_, hub_, reference_}) {
      if (pid <= 0) continue;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    std::filesystem::remove_all(folder_ + "/store");  // the next run's numbers begin anew
  }
  /// Another server beside the hub, which then has no players; its port.
  int start_reference() {
    reference_ =
        start_child([&] { run_reference_origin(shared_->times, kReferenceBody, shared_->reference_port); });
    while (shared_->reference_port == 0) ::usleep(10'000);
    return shared_->reference_port;
  }
  Stage(const Stage&) = delete;

  Shared& shared() { return *shared_; }
  /// Of the reference, where there is one, else of the hub.
  [[nodiscard]] double server_cpu() const { return cpu_of_tree(server()); }
  [[nodiscard]] double server_pss() const { return use_of_tree(server(), true)[server()].pss_mb; }
  [[nodiscard]] int64_t next_part() const {
    int64_t part = 0;
    while (shared_->times.appeared_ns[part] != 0) ++part;
    return part;
  }

 private:
  [[nodiscard]] pid_t server() const { return reference_ > 0 ? reference_ : hub_; }

  const std::string folder_;
  Shared* shared_ = nullptr;
  pid_t reference_ = -1;
  pid_t hub_ = -1;
  pid_t publisher_ = -1;
};

/// Who answers the players.
enum class Front { kHub, kNginx, kReference };

struct Outcome {
  double p50 = 0;
  double p99 = 0;
  bool ok = false;
  double asked = 0;  // requests for playlists that reached the hub, for each URL
};

Outcome run_case(Report& report, const std::string& folder, const std::string& name, OriginLoad load,
                 Front front = Front::kHub) {
  Stage stage(folder);
  load.playlist = "/hls/bench/720p/live.m3u8";
  load.run = stage.shared().run;
  bool tls = !load.tls_certificate.empty();
  load.port = (tls ? stage.shared().tls_port : stage.shared().plain_port).load();
  std::optional<test::Nginx> nginx;
  if (front == Front::kNginx) {
    nginx.emplace(folder, load.port, 3 * load.clients);
    load.port = nginx->port();
  }
  if (front == Front::kReference) load.port = stage.start_reference();
  load.first_part = stage.next_part();
  double cpu = stage.server_cpu();
  int64_t began = now_ns(SystemClock());
  auto result = run_origin_clients(load, stage.shared().times);
  if (!result) {
    report.sample(name + ": " + result.error().message);
    return {};
  }
  double took = static_cast<double>(now_ns(SystemClock()) - began) / 1e9;
  Outcome out{result->percentile(50), result->percentile(99), result->errors == 0 && result->answers > 0};
  report.sample(
      fmt::format("{}: {} clients, {} answers{}, p50 {:.1f} ms, p99 {:.1f} ms, max {:.1f} ms, {} unanswered, "
                  "{} errors{}; "
                  "server {:.2f} CPU-s/s, {:.0f} MB",
                  name, load.clients, result->answers,
                  load.download_parts ? fmt::format(" and {} parts", result->parts) : "", out.p50, out.p99,
                  result->percentile(100), result->unanswered, result->errors,
                  result->errors ? " (" + result->first_error + ")" : "", (stage.server_cpu() - cpu) / took,
                  stage.server_pss()));
  if (front == Front::kHub) {
    report.sample(fmt::format(
        "{}: pass mean {:.1f} ms, slowest {:.1f} ms, render {:.2f} ms; estimated viewers {}", name,
        static_cast<double>(stage.shared().mean_pass_us) / 1000,
        static_cast<double>(stage.shared().slowest_pass_us) / 1000,
        static_cast<double>(stage.shared().mean_render_us) / 1000, stage.shared().viewers.load()));
  }
  if (nginx) {
    out.asked = static_cast<double>(stage.shared().playlist_requests) / static_cast<double>(result->urls);
    report.sample(fmt::format("{}: nginx {:.2f} CPU-s/s; {} playlist URLs, the hub was asked {} times", name,
                              cpu_of_tree(nginx->pid()) / took, result->urls,
                              stage.shared().playlist_requests.load()));
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  Report report("origin", argc, argv);
  rlimit files{65'536, 65'536};
  ::setrlimit(RLIMIT_NOFILE, &files);
  char folder[] = "/tmp/openday-bench-XXXXXX";
  if (!::mkdtemp(folder)) return 1;
  auto certificate = wrap::make_self_signed("localhost").value();
  static_cast<void>(write_file_atomic(std::string(folder) + "/cert.pem", certificate.certificate_pem));
  static_cast<void>(write_file_atomic(std::string(folder) + "/key.pem", certificate.key_pem));

  OriginLoad load;
  if (argc > 1) load.length = seconds(std::atoi(argv[1]));
  Outcome plain = run_case(report, folder, "playlists", load);
  OriginLoad parts = load;
  parts.download_parts = true;
  run_case(report, folder, "playlists and parts", parts);
  OriginLoad tls = load;
  tls.tls_certificate = certificate.certificate_pem;
  run_case(report, folder, "playlists over TLS", tls);
  Outcome nginx = run_case(report, folder, "playlists behind nginx", load, Front::kNginx);
  run_case(report, folder, "bare libwebsockets", load, Front::kReference);
  std::filesystem::remove_all(folder);
  report.target("requests that nginx lets through, a URL", nginx.ok ? nginx.asked : 1e9, "requests", 2);
  report.target("2,000 blocked reloads answered, p99", plain.ok ? plain.p99 : 1e9, "ms", 50);
  return report.finish();
}
