#include <catch2/catch.hpp>

#include "broadcast/life_cycle.h"
#include "broadcast/scenes.h"
#include "broadcast/venues.h"
#include "memory_ledger.h"

using namespace openday;
using namespace openday::broadcast;

namespace {

struct House {
  House() {
    for (const char* id : {"court-a", "court-b", "court-c"}) {
      NewVenue venue;
      venue.id = id;
      venue.name = std::string("Hall ") + id;
      REQUIRE(create_venue(ledger, venue, rules, act));
    }
  }
  Result<Broadcast> make(const std::string& id, std::vector<std::string> venues = {"court-a", "court-b"}) {
    NewBroadcast wanted;
    wanted.id = id;
    wanted.title = "Open day";
    wanted.venues = std::move(venues);
    wanted.preview = "secret-" + id;
    return create(ledger, wanted, rules, act);
  }
  std::string last_action() {
    auto entries = ledger.audit(0, 1);
    REQUIRE(entries);
    return entries->empty() ? "" : entries->front().action;
  }

  test::MemoryLedger ledger;
  Rules rules{{{"full", {1}}, {"grid", {2, 3, 4, 5, 6, 7, 8}}, {"side-by-side", {2}}},
              {},
              *Vault::with_key(Bytes(32, 7))};
  Act act{"admin", "token", {1'790'000'000'000}};
};

}  // namespace

TEST_CASE("a broadcast is scheduled, rehearsed, live and ended, each audited") {
  House house;
  auto made = house.make("day");
  REQUIRE(made);
  CHECK(made->state == State::kScheduled);
  CHECK(made->scene.layout == "grid");
  CHECK(made->scene.venues == std::vector<std::string>{"court-a", "court-b"});
  CHECK(house.last_action() == "broadcast.create");

  auto rehearsing = rehearse(house.ledger, "day", house.act);
  REQUIRE(rehearsing);
  CHECK(rehearsing->state == State::kRehearsal);
  CHECK_FALSE(rehearsing->live_at);

  house.act.at.ms += 1000;
  auto live = go_live(house.ledger, "day", ProgramTime{42}, house.act);
  REQUIRE(live);
  CHECK(live->state == State::kLive);
  CHECK(live->live_at == house.act.at);
  CHECK(live->public_from == ProgramTime{42});
  CHECK(house.last_action() == "broadcast.go_live");

  house.act.at.ms += 1000;
  auto ended = end(house.ledger, "day", "Open day", house.act);
  REQUIRE(ended);
  CHECK(ended->state == State::kEnded);
  CHECK(ended->ended_at == house.act.at);
  CHECK(house.last_action() == "broadcast.end");
}

TEST_CASE("every step that the present state does not allow is a conflict that names the state") {
  House house;
  REQUIRE(house.make("day"));
  CHECK(test::code_of(end(house.ledger, "day", "day", house.act)) == Errc::kConflict);
  CHECK(test::code_of(stop_rehearsal(house.ledger, "day", {}, house.act)) == Errc::kConflict);
  REQUIRE(rehearse(house.ledger, "day", house.act));
  CHECK(test::code_of(rehearse(house.ledger, "day", house.act)) == Errc::kConflict);
  CHECK(test::code_of(end(house.ledger, "day", "day", house.act)) == Errc::kConflict);
  REQUIRE_FALSE(remove(house.ledger, "day", house.act));
  REQUIRE(go_live(house.ledger, "day", std::nullopt, house.act));
  auto again = go_live(house.ledger, "day", std::nullopt, house.act);
  CHECK(test::code_of(again) == Errc::kConflict);
  CHECK(again.error().message == "broadcast day is live; it cannot go live");
  CHECK(test::code_of(rehearse(house.ledger, "day", house.act)) == Errc::kConflict);
  CHECK(test::code_of(stop_rehearsal(house.ledger, "day", {}, house.act)) == Errc::kConflict);
  REQUIRE_FALSE(remove(house.ledger, "day", house.act));
  REQUIRE(end(house.ledger, "day", "day", house.act));
  CHECK(test::code_of(go_live(house.ledger, "day", std::nullopt, house.act)) == Errc::kConflict);
  CHECK(test::code_of(rehearse(house.ledger, "day", house.act)) == Errc::kConflict);
  CHECK(remove(house.ledger, "day", house.act));
  CHECK(test::code_of(rehearse(house.ledger, "day", house.act)) == Errc::kNotFound);
}

