#include "control_house.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

struct House {
  House() : gateway(house.start_gateway()) { house.furnish(); }
  Json auth(const std::string& protocol, const std::string& key) {
    int id = ++last;
    house.on_loop([&] {
      gateway.say("auth", {{"id", id}, {"protocol", protocol}, {"key", key}, {"address", "192.0.2.1"}});
      return 0;
    });
    Json answer;
    house.until([&] {
      for (const auto& head : gateway.heard_of("auth_result")) {
        if (head["id"] == id) answer = head;
      }
      return !answer.is_null();
    });
    return answer;
  }
  Json key(const std::string& venue) { return house.post("/api/v1/admin/venues/" + venue + "/key").json; }

  ControlHouse house;
  FarEnd& gateway;
  int last = 0;
};

}  // namespace

TEST_CASE("the right stream key opens its venue, and tells the feed when somebody wants it") {
  House gate;
  std::string key = gate.key("a")["rtmp"]["stream_key"];
  Json idle = gate.auth("rtmp", key);
  CHECK(idle["ok"] == true);
  CHECK(idle["venue"] == "a");
  CHECK_FALSE(idle.contains("feed"));
  CHECK_FALSE(idle.contains("passphrase"));
  REQUIRE(gate.house.post("/api/v1/admin/broadcasts/day/rehearse").status == 200);
  gate.house.until([&] { return gate.gateway.heard_of("attach").size() == 2; });
  CHECK(gate.gateway.heard_of("attach")[0] == Json::parse(R"({"t":"attach","venue":"a","feed":"day/a"})"));
  CHECK(gate.auth("rtmp", key)["feed"] == "day/a");
  REQUIRE(gate.house.post("/api/v1/admin/broadcasts/day/rehearse", R"({"on":false})").status == 200);
  gate.house.until([&] { return gate.gateway.heard_of("attach").size() == 4; });
  CHECK(gate.gateway.heard_of("attach")[2]["feed"].is_null());
}

TEST_CASE("wrong keys all get the same answer") {
  House gate;
  std::string key = gate.key("a")["rtmp"]["stream_key"];
  std::string wrong = key;
  wrong[31] = wrong[31] == '0' ? '1' : '0';
  for (const std::string& bad :
       {wrong, key + "0", key.substr(1), std::string("a"), std::string(), std::string(600, 'x')}) {
    Json answer = gate.auth("rtmp", bad);
    CHECK(answer["ok"] == false);
    CHECK(answer["why"] == "This key is not known.");
    CHECK_FALSE(answer.contains("venue"));
  }
  CHECK(gate.auth("srt", key)["ok"] == false);
  CHECK(gate.auth("srt", "nowhere")["ok"] == false);
  CHECK(gate.auth("srt", "b")["ok"] == false);  // has no key yet
  CHECK(gate.auth("smtp", "a")["ok"] == false);
}

TEST_CASE("what the books cannot tell is our trouble, not a wrong key") {
  House gate;
  Json key = gate.key("a");
  CHECK_FALSE(gate.auth("srt", "nowhere").contains("trouble"));
  gate.house.on_loop([&] {
    auto broken = *gate.house.books.ledger.ingest_key("a");
    broken.sealed_passphrase = Bytes(60, 1);
    return gate.house.books.ledger.put(broken).has_value();
  });
  Json answer = gate.auth("srt", key["srt"]["stream_id"]);
  CHECK(answer["ok"] == false);
  CHECK(answer["trouble"] == true);
  CHECK(answer["why"] == "The server cannot check keys now.");
}

TEST_CASE("SRT names its venue and proves itself with the passphrase") {
  House gate;
  Json key = gate.key("a");
  Json answer = gate.auth("srt", key["srt"]["stream_id"]);
  CHECK(answer["ok"] == true);
  CHECK(answer["venue"] == "a");
  CHECK(answer["passphrase"] == key["srt"]["passphrase"]);
}

