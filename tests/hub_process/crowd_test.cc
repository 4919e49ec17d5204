// The room of the real hub in a process of its own: what a kill leaves, what is stored of whom, and a crowd
// that is larger than the house.
#include <sys/resource.h>

#include <atomic>
#include <map>
#include <set>

#include "../hub_http/ws_client.h"
#include "real_hub.h"
#include "wrap/sqlite/sqlite.h"

using namespace openday;
using namespace openday::app::test;
using hub::test::Socket;

namespace {

constexpr const char* kRoom = "/api/v1/broadcasts/day/room";
constexpr const char* kRoomProtocol = "openday-room-1";

struct Hall : RealHub {
  explicit Hall(const Json& changes = Json::object()) : settings(config()) {
    settings.merge_patch(changes);
    begin();
    post("/venues", Json{{"id", "a"}, {"name", "a"}, {"source", {{"kind", "test"}}}}.dump());
    post("/broadcasts", R"({"id":"day","title":"Open day","venues":["a"]})");
    post("/broadcasts/day/go-live");
  }
  void begin() {
    spawn_hub(settings);
    give_peer("gateway", "");
  }
  /// All comments, as moderators are told.
  std::map<int64_t, Json> comments() {
    std::map<int64_t, Json> found;
    std::string before;
    while (true) {
      Json page = json("GET", "/api/v1/admin/broadcasts/day/comments?limit=200" + before)["comments"];
      if (page.empty()) return found;
      for (const Json& one : page) found[one["id"]] = one;
      before = "&before=" + std::to_string(found.begin()->first);
    }
  }
  Json settings;
};

struct Said {
  std::string token;
  std::string viewer;
  std::string ref;
  std::string text;
  int64_t id = 0;  // 0: not acknowledged
};

Json comment_of(const Said& said) {
  return {{"t", "comment"}, {"ref", said.ref}, {"text", said.text}};
}

}  // namespace

TEST_CASE(
    "of a stream of comments that a kill cuts off, every acknowledged one is there, and none is twice") {
  Hall hall;
  constexpr size_t kEnough = 150;
  std::mutex mutex;
  std::vector<Said> all;
  size_t acknowledged = 0;
  std::atomic<bool> over{false};
  // Viewers who come, say three things without waiting, and hear what became of them.
  auto talk = [&](int talker) {
    for (int i = 0; !over; ++i) {
      Socket socket(hall.port, kRoom, kRoomProtocol);
      if (socket.status() != 101 || !socket.say({{"t", "join"}})) return;
      Json welcome = socket.hear("welcome");
      if (welcome.is_null()) return;
      std::vector<Said> mine;
      for (int n = 0; n < 3; ++n) {
        std::string ref = fmt::format("ref-{}-{}-{}", talker, i, n);
        mine.push_back({welcome["token"], welcome["viewer"], ref, "text of " + ref});
        socket.say(comment_of(mine.back()));
      }
      for (size_t n = 0; n < mine.size(); ++n) {
        Json ack = socket.hear("ack");
        if (ack.is_null()) break;
        for (Said& one : mine) {
          if (ack["ref"] == one.ref) one.id = ack["id"];
        }
      }
      std::lock_guard lock(mutex);
      for (Said& one : mine) {
        if (one.id != 0) ++acknowledged;
        all.push_back(std::move(one));
      }
    }
  };
  {
    std::vector<std::jthread> talkers;
    for (int n = 0; n < 4; ++n) talkers.emplace_back(talk, n);
    hall.until([&] {
      std::lock_guard lock(mutex);
      return acknowledged >= kEnough;
    });
    hall.kill_hub();
    over = true;
  }
  hall.begin();
  auto kept = hall.comments();
  CHECK(kept.size() >= acknowledged);
  for (const Said& one : all) {
    if (one.id == 0) continue;
    CAPTURE(one.ref);
    REQUIRE(kept.contains(one.id));
    CHECK(kept[one.id]["text"] == one.text);
    CHECK(kept[one.id]["by"] == one.viewer);
  }
  // What was not acknowledged is sent again, as pages do, and what was, too: either way there is one of it.
  for (const Said& one : all) {
    Socket socket(hall.port, kRoom, kRoomProtocol);
    socket.say({{"t", "join"}, {"token", one.token}});
    if (one.id != 0 && one.ref.back() != '0') continue;  // a third of them is enough
    socket.say(comment_of(one));
    Json ack = socket.hear("ack");
    REQUIRE(ack.is_object());
    if (one.id != 0) CHECK(ack["id"] == one.id);
  }
  std::map<std::string, int> times;
  for (const auto& [id, one] : hall.comments()) ++times[one["text"]];
  CHECK(times.size() == all.size());
  for (const auto& [text, count] : times) {
    CAPTURE(text);
    CHECK(count == 1);
  }
}

TEST_CASE("a crowd larger than the house: who has no room is told so, and the others and the pages go on") {
  constexpr int kCrowd = 15'000;
  constexpr size_t kConnections = 2000;
  constexpr size_t kSeats = kConnections / 10 * 9;
  rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
  Hall hall(Json::object({{"http", {{"max_connections", kConnections}}}}));
  std::vector<std::unique_ptr<Socket>> inside;
  int refused = 0;
  for (int n = 0; n < kCrowd; ++n) {
    auto socket = std::make_unique<Socket>(hall.port, kRoom, kRoomProtocol);
    if (socket->status() == 101) {
      socket->say({{"t", "join"}});
      inside.push_back(std::move(socket));
    } else {
      REQUIRE(socket->status() == 503);
      CHECK(socket->answer().header("retry-after") == "5");
      ++refused;
    }
    if (n % 1000 == 999) CHECK(hall.ask_with("", "GET", "/api/v1/broadcasts/day").status == 200);
  }
  CHECK(inside.size() == kSeats);
  CHECK(refused == kCrowd - static_cast<int>(kSeats));
  // One of them speaks, and all hear it.
  std::set<std::string> viewers;
  for (auto& one : inside) {
    Json welcome = one->hear("welcome");
    REQUIRE(welcome.is_object());
    viewers.insert(welcome["viewer"]);
    one->hear("events");
  }
  CHECK(viewers.size() == kSeats);
  inside.front()->say({{"t", "comment"}, {"ref", "reference-1"}, {"text", "is anybody there"}});
  for (auto& one : inside) CHECK(one->hear("events")["events"][0]["text"] == "is anybody there");
  inside.erase(inside.begin(), inside.begin() + 10);
  // There is room again as soon as the hub has seen them go.
  auto end = std::chrono::steady_clock::now() + seconds(10);
  int status = 0;
  while (status != 101 && std::chrono::steady_clock::now() < end)
    status = Socket(hall.port, kRoom, kRoomProtocol).status();
  CHECK(status == 101);
}
