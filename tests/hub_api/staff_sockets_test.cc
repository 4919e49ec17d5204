// The sockets of the staff: who may open them, and what closes them.
#include "control_house.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;
using account::Role;

namespace {

struct Wire final : WebSocket {
  bool send(SharedBytes text, Loss) override {
    if (closed == 0) heard.push_back(Json::parse(as_text(*text)));
    return closed == 0;
  }
  size_t offer(std::span<const SharedBytes> frames) override { return closed == 0 ? frames.size() : 0; }
  void close(uint16_t code, std::string_view) override {
    if (closed == 0) closed = code;
  }
  [[nodiscard]] size_t queued_bytes() const override { return 0; }
  [[nodiscard]] uint64_t dropped() const override { return 0; }
  std::vector<Json> heard;
  uint16_t closed = 0;
};

/// A page's socket. Made, used and destroyed on the loop's thread.
struct Line {
  ~Line() {
    if (handler) handler->on_close(wire);
  }
  Wire wire;
  std::unique_ptr<WebSocketHandler> handler;
};

std::string of_day(std::string pattern) {
  if (size_t at = pattern.find("{b}"); at != std::string::npos) pattern.replace(at, 3, "day");
  return pattern;
}

struct SocketHouse : ControlHouse {
  ~SocketHouse() {
    on_loop([this] { lines.clear(); });
  }
  /// 101, or the status of the refusal. With 101 there is another line.
  int open(const std::string& path, const std::vector<Header>& headers) {
    return on_loop([&] {
      auto match = router.match(Method::kGet, path);
      REQUIRE(match.websocket != nullptr);
      Request made = request(Method::kGet, path, "");
      made.params = match.params;
      for (const auto& one : headers) made.headers.push_back(one);
      auto accepted = match.websocket->accept(made);
      if (!accepted) return accepted.error().status;
      lines.push_back(std::make_unique<Line>());
      lines.back()->handler = std::move(*accepted);
      lines.back()->handler->on_open(lines.back()->wire);
      return 101;
    });
  }
  static std::vector<Header> of_page(const std::string& cookie) {
    return {{"cookie", cookie}, {"origin", "http://hub.example:8080"}};
  }
  void say(size_t line, const Json& message) {
    on_loop([&] { lines[line]->handler->on_text(lines[line]->wire, message.dump()); });
  }
  Json first(size_t line) {
    return on_loop(
        [&] { return lines[line]->wire.heard.empty() ? Json() : lines[line]->wire.heard.front(); });
  }
  std::vector<uint16_t> closed() {
    return on_loop([&] {
      std::vector<uint16_t> codes;
      for (const auto& line : lines) codes.push_back(line->wire.closed);
      return codes;
    });
  }
  std::vector<std::unique_ptr<Line>> lines;
};

const std::string kRoom = "/api/v1/broadcasts/day/room";

}  // namespace

TEST_CASE("every socket of the staff is open to the roles that the table of rights names, and to no other") {
  SocketHouse house;
  house.furnish();
  auto sockets = house.on_loop([&] { return house.api->staff_sockets(); });
  CHECK(sockets.size() == 3);
  for (const auto& socket : sockets) {
    CAPTURE(socket.pattern);
    CHECK(house.open(of_day(socket.pattern), {}) == 401);
    CHECK(house.open(of_day(socket.pattern), {{"authorization", "Bearer wrong"}}) == 401);
    CHECK(house.open(of_day(socket.pattern), SocketHouse::of_page("openday=0123456789abcdef")) == 401);
  }
  for (const auto& [role, name] : account::kRoles) {
    CAPTURE(name);
    std::string cookie = house.log_in(std::string(name), {role});
    for (const auto& socket : sockets) {
      CAPTURE(socket.pattern);
      CHECK(house.open(of_day(socket.pattern), SocketHouse::of_page(cookie)) ==
            (account::may({role}, socket.right) ? 101 : 403));
      CHECK(house.open(of_day(socket.pattern), {{"cookie", cookie}, {"origin", "http://evil.example"}}) ==
            403);
    }
    // Anybody is a viewer; the badge takes the right.
    REQUIRE(house.open(kRoom, SocketHouse::of_page(cookie)) == 101);
    size_t line = house.lines.size() - 1;
    house.say(line, {{"t", "join"}, {"as", "staff"}});
    Json answer = house.first(line);
    bool may = account::may({role}, account::Right::kSpeakAsStaff);
    CHECK(answer["t"] == (may ? "welcome" : "refused"));
    if (!may) CHECK(answer["code"] == "forbidden");
  }
}

