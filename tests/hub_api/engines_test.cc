#include "control_house.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

TEST_CASE("an engine that comes is configured, and again only when something differs") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post("/api/v1/admin/broadcasts/day/go-live").status == 200);
  auto& engine = house.start_engine("day");
  house.until([&] { return engine.heard_of("configure").size() == 1; });
  CHECK(engine.heard_of("configure")[0]["title"] == "Open day");
  CHECK(engine.heard_of("configure")[0]["slots"].size() == 2);
  house.on_loop([&] {
    for (int i = 0; i < 3; ++i) engine.say("stats", {{"tick", i}});
    return 0;
  });
  house.until(
      [&] { return house.engines->stats("day") != nullptr && (*house.engines->stats("day"))["tick"] == 2; });
  CHECK(engine.heard_of("configure").size() == 1);
  REQUIRE(house.ask(Method::kPatch, "/api/v1/admin/broadcasts/day", R"({"title":"Open day II"})").status ==
          200);
  house.until([&] { return engine.heard_of("configure").size() == 2; });
  CHECK(engine.heard_of("configure")[1]["title"] == "Open day II");
}

TEST_CASE("a restarted engine is told all again") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post("/api/v1/admin/broadcasts/day/go-live").status == 200);
  house.start_engine("day");
  house.kill_engine("day");
  house.until([&] { return !house.engines->attached("day"); });
  auto& second = house.start_engine("day");
  house.until([&] { return second.heard_of("configure").size() == 1; });
}

TEST_CASE("an engine that replaces another takes its channel over") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post("/api/v1/admin/broadcasts/day/go-live").status == 200);
  auto ends = house.on_loop([&] {
    auto pair = socket_pair();
    REQUIRE(house.engines->attach("day", std::move(pair->first)));
    return std::make_shared<UniqueFd>(std::move(pair->second));
  });
  house.start_engine("day");
  char byte = 0;
  set_nonblocking(ends->get(), false).value();
  // What was configured is still in the socket; behind it stands the end.
  while (::read(ends->get(), &byte, 1) == 1) {
  }
  CHECK(house.on_loop([&] { return house.engines->attached("day"); }));
}

TEST_CASE("media goes on to the viewers' side while an ended broadcast's engine finishes") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post("/api/v1/admin/broadcasts/day/go-live").status == 200);
  auto& engine = house.start_engine("day");
  REQUIRE(house.post("/api/v1/admin/broadcasts/day/end", R"({"confirm":"day"})").status == 200);
  house.on_loop([&] {
    engine.say("part", {{"rendition", "720p"}, {"msn", 1}, {"index", 0}},
               std::make_shared<const Bytes>(10, 1));
    return 0;
  });
  house.until([&] { return house.media == std::vector<std::string>{"part"}; });
  house.kill_engine("day");
  house.until([&] { return house.engines->stats("day") == nullptr && !house.engines->attached("day"); });
  CHECK(std::string(house.on_loop([&] { return house.engines->state("day"); })) == "down");
}

TEST_CASE("reports that make no sense are counted and change nothing") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post("/api/v1/admin/broadcasts/day/go-live").status == 200);
  auto& engine = house.start_engine("day");
  house.on_loop([&] {
    engine.say("taken", {{"req", 1}});
    engine.say("taken", {{"req", 1}, {"ok", true}, {"tick", "x"}, {"at", 1}, {"scene", Json::object()}});
    engine.say("taken", {{"req", 1}, {"ok", true}, {"tick", 1}, {"at", 1}, {"scene", 7}});
    engine.say("thumbnail", {{"what", "venue"}, {"venue", "a"}});
    engine.say("thumbnail", {{"what", "venue"}}, std::make_shared<const Bytes>(3, 1));
    engine.say("thumbnail", {{"what", "venue"}, {"venue", "a"}},
               std::make_shared<const Bytes>(Engines::kMaxThumbnail + 1, 1));
    engine.say("unheard_of", Json::object());
    engine.say("stats", {{"tick", "x"}, {"scene", 3}, {"slots", "none"}, {"encoders", 1}});
    return 0;
  });
  house.until([&] { return house.engines->stats("day") != nullptr; });
  CHECK(house.on_loop([&] { return house.engines->malformed(); }) == 6);
  CHECK_FALSE(house.on_loop([&] { return house.engines->scene("day"); }));
}

TEST_CASE("more commands than an engine can be owed are refused") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post("/api/v1/admin/broadcasts/day/rehearse").status == 200);
  int refused = house.on_loop([&] {
    int count = 0;
    for (size_t i = 0; i < Engines::kMaxRequests + 2; ++i) {
      house.engines->take("day", {}, [&count](Result<Taken> taken) {
        if (!taken && taken.error().code == Errc::kBusy) ++count;
      });
    }
    return count;
  });
  CHECK(refused == 2);
}
