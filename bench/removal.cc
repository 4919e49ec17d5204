// How soon a comment that a moderator removes is gone for everybody: 5,000 sockets in a room where 25
// comments a second are said and shown. A removal is a request of the moderators' API; the delay ends when
// the socket has received it.
#include <map>
#include <mutex>
#include <thread>

#include "bench/report.h"
#include "bench/room_server.h"

using namespace openday;
using namespace openday::e2e;
using namespace openday::bench;

namespace {

constexpr double kPerSecond = 25;
constexpr milliseconds kBetween{200};          // removals
constexpr int64_t kSeenAfter = 1'000'000'000;  // ns after its acknowledgement a comment has come to everybody

/// What the moderator's thread and the audience's share.
struct Desk {
  std::mutex mutex;
  std::map<int64_t, int64_t> published;  // id → when it was acknowledged
  std::map<int64_t, int64_t> asked;      // id → when its removal was asked for
  std::string trouble;

  /// Of the comments that everybody has seen, the newest.
  std::optional<int64_t> choose() {
    std::lock_guard lock(mutex);
    for (auto one = published.rbegin(); one != published.rend(); ++one) {
      if (now_ns() - one->second < kSeenAfter || asked.contains(one->first)) continue;
      asked[one->first] = now_ns();
      return one->first;
    }
    return std::nullopt;
  }
};

}  // namespace

int main(int argc, char** argv) {
  Report report("removal", argc, argv);
  size_t sockets = argc > 1 ? static_cast<size_t>(std::atoi(argv[1])) : 5'000;
  seconds length(argc > 2 ? std::atoi(argv[2]) : 30);
  if (raise_files() < sockets + 1000) {
    fmt::print(stderr, "{} open files are needed\n", sockets + 1000);
    return 1;
  }
  Server server(small_options(30));
  server.set_up(kBroadcast, 1);
  server.admin("POST", "/broadcasts/room/go-live", Json::object());
  Desk desk;
  Crowd crowd(room_plan(server, sockets));
  crowd.on_published = [&](int64_t id) {
    std::lock_guard lock(desk.mutex);
    desk.published[id] = now_ns();
  };
  crowd.asked_at = [&](int64_t id) -> std::optional<int64_t> {
    std::lock_guard lock(desk.mutex);
    auto asked = desk.asked.find(id);
    return asked == desk.asked.end() ? std::nullopt : std::optional(asked->second);
  };
  auto joined = crowd.join();
  if (!joined) throw std::runtime_error(joined.error().message);
  crowd.talk(0, seconds(2));

  // It ends two seconds before the audience does, so that all that it asked for is seen.
  std::jthread moderator([&] {
    auto end = std::chrono::steady_clock::now() + length - seconds(2);
    for (auto next = std::chrono::steady_clock::now(); next < end; next += kBetween) {
      std::this_thread::sleep_until(next);
      auto id = desk.choose();
      if (!id) continue;
      try {
        Json answer =
            server.admin("POST", "/broadcasts/room/comments/decide",
                         {{"decisions", {{{"id", *id}, {"from", "published"}, {"state", "removed"}}}},
                          {"reason", "abuse"}});
        if (answer["decided"].size() != 1) throw std::runtime_error(answer.dump());
      } catch (const std::exception& error) {
        std::lock_guard lock(desk.mutex);
        desk.trouble = error.what();
        return;
      }
    }
  });
  Heard heard = crowd.talk(kPerSecond, length);
  moderator.join();
  uint64_t due = desk.asked.size() * sockets;
  uint64_t lost =
      heard.missing + heard.disorder + heard.closed + heard.refused + (due - std::min(due, heard.removals));
  report.sample(
      fmt::format("{} sockets, {} comments, {} removals, {} of {} receipts: p50 {:.1f}, "
                  "p99 {:.1f}, max "
                  "{:.1f} ms; the comments themselves p50 {:.1f}, p99 {:.1f} ms; {} missing, {} out of "
                  "order, {} closed{}",
                  sockets, heard.said, desk.asked.size(), heard.removals, due, heard.removal.percentile(50),
                  heard.removal.percentile(99), heard.removal.percentile(100), heard.delay.percentile(50),
                  heard.delay.percentile(99), heard.missing, heard.disorder, heard.closed,
                  heard.trouble + desk.trouble == "" ? "" : " (" + heard.trouble + desk.trouble + ")"));
  if (!desk.trouble.empty() || desk.asked.empty()) ++lost;
  report.target(fmt::format("a removal reaches {} sockets, p99", sockets), heard.removal.percentile(99), "ms",
                500);
  report.target("lost, refused, out of order", static_cast<double>(lost), "messages", 0);
  return report.finish();
}