TEST_CASE("a broadcast ends only when its title or id is confirmed") {
  House house;
  REQUIRE(house.make("day"));
  REQUIRE(go_live(house.ledger, "day", std::nullopt, house.act));
  CHECK(test::code_of(end(house.ledger, "day", "Open da", house.act)) == Errc::kInvalid);
  CHECK(test::code_of(end(house.ledger, "day", "", house.act)) == Errc::kInvalid);
  CHECK(end(house.ledger, "day", "day", house.act));
}

TEST_CASE("a rehearsal goes back to scheduled and leaves no air time behind") {
  House house;
  REQUIRE(house.make("day"));
  REQUIRE(rehearse(house.ledger, "day", house.act));
  auto back = stop_rehearsal(house.ledger, "day", {}, house.act);
  REQUIRE(back);
  CHECK(back->state == State::kScheduled);
  CHECK_FALSE(back->live_at);
}

TEST_CASE("a rehearsal stays unseen though the wall clock is set back before the broadcast goes live") {
  House house;
  REQUIRE(house.make("day"));
  REQUIRE(rehearse(house.ledger, "day", house.act));
  ProgramTime edge = house.act.at + std::chrono::hours(1);
  REQUIRE(stop_rehearsal(house.ledger, "day", edge, house.act));
  REQUIRE(rehearse(house.ledger, "day", house.act));
  REQUIRE(stop_rehearsal(house.ledger, "day", {}, house.act));  // it had not begun
  SECTION("out of nothing") {
    auto live = go_live(house.ledger, "day", std::nullopt, house.act);
    CHECK(live->public_from > edge);
    CHECK(*live->public_from - edge < seconds(10));
  }
  SECTION("out of another rehearsal, whose program goes on from there") {
    REQUIRE(rehearse(house.ledger, "day", house.act));
    auto live = go_live(house.ledger, "day", edge + seconds(60), house.act);
    CHECK(live->public_from == edge + seconds(60));
  }
}

TEST_CASE("a venue serves one active broadcast at a time") {
  House house;
  REQUIRE(house.make("one", {"court-a"}));
  REQUIRE(house.make("two", {"court-a", "court-b"}));
  REQUIRE(house.make("three", {"court-c"}));
  REQUIRE(go_live(house.ledger, "one", std::nullopt, house.act));
  CHECK(test::code_of(rehearse(house.ledger, "two", house.act)) == Errc::kConflict);
  CHECK(test::code_of(go_live(house.ledger, "two", std::nullopt, house.act)) == Errc::kConflict);
  REQUIRE(rehearse(house.ledger, "three", house.act));
  BroadcastChanges changes;
  changes.venues = {"court-c", "court-a"};
  CHECK(test::code_of(edit(house.ledger, "three", changes, house.rules, house.act)) == Errc::kConflict);
  REQUIRE(end(house.ledger, "one", "one", house.act));
  CHECK(rehearse(house.ledger, "two", house.act));
}

TEST_CASE("venues that stay keep their slots while others come and go") {
  House house;
  REQUIRE(house.make("day", {"court-a", "court-b"}));
  REQUIRE(go_live(house.ledger, "day", std::nullopt, house.act));
  Scene only_b{"full", {"court-b"}, false, true, ""};
  REQUIRE(note_scene(house.ledger, "day", only_b, house.act));
  BroadcastChanges changes;
  changes.venues = {"court-b"};
  REQUIRE(edit(house.ledger, "day", changes, house.rules, house.act));
  changes.venues = {"court-c", "court-b"};
  auto edited = edit(house.ledger, "day", changes, house.rules, house.act);
  REQUIRE(edited);
  CHECK(edited->seats == std::vector<Seat>{{0, "court-c", "Hall court-c"}, {1, "court-b", "Hall court-b"}});
  CHECK(edited->scene == only_b);
}

