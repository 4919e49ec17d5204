// How soon after a part exists the players that wait for it have its playlist.
//
// Three processes: a publisher that sends parts over a link as the engine does (four renditions, 1/3 s
// parts), the hub (one thread), and the clients here (one thread).
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

#include "base/text.h"
#include "bench/cpu.h"
#include "bench/origin_clients.h"
#include "bench/origin_reference.h"
#include "bench/report.h"
#include "hub/http.h"
#include "hub/origin.h"
#include "link/channel.h"
#include "package/wire.h"
#include "tests/hub_origin/nginx.h"
#include "wrap/ssl/self_signed.h"

using namespace openday;
using namespace openday::bench;

namespace {

constexpr Duration kPart = Duration(1'000'000'000 / 3);
constexpr const char* kRenditions[] = {"720p", "480p", "360p", "audio"};
constexpr size_t kReferenceBody = 700;  // about what a packed live playlist has
constexpr size_t kPartBytes[] = {120'000, 60'000, 30'000, 5'000};

struct Shared {
  PartTimes times;
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

class Publisher {
 public:
  Publisher(Loop& loop, Shared& shared, UniqueFd socket) : loop_(loop), shared_(shared) {
    channel_ =
        link::Channel::open(
            loop, std::move(socket), 64 << 20, [](link::Message) {}, [&](const Error&) { loop_.stop(); })
            .value();
    for (size_t i = 0; i < std::size(kRenditions); ++i) {
      media::InitSegment init;
      init.run = "run1";
      init.rendition = kRenditions[i];
      bool audio = init.rendition == "audio";
      init.codecs = audio ? "mp4a.40.2" : "avc1.64001f,mp4a.40.2";
      init.width = audio ? 0 : 1280;
      init.height = audio ? 0 : 720;
      init.fps = audio ? 0 : 30;
      init.bandwidth = static_cast<int>(kPartBytes[i]) * 24;
      init.part_target = 1.0 / 3;
      init.start = loop.clock().wall();
      init.data = std::make_shared<const Bytes>(1000);
      start_ = init.start;
      static_cast<void>(channel_->send(package::to_message(init)));
      data_.push_back(std::make_shared<const Bytes>(kPartBytes[i], 'x'));
    }
    loop.every(kPart, [this] { part(); });
  }

 private:
  void part() {
    int64_t msn = next_ / kPartsPerSegment;
    auto index = static_cast<int>(next_ % kPartsPerSegment);
    for (size_t i = 0; i < std::size(kRenditions); ++i) {
      media::Part part{kRenditions[i],
                       msn,
                       index,
                       index == 0,
                       index == kPartsPerSegment - 1,
                       1.0 / 3,
                       start_ + milliseconds(next_ * 1000 / 3),
                       data_[i]};
      if (i == 0) {
        shared_.times.appeared_ns[static_cast<size_t>(next_) % PartTimes::kMost].store(
            now_ns(loop_.clock()), std::memory_order_release);
      }
      static_cast<void>(channel_->send(package::to_message("run1", part)));
    }
    ++next_;
  }

  Loop& loop_;
  Shared& shared_;
  std::shared_ptr<link::Channel> channel_;
  std::vector<SharedBytes> data_;
  ProgramTime start_;
  int64_t next_ = 0;
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
  explicit Stage(const std::string& folder) {
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
      Publisher publisher(*loop, *shared_, std::move(ends.second));
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
  report.sample(fmt::format(
      "{}: {} clients, {} answers{}, p50 {:.1f} ms, p99 {:.1f} ms, max {:.1f} ms, {} errors{}; "
      "server {:.2f} CPU-s/s, {:.0f} MB",
      name, load.clients, result->answers,
      load.download_parts ? fmt::format(" and {} parts", result->parts) : "", out.p50, out.p99,
      result->percentile(100), result->errors, result->errors ? " (" + result->first_error + ")" : "",
      (stage.server_cpu() - cpu) / took, stage.server_pss()));
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
