// Whether a room that talks disturbs the program.
//
// The shipped server mixes three venues to the ladder; 15,500 sockets sit in the room, on the same two cores.
// First they are silent, then they say more than 5,000 comments a second: as many sockets as it takes when a
// viewer may write every three seconds and an address ten times a second. Each comment is judged by the word
// lists that come with Openday, stored and acknowledged, while a moderators' page looks on. The room shows a
// sample of one a second: what it costs to show them is the benchmark fanout's.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <filesystem>

#include "base/fd.h"
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

/// A moderators' page that reads what it is told, on a thread of its own.
class ModeratorsPage {
 public:
  explicit ModeratorsPage(const Server& server) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(room_plan(server, 1).port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("the moderators' page cannot connect");
    send(
        fmt::format("GET /api/v1/admin/broadcasts/{}/moderation HTTP/1.1\r\nHost: localhost\r\n"
                    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    "Sec-WebSocket-Protocol: openday-moderation-1\r\nAuthorization: Bearer {}\r\n\r\n",
                    kBroadcast, server.token()));
    reader_ = std::jthread([this](const std::stop_token& stop) { read(stop); });
  }
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] uint64_t bytes() const { return bytes_; }

 private:
  void send(std::string_view bytes) {
    if (::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
      open_ = false;
  }
  void read(const std::stop_token& stop) {
    using std::chrono::steady_clock;
    std::vector<char> into(size_t{256} << 10);
    auto pinged = steady_clock::now();
    bool upgraded = false;
    while (open_ && !stop.stop_requested()) {
      pollfd one{fd_.get(), POLLIN, 0};
      ssize_t got = ::poll(&one, 1, 1000) > 0 ? ::recv(fd_.get(), into.data(), into.size(), 0) : -1;
      if (got == 0 || (got < 0 && one.revents != 0)) open_ = false;
      if (got > 0 && !upgraded) {
        upgraded = true;
        open_ = std::string_view(into.data(), static_cast<size_t>(got)).starts_with("HTTP/1.1 101 ");
      }
      if (got > 0) bytes_ += static_cast<uint64_t>(got);
      // Or the server takes it for gone (RFC 6455 §5.5.2; the mask is 0).
      if (upgraded && steady_clock::now() - pinged > seconds(10)) {
        pinged = steady_clock::now();
        send(std::string_view("\x89\x80\0\0\0\0", 6));
      }
    }
  }

  UniqueFd fd_;
  std::atomic<bool> open_ = true;
  std::atomic<uint64_t> bytes_ = 0;
  std::jthread reader_;
};

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
  ModeratorsPage moderators(server);
  Crowd crowd(room_plan(server, kSockets));
  auto joined = crowd.join();
  if (!joined) throw std::runtime_error(joined.error().message);
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
    uint64_t told_before = moderators.bytes();
    now.heard = crowd.talk(per_second, length, /*shown=*/false);
    double hub_s = cpu_of_tree(hub) - hub_before;
    double engine_s = cpu_of_tree(engine) - engine_before;
    now.late = late_ticks(server) - late;
    const Heard& heard = now.heard;
    report.sample(fmt::format(
        "{}: {} comments in {:.1f} s, {:.0f} acknowledged a second ({} held), p50 {:.1f}, p99 {:.1f}, max "
        "{:.1f} ms, "
        "{} refused, {} unanswered, {} closed{}; late ticks {}; hub {:.2f}, engine {:.2f} CPU-s/s; {:.0f} "
        "kB/s "
        "to the moderators' page{}",
        name, heard.said, heard.took_s, static_cast<double>(heard.published + heard.held) / heard.took_s,
        heard.held, heard.ack.percentile(50), heard.ack.percentile(99), heard.ack.percentile(100),
        heard.refused, heard.missing, heard.closed, heard.trouble.empty() ? "" : " (" + heard.trouble + ")",
        now.late, hub_s / heard.took_s, engine_s / heard.took_s,
        static_cast<double>(moderators.bytes() - told_before) / 1000 / heard.took_s,
        moderators.open() ? "" : ", which is closed"));
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
                static_cast<double>(heard.refused + heard.missing + heard.closed + quiet.heard.closed +
                                    (moderators.open() ? 0 : 1)),
                "comments", 0);
  return report.finish();
}