TEST_CASE("a venue in the program cannot be taken out of the broadcast") {
  House house;
  REQUIRE(house.make("day", {"court-a", "court-b"}));
  REQUIRE(go_live(house.ledger, "day", std::nullopt, house.act));
  BroadcastChanges changes;
  changes.venues = {"court-b"};
  CHECK(test::code_of(edit(house.ledger, "day", changes, house.rules, house.act)) == Errc::kConflict);
}

TEST_CASE("before air the opening scene follows the venues unless the producer arranged another") {
  House house;
  REQUIRE(house.make("day", {"court-a", "court-b"}));
  BroadcastChanges changes;
  changes.venues = {"court-a", "court-b", "court-c"};
  auto edited = edit(house.ledger, "day", changes, house.rules, house.act);
  REQUIRE(edited);
  CHECK(edited->scene.venues.size() == 3);
  Scene arranged{"full", {"court-c"}, false, true, "Hall C"};
  REQUIRE(note_scene(house.ledger, "day", arranged, house.act));
  changes.venues = {"court-c", "court-b"};
  edited = edit(house.ledger, "day", changes, house.rules, house.act);
  REQUIRE(edited);
  CHECK(edited->scene == arranged);
  changes.venues = {"court-b"};
  edited = edit(house.ledger, "day", changes, house.rules, house.act);
  REQUIRE(edited);
  CHECK(edited->scene.venues == std::vector<std::string>{"court-b"});
}

TEST_CASE("what is ended keeps its venues and house, but its words may be corrected") {
  House house;
  REQUIRE(house.make("day"));
  REQUIRE(go_live(house.ledger, "day", std::nullopt, house.act));
  BroadcastChanges house_change;
  house_change.house = media::HouseFormat{640, 360, 25};
  CHECK(test::code_of(edit(house.ledger, "day", house_change, house.rules, house.act)) == Errc::kConflict);
  REQUIRE(end(house.ledger, "day", "day", house.act));
  BroadcastChanges changes;
  changes.venues = {"court-a"};
  CHECK(test::code_of(edit(house.ledger, "day", changes, house.rules, house.act)) == Errc::kConflict);
  changes.venues = {"court-a", "court-b"};  // as they are: no change
  CHECK(edit(house.ledger, "day", changes, house.rules, house.act));
  BroadcastChanges words;
  words.title = "Open day 2026";
  words.hidden = true;
  auto edited = edit(house.ledger, "day", words, house.rules, house.act);
  REQUIRE(edited);
  CHECK(edited->title == "Open day 2026");
  CHECK(edited->hidden);
}

TEST_CASE("a broadcast that cannot be is refused with the reason") {
  House house;
  REQUIRE(house.make("day"));
  CHECK(test::code_of(house.make("day")) == Errc::kConflict);
  CHECK(test::code_of(house.make("Bad Id")) == Errc::kInvalid);
  CHECK(test::code_of(house.make("x", {"nowhere"})) == Errc::kInvalid);
  CHECK(test::code_of(house.make("x", {"court-a", "court-a"})) == Errc::kInvalid);
  CHECK(test::code_of(house.make("x", {"1", "2", "3", "4", "5", "6", "7", "8", "9"})) == Errc::kLimit);
  auto with = [&](auto change) {
    NewBroadcast wanted;
    wanted.id = "y";
    wanted.title = "Y";
    change(wanted);
    return create(house.ledger, wanted, house.rules, house.act);
  };
  CHECK(test::code_of(with([](auto& w) { w.title = ""; })) == Errc::kInvalid);
  CHECK(test::code_of(with([](auto& w) { w.title = "  "; })) == Errc::kInvalid);
  CHECK(test::code_of(with([](auto& w) { w.title = std::string(201, 'x'); })) == Errc::kInvalid);
  CHECK(test::code_of(with([](auto& w) { w.title = "two\nlines"; })) == Errc::kInvalid);
  CHECK(test::code_of(with([](auto& w) { w.title = "\xff"; })) == Errc::kInvalid);
  CHECK(test::code_of(with([](auto& w) { w.language = "chinese!"; })) == Errc::kInvalid);
  CHECK(test::code_of(with([](auto& w) { w.house = {1279, 720, 30}; })) == Errc::kInvalid);
  CHECK(test::code_of(with([](auto& w) { w.house = {1280, 720, 29}; })) == Errc::kInvalid);
  CHECK(test::code_of(with([](auto& w) { w.house = {3840, 2160, 30}; })) == Errc::kInvalid);
  CHECK(
      with([](auto& w) { w.title = std::string(199, 'x') + "\xE5\xBA\xAD"; }).has_value());  // 200 characters
}

