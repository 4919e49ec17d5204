// Who is let in, and who is not. Longer than other files: its cases share the gatehouse, a gate with people
// and a clock of its own, which is of use nowhere else.
#include "hub/gate.h"

#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "../broadcast/memory_ledger.h"
#include "hub/api_json.h"
#include "wrap/sodium/sodium.h"

using namespace openday;
using namespace openday::hub;
using account::Person;
using account::Right;
using account::Role;

namespace {

const std::string kPassword = "correct horse battery";

const std::string& its_hash() {
  static const std::string kHash = *sodium::hash_password(kPassword);
  return kHash;
}

/// A gate with four people, one of each role: their names are their roles'.
struct Gatehouse {
  Gatehouse() : loop(*Loop::create(clock)), thread([this] { loop->run(); }) {
    for (const auto& [role, name] : account::kRoles) {
      std::string id(name);
      REQUIRE(books.ledger.put(Person{id, id, {role}, its_hash(), false, false, {}}));
    }
    start();
  }
  ~Gatehouse() {
    on_loop([this] { gate.reset(); });
    loop->stop();
    thread.join();
  }
  template <class Task>
  auto on_loop(Task task) -> decltype(task()) {
    auto packaged = std::make_shared<std::packaged_task<decltype(task())()>>(std::move(task));
    auto result = packaged->get_future();
    REQUIRE(loop->post([packaged] { (*packaged)(); }));
    return result.get();
  }
  void start() {
    bool loaded = on_loop([this] {
      gate.emplace("the-admin-token", books, *loop, Log("test", LogLevel::kError, [](std::string_view) {}));
      return gate->load().has_value();
    });
    REQUIRE(loaded);
  }
  static Request asking(Method method, const Json& body) {
    Request request;
    request.method = method;
    request.headers = {{"content-type", "application/json"}, {"host", "hub.example"}};
    std::string text = body.dump();
    request.body.assign(text.begin(), text.end());
    return request;
  }
  /// What `task(gate, responder)` answers.
  template <class Task>
  Response answer(Task task) {
    auto promise = std::make_shared<std::promise<Response>>();
    auto future = promise->get_future();
    on_loop([&] {
      task(*gate, make_responder([promise](Response response) { promise->set_value(std::move(response)); }));
    });
    REQUIRE(future.wait_for(seconds(20)) == std::future_status::ready);
    return future.get();
  }
  /// With all that is due by then.
  void advance(Duration d) {
    on_loop([this, d] { clock.advance(d); });
    on_loop([] {});  // timers have run between the two
  }
  /// Until every password that waits for its tenth of a second has had it.
  void rest() {
    for (bool done = false; !done;) {
      auto promise = std::make_shared<std::promise<bool>>();
      auto future = promise->get_future();
      on_loop([&] {
        gate->hash(kPassword,
                   [promise](const Result<std::string>& hashed) { promise->set_value(hashed.has_value()); });
      });
      REQUIRE(future.wait_for(seconds(20)) == std::future_status::ready);
      done = future.get();
    }
  }
  Response login(const std::string& name, const std::string& password = kPassword, bool secure = false,
                 const std::string& peer = "192.0.2.1") {
    Request request = asking(Method::kPost, {{"name", name}, {"password", password}});
    request.secure = secure;
    request.peer = peer;
    return answer([&](Gate& at, Responder responder) { at.login(request, std::move(responder)); });
  }
  static std::string header(const Response& response, const std::string& name) {
    for (const auto& one : response.headers) {
      if (one.name == name) return one.value;
    }
    return {};
  }
  std::string cookie(const std::string& name = "admin") {
    auto response = login(name);
    REQUIRE(response.status == 200);
    std::string set = header(response, "Set-Cookie");
    return set.substr(0, set.find(';'));
  }
  int admit(const Request& request, bool changes, Right right = Right::kSeeBroadcasts) {
    return on_loop([&] {
      auto who = gate->admit(request, right, changes);
      return who ? 200 : who.error().status;
    });
  }
  static Request with_cookie(const std::string& cookie, Method method = Method::kGet) {
    Request request;
    request.method = method;
    request.headers = {{"cookie", cookie}, {"host", "hub.example"}};
    return request;
  }

  ManualClock clock;
  test::MemoryBooks books;
  std::unique_ptr<Loop> loop;
  std::optional<Gate> gate;
  std::thread thread;
};

}  // namespace

