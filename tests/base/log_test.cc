#include "base/log.h"

#include <catch2/catch.hpp>

using namespace openday;

TEST_CASE("a log line is one JSON object whatever it is given") {
  std::string out;
  Log log("feed", LogLevel::kInfo, [&](std::string_view line) { out += line; });
  log.info("feed_started",
           {{"venue", "hall \"a\"\n"}, {"slot", 3}, {"late", 1.5}, {"ok", true}, {"raw", "\xFF"}});
  CHECK(out.find(
            R"("proc":"feed","event":"feed_started","venue":"hall \"a\"\n","slot":3,"late":1.5,"ok":true)") !=
        std::string::npos);
  CHECK(out.find("\xEF\xBF\xBD") != std::string::npos);
  CHECK(out.back() == '\n');
}

TEST_CASE("lines below the wanted level are not written") {
  std::string out;
  Log log("x", LogLevel::kWarn, [&](std::string_view line) { out += line; });
  log.info("quiet");
  CHECK(out.empty());
  log.error("loud");
  CHECK_FALSE(out.empty());
}
