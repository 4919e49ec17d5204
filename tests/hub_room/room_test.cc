// What a room says to whom, message by message, as docs/ROOM.md has it. Long because each promise of that
// page is one short case here, over the same house.
#include "room_house.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;
using engage::CommentState;

namespace {

struct Watcher final : RoomWatcher {
  void on_said(const engage::Comment&) override {}
  void on_comments(const std::vector<engage::Comment>& comments) override {
    for (const auto& one : comments) changed.emplace_back(name_of(one.state));
  }
  void on_settings() override { ++settings; }
  std::vector<std::string> changed;  // to which state
  int settings = 0;                  // how often
};

std::unique_ptr<RoomGuest::Staff> moderator() {
  return std::make_unique<RoomGuest::Staff>(RoomGuest::Staff{"mo", "Mo", {account::Role::kModerator}});
}

Json comment(const std::string& ref, const std::string& text) {
  return {{"t", "comment"}, {"ref", ref}, {"text", text}};
}

}  // namespace

TEST_CASE("a comment is acknowledged when it is on the disk, not before, and then everybody is told") {
  RoomHouse house;
  size_t ana = house.join({{"name", "Ana"}});
  size_t ben = house.join();
  house.archives.stall = true;
  house.say(ana, comment("reference-1", "good morning"));
  house.advance(seconds(1));
  CHECK(house.last(ana, "ack").is_null());
  CHECK(house.texts(ben).empty());
  house.archives.go_on();
  house.advance(milliseconds(100));
  Json ack = house.last(ana, "ack");
  CHECK(ack["ref"] == "reference-1");
  CHECK(ack["state"] == "published");
  auto told = house.events(ben);
  REQUIRE_FALSE(told.empty());
  Json seen = told.back().second;
  CHECK(seen["text"] == "good morning");
  CHECK(seen["name"] == "Ana");
  CHECK(seen["id"] == ack["id"]);
  CHECK(seen["by"] == house.last(ana, "welcome")["viewer"]);
  CHECK(house.archives.archive().comment("court", ack["id"])->text == "good morning");
}

TEST_CASE("what the disk refuses is not acknowledged, and the page hears when to try again") {
  RoomHouse house;
  size_t ana = house.join();
  house.archives.failing = true;
  house.say(ana, comment("reference-1", "hello"));
  Json refused = house.last(ana, "refused");
  CHECK(refused["code"] == "busy");
  CHECK(refused["retry_ms"] > 0);
  CHECK(house.last(ana, "ack").is_null());
  house.archives.failing = false;
  house.advance(seconds(2));
  house.say(ana, comment("reference-1", "hello"));
  CHECK(house.last(ana, "ack")["state"] == "published");
}

TEST_CASE("what could not be kept counts for nothing: not for the pace, repeats, or the address's share") {
  RoomHouse house;
  // As much as a viewer, and as much as an address may say: not one of them may count.
  std::vector<size_t> guests;
  auto all_say = [&] {
    for (size_t guest : guests) {
      for (int n = 1; n <= engage::Judge::kBurst; ++n) {
        std::string text = std::to_string(guest) + " says " + std::to_string(n);
        house.say(guest, comment("reference-" + std::to_string(n), text));
      }
    }
  };
  for (int64_t n = 0; n < Rooms::kAddressShare / engage::Judge::kBurst; ++n) guests.push_back(house.join());
  house.archives.stall = true;
  all_say();
  house.archives.failing = true;
  house.archives.go_on();
  for (size_t guest : guests) REQUIRE(house.all(guest, "refused").size() == engage::Judge::kBurst);
  CHECK(house.last(guests[0], "refused")["code"] == "busy");
  house.archives.failing = false;
  house.advance(milliseconds(500));
  all_say();
  for (size_t guest : guests) {
    auto acks = house.all(guest, "ack");
    REQUIRE(acks.size() == engage::Judge::kBurst);
    for (const Json& ack : acks) REQUIRE(ack["state"] == "published");
  }
  // What was kept counts.
  house.say(guests[0], comment("reference-4", "and again"));
  CHECK(house.last(guests[0], "refused")["code"] == "slow_down");
}

TEST_CASE("what could not be kept is none that slow mode counts from") {
  RoomHouse house;
  house.slow(30);
  size_t ana = house.join();
  house.archives.failing = true;
  house.say(ana, comment("reference-1", "hello"));
  house.archives.failing = false;
  house.advance(seconds(2));
  house.say(ana, comment("reference-1", "hello"));
  CHECK(house.last(ana, "ack")["state"] == "published");
  house.say(ana, comment("reference-2", "hello again"));
  CHECK(house.last(ana, "refused")["code"] == "slow_mode");
}

TEST_CASE("a comment that is sent again after a cut is acknowledged again, and stands there once") {
  RoomHouse house;
  size_t ana = house.join();
  std::string token = house.last(ana, "welcome")["token"];
  house.say(ana, comment("reference-1", "hello"));
  int64_t id = house.last(ana, "ack")["id"];
  house.leave(ana);
  size_t again = house.join({{"token", token}});
  house.say(again, comment("reference-1", "hello"));
  CHECK(house.last(again, "ack")["id"] == id);
  CHECK(house.archives.archive().comments({"court"})->size() == 1);
}

TEST_CASE("a held comment that is sent again counts neither for slow mode nor for the pace") {
  RoomHouse house;
  size_t ana = house.join();
  std::string token = house.last(ana, "welcome")["token"];
  auto sends_all = [&] {
    for (int n = 1; n <= engage::Judge::kBurst; ++n) {
      house.say(ana, comment("reference-" + std::to_string(n), "bad " + std::to_string(n)));
      CHECK(house.last(ana, "ack")["state"] == "held");
    }
  };
  sends_all();
  house.advance(seconds(120));
  house.leave(ana);
  ana = house.join({{"token", token}});
  sends_all();
  house.say(ana, comment("reference-4", "good morning"));
  CHECK(house.last(ana, "ack")["ref"] == "reference-4");
  house.slow(60);
  house.advance(seconds(120));
  sends_all();
  house.say(ana, comment("reference-5", "here we are"));
  CHECK(house.last(ana, "ack")["ref"] == "reference-5");
  CHECK(house.last(ana, "refused").is_null());
  // What is new does count.
  house.say(ana, comment("reference-6", "and again"));
  CHECK(house.last(ana, "refused")["code"] == "slow_mode");
  CHECK(house.archives.archive().comments({"court"})->size() == engage::Judge::kBurst + 2);
}

TEST_CASE("held comments that are sent again use up nothing of an address's share, and take no commit") {
  RoomHouse house;
  std::vector<size_t> guests;
  auto all_say = [&] {
    for (size_t guest : guests) {
      for (int n = 1; n <= engage::Judge::kBurst; ++n) {
        std::string text = "bad " + std::to_string(guest) + " " + std::to_string(n);
        house.say(guest, comment("reference-" + std::to_string(n), text));
      }
    }
  };
  for (int64_t n = 0; n < Rooms::kAddressShare / engage::Judge::kBurst; ++n) guests.push_back(house.join());
  all_say();
  int commits = house.archives.submitted;
  house.clock.advance(seconds(61));
  all_say();
  for (size_t guest : guests) REQUIRE(house.all(guest, "ack").size() == size_t{2} * engage::Judge::kBurst);
  CHECK(house.archives.submitted == commits);
  size_t neighbour = house.join();
  house.say(neighbour, comment("reference-1", "hello"));
  CHECK(house.last(neighbour, "ack")["state"] == "published");
}

