#include "ingest/admission.h"

#include <catch2/catch.hpp>

#include "base/log_throttle.h"

using namespace openday;
using namespace openday::ingest;

TEST_CASE("a place under the caps is free again when its holder lets go, even after the caps are gone") {
  auto caps = std::make_unique<ConnectionCaps>(3, 2);
  Admission first = caps->admit("192.0.2.1").value();
  Admission second = caps->admit("192.0.2.1").value();
  CHECK(caps->admit("192.0.2.1").error().code == Errc::kLimit);  // its own cap
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

TEST_CASE("strangers leave a quarter of the places to those who have published before") {
  ConnectionCaps caps(8, 4);
  std::vector<Admission> places;
  auto enters = [&](const std::string& address) {
    auto place = caps.admit(address);
    if (place) places.push_back(*place);
    return place.has_value();
  };
  caps.welcome("192.0.2.1");
  for (int i = 0; i < 3; ++i) CHECK((enters("192.0.2.2") && enters("192.0.2.3")));
  CHECK(caps.admit("192.0.2.4").error().code == Errc::kBusy);
  CHECK(enters("192.0.2.1"));
  caps.welcome("192.0.2.2");  // its three are a stranger's no longer
  CHECK(enters("192.0.2.4"));
  CHECK(caps.admit("192.0.2.1").error().code == Errc::kBusy);  // now it is full
}

TEST_CASE("one owner of an IPv6 network is one address") {
  ConnectionCaps caps(10, 1);
  Admission first = caps.admit("2001:db8:1:2::1").value();
  CHECK_FALSE(caps.admit("2001:db8:1:2:ffff::9"));
  CHECK(caps.admit("2001:db8:1:3::1"));
}

namespace {

// How many of a hundred attempts at this moment may be made.
int tries(FailureLimiter& limiter, const std::string& address) {
  int count = 0;
  for (int i = 0; i < 100; ++i) count += limiter.may_try(address) ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("each network has a pace of its own, and the one that asked longest ago is forgotten") {
  ManualClock clock;
  NetworkPace pace(clock, Pace(2, 4), 2);
  auto turns = [&](const std::string& address) {
    int count = 0;
    for (int i = 0; i < 100; ++i) count += pace.take(address) ? 1 : 0;
    return count;
  };
  CHECK(turns("192.0.2.1") == 4);
  CHECK(turns("2001:db8::1") == 4);
  CHECK(turns("2001:db8::2") == 0);  // the same /64
  clock.advance(milliseconds(500));
  CHECK(turns("192.0.2.1") == 1);
  clock.advance(seconds(60));
  CHECK(turns("192.0.2.1") == 4);  // what is not used does not add up
  CHECK(turns("192.0.2.3") == 4);  // and the IPv6 network is forgotten
  clock.advance(milliseconds(1));
  CHECK(turns("192.0.2.1") == 0);
  CHECK(turns("2001:db8::1") == 4);
  CHECK(turns("192.0.2.1") == 0);
  CHECK(turns("192.0.2.3") == 4);
}

TEST_CASE(
    "a key that has published has a pace of its own in its network until it is changed, withdrawn or old") {
  ManualClock clock;
  RegularPace pace(clock, Pace(1, 3), 2);
  auto key = [](const std::string& text, const std::string& address = "2001:db8::1") {
    return AuthRequest{Protocol::kSrt, text, address};
  };
  auto turns = [&](const AuthRequest& request) {
    int count = 0;
    for (int i = 0; i < 100; ++i) count += pace.take(request) ? 1 : 0;
    return count;
  };
  std::shared_ptr<const void> grant = std::make_shared<int>(0);
  CHECK(turns(key("a")) == 0);
  pace.remember(key("a"), grant);
  CHECK(turns(key("a", "2001:db8::2")) == 3);  // the same /64
  CHECK(turns(key("a", "192.0.2.1")) == 0);
  CHECK(turns(key("b")) == 0);
  pace.remember(key("a"), grant);
  CHECK(turns(key("a")) == 0);  // to publish again is not to have more
  clock.advance(seconds(1));
  CHECK(turns(key("a")) == 1);

  pace.remember(key("b"), grant);
  pace.remember(key("c"), grant);
  clock.advance(seconds(60));
  CHECK(turns(key("a")) == 0);
  CHECK(turns(key("b")) == 3);
  pace.forget(key("c"));
  CHECK(turns(key("c")) == 0);
  clock.advance(seconds(60));
  grant.reset();
  CHECK(turns(key("b")) == 0);
}

TEST_CASE("an address with too many wrong keys is slowed down until a minute has passed") {
  ManualClock clock;
  FailureLimiter limiter(clock, 3);
  for (int i = 0; i < 3; ++i) {
    CHECK(tries(limiter, "192.0.2.1") == 100);
    limiter.failed("192.0.2.1");
    clock.advance(seconds(10));
  }
  CHECK(tries(limiter, "192.0.2.1") == FailureLimiter::kPace);
  CHECK(tries(limiter, "192.0.2.2") == 100);
  clock.advance(milliseconds(199));
  CHECK(tries(limiter, "192.0.2.1") == 0);
  clock.advance(milliseconds(1));
  CHECK(tries(limiter, "192.0.2.1") == 1);
  clock.advance(milliseconds(28'800));
  CHECK(tries(limiter, "192.0.2.1") == FailureLimiter::kPace);  // what is not used does not add up
  clock.advance(seconds(1));
  CHECK(tries(limiter, "192.0.2.1") == 100);  // the first failure is a minute old
}

TEST_CASE("an encoder with an old key, however often it calls, leaves its neighbour's attempts their turn") {
  ManualClock clock;
  FailureLimiter limiter(clock, 10);
  for (int i = 0; i < 300; ++i) {  // ten minutes
    if (limiter.may_try("192.0.2.1")) limiter.failed("192.0.2.1");
    CHECK(limiter.may_try("192.0.2.1"));
    clock.advance(seconds(2));
  }
}

TEST_CASE("keys that were good are remembered up to a bound, each for its protocol, until they are wrong") {
  GoodKeys keys(3);
  auto key = [](const std::string& text, Protocol protocol = Protocol::kRtmp) {
    return AuthRequest{protocol, text, "192.0.2.1"};
  };
  for (const char* text : {"a", "b", "c"}) keys.remember(key(text));
  CHECK(keys.contains(key("a")));
  CHECK_FALSE(keys.contains(key("a", Protocol::kSrt)));
  CHECK_FALSE(keys.contains(key("d")));
  keys.remember(key("a"));
  keys.remember(key("d"));
  CHECK(keys.contains(key("a")));
  CHECK_FALSE(keys.contains(key("b")));
  keys.forget(key("a"));
  CHECK_FALSE(keys.contains(key("a")));
  CHECK(keys.contains(key("c")));
}

TEST_CASE("remembered addresses are bounded, and the one whose failures are oldest is forgotten first") {
  ManualClock clock;
  FailureLimiter limiter(clock, 1, 100);
  for (int i = 0; i < 150; ++i) {
    limiter.failed("192.0.2." + std::to_string(i));
    clock.advance(milliseconds(1));
  }
  CHECK(limiter.addresses() == 100);
  CHECK(tries(limiter, "192.0.2.49") == 100);
  CHECK(tries(limiter, "192.0.2.50") == FailureLimiter::kPace);
  CHECK(tries(limiter, "192.0.2.149") == FailureLimiter::kPace);
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
