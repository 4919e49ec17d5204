#include "rig.h"

using namespace openday;
using namespace openday::mixer;
using namespace openday::mixer::test;

namespace {

Scene only(const std::string& venue) {
  return {.layout = "full", .venues = {venue}};
}

Want want_of(const Rig& rig, int slot) {
  for (const Want& want : rig.mixer->wants()) {
    if (want.slot == slot) return want;
  }
  FAIL("no want for slot " << slot);
  return {};
}

void one_on_air(Rig& rig) {
  rig.connect(0, kRed, 300);
  rig.take(only("a"));
  rig.steps(3);
  REQUIRE(rig.taken.size() == 1);
  rig.taken.clear();
}

}  // namespace

TEST_CASE("a take of a venue that is ready is on air with the next tick, and says so") {
  Rig rig;
  one_on_air(rig);
  rig.connect(1, kGreen);
  rig.step();
  auto id = rig.mixer->take(only("b"));
  REQUIRE(id);
  CHECK(rig.taken.empty());
  CHECK(rig.mixer->status().scene == only("a"));  // tally follows what is confirmed
  media::Tick tick = rig.next;
  rig.step();
  REQUIRE(rig.taken.size() == 1);
  CHECK(rig.taken[0].id == *id);
  CHECK(rig.taken[0].result);
  CHECK(rig.taken[0].scene == only("b"));
  CHECK(rig.taken[0].tick == tick);
  CHECK(rig.taken[0].at == rig.last->at);
  CHECK(same(rig.at(160, 90), kGreen));
}

TEST_CASE("a take of an idle venue keeps the old picture until the venue has caught up") {
  Rig rig;
  one_on_air(rig);
  rig.connect(1, kGreen);
  rig.mixer->feed_state(1, {true, false});
  rig.step();
  rig.take(only("b"));
  for (int n = 0; n < 6; ++n) {
    rig.step();
    CHECK(same(rig.at(160, 90), kRed));
    CHECK(rig.taken.empty());
  }
  rig.mixer->feed_state(1, {true, true});
  rig.step();
  CHECK(same(rig.at(160, 90), kGreen));
  REQUIRE(rig.taken.size() == 1);
}

TEST_CASE("a venue that says it has caught up but has no fresh picture is waited for, too") {
  Rig rig;
  one_on_air(rig);
  rig.connect(1, kGreen);
  rig.steps(2);
  rig.feeds[1].pictures = false;
  rig.steps(10);
  rig.take(only("b"));
  rig.steps(2);
  CHECK(rig.taken.empty());
  rig.feeds[1].pictures = true;
  rig.step();
  CHECK(rig.taken.size() == 1);
}

TEST_CASE("a take waits half a second at most") {
  Rig rig;
  one_on_air(rig);
  rig.connect(1, kGreen);
  rig.mixer->feed_state(1, {true, false});
  rig.take(only("b"));
  int waited = 0;
  while (rig.taken.empty()) {
    rig.step();
    ++waited;
    REQUIRE(waited < 50);
  }
  CHECK(waited == 14);  // asked at tick 0, 480 ms at tick 12, 520 ms at tick 13
  CHECK(rig.taken[0].result);
}

TEST_CASE("a venue that is known to be away is not waited for: its slate is on air at once") {
  Rig rig;
  one_on_air(rig);
  rig.take(only("c"));
  rig.step();
  REQUIRE(rig.taken.size() == 1);
  CHECK_FALSE(same(rig.at(160, 90), kRed));
}

TEST_CASE(
    "the emergency slate is on air with the next tick whatever the venues do, and takes the sound away") {
  Rig rig;
  one_on_air(rig);
  rig.connect(1, kGreen);
  rig.mixer->feed_state(1, {true, false});
  rig.take({.layout = "full", .venues = {"b"}, .slate = true});
  rig.step();
  REQUIRE(rig.taken.size() == 1);
  CHECK_FALSE(same(rig.at(160, 90), kRed));
  rig.step();
  CHECK(loudest(*rig.last->audio) == 0);
  CHECK_FALSE(rig.mixer->status().slots[0].on_air);
}

TEST_CASE("the emergency slate is never refused, not even for a scene that cannot be") {
  Rig rig;
  one_on_air(rig);
  REQUIRE(rig.mixer->take({.layout = "nonsense", .venues = {"gone", "b"}, .slate = true}));
  rig.steps(2);
  REQUIRE(rig.taken.size() == 1);
  CHECK(rig.taken[0].result);
  CHECK(loudest(*rig.last->audio) == 0);
}

