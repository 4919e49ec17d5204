#include "base/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <climits>

#include "base/fd.h"

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

namespace {

void fill(const Log& log) {
  for (int i = 0; i < 10'000; ++i) log.info("said", {{"text", std::string(100, 'x')}});
}

/// A process whose standard error is `fd`, and that is not waited for in vain.
template <class Task>
pid_t in_child(int fd, Task task) {
  pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    ::dup2(fd, STDERR_FILENO);
    task();
    ::_exit(0);
  }
  return child;
}

bool ends_well(pid_t child) {
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

/// Until the end, which a terminal calls an error.
std::string read_all(int fd) {
  std::string read;
  char buffer[65536];
  for (ssize_t got; (got = ::read(fd, buffer, sizeof buffer)) > 0;)
    read.append(buffer, static_cast<size_t>(got));
  return read;
}

struct Terminal {
  Terminal() : reader(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    REQUIRE(::grantpt(reader.get()) == 0);
    REQUIRE(::unlockpt(reader.get()) == 0);
    writer.reset(::open(::ptsname(reader.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(writer);
  }
  UniqueFd reader;
  UniqueFd writer;
};

}  // namespace

TEST_CASE("a log that nobody reads stops nobody") {
  int ends[2];
  bool socket = GENERATE(false, true);
  REQUIRE((socket ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : ::pipe(ends)) == 0);
  pid_t child = in_child(ends[1], [] { fill(Log("x")); });
  CHECK(ends_well(child));  // nothing has been read
  ::close(ends[1]);
  std::string read = read_all(ends[0]);
  ::close(ends[0]);
  CHECK(read.size() > 30'000);
  CHECK(read.ends_with("}\n"));
}

TEST_CASE("a terminal that stands still stops nobody, and what it took half of spoils no line") {
  Terminal terminal;
  int full[2];
  REQUIRE(::pipe(full) == 0);
  pid_t child = in_child(terminal.writer.get(), [&] {
    Log log("x");
    fill(log);
    (void)!::write(full[1], "!", 1);
    for (int i = 0; i < 10; ++i) fill(log);
  });
  terminal.writer.reset();
  ::close(full[1]);
  char byte = 0;
  CHECK(::read(full[0], &byte, 1) == 1);  // nothing has been read until here
  ::close(full[0]);
  std::string read = read_all(terminal.reader.get());
  CHECK(ends_well(child));
  size_t whole = 0;
  size_t spoilt = 0;
  for (size_t at = 0, end = 0; (end = read.find("\r\n", at)) != std::string::npos; at = end + 2) {
    std::string_view line(read.data() + at, end - at);
    if (line.ends_with("}")) ++whole;
    if (line.find("{\"ts\"", 1) != line.npos) ++spoilt;
  }
  CHECK(spoilt == 0);
  CHECK(whole > 50);
}

TEST_CASE("a file takes every line, whatever else is written there") {
  char name[] = "/tmp/openday-log-XXXXXX";
  UniqueFd file(::mkstemp(name));
  CHECK(ends_well(in_child(file.get(), [] {
    (void)!::write(STDERR_FILENO, "before\n", 7);
    Log("x").info("said");
    (void)!::write(STDERR_FILENO, "after\n", 6);
  })));
  ::lseek(file.get(), 0, SEEK_SET);
  std::string read = read_all(file.get());
  CHECK(read.starts_with("before\n{"));
  CHECK(read.ends_with("}\nafter\n"));
  ::unlink(name);
}