TEST_CASE("the sockets of the staff close with the session, the person and the right") {
  SocketHouse house;
  house.furnish();
  const account::Roles roles = {Role::kProducer, Role::kModerator, Role::kOfficer};
  std::string cookie = house.log_in("ana", roles);
  std::string other = house.log_in("bo", roles);
  // Of ana: one of each kind, one that joined as a viewer, one that has not joined. Of bo: one of each kind.
  for (const std::string& whose : {cookie, other}) {
    for (const auto& socket : house.on_loop([&] { return house.api->staff_sockets(); })) {
      REQUIRE(house.open(of_day(socket.pattern), SocketHouse::of_page(whose)) == 101);
    }
    REQUIRE(house.open(kRoom, SocketHouse::of_page(whose)) == 101);
    house.say(house.lines.size() - 1, {{"t", "join"}, {"as", "staff"}});
    REQUIRE(house.first(house.lines.size() - 1)["staff"] == "moderator");
  }
  REQUIRE(house.open(kRoom, SocketHouse::of_page(cookie)) == 101);
  house.say(8, {{"t", "join"}});
  REQUIRE(house.first(8)["t"] == "welcome");
  REQUIRE(house.open(kRoom, SocketHouse::of_page(cookie)) == 101);
  REQUIRE(house.closed() == std::vector<uint16_t>(10, 0));
  std::vector<uint16_t> gone = {1008, 1008, 1008, 1008, 0, 0, 0, 0, 0, 0};
  const std::string ana = "/api/v1/admin/people/ana";
  SECTION("logging out") {
    Request made = ControlHouse::request(Method::kDelete, "/api/v1/session", "");
    made.headers.push_back({"cookie", cookie});
    REQUIRE(house.send(std::move(made)).status == 204);
  }
  SECTION("a disabled account") {
    REQUIRE(house.ask(Method::kPatch, ana, R"({"disabled":true})").status == 200);
  }
  SECTION("another password from the admin") {
    REQUIRE(house.post(ana + "/password").status == 200);
  }
  SECTION("no role that may") {
    REQUIRE(house.ask(Method::kPatch, ana, R"({"roles":["officer"]})").status == 200);
  }
  SECTION("a session that is over") {
    house.on_loop([&] {
      for (auto all = house.books.ledger.sessions(); const auto& session : *all) {
        if (session.person != "ana") continue;
        REQUIRE(house.books.ledger.renew(session.digest, house.clock.wall()));
      }
      REQUIRE(house.gate->load());
    });
  }
  CHECK(house.closed() == gone);
  // Who has not joined yet is a viewer by now.
  house.say(9, {{"t", "join"}, {"as", "staff"}});
  CHECK(house.first(9)["code"] == "forbidden");
}

TEST_CASE("nobody goes on speaking with a badge or a name of before") {
  SocketHouse house;
  house.furnish();
  std::string cookie = house.log_in("ana", {Role::kProducer, Role::kModerator});
  auto join = [&] {
    REQUIRE(house.open(kRoom, SocketHouse::of_page(cookie)) == 101);
    house.say(house.lines.size() - 1, {{"t", "join"}, {"as", "staff"}});
    return house.first(house.lines.size() - 1);
  };
  REQUIRE(join()["staff"] == "moderator");
  const std::string ana = "/api/v1/admin/people/ana";
  auto change = [&](const Json& to) { REQUIRE(house.ask(Method::kPatch, ana, to.dump()).status == 200); };
  change({{"roles", {"producer", "moderator"}}, {"name", "ana"}});  // as they are
  CHECK(house.closed() == std::vector<uint16_t>{0});
  SECTION("the right remains, the badge does not") {
    change({{"roles", {"producer"}}});
    CHECK(house.closed() == std::vector<uint16_t>{1008});
    CHECK(join()["staff"] == "producer");
  }
  SECTION("another name") {
    change({{"name", "Ana Bell"}});
    CHECK(house.closed() == std::vector<uint16_t>{1008});
    CHECK(join()["name"] == "Ana Bell");
  }
}

TEST_CASE("the token's sockets stay, whoever comes and goes") {
  SocketHouse house;
  house.furnish();
  REQUIRE(house.open("/api/v1/admin/broadcasts/day/events",
                     {{"authorization", std::string("Bearer ") + ControlHouse::kToken}}) == 101);
  house.log_in("ana", {Role::kProducer});
  CHECK(house.closed() == std::vector<uint16_t>{0});
}