TEST_CASE("a take that another overtakes is told so, with the scene that is on air") {
  Rig rig;
  one_on_air(rig);
  rig.connect(1, kGreen);
  rig.connect(2, kBlue);
  rig.mixer->feed_state(1, {true, false});
  auto first = rig.mixer->take(only("b"));
  rig.steps(2);
  auto second = rig.mixer->take(only("c"));
  rig.step();
  REQUIRE((first && second));
  REQUIRE(rig.taken.size() == 2);
  CHECK(rig.taken[0].id == *first);
  CHECK(rig.taken[0].result.error().code == Errc::kConflict);
  CHECK(rig.taken[0].scene == only("a"));
  CHECK(rig.taken[1].id == *second);
  CHECK(rig.taken[1].result);
  CHECK(same(rig.at(160, 90), kBlue));
}

TEST_CASE("a scene that cannot be is refused before anything changes") {
  Rig rig;
  one_on_air(rig);
  auto why = [&](const Scene& scene) {
    auto result = rig.mixer->take(scene);
    return result ? std::string() : result.error().message;
  };
  CHECK(why(only("z")) == "venue \"z\" is not part of this broadcast");
  CHECK(why({.layout = "gird", .venues = {"a", "b"}}) ==
        "layout \"gird\" does not exist; nearest is \"grid\"");
  CHECK(why({.layout = "grid", .venues = {"a"}}) ==
        "layout \"grid\" takes 2, 3, 4, 5, 6, 7, 8 venues, not 1");
  rig.steps(3);
  CHECK(rig.taken.empty());
  CHECK(same(rig.at(160, 90), kRed));
}

TEST_CASE("feeds are asked for what the scene needs: the tile's size on air, a small one when idle") {
  Rig rig({1280, 720, 30});
  rig.connect(0, kRed, 0, 1280, 720);
  rig.step();
  CHECK(want_of(rig, 0) == Want{0, 320, 180, WantMode::kIdle});
  rig.take({.layout = "lecture", .venues = {"a", "b"}});
  rig.steps(2);
  CHECK(want_of(rig, 0) == Want{0, 960, 540, WantMode::kProgram});
  CHECK(want_of(rig, 1) == Want{1, 320, 180, WantMode::kProgram});
  CHECK(want_of(rig, 2) == Want{2, 320, 180, WantMode::kIdle});
}

TEST_CASE("a take arms the venues it needs before they are on air, and never shrinks one that still is") {
  Rig rig;
  one_on_air(rig);
  rig.connect(1, kGreen);
  rig.mixer->feed_state(1, {true, false});
  rig.wants.clear();
  rig.take({.layout = "grid", .venues = {"a", "b"}});
  rig.step();
  CHECK(want_of(rig, 0) == Want{0, 320, 180, WantMode::kProgram});  // full screen still
  CHECK(want_of(rig, 1) == Want{1, 160, 90, WantMode::kPreview});
  REQUIRE(rig.wants.size() == 1);
  CHECK(rig.wants[0] == std::vector<Want>{{1, 160, 90, WantMode::kPreview}});  // only what changed
  rig.mixer->feed_state(1, {true, true});
  rig.step();
  CHECK(want_of(rig, 0) == Want{0, 160, 90, WantMode::kProgram});
  CHECK(want_of(rig, 1) == Want{1, 160, 90, WantMode::kProgram});
}

TEST_CASE("behind the emergency slate the scene's feeds stay ready, unless overload forbids") {
  Rig rig;
  one_on_air(rig);
  Scene slate = only("a");
  slate.slate = true;
  rig.take(slate);
  rig.steps(2);
  CHECK(want_of(rig, 0) == Want{0, 320, 180, WantMode::kPreview});
  rig.mixer->shed_previews(true);
  rig.step();
  CHECK(want_of(rig, 0).mode == WantMode::kIdle);
  rig.mixer->shed_previews(false);
  rig.step();
  CHECK(want_of(rig, 0).mode == WantMode::kPreview);
}

TEST_CASE("assignments that change while a take waits are followed by it") {
  Rig rig;
  one_on_air(rig);
  rig.connect(1, kGreen);
  rig.mixer->feed_state(1, {true, false});
  rig.take(only("b"));
  rig.steps(2);
  REQUIRE(
      rig.mixer->configure("新标题", {{0, "a", "第一法庭"}, {1, "b", "改名的法庭"}, {2, "c", "第三法庭"}}));
  rig.steps(2);
  rig.mixer->feed_state(1, {true, true});
  rig.step();
  REQUIRE(rig.taken.size() == 1);
  CHECK(rig.taken[0].scene == only("b"));
  CHECK(same(rig.at(160, 90), kGreen));
}