TEST_CASE("programs show the token itself, and may do all that an admin may") {
  Gatehouse house;
  Request request;
  CHECK(house.admit(request, false) == 401);
  request.headers = {{"authorization", "Bearer the-admin-token"}};
  for (const auto& grant : account::kGrants) {
    CAPTURE(grant.name);
    CHECK(house.admit(request, true, grant.right) == (grant.roles.has(Role::kAdmin) ? 200 : 403));
  }
  for (const char* wrong : {"Bearer the-admin-toke", "Bearer the-admin-token ", "Bearer ",
                            "Basic the-admin-token", "the-admin-token", "bearer the-admin-token"}) {
    CAPTURE(wrong);
    request.headers = {{"authorization", wrong}};
    CHECK(house.admit(request, false) == 401);
  }
}

TEST_CASE("who logs in gets a cookie that scripts cannot read, and the rights of their roles") {
  Gatehouse house;
  auto response = house.login("moderator");
  CHECK(response.status == 200);
  std::string set = Gatehouse::header(response, "Set-Cookie");
  CHECK(set.starts_with("openday="));
  CHECK(set.find("; HttpOnly") != std::string::npos);
  CHECK(set.find("; SameSite=Strict") != std::string::npos);
  CHECK(set.find("; Path=/") != std::string::npos);
  CHECK(set.find("Secure") == std::string::npos);
  Request request = Gatehouse::with_cookie(set.substr(0, set.find(';')));
  for (const auto& grant : account::kGrants) {
    CAPTURE(grant.name);
    CHECK(house.admit(request, false, grant.right) == (grant.roles.has(Role::kModerator) ? 200 : 403));
  }
  CHECK(house.on_loop([&] { return house.gate->admit(request, Right::kModerate, false)->act.by; }) ==
        "moderator");
}

TEST_CASE("a wrong password and a name that nobody has get the same answer") {
  Gatehouse house;
  auto wrong = house.login("admin", "wrong");
  auto nobody = house.login("nobody", "wrong");
  CHECK(wrong.status == 401);
  CHECK(nobody.status == 401);
  CHECK(*std::get<SharedBytes>(wrong.body) == *std::get<SharedBytes>(nobody.body));
}

TEST_CASE("who is disabled is out at once, and cannot log in") {
  Gatehouse house;
  Request request = Gatehouse::with_cookie(house.cookie("producer"));
  CHECK(house.admit(request, false) == 200);
  house.on_loop([&] {
    REQUIRE(account::edit_person(house.books.ledger, "producer", {.name = {}, .roles = {}, .disabled = true},
                                 {}));
    REQUIRE(house.gate->load());
  });
  CHECK(house.admit(request, false) == 401);
  CHECK(house.login("producer").status == 401);
}

TEST_CASE("who was given a password may do nothing but choose another") {
  Gatehouse house;
  Person officer = *house.books.ledger.person("officer");
  officer.must_change = true;
  house.on_loop([&] {
    REQUIRE(house.books.ledger.put(officer));
    REQUIRE(house.gate->load());
  });
  std::string mine = house.cookie("officer");
  std::string elsewhere = house.cookie("officer");
  Request request = Gatehouse::with_cookie(mine);
  CHECK(house.admit(request, false) == 403);
  CHECK(house.admit(request, false, Right::kOwnAccount) == 200);
  auto change = [&](const std::string& present, const std::string& chosen) {
    Request asked = Gatehouse::asking(Method::kPut, {{"present", present}, {"new", chosen}});
    asked.headers.push_back({"cookie", mine});
    return house
        .answer([&](Gate& gate, Responder responder) {
          auto who = gate.admit(asked, Right::kOwnAccount, false);
          gate.change_password(asked, who.value(), std::move(responder));
        })
        .status;
  };
  CHECK(change("wrong", "another good one") == 403);
  CHECK(change(kPassword, "short") == 400);
  CHECK(change(kPassword, kPassword) == 400);
  CHECK(change(kPassword, "another good one") == 204);
  CHECK(house.admit(request, false) == 200);
  CHECK(house.admit(Gatehouse::with_cookie(elsewhere), false) == 401);  // their other browsers log in anew
  CHECK(house.login("officer", kPassword, false, "192.0.2.9").status == 401);
  CHECK(house.login("officer", "another good one", false, "192.0.2.9").status == 200);
}