TEST_CASE("held comments that are sent again are no more voices that say the same") {
  RoomHouse house;
  house.set({engage::Mode::kAll, std::nullopt, std::nullopt});
  std::vector<size_t> guests;
  for (int n = 0; n < engage::Judge::kManyVoices; ++n) {
    guests.push_back(house.join());
    house.say(guests.back(), comment("reference-1", "hello"));
    CHECK(house.last(guests.back(), "ack")["state"] == "held");
  }
  house.set({engage::Mode::kRisky, std::nullopt, std::nullopt});
  house.advance(seconds(70));
  for (size_t guest : guests) house.say(guest, comment("reference-1", "hello"));
  size_t other = house.join();
  house.say(other, comment("reference-2", "hello"));
  CHECK(house.last(other, "ack")["state"] == "published");
}

TEST_CASE("who comes back while the disk still works hears of what they sent before") {
  RoomHouse house;
  size_t ana = house.join();
  std::string token = house.last(ana, "welcome")["token"];
  house.archives.stall = true;
  house.say(ana, comment("reference-1", "hello"));
  house.leave(ana);
  size_t again = house.join({{"token", token}});
  house.say(again, comment("reference-1", "hello"));
  CHECK(house.last(again, "refused").is_null());
  house.archives.go_on();
  CHECK(house.last(again, "ack")["ref"] == "reference-1");
  CHECK(house.archives.archive().comments({"court"})->size() == 1);
}

TEST_CASE("comments that come while the disk is busy share the next commit") {
  RoomHouse house;
  std::vector<size_t> guests;
  for (int n = 0; n < 20; ++n) guests.push_back(house.join());
  house.archives.stall = true;
  for (size_t n = 0; n < guests.size(); ++n) {
    house.say(guests[n], comment("reference-" + std::to_string(n), "hello " + std::to_string(n)));
  }
  CHECK(house.archives.submitted == 1);
  house.archives.go_on();
  CHECK(house.archives.submitted == 2);
  for (size_t guest : guests) CHECK(house.last(guest, "ack")["state"] == "published");
}

TEST_CASE("what a rule holds is seen by nobody, its author is told why, and hears the decision") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  house.say(ana, comment("reference-1", "a bad word"));
  Json ack = house.last(ana, "ack");
  CHECK(ack["state"] == "held");
  CHECK(ack["why"] == Json{{"rule", "word:test"}, {"from", 2}, {"to", 5}});
  house.advance(seconds(1));
  CHECK(house.texts(ben).empty());
  house.decide(ack["id"], CommentState::kHeld, CommentState::kPublished);
  house.advance(seconds(2));
  CHECK(house.texts(ben).empty());  // it may still be undone
  house.advance(seconds(2));
  CHECK(house.texts(ben) == std::vector<std::string>{"a bad word"});
  CHECK(house.last(ana, "decided") ==
        Json{{"t", "decided"}, {"id", ack["id"]}, {"state", "published"}, {"reason", "spam"}});
  CHECK(house.last(ben, "decided").is_null());
}

TEST_CASE("an approval that is undone at once was never seen") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  house.say(ana, comment("reference-1", "a bad word"));
  int64_t id = house.last(ana, "ack")["id"];
  house.decide(id, CommentState::kHeld, CommentState::kPublished);
  house.advance(seconds(1));
  CHECK(house.minute().empty());
  size_t late = house.join();
  house.decide(id, CommentState::kPublished, CommentState::kHeld);
  house.advance(seconds(10));
  for (size_t guest : {ana, ben, late}) CHECK(house.events(guest).empty());
  CHECK(house.minute().empty());
  CHECK(house.last(ana, "decided").is_null());
  // The second thought is to publish it after all.
  house.decide(id, CommentState::kHeld, CommentState::kPublished);
  house.advance(seconds(4));
  for (size_t guest : {ana, ben, late}) CHECK(house.texts(guest) == std::vector<std::string>{"a bad word"});
  CHECK(house.minute() == std::vector<std::string>{"a bad word"});
  CHECK(house.last(ana, "decided")["state"] == "published");
}

TEST_CASE("an approval is not public before its time in a history or as pinned either, nor after a restart") {
  RoomHouse house;
  size_t ana = house.join();
  house.say(ana, comment("reference-1", "a bad word"));
  int64_t id = house.last(ana, "ack")["id"];
  house.decide(id, CommentState::kHeld, CommentState::kPublished);
  house.pin(id);
  house.advance(seconds(1));
  CHECK(house.events(ana).empty());
  house.restart();
  size_t late = house.join();
  CHECK(house.last(late, "welcome")["room"]["pinned"].is_null());
  CHECK(house.texts(late).empty());
  CHECK(house.minute().empty());
  house.advance(seconds(5));
  CHECK(house.texts(late) == std::vector<std::string>{"a bad word"});
  CHECK(house.minute() == std::vector<std::string>{"a bad word"});
  size_t last = house.join();
  CHECK(house.last(last, "welcome")["room"]["pinned"]["id"] == id);
}

TEST_CASE("a pinned comment that is removed is not pinned any more, and may be pinned again") {
  RoomHouse house;
  size_t ana = house.join();
  house.say(ana, comment("reference-1", "the agenda"));
  int64_t id = house.last(ana, "ack")["id"];
  house.advance(milliseconds(100));
  house.pin(id);
  house.advance(milliseconds(100));
  CHECK(house.events(ana).back().second["comment"]["id"] == id);
  house.decide(id, CommentState::kPublished, CommentState::kRemoved);
  house.advance(milliseconds(100));
  CHECK(house.events(ana).back().second == Json{{"k", "pinned"}, {"comment", nullptr}});
  CHECK(house.archives.archive().room("court")->pinned == 0);
  house.decide(id, CommentState::kRemoved, CommentState::kPublished);
  house.advance(seconds(4));
  CHECK((*house.rooms->room("court"))->json()["pinned"].is_null());
  house.pin(id);
  house.advance(milliseconds(100));
  CHECK(house.events(ana).back().second["k"] == "pinned");
  CHECK(house.events(ana).back().second["comment"]["id"] == id);
}

TEST_CASE("moderators hear that the broadcast has begun or ended, with viewers and without") {
  Watcher watcher;
  RoomHouse house;
  Room* room = *house.rooms->room("court");
  room->watch(watcher);
  room->set_open(false, std::nullopt);
  CHECK(watcher.settings == 1);
  house.join();
  room->set_open(true, std::nullopt);
  CHECK(watcher.settings == 2);
  room->unwatch(watcher);
}

TEST_CASE("what was kept is acknowledged when it is sent again, closed or banned as one may be by then") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  house.say(ana, comment("reference-1", "hello"));
  house.say(ben, comment("reference-2", "good morning"));
  int64_t id = house.last(ana, "ack")["id"];
  house.ban(id);
  house.say(ana, comment("reference-1", "hello"));
  CHECK(house.all(ana, "ack").size() == 2);
  CHECK(house.last(ana, "refused").is_null());
  house.say(ana, comment("reference-3", "hello"));
  CHECK(house.last(ana, "refused")["code"] == "banned");
  (*house.rooms->room("court"))->set_open(false, std::nullopt);
  house.say(ben, comment("reference-2", "good morning"));
  CHECK(house.all(ben, "ack").size() == 2);
  house.say(ben, comment("reference-4", "good night"));
  CHECK(house.last(ben, "refused")["code"] == "closed");
}

