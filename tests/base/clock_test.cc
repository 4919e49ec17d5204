#include "base/clock.h"

#include <catch2/catch.hpp>

using namespace openday;

TEST_CASE("program times are printed with three decimals in UTC") {
  CHECK(to_rfc3339({1'790'000'000'250}) == "2026-09-21T14:13:20.250Z");
  CHECK(to_rfc3339({0}) == "1970-01-01T00:00:00.000Z");
}

TEST_CASE("RFC 3339 text is read with fractions and offsets") {
  CHECK(parse_rfc3339("2026-09-21T14:13:20.250Z") == 1'790'000'000'250);
  CHECK(parse_rfc3339("2026-09-21T22:13:20.25+08:00") == 1'790'000'000'250);
  CHECK(parse_rfc3339("2026-09-21T14:13:20Z") == 1'790'000'000'000);
}

TEST_CASE("what is not RFC 3339 is refused") {
  for (const char* text : {"", "tomorrow", "2026-09-21", "2026-09-21T14:13:20", "2026-13-21T14:13:20Z",
                           "2026-09-21T14:13:20Zzz", "2026-09-21T14:13:20+8"}) {
    CHECK(parse_rfc3339(text) == -1);
  }
}

TEST_CASE("a manual clock moves both its times by the same amount") {
  ManualClock clock;
  HouseTime before = clock.now();
  ProgramTime wall = clock.wall();
  for (int i = 0; i < 1000; ++i) clock.advance(microseconds(333));
  CHECK((clock.now() - before) == microseconds(333'000));
  CHECK((clock.wall() - wall) == milliseconds(333));
}
