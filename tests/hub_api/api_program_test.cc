#include "control_house.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

const std::string kDay = "/api/v1/admin/broadcasts/day";

}  // namespace

TEST_CASE("a take is answered with what the engine confirmed, and written down") {
  ControlHouse house;
  house.furnish();
  CHECK(house.post(kDay + "/take", R"({"layout":"full","venues":["a"]})").status == 409);
  REQUIRE(house.post(kDay + "/rehearse").status == 200);
  auto& engine = house.start_engine("day");
  auto taken = house.post(kDay + "/take", R"({"layout":"full","venues":["b"],"title":"B"})");
  REQUIRE(taken.status == 200);
  CHECK(taken.json == Json::parse(R"({"ok":true,"at":5000,"tick":90,"scene":
      {"layout":"full","venues":["b"],"slate":false,"follow_audio":true,"title":"B"}})"));
  CHECK(house.on_loop([&] { return house.books.ledger.broadcast("day")->scene.venues; }) ==
        std::vector<std::string>{"b"});
  CHECK(house.get("/api/v1/admin/audit?limit=1").json["entries"][0]["action"] == "program.take");
  CHECK(engine.heard_of("take").size() == 1);
  CHECK(house.get(kDay).json["scene"]["venues"][0] == "b");
}

TEST_CASE("a scene that cannot be is refused before the engine hears of it") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kDay + "/rehearse").status == 200);
  auto& engine = house.start_engine("day");
  CHECK(house.post(kDay + "/take", R"({"layout":"gird","venues":["a","b"]})").message() ==
        "there is no layout gird; did you mean grid?");
  CHECK(house.post(kDay + "/take", R"({"layout":"full","venues":["c"]})").status == 400);
  CHECK(house.post(kDay + "/take", R"({"layout":"full","venues":["a","b"]})").status == 400);
  CHECK(house.on_loop([&] { return engine.heard_of("take").empty(); }));
}

TEST_CASE("a take waits for an engine that is starting") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kDay + "/rehearse").status == 200);
  auto asking = std::async(std::launch::async,
                           [&] { return house.post(kDay + "/take", R"({"layout":"full","venues":["a"]})"); });
  house.until([&] { return house.engines->waiting("day") == 1; });
  house.start_engine("day");
  CHECK(asking.get().status == 200);
}

TEST_CASE("an engine's refusal, its silence and its death are told apart") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kDay + "/rehearse").status == 200);
  auto& engine = house.start_engine("day", false);
  auto take = [&] { return house.post(kDay + "/take", R"({"layout":"full","venues":["a"]})"); };

  house.on_loop([&] {
    engine.on_message = [&](const Json& head) {
      if (head["t"] == "take") {
        engine.say("taken",
                   {{"req", head["req"]}, {"ok", false}, {"code", "busy"}, {"why", "one after the other"}});
      }
    };
    return 0;
  });
  auto refused = take();
  CHECK(refused.status == 429);
  CHECK(refused.message() == "one after the other");

  house.on_loop([&] {
    engine.on_message = nullptr;
    return 0;
  });
  auto begun = std::chrono::steady_clock::now();
  auto silent = take();
  CHECK(silent.status == 503);
  CHECK(silent.code() == "timeout");
  CHECK(std::chrono::steady_clock::now() - begun >= Engines::kConfirmPatience);

  auto asking = std::async(std::launch::async, take);
  house.until([&] { return house.engines->waiting("day") == 1; });
  house.kill_engine("day");
  auto lost = asking.get();
  CHECK(lost.status == 503);
  CHECK(lost.code() == "closed");
  // What is on air is what was confirmed, not what was asked.
  CHECK(house.on_loop([&] { return house.books.ledger.broadcast("day")->scene.layout; }) == "grid");
}

