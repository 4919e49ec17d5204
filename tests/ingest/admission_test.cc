#include "ingest/admission.h"

#include <catch2/catch.hpp>

#include "ingest/log_throttle.h"

using namespace openday;
using namespace openday::ingest;

TEST_CASE("a place under the caps is free again when its holder lets go, even after the caps are gone") {
  auto caps = std::make_unique<ConnectionCaps>(3, 2);
  Admission first = caps->admit("192.0.2.1").value();
  Admission second = caps->admit("192.0.2.1").value();
  CHECK(caps->admit("192.0.2.1").error().code == Errc::kBusy);  // its own cap
  Admission third = caps->admit("192.0.2.2").value();
  CHECK(caps->admit("192.0.2.3").error().code == Errc::kBusy);  // everybody's
  CHECK(caps->open() == 3);
  first.reset();
  CHECK(caps->admit("192.0.2.1"));
  CHECK(caps->open() == 2);
  caps.reset();
  second.reset();
  third.reset();
}

TEST_CASE("one owner of an IPv6 network is one address") {
  ConnectionCaps caps(10, 1);
  Admission first = caps.admit("2001:db8:1:2::1").value();
  CHECK_FALSE(caps.admit("2001:db8:1:2:ffff::9"));
  CHECK(caps.admit("2001:db8:1:3::1"));
}

TEST_CASE("an address with too many wrong keys is blocked until a minute has passed") {
  ManualClock clock;
  FailureLimiter limiter(clock, 3);
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(limiter.blocked("192.0.2.1"));
    limiter.failed("192.0.2.1");
    clock.advance(seconds(10));
  }
  CHECK(limiter.blocked("192.0.2.1"));
  CHECK_FALSE(limiter.blocked("192.0.2.2"));
  clock.advance(seconds(29));
  CHECK(limiter.blocked("192.0.2.1"));
  clock.advance(seconds(1));
  CHECK_FALSE(limiter.blocked("192.0.2.1"));  // the first failure is a minute old
}

TEST_CASE("remembered addresses are bounded, and the one whose failures are oldest is forgotten first") {
  ManualClock clock;
  FailureLimiter limiter(clock, 1, 100);
  for (int i = 0; i < 150; ++i) {
    limiter.failed("192.0.2." + std::to_string(i));
    clock.advance(milliseconds(1));
  }
  CHECK(limiter.addresses() == 100);
  CHECK_FALSE(limiter.blocked("192.0.2.49"));
  CHECK(limiter.blocked("192.0.2.50"));
  CHECK(limiter.blocked("192.0.2.149"));
}

TEST_CASE("one refusal a second is logged, and says how many were not") {
  ManualClock clock;
  LogThrottle throttle(clock);
  CHECK(throttle.allow() == 0u);
  CHECK_FALSE(throttle.allow());
  clock.advance(milliseconds(999));
  CHECK_FALSE(throttle.allow());
  clock.advance(milliseconds(1));
  CHECK(throttle.allow() == 2u);
  clock.advance(seconds(1));
  CHECK(throttle.allow() == 0u);
}
