#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <set>

#include "base/fd.h"
#include "folder.h"
#include "store/ledger.h"
#include "store/store.h"
#include "wrap/sqlite/sqlite.h"

using namespace openday;
using namespace openday::broadcast;
using namespace openday::store;

namespace {

Venue venue(const std::string& id) {
  return {id, id, {}, 0, 120, {1}};
}

// Counts outcomes and lets a test wait for them.
class Outcomes {
 public:
  Store::Done next() {
    return [this](Result<> outcome) {
      std::lock_guard lock(mutex_);
      all_.push_back(std::move(outcome));
      changed_.notify_all();
    };
  }
  std::vector<Result<>> wait_for(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return all_.size() >= count; });
    return all_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Result<>> all_;
};

// Holds the writer inside a unit until opened, so that what follows gathers behind it.
class Gate {
 public:
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void arrive_and_wait() {
    std::unique_lock lock(mutex_);
    arrived_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void wait_for_arrival() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return arrived_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool arrived_ = false;
  bool open_ = false;
};

Log quiet() {
  return Log("test", LogLevel::kError, [](std::string_view) {});
}

}  // namespace

TEST_CASE("units that wait together share one commit, and a failing one leaves the others alone") {
  test::Folder folder;
  auto store = Store::open(folder / "x.db", quiet());
  REQUIRE(store);
  Outcomes outcomes;
  Gate gate;
  REQUIRE((*store)->submit(
      [&](const Tables&) -> Result<> {
        gate.arrive_and_wait();
        return {};
      },
      outcomes.next()));
  gate.wait_for_arrival();
  for (int i = 0; i < 20; ++i) {
    REQUIRE((*store)->submit(
        [i](const Tables& tables) -> Result<> {
          OPENDAY_CHECK_OK(tables.ledger.put(venue("v" + std::to_string(i))));
          if (i == 7) return fail(Errc::kConflict, "changed its mind");
          return {};
        },
        outcomes.next()));
  }
  gate.open();
  auto all = outcomes.wait_for(21);
  auto reader = (*store)->reader();
  REQUIRE(reader);
  auto venues = (*reader)->ledger().venues();
  REQUIRE(venues);
  CHECK(venues->size() == 19);
  CHECK((*reader)->ledger().venue("v7").error().code == Errc::kNotFound);
  CHECK(std::count_if(all.begin(), all.end(), [](const auto& r) { return r.has_value(); }) == 20);
  CHECK((*store)->counters().commits == 2);
  CHECK((*store)->counters().units == 20);
}

TEST_CASE("a full queue refuses and says so") {
  test::Folder folder;
  auto store = Store::open(folder / "x.db", quiet(), {.queue_bound = 3, .group_bound = 2});
  REQUIRE(store);
  Outcomes outcomes;
  Gate gate;
  auto nothing = [](const Tables&) -> Result<> { return {}; };
  REQUIRE((*store)->submit(
      [&](const Tables&) -> Result<> {
        gate.arrive_and_wait();
        return {};
      },
      outcomes.next()));
  gate.wait_for_arrival();
  for (int i = 0; i < 3; ++i) CHECK((*store)->submit(nothing, outcomes.next()));
  CHECK_FALSE((*store)->submit(nothing, outcomes.next()));
  CHECK((*store)->counters().refused == 1);
  gate.open();
  CHECK(outcomes.wait_for(4).size() == 4);
}

TEST_CASE("closing the store finishes what it has taken") {
  test::Folder folder;
  {
    auto store = Store::open(folder / "x.db", quiet());
    REQUIRE(store);
    for (int i = 0; i < 50; ++i) {
      REQUIRE((*store)->submit(
          [i](const Tables& tables) { return tables.ledger.put(venue("v" + std::to_string(i))); },
          [](Result<>) {}));
    }
  }
  auto store = Store::open(folder / "x.db", quiet());
  REQUIRE(store);
  CHECK((*(*store)->reader())->ledger().venues()->size() == 50);
}

TEST_CASE("what was acknowledged is there after kill -9 in the middle of writing") {
  test::Folder folder;
  std::string path = folder / "x.db";
  int pipe_ends[2];
  REQUIRE(::pipe(pipe_ends) == 0);
  UniqueFd from_child(pipe_ends[0]);
  UniqueFd to_parent(pipe_ends[1]);
  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto store = Store::open(path, quiet());
    if (!store) ::_exit(1);
    for (uint32_t i = 0;; ++i) {
      // One write(2) of 4 bytes to a pipe is atomic, and it comes after the outcome.
      bool taken = (*store)->submit(
          [i](const Tables& tables) { return tables.ledger.put(venue("v" + std::to_string(i))); },
          [i, fd = to_parent.get()](Result<> outcome) {
            if (outcome && ::write(fd, &i, sizeof i) != sizeof i) ::_exit(2);
          });
      if (!taken) {
        --i;
        ::sched_yield();
      }
    }
  }
  to_parent.reset();
  std::set<uint32_t> acknowledged;
  auto take = [&] {
    uint32_t one = 0;
    if (::read(from_child.get(), &one, sizeof one) != sizeof one) return false;
    acknowledged.insert(one);
    return true;
  };
  while (acknowledged.size() < 200) REQUIRE(take());
  REQUIRE(::kill(child, SIGKILL) == 0);
  while (take()) {
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));

  auto store = Store::open(path, quiet());
  REQUIRE(store);
  auto reader = (*store)->reader();
  REQUIRE(reader);
  std::set<std::string> kept;
  auto venues = (*reader)->ledger().venues();
  for (const auto& one : *venues) kept.insert(one.id);
  for (uint32_t one : acknowledged) {
    CAPTURE(one);
    REQUIRE(kept.contains("v" + std::to_string(one)));
  }
  // In order: nothing later is there without everything earlier.
  for (size_t i = 0; i < kept.size(); ++i) REQUIRE(kept.contains("v" + std::to_string(i)));
}

TEST_CASE("a full disk is an outcome, nothing half is kept, and writing goes on when there is room again") {
  test::Folder folder;
  pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // RLIMIT_FSIZE makes writes fail like a full disk does, for this process alone.
    ::signal(SIGXFSZ, SIG_IGN);
    auto store = Store::open(folder / "x.db", quiet());
    if (!store) ::_exit(1);
    Outcomes outcomes;
    auto put = [&](const std::string& id, size_t size) {
      Venue big = venue(id);
      big.name = std::string(size, 'x');
      return (*store)->submit([big](const Tables& tables) { return tables.ledger.put(big); },
                              outcomes.next());
    };
    if (!put("before", 10) || !outcomes.wait_for(1)[0]) ::_exit(2);
    struct rlimit small{};
    ::getrlimit(RLIMIT_FSIZE, &small);
    auto unlimited = small.rlim_cur;
    small.rlim_cur = 200'000;
    ::setrlimit(RLIMIT_FSIZE, &small);
    if (!put("big", 2'000'000)) ::_exit(3);
    auto second = outcomes.wait_for(2)[1];
    if (second || second.error().code != Errc::kIo) ::_exit(4);
    if ((*store)->trouble().empty() || (*store)->counters().failed_commits != 1) ::_exit(5);
    small.rlim_cur = unlimited;
    ::setrlimit(RLIMIT_FSIZE, &small);
    if (!put("after", 10) || !outcomes.wait_for(3)[2]) ::_exit(6);
    if (!(*store)->trouble().empty()) ::_exit(7);
    auto reader = (*store)->reader();
    if (!reader || (*reader)->ledger().venues()->size() != 2 || (*reader)->ledger().venue("big")) ::_exit(8);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