TEST_CASE("the slate keeps the scene behind it and gives it back") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kDay + "/rehearse").status == 200);
  house.start_engine("day");
  REQUIRE(house.post(kDay + "/take", R"({"layout":"full","venues":["b"]})").status == 200);
  auto on = house.post(kDay + "/slate", R"({"on":true})");
  CHECK(on.json["scene"]["slate"] == true);
  CHECK(on.json["scene"]["venues"][0] == "b");
  auto off = house.post(kDay + "/slate", R"({"on":false})");
  CHECK(off.json["scene"] ==
        Json::parse(R"({"layout":"full","venues":["b"],"slate":false,"follow_audio":true,"title":""})"));
}

TEST_CASE("what is on air does not wait for the disk") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kDay + "/go-live").status == 200);
  house.start_engine("day");
  house.on_loop([&] { return house.books.refuse = true; });
  CHECK(house.post(kDay + "/slate", R"({"on":true})").status == 200);
  CHECK(house.post(kDay + "/take", R"({"layout":"full","venues":["b"]})").status == 200);
  CHECK(house.ask(Method::kPatch, kDay + "/mix", R"({"venues":{"a":{"mute":true}}})")
            .json["venues"]["a"]["mute"] == true);
  // A withdrawal is carried out too, but says that it is not written down.
  auto withdrawn =
      house.post(kDay + "/withdraw", R"({"from":1893456000000,"to":1893456005000,"reason":"a name"})");
  CHECK(withdrawn.status == 503);
  CHECK(house.audience.withdrawn.size() == 1);
  std::lock_guard lock(house.log_mutex);
  CHECK(std::count_if(house.log_lines.begin(), house.log_lines.end(), [](const std::string& line) {
          return line.find("_not_noted") != std::string::npos;
        }) == 4);
}

TEST_CASE("a disk that hangs holds up neither what is on air nor a withdrawal") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kDay + "/go-live").status == 200);
  auto& engine = house.start_engine("day");
  house.on_loop([&] { return house.books.stall = true; });
  auto withdrawing = std::async(std::launch::async, [&] {
    return house.post(kDay + "/withdraw", R"({"from":1893456000000,"to":1893456005000,"reason":"a name"})");
  });
  house.until(
      [&] { return house.audience.withdrawn.size() == 1 && engine.heard_of("withdraw").size() == 1; });
  CHECK(house.post(kDay + "/slate", R"({"on":true})").json["scene"]["slate"] == true);
  CHECK(house.ask(Method::kPatch, kDay + "/mix", R"({"venues":{"a":{"mute":true}}})")
            .json["venues"]["a"]["mute"] == true);
  CHECK(withdrawing.get().status == 503);  // it is not written down
  house.on_loop([&] { house.books.go_on(); });
  CHECK(house.get(kDay + "/withdraw").json["withdrawals"].size() == 1);
  CHECK(house.get(kDay).json["mix"]["venues"]["a"]["mute"] == true);
}

TEST_CASE("the mix changes what is named, on air and in the books") {
  ControlHouse house;
  house.furnish();
  CHECK(house.ask(Method::kPatch, kDay + "/mix", R"({"venues":{"a":{"gain_db":-6}}})")
            .json["venues"]["a"]["gain_db"] == -6);
  REQUIRE(house.post(kDay + "/rehearse").status == 200);
  CHECK(house.desired.back()["engines"][0]["config"]["mix"]["a"]["gain_db"] == -6);
  auto& engine = house.start_engine("day");
  auto mixed =
      house.ask(Method::kPatch, kDay + "/mix", R"({"venues":{"a":{"mute":true},"b":{"gain_db":2}}})");
  CHECK(mixed.json["venues"] ==
        Json::parse(R"({"a":{"gain_db":-6.0,"mute":true},"b":{"gain_db":2.0,"mute":false}})"));
  CHECK(house.on_loop([&] { return engine.heard_of("mix").at(0)["venues"]; }) == mixed.json["venues"]);
  CHECK(house.get(kDay).json["mix"]["venues"]["b"]["gain_db"] == 2.0);
  CHECK(house.ask(Method::kPatch, kDay + "/mix", R"({"venues":{"c":{"mute":true}}})").status == 400);
  CHECK(house.ask(Method::kPatch, kDay + "/mix", R"({"venues":{"a":{"gain":1}}})").status == 400);
}

