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

TEST_CASE("a log goes on from another level where it wrote before") {
  std::string out;
  Log log("x", LogLevel::kInfo, [&](std::string_view line) { out += line; });
  Log less = log.from(LogLevel::kWarn);
  less.info("quiet");
  CHECK(out.empty());
  less.warn("loud");
  CHECK(out.find(R"("proc":"x","event":"loud")") != std::string::npos);
  log.info("as_before");
  CHECK(out.find("as_before") != std::string::npos);
}

TEST_CASE("a level is known by its name alone") {
  CHECK(parse_log_level("debug") == LogLevel::kDebug);
  CHECK(parse_log_level("info") == LogLevel::kInfo);
  CHECK(parse_log_level("warn") == LogLevel::kWarn);
  CHECK(parse_log_level("error") == LogLevel::kError);
  for (const char* none : {"", "Info", "warning", "debug "}) CHECK_FALSE(parse_log_level(none));
}

TEST_CASE("lines below the wanted level are not written") {
  std::string out;
  Log log("x", LogLevel::kWarn, [&](std::string_view line) { out += line; });
  log.info("quiet");
  CHECK(out.empty());
  log.error("loud");
  CHECK_FALSE(out.empty());
}
