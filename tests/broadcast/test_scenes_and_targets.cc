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

TEST_CASE("a range is withdrawn by the program's clock, whatever the wall's was when it went live") {
  SceneHouse house;
  ProgramTime edge = house.act.at + seconds(-600);
  REQUIRE(go_live(house.ledger, "day", edge, house.act));
  CHECK(withdraw(house.ledger, "day", edge + seconds(5), edge + seconds(9), "name said", house.act));
  CHECK(test::code_of(withdraw(house.ledger, "day", edge + seconds(-9), edge, "x", house.act)) ==
        Errc::kInvalid);
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

TEST_CASE("the key at the end of a pasted RTMP URL is sealed as the key") {
  SceneHouse house;
  struct Case {
    const char* pasted;
    const char* url;
    const char* key;
  };
  for (const auto& one :
       {Case{"rtmp://live.example/app/s3cret", "rtmp://live.example/app", "s3cret"},
        Case{"rtmps://live.example:443/app/s3cret?auth_key=s3cret&t=1/2", "rtmps://live.example:443/app",
             "s3cret?auth_key=s3cret&t=1/2"},
        Case{"rtmp://live.example/app/inst//s3cret/?s3cret", "rtmp://live.example/app/inst", "s3cret?s3cret"},
        Case{"rtmp://[2001:4860::1]/app/s3cret?", "rtmp://[2001:4860::1]/app", "s3cret"}}) {
    CAPTURE(one.pasted);
    NewTarget wanted = rtmp_target("t");
    wanted.url = one.pasted;
    wanted.key.clear();
    auto made = add_target(house.ledger, "day", wanted, house.rules, house.act);
    REQUIRE(made);
    CHECK(made->url == one.url);
    CHECK(made->sealed_url.empty());
    CHECK(house.rules.vault.open(made->sealed_key) == one.key);

    TargetChanges off;  // as the studio's form sends it: with the URL it was shown
    off.url = one.url;
    off.enabled = false;
    REQUIRE(edit_target(house.ledger, "day", "t", off, house.rules, house.act));
    CHECK(house.ledger.target("day", "t")->sealed_key == made->sealed_key);

    TargetChanges other;
    other.url = "rtmp://other.example/live/n3w?x=1";
    auto edited = edit_target(house.ledger, "day", "t", other, house.rules, house.act);
    REQUIRE(edited);
    CHECK(edited->url == "rtmp://other.example/live");
    CHECK(house.rules.vault.open(edited->sealed_key) == "n3w?x=1");
    REQUIRE(remove_target(house.ledger, "day", "t", house.act));
  }
  auto trail = house.ledger.audit(0, 100);
  for (const auto& entry : *trail) {
    CHECK(entry.detail.find("s3cret") == std::string::npos);
    CHECK(entry.detail.find("n3w") == std::string::npos);
  }
}

TEST_CASE("the query of an SRT target is sealed, shown as *** and stays when it comes back like that") {
  SceneHouse house;
  NewTarget wanted = rtmp_target("t");
  wanted.url = "srt://live.example:9000?streamid=s3cret&latency=200";
  wanted.key = "a passphrase";
  auto made = add_target(house.ledger, "day", wanted, house.rules, house.act);
  REQUIRE(made);
  CHECK(made->url == "srt://live.example:9000?***");
  CHECK(house.rules.vault.open(made->sealed_url) == wanted.url);
  CHECK(house.rules.vault.open(made->sealed_key) == wanted.key);
  auto edit = [&](std::optional<std::string> url, std::optional<std::string> key) {
    TargetChanges changes;
    changes.url = std::move(url);
    changes.key = std::move(key);
    return edit_target(house.ledger, "day", "t", changes, house.rules, house.act);
  };
  auto rekeyed = edit(made->url, "another passphrase");
  REQUIRE(rekeyed);
  CHECK(rekeyed->sealed_url == made->sealed_url);
  CHECK(house.rules.vault.open(rekeyed->sealed_key) == "another passphrase");
  CHECK(test::code_of(edit("srt://other.example:9000?***", "another passphrase")) == Errc::kInvalid);
  CHECK(test::code_of(edit("srt://other.example:9000?streamid=x", std::nullopt)) == Errc::kInvalid);
  auto open = edit("srt://other.example:9000", "");
  REQUIRE(open);
  CHECK(open->url == "srt://other.example:9000");
  CHECK(open->sealed_url.empty());
  CHECK(open->sealed_key.empty());
  auto trail = house.ledger.audit(0, 100);
  for (const auto& entry : *trail) CHECK(entry.detail.find("s3cret") == std::string::npos);
}

TEST_CASE("what older versions stored in plain is sealed, and means what it meant") {
  SceneHouse house;
  auto store = [&](const char* id, const char* url, const char* key) {
    Bytes sealed = key == nullptr ? Bytes() : house.rules.vault.seal(key);
    REQUIRE(house.ledger.put(Target{id, "day", id, url, {}, sealed, "", true}));
  };
  store("whole", "rtmp://live.example/app/s3cret?x=1", nullptr);
  store("apart", "rtmp://live.example/app/inst", "key");
  store("token", "rtmp://live.example/app?token=s3cret", "key");
  store("srt", "srt://live.example:9000?streamid=s3cret", nullptr);
  store("bare", "srt://live.example:9000", nullptr);
  for (int round = 0; round < 2; ++round) {  // the second finds nothing to do
    REQUIRE(seal_targets(house.ledger, house.rules));
    auto is = [&](const char* id) { return *house.ledger.target("day", id); };
    CHECK(is("whole").url == "rtmp://live.example/app");
    CHECK(is("whole").sealed_url.empty());
    CHECK(house.rules.vault.open(is("whole").sealed_key) == "s3cret?x=1");
    CHECK(is("apart").url == "rtmp://live.example/app/inst");
    CHECK(house.rules.vault.open(is("apart").sealed_key) == "key");
    CHECK(is("token").url == "rtmp://live.example:1935/app?***");
    CHECK(house.rules.vault.open(is("token").sealed_url) == "rtmp://live.example/app?token=s3cret");
    CHECK(house.rules.vault.open(is("token").sealed_key) == "key");
    CHECK(is("srt").url == "srt://live.example:9000?***");
    CHECK(house.rules.vault.open(is("srt").sealed_url) == "srt://live.example:9000?streamid=s3cret");
    CHECK(is("srt").sealed_key.empty());
    CHECK(is("bare").url == "srt://live.example:9000");
    CHECK(is("bare").sealed_url.empty());
  }
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
  CHECK(with([](auto& t) { t.url = "rtmp://x.example/app?token=1"; }) == Errc::kInvalid);
  for (const char* url :
       {"rtmp://x.example", "rtmp://x.example/", "rtmp://x.example/app", "rtmp://x.example//key",
        "rtmp://x.example/app/?token=1", "rtmp://x.example/app/key?***"}) {
    CAPTURE(url);
    CHECK(with([&](auto& t) {
            t.url = url;
            t.key = "";
          }) == Errc::kInvalid);
  }
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