TEST_CASE("a range is withdrawn from viewers and engine at once, and listed") {
  ControlHouse house;
  house.furnish();
  const char* body = R"({"from":"2030-01-01T00:00:00Z","to":"2030-01-01T00:00:05Z","reason":"a name"})";
  CHECK(house.post(kDay + "/withdraw", body).status == 409);
  REQUIRE(house.post(kDay + "/go-live").status == 200);
  auto& engine = house.start_engine("day");
  auto withdrawn = house.post(kDay + "/withdraw", body);
  CHECK(withdrawn.status == 200);
  CHECK(withdrawn.json["segments"] == 3);
  CHECK(house.audience.withdrawn.back() ==
        std::tuple<std::string, int64_t, int64_t>("day", 1893456000000, 1893456005000));
  house.until([&] { return engine.heard_of("withdraw").size() == 1; });
  CHECK(engine.heard_of("withdraw")[0]["to"] == 1893456005000);
  auto list = house.get(kDay + "/withdraw").json["withdrawals"];
  REQUIRE(list.size() == 1);
  CHECK(list[0]["reason"] == "a name");
  CHECK(house.post(kDay + "/withdraw", R"({"from":5,"to":5,"reason":"x"})").status == 400);
}

TEST_CASE("pictures of venues and program are what the engine sent last") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post(kDay + "/rehearse").status == 200);
  auto& engine = house.start_engine("day");
  CHECK(house.get("/api/v1/admin/venues/a/thumbnail.jpg").status == 404);
  auto picture = [&](Json fields, std::string_view bytes) {
    house.on_loop([&] {
      engine.say("thumbnail", std::move(fields), std::make_shared<const Bytes>(bytes.begin(), bytes.end()));
      return 0;
    });
  };
  picture({{"what", "venue"}, {"venue", "a"}, {"at", 1}}, "old");
  picture({{"what", "venue"}, {"venue", "a"}, {"at", 2}}, "new");
  picture({{"what", "program"}, {"at", 2}}, "program");
  picture({{"what", "poster"}, {"at", 2}}, "poster");
  house.until([&] { return house.media.size() == 4; });
  auto shown = house.get("/api/v1/admin/venues/a/thumbnail.jpg?n=2");
  CHECK(shown.status == 200);
  CHECK(shown.text == "new");
  CHECK(shown.header("Content-Type") == "image/jpeg");
  CHECK(house.get(kDay + "/program.jpg").text == "program");
}

TEST_CASE("the status is the engine's report and what surrounds it") {
  ControlHouse house;
  house.furnish();
  CHECK(house.get(kDay + "/status").json["engine"] == "down");
  REQUIRE(house.post(kDay + "/rehearse").status == 200);
  CHECK(house.get(kDay + "/status").json["engine"] == "starting");
  auto& engine = house.start_engine("day");
  house.on_loop([&] {
    engine.say("stats", {{"tick", 30}, {"late_ms", 1.5}, {"slots", Json::array()}});
    house.conductor->on_children(Json::parse(R"([{"role":"engine","id":"day","restarts":1}])"));
    return 0;
  });
  house.until([&] { return house.engines->stats("day") != nullptr; });
  auto status = house.get(kDay + "/status").json;
  CHECK(status["engine"] == "running");
  CHECK(status["tick"] == 30);
  CHECK(status["viewers"] == 7);
  CHECK(status["viewers_at_least"] == true);
  CHECK(status["processes"][0]["restarts"] == 1);
  CHECK_FALSE(status.contains("t"));
  house.kill_engine("day");
  house.until([&] { return !house.engines->attached("day"); });
  CHECK(house.get(kDay + "/status").json["engine"] == "starting");
}