TEST_CASE("a password that an admin gives while somebody changes theirs is not overwritten") {
  struct Keys final : PersonalKeys {
    void open(const Person&, const std::string&, std::string, std::function<void(Result<>)> done) override {
      done({});
    }
    void change(const account::Act&, const Person&, std::string, std::string,
                std::function<void(Result<Also>)> done) override {
      meanwhile();
      done(Also());
    }
    void keep_only(const std::map<std::string, account::Session>&) override {}
    std::function<void()> meanwhile;
  } keys;
  Gatehouse house;
  Request mine = Gatehouse::asking(Method::kPut, {{"present", kPassword}, {"new", "another good one"}});
  mine.headers.push_back({"cookie", house.cookie("officer")});
  // After the present password was found right, before the new one is committed.
  keys.meanwhile = [&] {
    CHECK(account::set_password(house.books.ledger, "officer", {.hash = "the admin's", .must_change = true},
                                {}));
    CHECK(house.gate->load());
  };
  auto response = house.answer([&](Gate& gate, Responder responder) {
    gate.use(&keys);
    auto who = gate.admit(mine, Right::kOwnAccount, false);
    gate.change_password(mine, who.value(), std::move(responder));
  });
  CHECK(response.status == 409);
  CHECK(house.books.ledger.person("officer")->password == "the admin's");
  CHECK(house.books.ledger.person("officer")->must_change);
  CHECK(house.admit(mine, false, Right::kOwnAccount) == 401);
}

TEST_CASE("under TLS the cookie is a __Host- cookie and Secure") {
  Gatehouse house;
  auto response = house.login("admin", kPassword, true);
  std::string set = Gatehouse::header(response, "Set-Cookie");
  CHECK(set.starts_with("__Host-openday="));
  CHECK(set.find("; Secure") != std::string::npos);
}

TEST_CASE("with a cookie, changes must come from a page of this host and say X-Openday") {
  Gatehouse house;
  Request request = Gatehouse::with_cookie(house.cookie(), Method::kPost);
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
  request.http_version = 20;
  CHECK(house.admit(request, true) == 403);
}

TEST_CASE(
    "a WebSocket with a cookie is a change by its origin, without the header browsers cannot send there") {
  Gatehouse house;
  Request request = Gatehouse::with_cookie(house.cookie());
  CHECK(house.admit(request, true) == 403);
  request.headers.push_back({"origin", "http://hub.example"});
  CHECK(house.admit(request, true) == 200);
}

TEST_CASE("sessions outlive the hub, end after half a day, and are renewed by use") {
  Gatehouse house;
  Request request = Gatehouse::with_cookie(house.cookie());
  house.start();
  CHECK(house.admit(request, false) == 200);
  house.advance(std::chrono::hours(11));
  CHECK(house.admit(request, false) == 200);
  house.advance(std::chrono::hours(11));
  house.start();  // the renewal was kept too
  CHECK(house.admit(request, false) == 200);
  house.advance(std::chrono::hours(12));
  CHECK(house.admit(request, false) == 401);
  house.start();
  CHECK(house.books.ledger.sessions()->empty());
}

TEST_CASE("what a session has let in ends with it, though nobody asks for anything") {
  Gatehouse house;
  Request request = Gatehouse::with_cookie(house.cookie());
  int ended = 0;
  auto stay = house.on_loop([&] {
    auto who = house.gate->admit(request, Right::kSeeBroadcasts, false);
    return house.gate->stay(who.value(), Right::kSeeBroadcasts, [&ended] { ++ended; });
  });
  auto said = [&] { return house.on_loop([&] { return ended; }); };
  house.advance(Gate::kLifetime - seconds(1));
  CHECK(said() == 0);
  house.advance(Gate::kForgetEvery);
  CHECK(said() == 1);
  CHECK(house.on_loop([&] { return house.books.ledger.sessions()->empty(); }));
  house.advance(Gate::kForgetEvery);
  CHECK(said() == 1);
}

TEST_CASE("only the hash of a cookie is kept") {
  Gatehouse house;
  std::string cookie = house.cookie();
  auto sessions = house.books.ledger.sessions();
  REQUIRE(sessions->size() == 1);
  CHECK(cookie.find(sessions->front().digest) == std::string::npos);
  Request forged = Gatehouse::with_cookie("openday=" + sessions->front().digest);
  CHECK(house.admit(forged, false) == 401);
}

TEST_CASE("logging out ends the session") {
  Gatehouse house;
  Request request = Gatehouse::with_cookie(house.cookie(), Method::kDelete);
  Response answer =
      house.answer([&](Gate& gate, Responder responder) { gate.logout(request, std::move(responder)); });
  CHECK(answer.status == 204);
  CHECK(Gatehouse::header(answer, "Set-Cookie").find("Max-Age=0") != std::string::npos);
  CHECK(house.admit(Gatehouse::with_cookie(std::string(request.header("cookie"))), false) == 401);
  CHECK(house.books.ledger.sessions()->empty());
}