TEST_CASE("what a banned author has waiting for the disk is not kept") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  house.say(ana, comment("reference-1", "hello"));
  int64_t id = house.last(ana, "ack")["id"];
  house.archives.stall = true;
  house.say(ben, comment("reference-2", "on its way"));
  house.say(ana, comment("reference-3", "behind it"));
  house.say(ben, comment("reference-4", "and another"));
  house.ban(id);
  house.archives.go_on();
  CHECK(house.last(ana, "refused")["code"] == "banned");
  CHECK(house.last(ana, "refused")["ref"] == "reference-3");
  CHECK(house.all(ana, "ack").size() == 1);
  CHECK(house.all(ben, "ack").size() == 2);
  house.advance(milliseconds(100));
  CHECK(house.texts(ben) == std::vector<std::string>{"hello", "on its way", "and another"});
  CHECK(house.archives.archive().comments({"court"})->size() == 3);
}

TEST_CASE(
    "while people talk, the counts come with the next comment in one write, and at the latest a second on") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  auto& socket = *house.guests[ben].socket;
  house.advance(seconds(2));
  house.say(ana, comment("reference-1", "hello"));
  house.advance(milliseconds(200));
  size_t counted = house.all(ben, "counts").size();
  house.join();
  house.advance(seconds(1));
  REQUIRE(house.all(ben, "counts").size() == counted);
  int writes = socket.writes;
  house.say(ana, comment("reference-2", "good morning"));
  house.advance(milliseconds(200));
  CHECK(socket.writes == writes + 1);
  CHECK(house.texts(ben).size() == 2);
  CHECK(house.last(ben, "counts")["viewers"] == 3);
  counted = house.all(ben, "counts").size();
  // Nobody says any more.
  house.join();
  house.advance(seconds(2));
  CHECK(house.all(ben, "counts").size() == counted + 1);
  CHECK(house.last(ben, "counts")["viewers"] == 4);
}

TEST_CASE("who was away when a moderator decided hears of it when the comment is sent again") {
  RoomHouse house;
  size_t ana = house.join();
  std::string token = house.last(ana, "welcome")["token"];
  house.say(ana, comment("reference-1", "a bad word"));
  house.say(ana, comment("reference-2", "another bad word"));
  house.say(ana, comment("reference-3", "hello"));
  std::vector<int64_t> ids;
  for (const Json& ack : house.all(ana, "ack")) ids.push_back(ack["id"]);
  REQUIRE(ids.size() == 3);
  house.leave(ana);
  house.decide(ids[0], CommentState::kHeld, CommentState::kRejected);
  house.decide(ids[1], CommentState::kHeld, CommentState::kPublished);
  house.decide(ids[2], CommentState::kPublished, CommentState::kRemoved);
  size_t back = house.join({{"token", token}});
  house.say(back, comment("reference-2", "another bad word"));
  CHECK(house.last(back, "ack")["state"] == "held");  // it may still be undone
  house.advance(seconds(4));
  CHECK(house.last(back, "decided")["id"] == ids[1]);
  house.say(back, comment("reference-2", "another bad word"));
  CHECK(house.last(back, "ack")["state"] == "published");
  CHECK(house.all(back, "decided").size() == 1);
  house.say(back, comment("reference-1", "a bad word"));
  CHECK(house.last(back, "ack")["state"] == "held");
  CHECK(house.last(back, "decided") ==
        Json{{"t", "decided"}, {"id", ids[0]}, {"state", "rejected"}, {"reason", "spam"}});
  house.say(back, comment("reference-3", "hello"));
  CHECK(house.last(back, "decided")["id"] == ids[2]);
  CHECK(house.last(back, "decided")["state"] == "removed");
}

TEST_CASE("who was away when their comment was taken away hears of it on return, and of nobody else's") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  std::string token = house.last(ana, "welcome")["token"];
  house.say(ana, comment("reference-1", "hello"));
  house.say(ana, comment("reference-2", "good morning"));
  house.say(ana, comment("reference-3", "here we are"));
  house.say(ben, comment("reference-4", "from ben"));
  std::vector<int64_t> ids;
  for (const Json& ack : house.all(ana, "ack")) ids.push_back(ack["id"]);
  ids.push_back(house.last(ben, "ack")["id"]);
  REQUIRE(ids.size() == 4);
  house.leave(ana);
  house.decide(ids[0], CommentState::kPublished, CommentState::kRemoved);
  house.decide(ids[2], CommentState::kPublished, CommentState::kHeld);
  house.decide(ids[3], CommentState::kPublished, CommentState::kRemoved);
  size_t back = house.join({{"token", token}, {"mine", ids}});
  auto told = house.all(back, "decided");
  REQUIRE(told.size() == 2);
  CHECK(told[0] == Json{{"t", "decided"}, {"id", ids[0]}, {"state", "removed"}, {"reason", "spam"}});
  CHECK(told[1]["id"] == ids[2]);
  CHECK(told[1]["state"] == "held");
  for (const Json& wrong :
       {Json("x"), Json({1, "2"}), Json({-1}), Json({1.5}), Json(std::vector<int>(21, 1))}) {
    size_t guest = house.join({{"mine", wrong}});
    CHECK(house.last(guest, "refused")["code"] == "invalid");
    CHECK(house.all(guest, "welcome").empty());
  }
}

