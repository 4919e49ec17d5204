#include "output/lifecycle.h"

#include <catch2/catch.hpp>

namespace openday::output {
namespace {

Chance always(double value) {
  return [value] { return value; };
}

}  // namespace

TEST_CASE("waits double from one second to a minute") {
  ManualClock clock;
  Lifecycle life(clock, {}, always(0.5));  // the middle: no jitter
  for (int expected : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    life.connecting();
    CHECK(life.failed("refused") == seconds(expected));
    CHECK(life.state() == TargetState::kBackoff);
    clock.advance(seconds(expected));
  }
}

TEST_CASE("waits are off by up to thirty per cent") {
  ManualClock clock;
  Lifecycle early(clock, {}, always(0));
  Lifecycle late(clock, {}, always(0.999999));
  CHECK(early.failed("x") == milliseconds(700));
  CHECK(late.failed("x") > milliseconds(1299));
  CHECK(late.failed("x") < milliseconds(2600));
  for (int i = 0; i < 1000; ++i) {
    double chance = chance_of_kernel();
    REQUIRE(chance >= 0);
    REQUIRE(chance < 1);
  }
}

TEST_CASE("a target that was live for a while starts over with short waits") {
  ManualClock clock;
  Lifecycle life(clock, {}, always(0.5));
  for (int i = 0; i < 5; ++i) life.failed("refused");
  life.connecting();
  life.live();
  clock.advance(seconds(9));
  CHECK(life.failed("closed") == seconds(32));  // accepted and dropped: no reason to hurry
  life.connecting();
  life.live();
  clock.advance(seconds(10));
  CHECK(life.failed("closed") == seconds(1));
}

TEST_CASE("a target's state says since when and why") {
  ManualClock clock;
  Lifecycle life(clock, {}, always(0.5));
  CHECK(life.state() == TargetState::kOff);
  clock.advance(seconds(1));
  auto begun = clock.wall();
  life.connecting();
  CHECK(life.since() == begun);
  clock.advance(seconds(1));
  life.failed("connection refused");
  CHECK(life.why() == "connection refused");
  life.connecting();
  CHECK(life.why() == "connection refused");  // still the last thing known
  life.live();
  CHECK(life.why().empty());
  CHECK(life.reconnects() == 0);
  life.failed("closed");
  life.connecting();
  life.live();
  CHECK(life.reconnects() == 1);
  life.off("disabled");
  CHECK(life.state() == TargetState::kOff);
  CHECK(std::string(name_of(life.state())) == "off");
}

TEST_CASE("a connection without progress is stalled after two seconds and wedged after five") {
  ManualClock clock;
  Liveness liveness(clock, {});
  CHECK(liveness.look(100, 50) == Pulse::kMoving);
  clock.advance(milliseconds(1999));
  CHECK(liveness.look(100, 900) == Pulse::kMoving);
  clock.advance(milliseconds(1));
  CHECK(liveness.look(100, 900) == Pulse::kStalled);
  clock.advance(milliseconds(2999));
  CHECK(liveness.look(100, 900) == Pulse::kStalled);
  clock.advance(milliseconds(1));
  CHECK(liveness.look(100, 900) == Pulse::kWedged);
}

TEST_CASE("one confirmed byte is progress") {
  ManualClock clock;
  Liveness liveness(clock, {});
  for (uint64_t acked = 1; acked < 20; ++acked) {
    clock.advance(milliseconds(1900));
    CHECK(liveness.look(acked, 1 << 20) == Pulse::kMoving);
  }
}

TEST_CASE("a connection that was given nothing is not stalled") {
  ManualClock clock;
  Liveness liveness(clock, {});
  clock.advance(seconds(60));
  CHECK(liveness.look(0, 0) == Pulse::kMoving);
  clock.advance(seconds(1));
  CHECK(liveness.look(0, 10) == Pulse::kMoving);  // counted from when there was something to confirm
  clock.advance(seconds(5));
  CHECK(liveness.look(0, 10) == Pulse::kWedged);
}

TEST_CASE("stalled is seen and passes") {
  ManualClock clock;
  Lifecycle life(clock, {}, always(0.5));
  life.connecting();
  life.pulse(Pulse::kStalled);
  CHECK(life.state() == TargetState::kConnecting);
  life.live();
  life.pulse(Pulse::kStalled);
  CHECK(life.state() == TargetState::kStalled);
  life.pulse(Pulse::kMoving);
  CHECK(life.state() == TargetState::kLive);
}

}  // namespace openday::output
