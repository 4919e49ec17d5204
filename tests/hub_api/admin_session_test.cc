#include "hub/admin_session.h"

#include <catch2/catch.hpp>

#include "../broadcast/memory_ledger.h"
#include "hub/api_json.h"

using namespace openday;
using namespace openday::hub;

namespace {

struct Gatehouse {
  Gatehouse() { start(); }
  void start() {
    gate.emplace("the-admin-token", books, clock, Log("test", LogLevel::kError, [](std::string_view) {}));
    REQUIRE(gate->load());
  }
  Response login(const std::string& token, bool secure = false, const std::string& peer = "192.0.2.1") {
    Request request;
    request.method = Method::kPost;
    request.headers = {{"content-type", "application/json"}};
    std::string body = R"({"token":")" + token + "\"}";
    request.body.assign(body.begin(), body.end());
    request.secure = secure;
    request.peer = peer;
    std::optional<Response> answer;
    gate->login(request, make_responder([&](Response response) { answer = std::move(response); }));
    REQUIRE(answer);
    return std::move(*answer);
  }
  static std::string header(const Response& response, const std::string& name) {
    for (const auto& one : response.headers) {
      if (one.name == name) return one.value;
    }
    return {};
  }
  std::string cookie(bool secure = false) {
    auto response = login("the-admin-token", secure);
    REQUIRE(response.status == 204);
    std::string set = header(response, "Set-Cookie");
    return set.substr(0, set.find(';'));
  }
  int admit(const Request& request, bool changes) {
    auto act = gate->admit(request, changes);
    return act ? 200 : act.error().status;
  }
  Request with_cookie(const std::string& cookie, Method method = Method::kGet) {
    Request request;
    request.method = method;
    request.headers = {{"cookie", cookie}, {"host", "hub.example"}};
    return request;
  }

  ManualClock clock;
  test::MemoryBooks books;
  std::optional<AdminGate> gate;
};

}  // namespace

TEST_CASE("programs show the token itself") {
  Gatehouse house;
  Request request;
  CHECK(house.admit(request, false) == 401);
  request.headers = {{"authorization", "Bearer the-admin-token"}};
  CHECK(house.admit(request, true) == 200);
  for (const char* wrong : {"Bearer the-admin-toke", "Bearer the-admin-token ", "Bearer ",
                            "Basic the-admin-token", "the-admin-token", "bearer the-admin-token"}) {
    CAPTURE(wrong);
    request.headers = {{"authorization", wrong}};
    CHECK(house.admit(request, false) == 401);
  }
}

TEST_CASE("a browser shows the token once and gets a cookie that scripts cannot read") {
  Gatehouse house;
  auto response = house.login("the-admin-token");
  CHECK(response.status == 204);
  std::string set = Gatehouse::header(response, "Set-Cookie");
  CHECK(set.starts_with("openday="));
  CHECK(set.find("; HttpOnly") != std::string::npos);
  CHECK(set.find("; SameSite=Strict") != std::string::npos);
  CHECK(set.find("; Path=/") != std::string::npos);
  CHECK(set.find("Secure") == std::string::npos);
  CHECK(set.find("the-admin-token") == std::string::npos);
  Request request = house.with_cookie(set.substr(0, set.find(';')));
  CHECK(house.admit(request, false) == 200);
  CHECK(house.gate->admit(request, false)->via == "session");
  CHECK(house.login("wrong").status == 401);
}

TEST_CASE("under TLS the cookie is a __Host- cookie and Secure") {
  Gatehouse house;
  auto response = house.login("the-admin-token", true);
  std::string set = Gatehouse::header(response, "Set-Cookie");
  CHECK(set.starts_with("__Host-openday="));
  CHECK(set.find("; Secure") != std::string::npos);
}

