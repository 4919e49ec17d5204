#include "mixer/ticker.h"

#include <catch2/catch.hpp>

using namespace openday::mixer;

TEST_CASE("a ticker in time composes one tick and repeats none") {
  DueTicks ticks = due_ticks(100, 100, 30);
  CHECK(ticks.compose == 100);
  CHECK(ticks.repeat_from == 100);
  CHECK(ticks.dropped_from == 100);
}

TEST_CASE("a ticker that was held up makes up for every tick it missed") {
  DueTicks ticks = due_ticks(100, 112, 30);
  CHECK(ticks.compose == 112);
  CHECK(ticks.repeat_from == 100);  // 100 … 111
  CHECK(ticks.dropped_from == ticks.repeat_from);
}

TEST_CASE("a ticker that was held up for longer than the bound drops the oldest ticks") {
  DueTicks ticks = due_ticks(100, 300, 30);
  CHECK(ticks.compose == 300);
  CHECK(ticks.repeat_from == 270);
  CHECK(ticks.dropped_from == 100);
}