TEST_CASE("what is removed leaves every page, the history of who comes later, and the replay") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  house.say(ana, comment("reference-1", "a secret"));
  int64_t id = house.last(ana, "ack")["id"];
  house.advance(milliseconds(200));
  REQUIRE(house.texts(ben).size() == 1);
  house.decide(id, CommentState::kPublished, CommentState::kRemoved);
  house.advance(milliseconds(200));
  CHECK(house.events(ben).back().second == Json{{"k", "removed"}, {"id", id}});
  CHECK(house.last(ana, "decided")["state"] == "removed");
  size_t late = house.join();
  size_t back = house.join({{"since", {{"epoch", house.last(ben, "welcome")["epoch"]}, {"offset", 0}}}});
  for (size_t guest : {late, back}) {
    CHECK(house.texts(guest).empty());
    CHECK(Json(house.guests[guest].socket->heard).dump().find("a secret") == std::string::npos);
  }
  CHECK(house.archives.archive().minute("court", house.clock.wall().ms / 60'000, 100)->comments.empty());
}

TEST_CASE("what is removed is not quoted any more either") {
  RoomHouse house;
  size_t ana = house.join();
  house.say(ana, comment("reference-1", "a secret"));
  int64_t id = house.last(ana, "ack")["id"];
  house.advance(seconds(4));
  Json answer = comment("reference-2", "is it?");
  answer["reply_to"] = id;
  house.say(ana, answer);
  house.advance(milliseconds(200));
  CHECK(house.events(ana).back().second["reply_to"]["text"] == "a secret");
  house.decide(id, CommentState::kPublished, CommentState::kRemoved);
  house.advance(milliseconds(200));
  size_t late = house.join();
  CHECK(house.texts(late) == std::vector<std::string>{"is it?"});
  CHECK(Json(house.guests[late].socket->heard).dump().find("a secret") == std::string::npos);
}

TEST_CASE("what is taken back to be looked at again is not quoted meanwhile") {
  RoomHouse house;
  size_t ana = house.join();
  std::string epoch = house.last(ana, "welcome")["epoch"];
  house.say(ana, comment("reference-1", "a secret"));
  int64_t id = house.last(ana, "ack")["id"];
  house.advance(seconds(4));
  Json answer = comment("reference-2", "is it?");
  answer["reply_to"] = id;
  house.say(ana, answer);
  house.advance(milliseconds(200));
  house.decide(id, CommentState::kPublished, CommentState::kHeld);
  house.advance(milliseconds(200));
  size_t late = house.join();
  size_t back = house.join({{"since", {{"epoch", epoch}, {"offset", 0}}}});
  for (size_t guest : {late, back}) {
    CHECK(house.texts(guest) == std::vector<std::string>{"is it?"});
    CHECK(Json(house.guests[guest].socket->heard).dump().find("a secret") == std::string::npos);
  }
}

TEST_CASE("what was pinned and is removed leaves the history of the pin and of the room, too") {
  // Removed; or taken back while another one is pinned by then.
  for (auto [to, unpin] : {std::pair(CommentState::kRemoved, false), {CommentState::kHeld, true}}) {
    RoomHouse house;
    size_t ana = house.join();
    std::string epoch = house.last(ana, "welcome")["epoch"];
    house.say(ana, comment("reference-1", "a secret"));
    int64_t id = house.last(ana, "ack")["id"];
    house.say(ana, comment("reference-2", "the agenda"));
    int64_t other = house.last(ana, "ack")["id"];
    house.advance(milliseconds(200));
    house.pin(id);
    house.slow(30);
    house.advance(milliseconds(200));
    CHECK(house.events(ana).back().second["room"]["pinned"]["text"] == "a secret");
    if (unpin) house.pin(other);
    house.decide(id, CommentState::kPublished, to);
    house.advance(milliseconds(200));
    size_t late = house.join();
    size_t back = house.join({{"since", {{"epoch", epoch}, {"offset", 0}}}});
    CHECK(house.last(back, "welcome")["since"] == "resumed");
    for (size_t guest : {late, back}) {
      CHECK(Json(house.guests[guest].socket->heard).dump().find("a secret") == std::string::npos);
      auto told = house.events(guest);
      REQUIRE(told.size() == house.events(ana).size());
      CHECK(told[0].second == Json{{"k", "gone"}});
      CHECK(told[2].second == Json{{"k", "pinned"}, {"comment", nullptr}});
      CHECK(told[3].second["room"]["slow_s"] == 30);
      CHECK(told[3].second["room"]["pinned"].is_null());
      CHECK(told.back() == house.events(ana).back());
    }
  }
}

TEST_CASE("the first thing said must be join, and the fifth mistake ends the connection") {
  RoomHouse house;
  size_t guest = house.enter();
  house.say(guest, comment("reference-1", "hello"));
  CHECK(house.last(guest, "refused")["message"] == "join comes first");
  for (const char* text : {"not json", "[]", R"({"t":"dance"})"}) house.say_text(guest, text);
  CHECK(house.all(guest, "refused").size() == 4);
  CHECK(house.guests[guest].socket->closed == 0);
  house.say_text(guest, R"({"t":"join","colour":"red"})");
  CHECK(house.last(guest, "refused")["message"].get<std::string>().find("colour") != std::string::npos);
  CHECK(house.guests[guest].socket->closed == 1008);
}

TEST_CASE("a message that is not as the protocol says is refused in words, and nothing is kept") {
  RoomHouse house;
  const std::vector<std::pair<Json, std::string>> wrong = {
      {{{"t", "comment"}, {"ref", "reference-1"}}, "text"},
      {{{"t", "comment"}, {"text", "hello"}}, "ref"},
      {{{"t", "comment"}, {"ref", "short"}, {"text", "hello"}}, "ref"},
      {{{"t", "comment"}, {"ref", "reference-1"}, {"text", ""}}, "text"},
      {{{"t", "comment"}, {"ref", "reference-1"}, {"text", std::string(301, 'x')}}, "text"},
      {{{"t", "comment"}, {"ref", "reference-1"}, {"text", 7}}, "text"},
      {{{"t", "comment"}, {"ref", "reference-1"}, {"text", "hi"}, {"moment", -1}}, "moment"},
      {{{"t", "comment"}, {"ref", "reference-1"}, {"text", "hi"}, {"reply_to", 0}}, "reply_to"},
      {{{"t", "react"}, {"kind", "boo"}}, "kind"},
      {{{"t", "react"}, {"kind", "like"}, {"n", 11}}, "n"},
      {{{"t", "report"}, {"ref", "reference-1"}, {"id", 1}, {"reason", "boring"}}, "reason"},
      {{{"t", "name"}, {"ref", "reference-1"}, {"name", std::string(21, 'x')}}, "name"},
      {{{"t", "join"}}, "joined"},
  };
  for (const auto& [message, word] : wrong) {
    size_t guest = house.join();
    house.say(guest, message);
    Json refused = house.last(guest, "refused");
    INFO(message.dump() << " " << refused.dump());
    REQUIRE(refused.is_object());
    CHECK(refused["code"] == "invalid");
    CHECK(refused["message"].get<std::string>().find(word) != std::string::npos);
  }
  CHECK(house.archives.archive().comments({"court"})->empty());
}

TEST_CASE("three hundred characters are three hundred in any script, and line breaks become spaces") {
  RoomHouse house;
  size_t guest = house.join();
  std::string text;
  for (int n = 0; n < 300; ++n) text += "公";
  house.say(guest, comment("reference-1", text));
  CHECK(house.last(guest, "ack")["state"] == "published");
  house.say(guest, comment("reference-2", " one\ntwo\r\n"));
  CHECK(house.archives.archive().comments({"court"})->front().text == "one two");
}

TEST_CASE("moments are held within what has been published") {
  RoomHouse house;
  ProgramTime begin = house.clock.wall();
  house.edge = begin + seconds(100);
  size_t guest = house.join();
  auto moment_of = [&](std::optional<int64_t> moment) {
    Json message = comment(house.ref(), "at " + std::to_string(moment.value_or(0)));
    if (moment) message["moment"] = *moment;
    house.say(guest, message);
    house.advance(seconds(4));
    return house.archives.archive().comments({"court"})->front().moment;
  };
  CHECK(moment_of(begin.ms + 50'000) == begin + seconds(50));
  CHECK(moment_of(begin.ms + 500'000) == begin + seconds(100));
  CHECK(moment_of(5) == begin);
  CHECK(moment_of(std::nullopt) == begin + seconds(100));
}

TEST_CASE("before and after the live broadcast the room is read-only, staff included") {
  RoomHouse house;
  size_t guest = house.join();
  size_t mo = house.join({{"as", "staff"}}, moderator());
  auto over = *house.books.ledger.broadcast("court");
  over.state = broadcast::State::kEnded;
  house.rooms->update(over);
  house.advance(milliseconds(100));
  CHECK(house.events(guest).back().second["room"]["open"] == false);
  for (size_t one : {guest, mo}) {
    house.say(one, comment("reference-1", "too late"));
    CHECK(house.last(one, "refused")["code"] == "closed");
  }
}

TEST_CASE("what is said in a room is what the table of its messages has, for whom it says") {
  RoomHouse house;
  const std::map<std::string_view, Json> more = {
      {"join", Json::object()},
      {"comment", comment("reference-1", "hello")},
      {"name", {{"ref", "reference-2"}, {"name", "Ana"}}},
      {"react", {{"kind", "like"}}},
      {"report", {{"ref", "reference-3"}, {"id", 1}, {"reason", "spam"}}}};
  for (const RoomMessage& one : kRoomMessages) {
    INFO(one.t << " " << one.as);
    Json message = more.at(one.t);
    message["t"] = one.t;
    if (!one.as.empty()) message["as"] = one.as;
    auto heard = read_room_message(message.dump());
    REQUIRE(heard);
    CHECK(heard->kind == &one);
    for (const auto& [role, name] : account::kRoles) {
      INFO(name);
      size_t guest = house.enter(std::make_unique<RoomGuest::Staff>(RoomGuest::Staff{"mo", "Mo", {role}}));
      if (one.t != "join") house.say(guest, {{"t", "join"}});
      house.say(guest, message);
      bool forbidden =
          house.last(guest, "refused").is_object() && house.last(guest, "refused")["code"] == "forbidden";
      CHECK(forbidden == (one.right && !account::may({role}, *one.right)));
    }
  }
  for (const char* text : {R"({"t":"join as staff"})", R"({"t":"dance"})", R"({"t":7})", "{}"}) {
    CHECK(read_room_message(text).error().why == "t must be one of join, comment, name, react, report");
  }
  CHECK(read_room_message(R"({"t":"join","as":"boss"})").error().why.find("must be staff") !=
        std::string::npos);
  CHECK_FALSE(read_room_message(R"({"t":"comment","as":"staff","ref":"reference-1","text":"hello"})"));
}

TEST_CASE("a comment and a name have something to be seen") {
  auto heard = [](const char* key, const char* line) {
    Json message = {
        {"t", std::string_view(key) == "name" ? "name" : "comment"}, {"ref", "reference-1"}, {key, line}};
    return read_room_message(message.dump());
  };
  for (const char* line : {"\u200B", "\u200B\u3000\u200D", "\uFE0F", "\u3164", "\u2800"}) {
    for (const char* key : {"text", "name"}) {
      auto refused = heard(key, line);
      REQUIRE_FALSE(refused);
      CHECK(refused.error().why == std::string(key) + " must have a character that can be seen");
      CHECK(refused.error().ref == "reference-1");
    }
    CHECK_FALSE(is_possible_name(line));
  }
  for (const char* line : {"👍", "？！", "。。。", "❤\uFE0F", "👨\u200D👩\u200D👧", "\u200Ba", "´"}) {
    CAPTURE(line);
    CHECK(heard("text", line));
    CHECK(heard("name", line));
    CHECK(is_possible_name(line));
  }
  RoomHouse house;
  size_t guest = house.join({{"name", "\u200B"}});
  CHECK(house.last(guest, "welcome")["name"] == "");
  house.say(guest, comment("reference-1", "\u200B\u200B"));
  CHECK(house.last(guest, "refused")["code"] == "invalid");
  CHECK(house.last(guest, "refused")["ref"] == "reference-1");
}

TEST_CASE("staff speak with name and badge, if their session has the right") {
  RoomHouse house;
  size_t mo = house.join({{"as", "staff"}, {"name", "Somebody"}}, moderator());
  CHECK(house.last(mo, "welcome")["staff"] == "moderator");
  CHECK(house.last(mo, "welcome")["name"] == "Mo");
  house.say(mo, comment("reference-1", "worse things are said by others"));  // no rule judges staff
  house.advance(milliseconds(100));
  CHECK(house.events(mo).back().second["staff"] == "moderator");
  size_t guest = house.enter();
  house.say(guest, {{"t", "join"}, {"as", "staff"}});
  CHECK(house.last(guest, "refused")["code"] == "forbidden");
  CHECK(house.last(guest, "welcome").is_null());
}

TEST_CASE("nobody takes the name of staff, or one that a rule minds") {
  RoomHouse house;
  {
    account::Person person;
    person.id = "mo";
    person.name = "Mo Moderator";
    REQUIRE(house.books.ledger.put(person));
  }
  size_t guest = house.join({{"name", "mo moderator"}});
  CHECK(house.last(guest, "welcome")["name"] == "");
  house.say(guest, {{"t", "name"}, {"ref", "reference-1"}, {"name", "MO MODERATOR"}});
  CHECK(house.last(guest, "refused")["why"] == Json{{"rule", "name"}});
  house.advance(seconds(5));
  house.say(guest, {{"t", "name"}, {"ref", "reference-2"}, {"name", "a bad name"}});
  CHECK(house.last(guest, "refused")["why"]["rule"] == "word:test");
  house.say(guest, {{"t", "name"}, {"ref", "reference-3"}, {"name", "Ana"}});
  CHECK(house.last(guest, "refused")["code"] == "slow_down");
  house.advance(seconds(5));
  house.say(guest, {{"t", "name"}, {"ref", "reference-4"}, {"name", "Ana"}});
  CHECK(house.last(guest, "ack")["ref"] == "reference-4");
}

TEST_CASE("nobody takes the name of staff in letters that look like theirs") {
  RoomHouse house;
  for (const char* name : {"Mo", "Лена", "🏛"}) {
    account::Person person;
    person.id = "p-" + std::to_string(house.clock.wall().ms) + name;
    person.name = name;
    REQUIRE(house.books.ledger.put(person));
  }
  for (const char* name : {"\u041C\u043E", "M0", "\uFF2D.\u03BF", "Лeнa"}) {
    INFO(name);
    size_t guest = house.join({{"name", name}});
    CHECK(house.last(guest, "welcome")["name"] == "");
    house.say(guest, {{"t", "name"}, {"ref", "reference-1"}, {"name", name}});
    CHECK(house.last(guest, "refused")["why"] == Json{{"rule", "name"}});
  }
  for (const char* name : {"Moe", "Лев", "🌻"}) {
    CHECK(house.last(house.join({{"name", name}}), "welcome")["name"] == name);
  }
}

TEST_CASE("who is banned cannot write and is told until when and why, and who is free again, too") {
  RoomHouse house;
  size_t ana = house.join();
  std::string token = house.last(ana, "welcome")["token"];
  house.say(ana, comment("reference-1", "hello"));
  int64_t id = house.last(ana, "ack")["id"];
  engage::Banned banned;
  auto who = engage::Decider{{"mo", "session", house.clock.wall()}, "Mo"};
  REQUIRE(house.archives.run([&](engage::Archive& archive) -> Result<> {
    OPENDAY_TRY(banned, engage::ban(archive, "court", {id, 10, "abuse", false}, who));
    return {};
  }));
  (*house.rooms->room("court"))->on_banned(banned.ban);

  CHECK(house.last(ana, "banned")["ban"]["reason"] == "abuse");
  CHECK(house.last(ana, "banned")["ban"]["until"] == house.clock.wall().ms + 600'000);
  house.say(ana, comment("reference-2", "again"));
  CHECK(house.last(ana, "refused")["code"] == "banned");
  house.restart();
  size_t back = house.join({{"token", token}});
  CHECK(house.last(back, "welcome")["banned"]["reason"] == "abuse");
  house.say(back, comment("reference-3", "again"));
  CHECK(house.last(back, "refused")["code"] == "banned");
  REQUIRE(house.archives.run([&](engage::Archive& archive) -> Result<> {
    OPENDAY_TRY(auto lifted, engage::lift(archive, "court", banned.ban.number, who));
    (*house.rooms->room("court"))->on_lifted(lifted);
    return {};
  }));
  CHECK(house.last(back, "banned")["ban"].is_null());
  house.say(back, comment("reference-4", "thank you"));
  CHECK(house.last(back, "ack")["state"] == "published");
}

TEST_CASE("reactions are told in sum, once a second, and viewers are counted") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  house.say(ana, {{"t", "react"}, {"kind", "like"}, {"n", 7}});
  house.say(ben, {{"t", "react"}, {"kind", "like"}});
  house.say(ben, {{"t", "react"}, {"kind", "clap"}});  // too fast for a hand: not counted
  house.advance(seconds(2));
  auto counts = house.all(ana, "counts");
  REQUIRE_FALSE(counts.empty());
  CHECK(counts.front()["reactions"] == Json{{"like", 8}});
  CHECK(counts.front()["viewers"] == 2);
  size_t told = counts.size();
  house.advance(seconds(3));
  CHECK(house.all(ana, "counts").size() == told);  // nothing new, nothing said
  house.advance(seconds(15));
  CHECK(house.all(ana, "counts").size() == told + 1);  // but that all is well
}

TEST_CASE("of more comments than are shown, everybody sees staff and as many voices as there is room for") {
  RoomOptions options;
  options.shown_per_second = 5;
  RoomHouse house(options);
  size_t mo = house.join({{"as", "staff"}}, moderator());
  size_t reader = house.join();
  std::vector<size_t> guests;
  for (int n = 0; n < 30; ++n) guests.push_back(house.join());
  house.advance(seconds(2));
  house.archives.stall = true;
  for (size_t n = 0; n < guests.size(); ++n)
    house.say(guests[n], comment(house.ref(), "voice " + std::to_string(n)));
  house.say(mo, comment(house.ref(), "the hearing goes on"));
  house.archives.go_on();
  house.advance(milliseconds(100));
  auto seen = house.texts(reader);
  CHECK(seen.size() >= 5);
  CHECK(seen.size() <= 7);
  CHECK(std::ranges::count(seen, "the hearing goes on") == 1);
  CHECK(house.archives.archive().comments({"court"})->size() == 31);
  for (size_t guest : guests) CHECK(house.last(guest, "ack")["state"] == "published");
}

TEST_CASE(
    "of more comments than anybody can look at, moderators are told part, and all that wait or change") {
  RoomHouse house;
  FakeSocket page;
  Request request;
  request.params["b"] = "court";
  auto handler = house.moderators->route().accept(request);
  REQUIRE(handler);
  page.handler = handler->get();
  page.handler->on_open(page);
  auto told = [&] {
    std::map<int64_t, std::string> found;
    for (const Json& message : page.of("items")) {
      for (const Json& item : message["items"]) found[item["id"]] = item["state"];
    }
    return found;
  };
  std::vector<size_t> guests;
  for (int n = 0; n < 80; ++n) guests.push_back(house.join());
  house.archives.stall = true;
  for (size_t n = 0; n < guests.size(); ++n)
    house.say(guests[n], comment(house.ref(), "voice " + std::to_string(n)));
  for (size_t n = 0; n < guests.size(); ++n)
    house.say(guests[n], comment(house.ref(), "bad " + std::to_string(n)));
  house.archives.go_on();
  house.advance(seconds(1));
  auto states = [&] {
    std::map<std::string, int> counts;
    for (const auto& [id, state] : told()) ++counts[state];
    return counts;
  };
  CHECK(states() == std::map<std::string, int>{{"published", 50}, {"held", 80}});
  int64_t not_told = house.all(guests[79], "ack").front()["id"];
  REQUIRE(!told().contains(not_told));
  house.decide(not_told, CommentState::kPublished, CommentState::kRemoved);
  house.advance(seconds(1));
  CHECK(told()[not_told] == "removed");
  // The next moment has room again.
  house.advance(seconds(3));
  house.say(guests[0], comment(house.ref(), "a voice again"));
  house.advance(seconds(1));
  CHECK(states()["published"] == 51);
  page.handler->on_close(page);
}

TEST_CASE("the first comment of a room is shown, however soon it comes") {
  RoomHouse house;
  size_t ana = house.join();
  house.say(ana, comment("reference-1", "first"));
  house.advance(milliseconds(100));
  CHECK(house.texts(ana) == std::vector<std::string>{"first"});
}

TEST_CASE("a report reaches the moderators once, whoever sends it twice") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  house.say(ana, comment("reference-1", "hello"));
  int64_t id = house.last(ana, "ack")["id"];
  house.say(ben, {{"t", "report"}, {"ref", "reference-2"}, {"id", id}, {"reason", "abuse"}});
  house.say(ben, {{"t", "report"}, {"ref", "reference-3"}, {"id", id}, {"reason", "spam"}});
  CHECK(house.last(ben, "refused")["code"] == "slow_down");
  CHECK(house.last(ben, "refused")["retry_ms"] > 1000);
  CHECK(house.all(ben, "ack").size() == 1);
  house.advance(seconds(2));
  house.say(ben, {{"t", "report"}, {"ref", "reference-3"}, {"id", id}, {"reason", "spam"}});
  CHECK(house.all(ben, "ack").size() == 2);
  CHECK(*house.archives.archive().reports(id) == std::map<std::string, int64_t>{{"abuse", 1}});
  house.advance(seconds(2));
  house.say(ben, {{"t", "report"}, {"ref", "reference-4"}, {"id", id + 1}, {"reason", "spam"}});
  CHECK(house.last(ben, "refused")["code"] == "not_found");
}

TEST_CASE("an address has its share of reports in a minute, whoever it says it is") {
  RoomHouse house;
  auto says_first = [&](const std::string& address) {
    size_t guest = house.enter(nullptr, address);
    house.say(guest, {{"t", "join"}});
    return guest;
  };
  size_t ana = says_first("192.0.2.50");
  house.say(ana, comment("reference-1", "hello"));
  int64_t id = house.last(ana, "ack")["id"];
  const Json report{{"t", "report"}, {"ref", "reference-2"}, {"id", id}, {"reason", "spam"}};
  Json refused;
  int taken = 0;
  for (int64_t n = 0; n < Rooms::kReportShare + 10; ++n) {
    // One network, a new viewer and a new socket each time.
    size_t guest = says_first("2001:db8::" + std::to_string(n + 1));
    house.say(guest, report);
    if (!house.last(guest, "ack").is_null()) ++taken;
    refused = house.last(guest, "refused");
    house.leave(guest);
  }
  CHECK(taken == Rooms::kReportShare);
  CHECK(refused["code"] == "slow_down");
  CHECK(refused["retry_ms"] > 2000);
  CHECK(refused["retry_ms"] <= 60'001);
  // Neither others nor what the address has to say suffer for it.
  size_t other = says_first("2001:db8:0:1::1");
  house.say(other, report);
  CHECK(house.last(other, "ack")["ref"] == "reference-2");
  size_t neighbour = says_first("2001:db8::ffff");
  house.say(neighbour, comment("reference-3", "good morning"));
  CHECK(house.last(neighbour, "ack")["state"] == "published");
  CHECK(*house.archives.archive().reports(id) ==
        std::map<std::string, int64_t>{{"spam", Rooms::kReportShare + 1}});
  house.clock.advance(milliseconds(refused["retry_ms"]));
  house.say(neighbour, report);
  CHECK(house.last(neighbour, "ack")["ref"] == "reference-2");
}

TEST_CASE(
    "reports that come while the disk is busy share the next commit, and one that was not kept is none") {
  RoomHouse house;
  size_t ana = house.join();
  house.say(ana, comment("reference-1", "hello"));
  int64_t id = house.last(ana, "ack")["id"];
  const Json report{{"t", "report"}, {"ref", "reference-2"}, {"id", id}, {"reason", "abuse"}};
  std::vector<size_t> guests;
  for (int64_t n = 0; n < Rooms::kReportShare; ++n) guests.push_back(house.join());
  int commits = house.archives.submitted;
  house.archives.failing = true;
  for (size_t guest : guests) {
    house.say(guest, report);
    CHECK(house.last(guest, "refused")["code"] == "busy");
  }
  house.archives.failing = false;
  house.advance(seconds(2));
  house.archives.stall = true;
  for (size_t guest : guests) house.say(guest, report);
  CHECK(house.archives.archive().reports(id)->empty());
  house.archives.go_on();
  CHECK(house.archives.submitted == commits + static_cast<int>(Rooms::kReportShare) + 2);
  for (size_t guest : guests) CHECK(house.last(guest, "ack")["ref"] == "reference-2");
  CHECK(*house.archives.archive().reports(id) ==
        std::map<std::string, int64_t>{{"abuse", Rooms::kReportShare}});
}

TEST_CASE("what is removed while reports of it wait for the disk stays removed for the moderators") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  size_t cem = house.join();
  house.say(ana, comment("reference-1", "hello"));
  int64_t id = house.last(ana, "ack")["id"];
  Watcher page;
  (*house.rooms->room("court"))->watch(page);
  house.archives.stall = true;
  const Json report{{"t", "report"}, {"ref", "reference-2"}, {"id", id}, {"reason", "abuse"}};
  house.say(ana, report);  // is on its way alone; the next two share a commit
  house.say(ben, report);
  house.say(cem, report);
  house.decide(id, CommentState::kPublished, CommentState::kRemoved);
  house.archives.go_on();
  CHECK(*house.archives.archive().reports(id) == std::map<std::string, int64_t>{{"abuse", 3}});
  // Of the decision, then of the reports: once for each commit, as it stands by then.
  CHECK(page.changed == std::vector<std::string>{"removed", "removed", "removed"});
  (*house.rooms->room("court"))->unwatch(page);
}

TEST_CASE("what a banned viewer reports does not count") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  house.say(ana, comment("reference-1", "hello"));
  house.say(ben, comment("reference-2", "good morning"));
  int64_t id = house.last(ana, "ack")["id"];
  house.ban(house.last(ben, "ack")["id"]);
  int commits = house.archives.submitted;
  house.say(ben, {{"t", "report"}, {"ref", "reference-3"}, {"id", id}, {"reason", "abuse"}});
  CHECK(house.last(ben, "refused") == Json{{"t", "refused"},
                                           {"ref", "reference-3"},
                                           {"code", "banned"},
                                           {"message", "you cannot write here"}});
  CHECK(house.archives.submitted == commits);
  CHECK(house.archives.archive().reports(id)->empty());
}

TEST_CASE("one address that writes more than a school does is held, others are not") {
  RoomHouse house;
  int held = 0;
  for (int64_t n = 0; n <= Rooms::kAddressShare; ++n) {
    size_t guest = house.join();
    house.say(guest, comment(house.ref(), "voice " + std::to_string(n)));
    if (house.last(guest, "ack")["state"] == "held") ++held;
  }
  CHECK(held == 1);
  size_t other = house.enter(nullptr, "192.0.2.77");
  house.say(other, {{"t", "join"}});
  house.say(other, comment("reference-1", "from elsewhere"));
  CHECK(house.last(other, "ack")["state"] == "published");
}

TEST_CASE("what is not kept uses up nothing of an address's share") {
  RoomHouse house;
  size_t loud = house.join();
  size_t kept = 0;
  for (int64_t n = 0; n <= Rooms::kAddressShare; ++n) {
    if (n % 50 == 49) loud = house.join();
    house.say(loud, comment(house.ref(), "much worse"));
    if (house.last(loud, "refused")["code"] == "rule")
      ++kept;
    else
      REQUIRE(house.last(loud, "refused")["code"] == "duplicate");
  }
  CHECK(house.archives.archive().comments({"court"})->size() == kept);
  CHECK(kept < 20);
  size_t neighbour = house.join();
  house.say(neighbour, comment("reference-1", "hello"));
  CHECK(house.last(neighbour, "ack")["state"] == "published");
}

TEST_CASE(
    "what a rule refuses is kept with what was found, and told to its sender alone, once it is on the disk") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  house.archives.stall = true;
  house.say(ana, comment("reference-1", "much worse"));
  house.advance(seconds(1));
  CHECK(house.last(ana, "refused").is_null());
  house.archives.go_on();
  Json refused = house.last(ana, "refused");
  CHECK(refused["ref"] == "reference-1");
  CHECK(refused["code"] == "rule");
  CHECK(refused["why"] == Json{{"rule", "word:test"}, {"from", 5}, {"to", 10}});
  CHECK(house.last(ana, "ack").is_null());
  auto kept = house.archives.archive().comment("court", refused["id"]);
  REQUIRE(kept);
  CHECK(kept->text == "much worse");
  CHECK(kept->state == CommentState::kRejected);
  CHECK(kept->why == engage::Why{"word:test", 5, 10});
  CHECK_FALSE(kept->decision);
  house.advance(seconds(2));
  for (size_t guest : {ana, ben, house.join()}) CHECK(house.events(guest).empty());
  CHECK(house.last(ben, "refused").is_null());
  CHECK(house.minute().empty());
  CHECK((*house.rooms->room("court"))->counts()["held"] == 0);
  CHECK(house.rooms->counters().comments == 0);
  CHECK(house.rooms->counters().held == 0);
  CHECK(house.rooms->counters().refused == 1);
  house.say(ben, {{"t", "report"}, {"ref", "reference-2"}, {"id", refused["id"]}, {"reason", "abuse"}});
  CHECK(house.last(ben, "refused")["code"] == "not_found");
  Json answer = comment("reference-3", "as you say");
  answer["reply_to"] = refused["id"];
  house.say(ben, answer);
  house.restart();
  size_t late = house.join();
  REQUIRE(house.events(late).size() == 1);
  CHECK_FALSE(house.events(late)[0].second.contains("reply_to"));
  CHECK((*house.rooms->room("court"))->counts()["held"] == 0);
}

TEST_CASE("a refusal that could not be kept is none: the page may send it again, and hears why then") {
  RoomHouse house;
  size_t ana = house.join();
  for (int round = 0; round < 3; ++round) {
    house.archives.failing = true;
    for (int n = 1; n <= engage::Judge::kBurst; ++n) {
      house.say(ana, comment("reference-" + std::to_string(n), "worse " + std::to_string(n)));
      CHECK(house.last(ana, "refused")["code"] == "busy");
      CHECK(house.last(ana, "refused")["retry_ms"] > 0);
    }
  }
  CHECK(house.archives.archive().comments({"court"})->empty());
  house.archives.failing = false;
  for (int n = 1; n <= engage::Judge::kBurst; ++n) {
    house.say(ana, comment("reference-" + std::to_string(n), "worse " + std::to_string(n)));
    CHECK(house.last(ana, "refused")["code"] == "rule");
  }
  CHECK(house.archives.archive().comments({"court"})->size() == engage::Judge::kBurst);
}

TEST_CASE(
    "a refused comment that is sent again is refused again for the same, whatever else would be said of it") {
  RoomHouse house;
  size_t ana = house.join();
  std::string token = house.last(ana, "welcome")["token"];
  house.archives.stall = true;
  house.say(ana, comment("reference-1", "much worse"));
  house.leave(ana);
  // While the disk works, a moment later, later than repeats count, banned, and when all is over.
  size_t again = house.join({{"token", token}});
  house.say(again, comment("reference-1", "much worse"));
  CHECK(house.last(again, "refused").is_null());
  house.archives.go_on();
  Json refused = house.last(again, "refused");
  CHECK(refused["code"] == "rule");
  CHECK(refused["why"]["rule"] == "word:test");
  auto is_told_again = [&] {
    size_t told = house.all(again, "refused").size();
    house.say(again, comment("reference-1", "much worse"));
    CHECK(house.all(again, "refused").size() == told + 1);
    CHECK(house.last(again, "refused") == refused);
  };
  is_told_again();
  house.advance(seconds(70));
  is_told_again();
  house.ban(refused["id"]);
  is_told_again();
  (*house.rooms->room("court"))->set_open(false, std::nullopt);
  is_told_again();
  house.restart();
  again = house.join({{"token", token}});
  is_told_again();
  CHECK(house.last(again, "ack").is_null());
  CHECK(house.last(again, "decided").is_null());
  CHECK(house.archives.archive().comments({"court"})->size() == 1);
}

TEST_CASE("a moderator may publish what a rule has refused, and its author hears when everybody does") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  std::string token = house.last(ana, "welcome")["token"];
  house.say(ana, comment("reference-1", "no worse than that"));
  int64_t id = house.last(ana, "refused")["id"];
  house.decide(id, CommentState::kRejected, CommentState::kPublished);
  house.advance(seconds(1));
  house.undo(id);
  house.advance(seconds(5));
  CHECK(house.last(ana, "decided").is_null());
  CHECK(house.events(ben).empty());
  house.decide(id, CommentState::kRejected, CommentState::kPublished);
  house.advance(seconds(4));
  CHECK(house.last(ana, "decided")["id"] == id);
  CHECK(house.last(ana, "decided")["state"] == "published");
  CHECK(house.texts(ben) == std::vector<std::string>{"no worse than that"});
  CHECK(house.minute() == std::vector<std::string>{"no worse than that"});
  CHECK((*house.rooms->room("court"))->counts()["held"] == 0);
  size_t back = house.join({{"token", token}});
  house.say(back, comment("reference-1", "no worse than that"));
  CHECK(house.last(back, "ack")["state"] == "published");
  house.decide(id, CommentState::kPublished, CommentState::kRemoved);
  CHECK(house.last(back, "decided")["state"] == "removed");
  CHECK(house.minute().empty());
}

TEST_CASE("of a page that sends what a rule refuses as fast as it can no more is kept than of any other") {
  RoomHouse house;
  size_t ana = house.join();
  size_t ben = house.join();
  for (int n = 0; n < 60 * static_cast<int>(RoomGuest::kMessagesPerSecond); ++n) {
    house.say(ana, comment(house.ref(), "word " + std::to_string(n)));
    house.say(ben, comment(house.ref(), "worse " + std::to_string(n)));
    house.advance(milliseconds(100));
  }
  CHECK(house.guests[ben].socket->closed == 0);
  auto& archive = house.archives.archive();
  int64_t most = engage::Judge::kBurst + 60 / 3;
  int64_t ordinary = *archive.count_by("court", house.last(ana, "welcome")["viewer"]);
  CHECK(ordinary >= most - 1);
  CHECK(ordinary <= most);
  CHECK(*archive.count_by("court", house.last(ben, "welcome")["viewer"]) == ordinary);
}

TEST_CASE("of what a rule refuses, an address has no more kept in a minute than its share") {
  RoomHouse house;
  int64_t told = 0;
  for (int64_t n = 0; n < Rooms::kAddressShare / engage::Judge::kBurst + 10; ++n) {
    size_t guest = house.join();
    for (int turn = 0; turn < engage::Judge::kBurst; ++turn) {
      house.say(guest, comment(house.ref(), "worse " + std::to_string(turn)));
      bool is_kept = house.last(guest, "refused")["code"] == "rule";
      if (!is_kept) CHECK(house.last(guest, "refused")["code"] == "slow_down");
      told += is_kept ? 1 : 0;
    }
  }
  CHECK(told == Rooms::kAddressShare);
  CHECK(house.archives.archive().comments({"court", {}, "", "", false, 0, 1000})->size() ==
        static_cast<size_t>(Rooms::kAddressShare));
  // What somebody else there says is taken, and looked at.
  size_t neighbour = house.join();
  house.say(neighbour, comment("reference-1", "hello"));
  CHECK(house.last(neighbour, "ack")["why"]["rule"] == "flood");
  house.clock.advance(seconds(61));
  house.say(neighbour, comment("reference-2", "much worse"));
  CHECK(house.last(neighbour, "refused")["code"] == "rule");
}

TEST_CASE("a socket that says more than a page can is closed, and nothing is looked up for it any more") {
  RoomHouse house;
  // Whatever it is: refused, not understood, or a reaction that does not count.
  const std::vector<Json> kinds = {comment("reference-1", "much worse"),
                                   {{"t", "react"}, {"kind", "like"}},
                                   {{"t", "name"}, {"ref", "reference-2"}, {"name", "Ana"}}};
  for (const Json& kind : kinds) {
    INFO(kind.dump());
    size_t guest = house.join();
    for (int n = 1; n < static_cast<int>(RoomGuest::kMessagesAtOnce); ++n) house.say(guest, kind);
    CHECK(house.guests[guest].socket->closed == 0);
    house.advance(seconds(1));
    for (int n = 0; n < static_cast<int>(RoomGuest::kMessagesPerSecond); ++n) house.say(guest, kind);
    CHECK(house.guests[guest].socket->closed == 0);
    size_t heard = house.guests[guest].socket->heard.size();
    house.say(guest, kind);
    CHECK(house.guests[guest].socket->closed == 1008);
    CHECK(house.guests[guest].socket->heard.size() == heard);
  }
}

TEST_CASE("the addresses of one IPv6 network are one that writes more than a school does") {
  RoomHouse house;
  int held = 0;
  for (int64_t n = 0; n <= Rooms::kAddressShare; ++n) {
    size_t guest = house.enter(nullptr, "2001:db8::" + std::to_string(n + 1));
    house.say(guest, {{"t", "join"}});
    house.say(guest, comment(house.ref(), "voice " + std::to_string(n)));
    if (house.last(guest, "ack")["state"] == "held") ++held;
  }
  CHECK(held == 1);
  size_t other = house.enter(nullptr, "2001:db8:0:1::1");
  house.say(other, {{"t", "join"}});
  house.say(other, comment("reference-1", "from elsewhere"));
  CHECK(house.last(other, "ack")["state"] == "published");
}
