// Whatever is cut, and wherever: who comes back with (epoch, offset) has in the end what somebody has who
// never left.
#include <random>
#include <set>

#include "room_house.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;
using engage::CommentState;

namespace {

/// What a page makes of what it is told (docs/ROOM.md).
struct Page {
  std::string epoch;
  uint64_t next = 0;
  std::map<int64_t, std::string> shown;
  std::vector<int64_t> order;
  bool first_batch = false;
  bool fresh = false;

  void hear(const Json& message) {
    if (message["t"] == "welcome") {
      epoch = message["epoch"];
      first_batch = true;
      fresh = message["since"] != "resumed";
      return;
    }
    if (message["t"] != "events") return;
    if (first_batch && fresh) {
      shown.clear();
      order.clear();
      next = message["from"];
    }
    first_batch = false;
    REQUIRE(message["from"].get<uint64_t>() == next);  // nothing is missed, nothing comes twice
    for (const Json& event : message["events"]) {
      ++next;
      if (event["k"] == "comment") {
        int64_t id = event["id"];
        REQUIRE_FALSE(shown.contains(id));
        shown[id] = event["text"];
        order.push_back(id);
      } else if (event["k"] == "removed") {
        shown.erase(event["id"].get<int64_t>());
        std::erase(order, event["id"].get<int64_t>());
      }
    }
  }
};

}  // namespace

TEST_CASE("resuming after cuts at random points misses nothing and repeats nothing", "[property]") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    std::minstd_rand dice(seed);
    RoomOptions options;
    options.shown_per_second = 0;
    RoomHouse house(options);
    size_t writer = house.join({{"as", "staff"}}, std::make_unique<RoomGuest::Staff>(RoomGuest::Staff{
                                                      "mo", "Mo", {account::Role::kModerator}}));
    size_t steady = house.join();
    size_t cut = house.join();
    std::string token = house.last(cut, "welcome")["token"];
    Page stayed;
    Page returned;
    size_t stayed_read = 0;
    size_t returned_read = 0;
    std::string longest;  // with its number about as long as a comment may be
    for (int n = 0; n < 280; ++n) longest += "\U0001F3DB";
    auto read_some = [&](size_t most) {
      auto& here = house.guests[cut].socket->heard;
      for (; returned_read < here.size() && most > 0; ++returned_read, --most) {
        returned.hear(here[returned_read]);
      }
    };
    auto read = [&] {
      auto& there = house.guests[steady].socket->heard;
      for (; stayed_read < there.size(); ++stayed_read) stayed.hear(there[stayed_read]);
      read_some(SIZE_MAX);
    };
    std::vector<int64_t> ids;
    bool away = false;
    for (int step = 0; step < 120; ++step) {
      switch (dice() % 6) {
        case 0:
        case 1:
        case 2: {
          house.say(writer, {{"t", "comment"},
                             {"ref", house.ref()},
                             {"text", (dice() % 3 == 0 ? longest : "") + "text " + std::to_string(step)}});
          ids.push_back(house.last(writer, "ack")["id"]);
          break;
        }
        case 3:
          if (!ids.empty()) {
            size_t which = dice() % ids.size();
            house.decide(ids[which], CommentState::kPublished, CommentState::kRemoved);
            ids.erase(ids.begin() + static_cast<ptrdiff_t>(which));
          }
          break;
        case 4: house.advance(milliseconds(10 + dice() % 200)); break;
        case 5:
          if (!away) {
            // Cut inside what was sent: part of it was read, the rest never arrived.
            read_some(dice() % 4);
            house.leave(cut);
          } else {
            Json join{{"token", token}, {"since", {{"epoch", returned.epoch}, {"offset", returned.next}}}};
            cut = house.join(join);
            returned_read = 0;
          }
          away = !away;
          break;
      }
      // Now and then only, so that there is something left for a cut to lose.
      if (!away && dice() % 4 == 0) read();
    }
    if (away) {
      cut = house.join({{"token", token}, {"since", {{"epoch", returned.epoch}, {"offset", returned.next}}}});
      returned_read = 0;
    }
    house.advance(seconds(1));
    read();
    CHECK(returned.shown == stayed.shown);
    CHECK(returned.order == stayed.order);
    CHECK(stayed.order == ids);
  }
}