TEST_CASE(
    "broadcasts that would need more processes than there may be are refused, whichever way they come") {
  House house;
  auto day = [&](int number, int venues) {
    std::vector<std::string> ids;
    for (int v = 0; v < venues; ++v) {
      NewVenue venue;
      venue.id = "v" + std::to_string(number) + "-" + std::to_string(v);
      venue.name = "Hall";
      REQUIRE(create_venue(house.ledger, venue, house.rules, house.act));
      ids.push_back(venue.id);
    }
    std::string id = "day" + std::to_string(number);
    REQUIRE(house.make(id, ids));
    return id;
  };
  for (int i = 0; i < 6; ++i) REQUIRE(rehearse(house.ledger, day(i, 8), house.act));  // 54
  std::string seventh = day(6, 8);                                                    // 63
  REQUIRE(go_live(house.ledger, seventh, std::nullopt, house.act));
  std::string eighth = day(7, 1);
  auto refused = rehearse(house.ledger, eighth, house.act);
  CHECK(test::code_of(refused) == Errc::kConflict);
  CHECK(refused.error().message.find("needs 2 processes") != std::string::npos);
  CHECK(refused.error().message.find("63 serve other broadcasts") != std::string::npos);
  CHECK(test::code_of(go_live(house.ledger, eighth, std::nullopt, house.act)) == Errc::kConflict);
  CHECK(house.ledger.broadcast(eighth)->state == State::kScheduled);

  // What is given up is free again, and what runs already may go live.
  BroadcastChanges changes;
  REQUIRE(stop_rehearsal(house.ledger, "day0", {}, house.act));
  changes.venues = {"v0-0", "v0-1"};
  REQUIRE(edit(house.ledger, "day0", changes, house.rules, house.act));
  REQUIRE(rehearse(house.ledger, "day0", house.act));  // 57
  std::string ninth = day(8, 6);
  REQUIRE(rehearse(house.ledger, ninth, house.act));  // 64
  REQUIRE(go_live(house.ledger, ninth, std::nullopt, house.act));
  changes.venues = {"v0-0", "v0-1", "v0-2"};
  CHECK(test::code_of(edit(house.ledger, "day0", changes, house.rules, house.act)) == Errc::kConflict);
  REQUIRE(end(house.ledger, seventh, seventh, house.act));
  CHECK(edit(house.ledger, "day0", changes, house.rules, house.act));
  CHECK(rehearse(house.ledger, eighth, house.act));
}

TEST_CASE("what was deleted makes room for another of its name when its media is gone") {
  House house;
  REQUIRE(house.make("day"));
  REQUIRE(remove(house.ledger, "day", house.act));
  CHECK(*house.ledger.doomed_media() == std::vector<std::string>{"day"});
  CHECK(test::code_of(house.make("day")) == Errc::kConflict);
  REQUIRE(house.ledger.media_gone("day"));
  CHECK(house.make("day"));
}

TEST_CASE("what the public may see begins when the broadcast goes live") {
  House house;
  REQUIRE(house.make("day"));
  CHECK_FALSE(note_recorded(house.ledger, "day")->recorded);
  auto live = go_live(house.ledger, "day", std::nullopt, house.act);
  REQUIRE(live);
  CHECK(live->public_from == house.act.at);
  CHECK(note_recorded(house.ledger, "day")->recorded);
}

TEST_CASE("a recording that retention took leaves an ended broadcast without replay") {
  House house;
  REQUIRE(house.make("day"));
  REQUIRE(go_live(house.ledger, "day", std::nullopt, house.act));
  REQUIRE(note_recorded(house.ledger, "day"));
  CHECK(note_recording_gone(house.ledger, "day", house.act)->recorded);  // still live
  REQUIRE(end(house.ledger, "day", "day", house.act));
  CHECK_FALSE(note_recording_gone(house.ledger, "day", house.act)->recorded);
  CHECK(house.last_action() == "broadcast.recording_expired");
}
