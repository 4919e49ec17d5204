#include "base/log.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <climits>

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

TEST_CASE("a line that would not fit into a pipe at once leaves out what is too long") {
  std::string out;
  Log log("x", LogLevel::kInfo, [&](std::string_view line) { out += line; });
  log.info("said", {{"text", std::string(5000, 'x')}, {"after", 7}});
  CHECK(out.find(R"("event":"said","after":7,"cut":true})") != std::string::npos);
  CHECK(out.size() <= PIPE_BUF);
}

TEST_CASE("a log that nobody reads stops nobody") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], STDERR_FILENO);
    Log log("x");
    for (int i = 0; i < 10'000; ++i) log.info("said", {{"text", std::string(100, 'x')}});
    ::_exit(0);
  }
  int status = -1;
  CHECK(::waitpid(child, &status, 0) == child);  // nothing has been read
  CHECK(status == 0);
  ::close(ends[1]);
  std::string read;
  char buffer[65536];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    read.append(buffer, static_cast<size_t>(got));
  ::close(ends[0]);
  CHECK(read.size() > 30'000);
  CHECK(read.ends_with("}\n"));
}