TEST_CASE("after the hub's restart the page has what is on the disk, and nothing twice") {
  RoomHouse house;
  size_t ana = house.join();
  Page page;
  for (int n = 0; n < 10; ++n) {
    house.say(ana, {{"t", "comment"}, {"ref", house.ref()}, {"text", "text " + std::to_string(n)}});
    house.advance(seconds(4));
  }
  for (const Json& message : house.guests[ana].socket->heard) page.hear(message);

  REQUIRE(page.order.size() == 10);
  auto before = page.shown;
  house.restart();
  size_t back = house.join({{"since", {{"epoch", page.epoch}, {"offset", page.next}}}});
  CHECK(house.last(back, "welcome")["since"] == "fresh");
  for (const Json& message : house.guests[back].socket->heard) page.hear(message);

  CHECK(page.shown == before);
}

TEST_CASE("who was away for longer than is kept is told of the gap") {
  RoomOptions options;
  options.shown_per_second = 0;
  RoomHouse house(options);
  size_t mo = house.join({{"as", "staff"}}, std::make_unique<RoomGuest::Staff>(
                                                RoomGuest::Staff{"mo", "Mo", {account::Role::kModerator}}));
  std::string epoch = house.last(mo, "welcome")["epoch"];
  for (int n = 0; n < 2100; ++n) {
    house.say(mo, {{"t", "comment"}, {"ref", house.ref()}, {"text", "text " + std::to_string(n)}});
    house.advance(milliseconds(100));
  }
  house.advance(milliseconds(200));
  size_t back = house.join({{"since", {{"epoch", epoch}, {"offset", 3}}}});
  CHECK(house.last(back, "welcome")["since"] == "gap");
  auto told = house.events(back);
  CHECK(told.size() == 200);
  CHECK(told.back().second["text"] == "text 2099");
  // An offset that was never given out, as of another life of this epoch: from the beginning.
  size_t ahead = house.join({{"since", {{"epoch", epoch}, {"offset", 1'000'000}}}});
  CHECK(house.last(ahead, "welcome")["since"] == "fresh");
}

TEST_CASE("a history of the longest comments is cut to what a socket holds, and whoever comes gets in") {
  RoomOptions options;
  options.shown_per_second = 0;
  RoomHouse house(options);
  size_t mo = house.join({{"as", "staff"}}, std::make_unique<RoomGuest::Staff>(
                                                RoomGuest::Staff{"mo", "Mo", {account::Role::kModerator}}));
  std::string epoch = house.last(mo, "welcome")["epoch"];
  std::string longest;
  for (int n = 0; n < 296; ++n) longest += "\U0001F3DB";
  for (int n = 0; n < 400; ++n) {
    house.say(mo, {{"t", "comment"}, {"ref", house.ref()}, {"text", longest + std::to_string(1000 + n)}});
    house.advance(milliseconds(100));
  }
  auto newest_of = [&](size_t guest) {
    CHECK(house.guests[guest].socket->closed == 0);
    auto told = house.texts(guest);
    REQUIRE(told.size() > 100);
    CHECK(told.size() < 200);
    CHECK(told.back() == longest + "1399");
    CHECK(told.front() == longest + std::to_string(1400 - told.size()));
  };
  size_t fresh = house.join();
  CHECK(house.last(fresh, "welcome")["since"] == "fresh");
  newest_of(fresh);
  size_t back = house.join({{"since", {{"epoch", epoch}, {"offset", 10}}}});
  CHECK(house.last(back, "welcome")["since"] == "gap");
  newest_of(back);
  size_t soon = house.join({{"since", {{"epoch", epoch}, {"offset", 350}}}});
  CHECK(house.last(soon, "welcome")["since"] == "resumed");
  CHECK(house.texts(soon).size() == 50);
  CHECK(house.guests[soon].socket->closed == 0);
}

TEST_CASE("a socket that breaks while it is let in leaves no seat behind") {
  RoomHouse house;
  size_t ana = house.join();
  std::string token = house.last(ana, "welcome")["token"];
  size_t broken = house.enter();
  house.guests[broken].socket->broken = true;
  house.say(broken, {{"t", "join"}, {"token", token}});
  CHECK(house.guests[broken].socket->closed == 1006);
  CHECK((*house.rooms->room("court"))->viewers() == 1);
  house.guests[broken].handler.reset();
  house.guests[broken].socket.reset();
  house.say(ana, {{"t", "comment"}, {"ref", "reference-1"}, {"text", "a bad word"}});
  house.decide(house.last(ana, "ack")["id"], CommentState::kHeld, CommentState::kRejected);
  CHECK(house.last(ana, "decided")["state"] == "rejected");
  house.guests.pop_back();
}
