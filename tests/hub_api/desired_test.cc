#include "hub/desired.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::broadcast;
using namespace openday::hub;

namespace {

struct Plan {
  Plan() {
    settings.store = {{"dir", "/srv/media"}, {"retention_days", 30}};
    settings.egress = {{"media_root", "/srv/clips"}, {"allow_private", false}};
    settings.pipelines = "/usr/share/openday/pipelines";
    active.broadcast.id = "day";
    active.broadcast.title = "Open day";
    active.broadcast.state = State::kLive;
    active.broadcast.seats = {{0, "a", "A"}, {2, "b", "B"}, {1, "c", "C"}, {3, "d", "D"}};
    active.venues["a"] = {"a", "A", {}, 0, 120, {}};
    active.venues["b"] = {"b", "B", {SourceKind::kPull, "shown", rules.vault.seal("rtsp://u:p@h/1"), ""},
                          -40, 200, {}};
    active.venues["c"] = {"c", "C", {SourceKind::kFile, "", {}, "intro.mp4"}, 0, 120, {}};
    active.venues["d"] = {"d", "D", {SourceKind::kTest, "", {}, ""}, 0, 120, {}};
    active.targets = {
        {"t", "day", "T", "rtmp://h/a", {}, rules.vault.seal("k"), "720p", true},
        {"s", "day", "S", "srt://h:1?***", rules.vault.seal("srt://h:1?streamid=x"), {}, "", true}};
  }
  Rules rules{{{"full", {1}}}, {}, *Vault::with_key(Bytes(32, 7))};
  HouseSettings settings;
  Active active;
};

}  // namespace

TEST_CASE("an active broadcast wants its engine, and a feed for each venue in its slot") {
  Plan plan;
  Desired desired = desired_state({plan.active}, plan.settings, plan.rules);
  CHECK(desired.trouble.empty());
  REQUIRE(desired.fields["engines"].size() == 1);
  const Json& engine = desired.fields["engines"][0];
  CHECK(engine["id"] == "day");
  CHECK(engine["config"]["live"] == true);
  CHECK(engine["config"]["store"] == Json::parse(R"({"dir":"/srv/media/day","retention_days":30})"));
  CHECK(engine["config"]["slots"][1] == Json::parse(R"({"slot":2,"venue":"b","name":"B"})"));
  CHECK(engine["config"]["targets"][0] ==
        Json::parse(R"({"id":"t","url":"rtmp://h/a","key":"k","rendition":"720p","enabled":true})"));
  CHECK(engine["config"]["targets"][1] ==
        Json::parse(R"({"id":"s","url":"srt://h:1?streamid=x","key":"","rendition":"","enabled":true})"));
  REQUIRE(desired.fields["feeds"].size() == 4);
  auto feed = [&](size_t i) { return desired.fields["feeds"][i]; };
  CHECK(feed(0)["id"] == "day/a");
  CHECK(feed(0)["engine"] == "day");
  CHECK(feed(0)["config"]["source"] == Json::parse(R"({"kind":"gateway"})"));
  CHECK(feed(1)["slot"] == 2);
  CHECK(feed(1)["config"]["source"]["url"] == "rtsp://u:p@h/1");
  CHECK(feed(1)["config"]["av_offset_ms"] == -40);
  CHECK(feed(1)["config"]["jitter_ms"] == 200);
  CHECK(feed(2)["config"]["source"] == Json::parse(R"({"kind":"file","path":"/srv/clips/intro.mp4"})"));
  CHECK(feed(3)["config"]["source"]["kind"] == "test");
  CHECK(desired.routes == std::map<std::string, std::string>{{"a", "day/a"}});
}

TEST_CASE("a program begins behind the rehearsal before it, whatever the wall clock says") {
  Plan plan;
  auto not_before = [&] {
    Desired desired = desired_state({plan.active}, plan.settings, plan.rules);
    return desired.fields["engines"][0]["config"]["not_before_ms"].get<int64_t>();
  };
  CHECK(not_before() == 0);
  plan.active.broadcast.public_from = ProgramTime{60'000};
  CHECK(not_before() == 55'000);
  plan.active.broadcast.public_from = ProgramTime{1};
  CHECK(not_before() == 0);
}

TEST_CASE("nothing active wants nothing") {
  Plan plan;
  Desired desired = desired_state({}, plan.settings, plan.rules);
  CHECK(desired.fields == Json::parse(R"({"engines":[],"feeds":[]})"));
  CHECK(desired.routes.empty());
}

TEST_CASE("a rehearsal is pushed to nobody") {
  Plan plan;
  plan.active.broadcast.state = State::kRehearsal;
  CHECK(configuration(plan.active, plan.rules)["targets"].empty());
  CHECK(configuration(plan.active, plan.rules)["live"] == false);
  CHECK(desired_state({plan.active}, plan.settings, plan.rules)
            .fields["engines"][0]["config"]["targets"]
            .empty());
  plan.active.broadcast.state = State::kLive;
  CHECK(configuration(plan.active, plan.rules)["targets"].size() == 2);
}

TEST_CASE("what another server key sealed is trouble, and the rest runs") {
  Plan plan;
  plan.rules.vault = *Vault::with_key(Bytes(32, 8));
  Desired desired = desired_state({plan.active}, plan.settings, plan.rules);
  CHECK(desired.trouble.size() == 3);
  CHECK(desired.fields["feeds"].size() == 3);
  CHECK(desired.fields["engines"][0]["config"]["targets"].empty());
}

TEST_CASE("the same books give the same wishes, so that nothing is restarted for nothing") {
  Plan plan;
  CHECK(desired_state({plan.active}, plan.settings, plan.rules).fields ==
        desired_state({plan.active}, plan.settings, plan.rules).fields);
}