TEST_CASE(
    "a log-out that is not on the disk yet, or did not get there, is not undone when people are read anew") {
  Gatehouse house;
  std::string cookie = house.cookie();
  Request request = Gatehouse::with_cookie(cookie, Method::kDelete);
  auto stored = [&] { return house.books.ledger.sessions()->size(); };
  auto loads = [&] { return house.on_loop([&] { return house.gate->load().has_value(); }); };
  SECTION("not yet") {
    std::vector<int> answers;
    house.on_loop([&] {
      house.books.stall = true;
      house.gate->logout(request,
                         make_responder([&](const Response& one) { answers.push_back(one.status); }));
    });
    REQUIRE(loads());
    CHECK(house.admit(Gatehouse::with_cookie(cookie), false) == 401);
    CHECK(stored() == 1);
    house.on_loop([&] { house.books.go_on(); });
    CHECK(answers == std::vector{204});
  }
  SECTION("not at all: it may be tried again") {
    auto logout = [&] {
      return house
          .answer([&](Gate& gate, Responder responder) { gate.logout(request, std::move(responder)); })
          .status;
    };
    house.books.refuse = true;
    CHECK(logout() == 429);
    REQUIRE(loads());
    CHECK(house.admit(Gatehouse::with_cookie(cookie), false) == 401);
    house.books.refuse = false;
    CHECK(logout() == 204);
  }
  CHECK(stored() == 0);
  REQUIRE(loads());
  CHECK(house.admit(Gatehouse::with_cookie(cookie), false) == 401);
}

TEST_CASE("five tries a minute for each address, right or wrong") {
  Gatehouse house;
  for (int i = 0; i < 5; ++i) CHECK(house.login("admin", "wrong").status == 401);
  auto refused = house.login("admin");
  CHECK(refused.status == 429);
  CHECK(Gatehouse::header(refused, "Retry-After") == "61");
  CHECK(house.login("admin", kPassword, false, "192.0.2.2").status == 200);
  house.advance(seconds(59));
  CHECK(house.login("admin").status == 429);
  house.advance(seconds(2));
  CHECK(house.login("admin").status == 200);
}

TEST_CASE("a stranger who tries somebody's name keeps nobody out, neither there nor where they are") {
  Gatehouse house;
  Request mine = Gatehouse::asking(Method::kPut, {{"present", "wrong"}, {"new", "another good one"}});
  mine.headers.push_back({"cookie", house.cookie("officer")});
  auto change = [&] {
    return house
        .answer([&](Gate& gate, Responder responder) {
          auto who = gate.admit(mine, Right::kOwnAccount, false);
          gate.change_password(mine, who.value(), std::move(responder));
        })
        .status;
  };
  auto knock = [&](const std::string& peer) {
    Request request = Gatehouse::asking(Method::kPost, {{"name", "officer"}, {"password", "wrong"}});
    request.peer = peer;
    house.gate->login(request, make_responder([](const Response&) {}));
  };
  SECTION("from one address, as fast as it may") {
    house.on_loop([&] {
      for (int minute = 0; minute < 15; ++minute, house.clock.advance(seconds(59))) {
        for (size_t i = 0; i < Gate::kTriesAMinute; ++i) knock("198.51.100.7");
      }
    });
    house.rest();
    CHECK(house.login("officer", kPassword, false, "192.0.2.77").status == 200);
  }
  SECTION("from many addresses, until the name is held: then for those only who have tried it in vain") {
    house.on_loop([&] {
      for (size_t i = 0; i < Gate::kTriesAQuarterHour; ++i) {
        knock("198.51." + std::to_string(i / 50) + "." + std::to_string(i % 50));  // and many networks
      }
    });
    house.rest();
    auto from = [&](const std::string& peer, const std::string& password) {
      return house.login("officer", password, false, peer);
    };
    for (size_t i = 0; i < Gate::kVainTries; ++i) CHECK(from("198.51.100.7", "wrong").status == 401);
    auto refused = from("198.51.100.7", kPassword);
    CHECK(refused.status == 429);
    CHECK(Gatehouse::header(refused, "Retry-After") == "901");
    CHECK(house.login("producer", kPassword, false, "198.51.100.7").status == 200);
    // Whose name it is gets in, also at the third try, and again.
    for (int day = 0; day < 2; ++day) {
      for (size_t i = 1; i < Gate::kVainTries; ++i) CHECK(from("192.0.2.77", "wrong").status == 401);
      CHECK(from("192.0.2.77", kPassword).status == 200);
      house.advance(seconds(61));
    }
    CHECK(change() == 403);
  }
}