TEST_CASE("a changed key cuts the publisher of the old one") {
  House gate;
  std::string old = gate.key("a")["rtmp"]["stream_key"];
  gate.key("a");
  gate.house.until([&] { return gate.gateway.heard_of("kick").size() == 2; });
  CHECK(gate.gateway.heard_of("kick")[1]["venue"] == "a");
  CHECK(gate.auth("rtmp", old)["ok"] == false);
}

TEST_CASE("a kick that the gateway could not be told is told when it can be") {
  ControlHouse house;
  house.furnish();
  house.post("/api/v1/admin/venues/a/key");  // there is no gateway yet
  auto& gateway = house.start_gateway();
  house.until([&] { return gateway.heard_of("kick").size() == 1; });
  CHECK(gateway.heard_of("kick")[0]["venue"] == "a");
  house.on_loop([&] {
    gateway.pause(true);
    for (int i = 0; i < 40; ++i) house.publishers->kick("a", std::string(60'000, 'x'));
    house.publishers->kick("b", "the last");
    gateway.pause(false);
  });
  house.until([&] {
    auto kicks = gateway.heard_of("kick");
    return std::ranges::any_of(kicks, [](const Json& kick) { return kick["venue"] == "b"; });
  });
}

TEST_CASE("a gateway that invents venues and does not read fills neither the hub nor its log") {
  House gate;
  gate.house.on_loop([&] {
    gate.gateway.pause(true);
    for (size_t size : {60'000, 500, 0}) {  // until there is no room for the smallest
      for (int i = 0; i < 200; ++i) gate.house.publishers->kick("a", std::string(size, 'x'));
    }
    for (int i = 0; i < 200; ++i) {
      gate.gateway.say("publisher",
                       {{"venue", "a-" + std::to_string(i)}, {"state", "connected"}, {"since_ms", 1}});
    }
    gate.gateway.say("publisher", {{"venue", "b"}, {"state", "connected"}, {"since_ms", 1}});  // has no key
  });
  gate.house.until([&] { return gate.house.publishers->publishers().contains("b"); });
  gate.house.on_loop([&] { gate.gateway.pause(false); });
  // What is remembered is told in the order of the names.
  std::vector<Json> kicks;
  gate.house.until([&] {
    kicks = gate.gateway.heard_of("kick");
    return std::ranges::any_of(kicks, [](const Json& kick) { return kick["venue"] == "b"; });
  });
  CHECK(std::ranges::none_of(
      kicks, [](const Json& kick) { return kick["venue"].get<std::string>().starts_with("a-"); }));
  std::lock_guard lock(gate.house.log_mutex);
  auto told = std::ranges::count_if(gate.house.log_lines, [](const std::string& line) {
    return line.find("gateway_not_told") != std::string::npos;
  });
  CHECK(told >= 1);
  CHECK(told < 20);  // one a second
}

TEST_CASE("of what a gateway counts, only what the hub knows becomes a metric") {
  House gate;
  std::string endless(10'000, 'x');
  gate.house.on_loop([&] {
    gate.gateway.say("publisher", {{"venue", "a"}, {"state", "connected"}, {"protocol", endless}});
    Json row = {{"venue", "a"}, {"protocol", endless}, {"kbps", 2500}, {"lost", endless}, {"more", endless}};
    Json nowhere = row;
    nowhere["venue"] = "nowhere";
    gate.gateway.say("stats", {{"publishers", {row, row, nowhere, 5}},
                               {"refused", {{"wrong_key", 4}, {endless, 1}}},
                               {"connections", 1},
                               {"more", endless}});
  });
  Json stats;
  gate.house.until([&] { return !(stats = gate.house.publishers->stats()).is_null(); });
  CHECK(stats ==
        Json{{"publishers",
              Json::array(
                  {{{"venue", "a"}, {"protocol", ""}, {"kbps", 2500}, {"lost", std::string(200, 'x')}}})},
             {"refused", {{"wrong_key", 4}}},
             {"connections", 1}});
  // Lists and objects in each other's place count as not said.
  gate.house.on_loop([&] {
    gate.gateway.say("stats", {{"publishers", "a"}, {"refused", Json::array({1})}, {"connections", 2}});
  });
  gate.house.until([&] { return (stats = gate.house.publishers->stats())["connections"] == 2; });
  CHECK(stats["publishers"] == Json::array());
  CHECK(stats["refused"] == Json::object());
}

TEST_CASE("a publisher that an earlier hub let in with a key that was changed since is cut") {
  House gate;
  auto reported = [&](const char* venue, int64_t since_ms) {
    gate.house.on_loop([&] {
      gate.gateway.say("publisher", {{"venue", venue}, {"state", "connected"}, {"since_ms", since_ms}});
    });
    gate.auth("rtmp", "a question whose answer comes after the kick");
    return gate.house.on_loop([&] { return gate.gateway.heard_of("kick").size(); });
  };
  Json key = gate.key("a");
  int64_t made = gate.house.on_loop([&] { return gate.house.books.ledger.ingest_key("a")->created_at.ms; });
  gate.house.until([&] { return gate.gateway.heard_of("kick").size() == 1; });
  CHECK(reported("a", made) == 1);
  CHECK(reported("a", made - 1) == 2);
  CHECK(reported("b", made) == 3);          // has no key
  REQUIRE(reported("nowhere", made) == 4);  // deleted
  CHECK(gate.gateway.heard_of("kick")[3]["venue"] == "nowhere");
  // Let in by this hub: its key is right whatever the clock says.
  CHECK(gate.auth("rtmp", key["rtmp"]["stream_key"])["ok"] == true);
  CHECK(reported("a", made - 1) == 4);
}

TEST_CASE("a venue that is pulled from lets nobody publish in its name") {
  House gate;
  std::string key = gate.key("a")["rtmp"]["stream_key"];
  REQUIRE(gate.house.ask(Method::kPatch, "/api/v1/admin/venues/a", R"({"source":{"kind":"test"}})").status ==
          200);
  CHECK(gate.auth("rtmp", key)["ok"] == false);
}

TEST_CASE("a gateway that comes back is told every route") {
  House gate;
  REQUIRE(gate.house.post("/api/v1/admin/broadcasts/day/rehearse").status == 200);
  auto& second = gate.house.start_gateway();
  gate.house.until([&] { return second.heard_of("attach").size() == 2; });
  CHECK(gate.house.on_loop([&] { return gate.house.publishers->attached(); }));
}

TEST_CASE("who publishes is known until they are gone or the gateway is") {
  House gate;
  REQUIRE(gate.house.post("/api/v1/admin/broadcasts/day/rehearse").status == 200);
  auto say = [&](const char* state) {
    gate.house.on_loop([&] {
      gate.gateway.say("publisher",
                       {{"venue", "a"}, {"state", state}, {"protocol", "rtmp"}, {"address", "192.0.2.1"}});
      return 0;
    });
  };
  say("connected");
  say("streaming");
  auto publishing = [&] { return gate.house.publishers->publishers(); };
  gate.house.until([&] { return publishing().contains("a") && publishing().at("a").state == "streaming"; });
  CHECK(gate.house.get("/api/v1/admin/broadcasts/day/status").json["publishers"][0]["protocol"] == "rtmp");
  say("replaced");
  say("connected");
  gate.house.until([&] { return publishing().contains("a") && publishing().at("a").state == "connected"; });
  CHECK(gate.house.on_loop([&] { return gate.house.publishers->connects().at("a"); }) == 2);
  say("gone");
  gate.house.until([&] { return publishing().empty(); });
}

TEST_CASE("keys and passphrases do not get into the log") {
  House gate;
  Json key = gate.key("a");
  gate.auth("rtmp", key["rtmp"]["stream_key"]);
  gate.auth("rtmp", "a-wrong-key-that-somebody-typed");
  gate.auth("srt", "a");
  std::lock_guard lock(gate.house.log_mutex);
  for (const auto& line : gate.house.log_lines) {
    CHECK(line.find(key["rtmp"]["stream_key"].get<std::string>()) == std::string::npos);
    CHECK(line.find("a-wrong-key") == std::string::npos);
    CHECK(line.find(key["srt"]["passphrase"].get<std::string>()) == std::string::npos);
  }
}
