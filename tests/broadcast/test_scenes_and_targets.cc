#include <catch2/catch.hpp>

#include "broadcast/life_cycle.h"
#include "broadcast/scenes.h"
#include "broadcast/targets.h"
#include "broadcast/venues.h"
#include "memory_ledger.h"

using namespace openday;
using namespace openday::broadcast;

namespace {

struct SceneHouse {
  SceneHouse() {
    for (const char* id : {"a", "b"}) {
      NewVenue venue;
      venue.id = venue.name = id;
      REQUIRE(create_venue(ledger, venue, rules, act));
    }
    NewBroadcast wanted;
    wanted.id = "day";
    wanted.title = "Open day";
    wanted.venues = {"a", "b"};
    day = *create(ledger, wanted, rules, act);
  }

  test::MemoryLedger ledger;
  Rules rules{{{"full", {1}}, {"grid", {2, 3}}}, {}, *Vault::with_key(Bytes(32, 7))};
  Act act{"admin", "token", {1'790'000'000'000}};
  Broadcast day;
};

NewTarget rtmp_target(const std::string& id) {
  return {id, "Platform", "rtmps://live.example/app", "key-123", "", true};
}

}  // namespace

TEST_CASE("a scene names a known layout and seats each of its venues once") {
  SceneHouse house;
  CHECK(check_scene({"full", {"a"}, false, true, ""}, house.day, house.rules));
  CHECK(check_scene({"grid", {}, true, false, "休庭"}, house.day, house.rules));
  CHECK_FALSE(check_scene({"ful", {"a"}, false, true, ""}, house.day, house.rules));
  CHECK_FALSE(check_scene({"grid", {"a"}, false, true, ""}, house.day, house.rules));
  CHECK_FALSE(check_scene({"full", {"a", "b"}, false, true, ""}, house.day, house.rules));
  CHECK_FALSE(check_scene({"grid", {"a", "c"}, false, true, ""}, house.day, house.rules));
  CHECK_FALSE(check_scene({"grid", {"a", "a"}, false, true, ""}, house.day, house.rules));
  CHECK_FALSE(check_scene({"full", {"a"}, false, true, std::string(101, 'x')}, house.day, house.rules));
}

TEST_CASE("saved scenes are made once, replaced on purpose and bounded in number") {
  SceneHouse house;
  SavedScene intro{"intro", {"full", {"a"}, false, true, ""}};
  REQUIRE(save_scene(house.ledger, "day", intro, false, house.rules, house.act));
  CHECK(test::code_of(save_scene(house.ledger, "day", intro, false, house.rules, house.act)) ==
        Errc::kConflict);
  intro.scene.venues = {"b"};
  REQUIRE(save_scene(house.ledger, "day", intro, true, house.rules, house.act));
  CHECK(house.ledger.scenes("day")->front().scene.venues == std::vector<std::string>{"b"});
  for (size_t i = 1; i < kMaxSavedScenes; ++i) {
    SavedScene more{"s" + std::to_string(i), {"full", {"a"}, false, true, ""}};
    REQUIRE(save_scene(house.ledger, "day", more, false, house.rules, house.act));
  }
  SavedScene last{"last", {"full", {"a"}, false, true, ""}};
  CHECK(test::code_of(save_scene(house.ledger, "day", last, true, house.rules, house.act)) == Errc::kLimit);
  CHECK(remove_scene(house.ledger, "day", "intro", house.act));
  CHECK_FALSE(remove_scene(house.ledger, "day", "intro", house.act));
}

TEST_CASE("the mix changes for the venues named and stays for the others") {
  SceneHouse house;
  REQUIRE(change_mix(house.ledger, "day", {{"a", {-6, false}}}, house.act));
  auto mixed = change_mix(house.ledger, "day", {{"b", {0, true}}}, house.act);
  REQUIRE(mixed);
  CHECK(mixed->mix.at("a").gain_db == -6);
  CHECK(mixed->mix.at("b").mute);
  CHECK(test::code_of(change_mix(house.ledger, "day", {{"c", {}}}, house.act)) == Errc::kInvalid);
  CHECK(test::code_of(change_mix(house.ledger, "day", {{"a", {12.5, false}}}, house.act)) == Errc::kInvalid);
  CHECK(test::code_of(change_mix(house.ledger, "day", {{"a", {-61, false}}}, house.act)) == Errc::kInvalid);
}