TEST_CASE("wrong passwords are noted, by person, in one entry a minute; logging out is noted, too") {
  Gatehouse house;
  auto noted = [&](const std::string& action) {
    return house.on_loop([&] {
      std::vector<std::pair<std::string, std::string>> found;
      for (auto all = house.books.ledger.audit(0, 100); const auto& entry : *all) {
        CHECK(entry.subject.find("typed") == std::string::npos);
        if (entry.action == action) found.emplace_back(entry.by + entry.subject, entry.detail);
      }
      std::ranges::sort(found);
      return found;
    });
  };
  for (int i = 0; i < 3; ++i) CHECK(house.login("officer", "wrong").status == 401);
  for (const char* name : {"typed-a-password-here", "typed-another"}) {
    CHECK(house.login(name, "wrong", false, "192.0.2.2").status == 401);
  }
  CHECK(noted("session.refused").empty());
  house.clock.advance(seconds(61));
  for (auto until = std::chrono::steady_clock::now() + seconds(20);
       noted("session.refused").empty() && std::chrono::steady_clock::now() < until;) {
    std::this_thread::yield();
  }
  std::vector<std::pair<std::string, std::string>> expected = {{"", R"({"tries":2})"},
                                                               {"officer", R"({"tries":3})"}};
  CHECK(noted("session.refused") == expected);
  // Not lost with a hub that stops within the minute.
  CHECK(house.login("admin", "wrong", false, "192.0.2.3").status == 401);
  house.start();
  CHECK(noted("session.refused").size() == 3);
  Request out = Gatehouse::with_cookie(house.cookie(), Method::kDelete);
  for (int i = 0; i < 2; ++i) {
    CHECK(house.answer([&](Gate& gate, Responder responder) { gate.logout(out, std::move(responder)); })
              .status == 204);
  }
  CHECK(noted("session.logout").size() == 1);
}

TEST_CASE("who is logged in has twenty tries at their own password") {
  Gatehouse house;
  Request mine = Gatehouse::asking(Method::kPut, {{"present", "wrong"}, {"new", "another good one"}});
  mine.headers.push_back({"cookie", house.cookie("officer")});
  auto change = [&] {
    return house
        .answer([&](Gate& gate, Responder responder) {
          auto who = gate.admit(mine, Right::kOwnAccount, false);
          gate.change_password(mine, who.value(), std::move(responder));
        })
        .status;
  };
  for (size_t i = 0; i < Gate::kOwnTriesAQuarterHour; ++i) REQUIRE(change() == 403);
  CHECK(change() == 429);
  CHECK(house.login("officer").status == 200);
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

TEST_CASE("to look at the throttle says what asking would, and counts nothing") {
  ManualClock clock;
  Throttle throttle(clock, 2, seconds(60), 3);
  for (int i = 0; i < 5; ++i) CHECK_FALSE(throttle.look("192.0.2.1"));
  REQUIRE_FALSE(throttle.ask("192.0.2.1"));
  clock.advance(seconds(10));
  REQUIRE_FALSE(throttle.ask("192.0.2.1"));
  CHECK(throttle.look("192.0.2.1") == seconds(50));
  clock.advance(seconds(50));
  CHECK_FALSE(throttle.look("192.0.2.1"));
  CHECK_FALSE(throttle.ask("192.0.2.1"));
  CHECK(throttle.look("192.0.2.1") == seconds(10));
}

TEST_CASE("the network around an address is its IPv4 /24 or IPv6 /48") {
  CHECK(network_of("192.0.2.1") == network_of("::ffff:192.0.2.77"));
  CHECK(network_of("192.0.2.1") != network_of("192.0.3.1"));
  CHECK(network_of("2001:db8:1:2::1") == network_of("2001:db8:1:ffff:1::"));
  CHECK(network_of("2001:db8:1::1") != network_of("2001:db8:2::1"));
}

TEST_CASE("a line with many addresses has no more tries than sixty a minute, and others have theirs") {
  Gatehouse house;
  size_t tried = 0;
  for (size_t n = 0; n < 2 * Gate::kOfANetworkAMinute; ++n) {
    int status = house.login("officer", "wrong", false, fmt::format("2001:db8:1:{:x}::1", n)).status;
    REQUIRE((status == 401 || status == 429));
    if (status == 401) ++tried;
  }
  CHECK(tried == Gate::kOfANetworkAMinute);
  CHECK(house.login("officer", "wrong", false, "2001:db8:2::1").status == 401);
}

TEST_CASE("a session that could not be written down is not given") {
  Gatehouse house;
  house.books.refuse = true;
  auto response = house.login("admin");
  CHECK(response.status == 429);
  CHECK(Gatehouse::header(response, "Set-Cookie").empty());
}
