#include "engage/room_log.h"

#include <catch2/catch.hpp>

#include "engage/claims.h"

using namespace openday;
using namespace openday::engage;

TEST_CASE("events keep their offsets while older ones go") {
  RoomLog log("epoch", 3, 1000);
  CHECK(log.head() == 0);
  for (int n = 0; n < 5; ++n) CHECK(log.append(std::to_string(n)) == static_cast<uint64_t>(n));
  CHECK(log.tail() == 2);
  CHECK(log.head() == 5);
  CHECK(log.slice(2, 5) == "2,3,4");
  CHECK(log.slice(3, 4) == "3");
  CHECK(log.slice(5, 5).empty());
}

TEST_CASE("a log is bounded by its size, too, and keeps the newest event whatever its size") {
  RoomLog log("epoch", 100, 10);
  log.append("12345");
  log.append("12345");
  CHECK(log.tail() == 0);
  log.append("1");
  CHECK(log.tail() == 1);
  log.append(std::string(100, 'x'));
  CHECK(log.head() - log.tail() == 1);
}

TEST_CASE("a buried comment leaves its place and nothing of what it said") {
  RoomLog log("epoch", 3, 1000);
  log.append("secret", 7);
  log.append("other", 8);
  log.bury(7);
  CHECK(log.slice(0, 2) == R"({"k":"gone"},other)");
  log.bury(7);  // twice, and one that is unknown: nothing happens
  log.bury(99);
  log.append("a");
  log.append("b");
  log.bury(7);  // it has gone from the history
  CHECK(log.slice(1, 4) == "other,a,b");
}

TEST_CASE("what showed a buried comment shows it no more, and says the rest") {
  RoomLog log("epoch", 9, 37);
  log.append_showing("pinned secret", 7, "pinned -");
  log.append_showing("pinned other", 8, "none");
  log.bury(7);  // its own event is older than what is kept
  CHECK(log.slice(log.tail(), log.head()) == "pinned -,pinned other");
  log.append("1234567890123");  // 8 + 16 + 13 fit
  CHECK(log.tail() == 0);
  log.append("a");
  CHECK(log.tail() == 1);
  log.bury(8);
  CHECK(log.slice(1, 4) == "none,1234567890123,a");
}

TEST_CASE("two moderators never hold one comment, and a claim ends by itself") {
  Claims claims;
  ProgramTime now{1'000'000};
  CHECK(claims.claim(5, "ana", "Ana", now).by == "ana");
  CHECK(claims.claim(5, "ben", "Ben", now + seconds(59)).by == "ana");
  CHECK(claims.held_against(5, "ben", now + seconds(59))->name == "Ana");
  CHECK_FALSE(claims.held_against(5, "ana", now));
  CHECK(claims.claim(5, "ana", "Ana", now + seconds(59)).until == now + seconds(119));  // prolonged
  CHECK(claims.expire(now + seconds(118)).empty());
  CHECK_FALSE(claims.release(5, "ben"));
  CHECK(claims.claim(5, "ben", "Ben", now + seconds(119)).by == "ben");
  CHECK(claims.release(5, "ben"));
  CHECK(claims.all(now).empty());
}

TEST_CASE("claims that end are told once, and there are at most so many") {
  Claims claims;
  ProgramTime now{1'000'000};
  for (int64_t id = 1; id <= static_cast<int64_t>(Claims::kMost); ++id) {
    claims.claim(id, "ana", "Ana", now + milliseconds(id));
  }
  claims.claim(1'000'000, "ana", "Ana", now + seconds(30));
  CHECK(claims.all(now).size() == Claims::kMost);
  CHECK_FALSE(claims.held_against(1, "ben", now));  // the oldest made room
  CHECK(claims.expire(now + seconds(200)).size() == Claims::kMost);
  CHECK(claims.expire(now + seconds(200)).empty());
}