TEST_CASE("a range is withdrawn from what was on air, with a reason, at most a day") {
  SceneHouse house;
  ProgramTime live = house.act.at;
  CHECK(test::code_of(withdraw(house.ledger, "day", live, live + seconds(5), "name said", house.act)) ==
        Errc::kConflict);
  REQUIRE(go_live(house.ledger, "day", std::nullopt, house.act));
  CHECK(withdraw(house.ledger, "day", live + seconds(5), live + seconds(9), "name said", house.act)->id == 1);
  CHECK(test::code_of(withdraw(house.ledger, "day", live + seconds(9), live + seconds(9), "x", house.act)) ==
        Errc::kInvalid);
  CHECK(test::code_of(withdraw(house.ledger, "day", live, live + seconds(9), "", house.act)) ==
        Errc::kInvalid);
  CHECK(test::code_of(withdraw(house.ledger, "day", live, live + std::chrono::hours(25), "x", house.act)) ==
        Errc::kLimit);
  CHECK(test::code_of(withdraw(house.ledger, "day", live + seconds(-9), live, "x", house.act)) ==
        Errc::kInvalid);
  CHECK(house.ledger.withdrawals("day")->size() == 1);
}

TEST_CASE("a target's key is kept sealed and never in the audit trail") {
  SceneHouse house;
  auto target = add_target(house.ledger, "day", rtmp_target("t1"), house.rules, house.act);
  REQUIRE(target);
  CHECK(as_text(target->sealed_key).find("key-123") == std::string_view::npos);
  CHECK(house.rules.vault.open(target->sealed_key) == "key-123");
  auto trail = house.ledger.audit(0, 100);
  for (const auto& entry : *trail) CHECK(entry.detail.find("key-123") == std::string::npos);
}

TEST_CASE("a stored key is not sent to another address without being given again") {
  SceneHouse house;
  REQUIRE(add_target(house.ledger, "day", rtmp_target("t1"), house.rules, house.act));
  TargetChanges changes;
  changes.url = "rtmp://attacker.example/app";
  CHECK(test::code_of(edit_target(house.ledger, "day", "t1", changes, house.rules, house.act)) ==
        Errc::kInvalid);
  changes.key = "other";
  CHECK(edit_target(house.ledger, "day", "t1", changes, house.rules, house.act));
  TargetChanges off;
  off.enabled = false;
  auto edited = edit_target(house.ledger, "day", "t1", off, house.rules, house.act);
  REQUIRE(edited);
  CHECK_FALSE(edited->enabled);
  CHECK(house.rules.vault.open(edited->sealed_key) == "other");
}

TEST_CASE("a target that cannot work is refused with the reason") {
  SceneHouse house;
  auto with = [&](auto change) {
    NewTarget wanted = rtmp_target("t");
    change(wanted);
    return test::code_of(add_target(house.ledger, "day", wanted, house.rules, house.act));
  };
  CHECK(with([](auto& t) { t.url = "http://x.example/"; }) == Errc::kRefused);
  CHECK(with([](auto& t) { t.url = "file:///etc/passwd"; }) == Errc::kInvalid);
  CHECK(with([](auto& t) { t.url = "rtmp://user:pw@x.example/app"; }) == Errc::kInvalid);
  CHECK(with([](auto& t) { t.url = "srt://x.example"; }) == Errc::kInvalid);
  CHECK(with([](auto& t) { t.url = "rtmp://10.0.0.1/app"; }) == Errc::kRefused);
  CHECK(with([](auto& t) { t.url = "srt://x.example:9?passphrase=abcdefghij"; }) == Errc::kInvalid);
  CHECK(with([](auto& t) {
          t.url = "srt://x.example:9";
          t.key = "short";
        }) == Errc::kInvalid);
  CHECK(with([](auto& t) { t.name = ""; }) == Errc::kInvalid);
  CHECK(with([](auto& t) { t.key = "line\nbreak"; }) == Errc::kInvalid);
  for (size_t i = 0; i < kMaxTargets; ++i) {
    REQUIRE(add_target(house.ledger, "day", rtmp_target("t" + std::to_string(i)), house.rules, house.act));
  }
  CHECK(with([](auto& t) { t.id = "t0"; }) == Errc::kConflict);
  CHECK(with([](auto&) {}) == Errc::kLimit);
}

TEST_CASE("the opening scene shows as many venues as a layout has tiles for") {
  Rules rules{{{"full", {1}}, {"grid", {2, 3}}}, {}, *Vault::with_key(Bytes(32, 7))};
  std::vector<Seat> seats;
  auto opening = [&] { return opening_scene(seats, rules); };
  CHECK(opening() == Scene{"full", {}, false, true, ""});
  seats.push_back({0, "a", "A"});
  CHECK(opening() == Scene{"full", {"a"}, false, true, ""});
  seats.push_back({1, "b", "B"});
  CHECK(opening() == Scene{"grid", {"a", "b"}, false, true, ""});
  seats.push_back({2, "c", "C"});
  seats.push_back({3, "d", "D"});
  CHECK(opening() == Scene{"grid", {"a", "b", "c"}, false, true, ""});
  rules.layouts.erase("grid");
  CHECK(opening() == Scene{"full", {"a"}, false, true, ""});
}
