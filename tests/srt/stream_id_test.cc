#include "ingest/stream_id.h"

#include <catch2/catch.hpp>

#include "ingest/stall_budget.h"

namespace openday::ingest {

TEST_CASE("a plain stream id is the key") {
  CHECK(publish_key("0123abcd") == "0123abcd");
  CHECK(publish_key("live/a=b,c") == "live/a=b,c");
}

TEST_CASE("an access control stream id names its key with r") {
  CHECK(publish_key("#!::r=KEY,m=publish") == "KEY");
  CHECK(publish_key("#!::u=admin,m=publish,h=host,t=stream,r=a/b") == "a/b");
  CHECK(publish_key("#!::r=KEY") == "KEY");
  CHECK(publish_key("#!::r=a=b") == "a=b");
}

TEST_CASE("a stream id that asks for something else is refused") {
  CHECK(publish_key("#!::r=KEY,m=request").error().code == Errc::kUnsupported);
  CHECK(publish_key("#!::r=KEY,m=bidirectional").error().code == Errc::kUnsupported);
  CHECK(publish_key("#!::r=KEY,m=publish,t=file").error().code == Errc::kUnsupported);
}

TEST_CASE("a malformed stream id is refused and not quoted") {
  for (const char* id : {"", "#!", "#!::", "#!::m=publish", "#!::r=", "#!::r", "#!:{r=KEY}", "#!::r=KEY,,",
                         "ke\ny", "k\x7F", "k\xFF\xFE"}) {
    INFO(id);
    auto key = publish_key(id);
    REQUIRE_FALSE(key);
    CHECK(key.error().code == Errc::kInvalid);
    CHECK(key.error().message.find("KEY") == std::string::npos);
  }
}

TEST_CASE("the time that questions may hold up the port is bounded and comes back") {
  ManualClock clock;
  StallBudget budget(clock, milliseconds(250), 0.25, milliseconds(5));
  CHECK(budget.available() == milliseconds(250));
  budget.spend(milliseconds(200));
  CHECK(budget.available() == milliseconds(50));
  budget.spend(milliseconds(60));
  CHECK(budget.available() == Duration(0));
  clock.advance(milliseconds(40));  // earns 10 ms and pays the 10 ms overdrawn
  CHECK(budget.available() == Duration(0));
  clock.advance(milliseconds(20));
  CHECK(budget.available() == milliseconds(5));
  clock.advance(seconds(100));
  CHECK(budget.available() == milliseconds(250));
}

TEST_CASE("even questions answered at once cost something") {
  ManualClock clock;
  StallBudget budget(clock, milliseconds(250), 0.25, milliseconds(5));
  int asked = 0;
  while (budget.available() > Duration(0)) {
    budget.spend(Duration(0));
    ++asked;
  }
  CHECK(asked == 50);
}

}  // namespace openday::ingest