TEST_CASE("with a cookie, changes must come from a page of this host and say X-Openday") {
  Gatehouse house;
  Request request = house.with_cookie(house.cookie(), Method::kPost);
  CHECK(house.admit(request, true) == 403);
  request.headers.push_back({"x-openday", "1"});
  CHECK(house.admit(request, true) == 403);
  request.headers.push_back({"origin", "http://evil.example"});
  CHECK(house.admit(request, true) == 403);
  request.headers.back().value = "null";
  CHECK(house.admit(request, true) == 403);
  request.headers.back().value = "https://hub.example";
  CHECK(house.admit(request, true) == 403);
  request.headers.back().value = "http://hub.example";
  CHECK(house.admit(request, true) == 200);
  std::erase_if(request.headers, [](const Header& one) { return one.name == "x-openday"; });
  CHECK(house.admit(request, true) == 403);
  request.http_version = 20;  // its transport does not show the header; the origin has been checked
  CHECK(house.admit(request, true) == 200);
}

TEST_CASE(
    "a WebSocket with a cookie is a change by its origin, without the header browsers cannot send there") {
  Gatehouse house;
  Request request = house.with_cookie(house.cookie());
  CHECK(house.admit(request, true) == 403);
  request.headers.push_back({"origin", "http://hub.example"});
  CHECK(house.admit(request, true) == 200);
}

TEST_CASE("sessions outlive the hub, end after half a day, and are renewed by use") {
  Gatehouse house;
  Request request = house.with_cookie(house.cookie());
  house.start();
  CHECK(house.admit(request, false) == 200);
  house.clock.advance(std::chrono::hours(11));
  CHECK(house.admit(request, false) == 200);
  house.clock.advance(std::chrono::hours(11));
  house.start();  // the renewal was kept too
  CHECK(house.admit(request, false) == 200);
  house.clock.advance(std::chrono::hours(12));
  CHECK(house.admit(request, false) == 401);
  house.start();
  CHECK(house.books.ledger.sessions()->empty());
}

TEST_CASE("only the hash of a cookie is kept") {
  Gatehouse house;
  std::string cookie = house.cookie();
  auto sessions = house.books.ledger.sessions();
  REQUIRE(sessions->size() == 1);
  CHECK(cookie.find(sessions->front().digest) == std::string::npos);
  Request forged = house.with_cookie("openday=" + sessions->front().digest);
  CHECK(house.admit(forged, false) == 401);
}

TEST_CASE("logging out ends the session") {
  Gatehouse house;
  Request request = house.with_cookie(house.cookie(), Method::kDelete);
  std::optional<Response> answer;
  house.gate->logout(request, make_responder([&](Response response) { answer = std::move(response); }));
  CHECK(answer->status == 204);
  CHECK(Gatehouse::header(*answer, "Set-Cookie").find("Max-Age=0") != std::string::npos);
  CHECK(house.admit(house.with_cookie(std::string(request.header("cookie"))), false) == 401);
  CHECK(house.books.ledger.sessions()->empty());
}

TEST_CASE("five tries a minute for each address, right or wrong") {
  Gatehouse house;
  for (int i = 0; i < 5; ++i) CHECK(house.login("wrong").status == 401);
  auto refused = house.login("the-admin-token");
  CHECK(refused.status == 429);
  CHECK(Gatehouse::header(refused, "Retry-After") == "61");
  CHECK(house.login("the-admin-token", false, "192.0.2.2").status == 204);
  house.clock.advance(seconds(59));
  CHECK(house.login("the-admin-token").status == 429);
  house.clock.advance(seconds(2));
  CHECK(house.login("the-admin-token").status == 204);
}

TEST_CASE("the throttle counts an IPv6 network as one caller and does not grow without bound") {
  ManualClock clock;
  Throttle throttle(clock, 2, seconds(60), 3);
  CHECK_FALSE(throttle.ask("2001:db8:1:2::1"));
  CHECK_FALSE(throttle.ask("2001:db8:1:2::2"));
  CHECK(throttle.ask("2001:db8:1:2:ffff::3"));
  CHECK_FALSE(throttle.ask("2001:db8:1:3::1"));
  CHECK_FALSE(throttle.ask("192.0.2.1"));
  CHECK(throttle.ask("192.0.2.2"));  // all places are taken
  clock.advance(seconds(61));
  CHECK_FALSE(throttle.ask("192.0.2.2"));
}

TEST_CASE("a session that could not be written down is not given") {
  Gatehouse house;
  house.books.refuse = true;
  auto response = house.login("the-admin-token");
  CHECK(response.status == 429);
  CHECK(Gatehouse::header(response, "Set-Cookie").empty());
}
