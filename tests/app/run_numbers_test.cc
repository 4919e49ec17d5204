#include "app/run_numbers.h"

#include <catch2/catch.hpp>
#include <latch>

#include "../output/store_fixture.h"
#include "package/wire.h"

using namespace openday;
using namespace openday::app;
using output::StoreSummary;

namespace {

constexpr ProgramTime kNow{1'790'000'000'000};
const Result<StoreSummary> kBroken = fail(Errc::kIo, "input/output error");

Checkpoint checkpoint_of(int64_t msn, int runs) {
  Checkpoint checkpoint;
  checkpoint.msn = msn;
  checkpoint.runs = runs;
  checkpoint.present = true;
  return checkpoint;
}

}  // namespace

TEST_CASE("a run begins above what was published and what was recorded, whichever is more") {
  Result<StoreSummary> stored = StoreSummary{.next_msn = 58, .runs = 3, .end = kNow};
  RunNumbers first = number_run({}, StoreSummary{}, kNow);
  CHECK(first.first_msn == 0);
  CHECK(first.discontinuity == 0);
  RunNumbers from_store = number_run({}, stored, kNow);
  CHECK(from_store.first_msn == 58);
  CHECK(from_store.discontinuity == 3);
  // Recording was off for a while: the checkpoint is ahead.
  CHECK(number_run(checkpoint_of(90, 5), stored, kNow).first_msn == 91);
  CHECK(number_run(checkpoint_of(90, 5), stored, kNow).discontinuity == 5);
  // The checkpoint is older than the store: the store counts.
  CHECK(number_run(checkpoint_of(40, 1), stored, kNow).first_msn == 58);
  CHECK(number_run(checkpoint_of(40, 1), stored, kNow).discontinuity == 3);
}

TEST_CASE("program time is the wall clock's, and never goes back within a broadcast") {
  constexpr HouseTime kTick{5'000'000'000'999'999};
  auto start = [&](const Checkpoint& checkpoint, const RunNumbers& numbers, HouseTime first_tick) {
    return start_of_run(checkpoint, numbers, kNow, first_tick);
  };
  CHECK(start({}, {}, kTick) == kNow);
  // After a crash: the run before began an hour ago, by the same wall clock.
  Checkpoint before = checkpoint_of(1800, 1);
  before.clock = clock_of_run(kNow + seconds(-3600), kTick - seconds(3600));
  CHECK(start(before, {}, kTick) == kNow);
  CHECK(start(before, {}, kTick + seconds(60)) == kNow + seconds(60));  // the wall clock was set back by that
  CHECK(start(before, {}, kTick - seconds(60)) == kNow);                // it was set forward
  // As the supervisor hands it on.
  CHECK(start(parse_checkpoint(to_json(before)), {}, kTick + seconds(60)) == kNow + seconds(60));
  Checkpoint strange = parse_checkpoint({{"clock_ms", INT64_MAX}});
  CHECK(start(strange, {}, kTick) > kNow);
  CHECK(start(parse_checkpoint({{"clock_ms", "soon"}}), {}, kTick) == kNow);
  // After a start of the whole server there is only the store.
  RunNumbers stored =
      number_run({}, StoreSummary{.next_msn = 58, .runs = 3, .end = kNow + seconds(90)}, kNow);
  CHECK(start({}, stored, kTick) == kNow + seconds(90));
  CHECK(start({}, number_run({}, kBroken, kNow), kTick) == kNow);
  // A rehearsal ended an hour ahead of this wall clock, whether or not the store can tell.
  auto rehearsed = parse_engine_config({{"broadcast", "b"},
                                        {"pipelines", "p"},
                                        {"house", {{"width", 640}, {"height", 360}, {"fps", 30}}},
                                        {"store", {{"dir", "d"}}},
                                        {"not_before_ms", (kNow + seconds(3600)).ms}});
  REQUIRE(rehearsed);
  ProgramTime end = rehearsed->not_before;
  // One that was held when this house's clock was centuries ahead costs no engine its start.
  auto centuries = parse_engine_config({{"broadcast", "b"},
                                        {"pipelines", "p"},
                                        {"house", {{"width", 640}, {"height", 360}, {"fps", 30}}},
                                        {"store", {{"dir", "d"}}},
                                        {"not_before_ms", INT64_MAX}});
  REQUIRE(centuries);
  CHECK(centuries->not_before == kLatestClock);
  CHECK(start({}, number_run({}, kBroken, kNow, end), kTick) == kNow + seconds(3600));
  CHECK(start({}, number_run({}, StoreSummary{}, kNow, end), kTick) == kNow + seconds(3600));
  CHECK(start({}, number_run({}, StoreSummary{.next_msn = 1, .runs = 1, .end = end + seconds(1)}, kNow, end),
              kTick) == end + seconds(1));
}

TEST_CASE("beside a store that cannot be read the checkpoint tells the numbers") {
  RunNumbers numbers = number_run(checkpoint_of(90, 5), kBroken, kNow);
  CHECK(numbers.first_msn == 91);
  CHECK(numbers.discontinuity == 5);
}

TEST_CASE("without checkpoint and store the clock gives numbers that no earlier run can have reached") {
  RunNumbers numbers = number_run({}, kBroken, kNow);
  // A broadcast that had been running without a break since 2020 would be at half of that.
  CHECK(numbers.first_msn == 1'790'000'000 - 1'577'836'800);
  CHECK(numbers.discontinuity == numbers.first_msn);
  // And so after a run that began by the clock itself, however long it was on air.
  for (int64_t aired_s : {3, 3600, 24 * 3600 * 400}) {
    int64_t newest = numbers.first_msn + aired_s / 2;
    CHECK(number_run({}, kBroken, kNow + seconds(aired_s)).first_msn > newest);
  }
  // Until 2038 it fits players that keep it in 32 bits, and until 2051 our index.
  CHECK(number_run({}, kBroken, {2'500'000'000'000}).first_msn < 1'000'000'000);
}

TEST_CASE("numbers from the clock outlive the engine") {
  RunNumbers numbers = number_run({}, kBroken, kNow);
  for (int runs : {numbers.discontinuity + 1, kMostRuns}) {
    Checkpoint saved = checkpoint_of(numbers.first_msn, runs);
    RunNumbers next = number_run(parse_checkpoint(to_json(saved)), kBroken, kNow);
    CHECK(next.first_msn == saved.msn + 1);
    CHECK(next.discontinuity == runs);
    // And the hub takes them.
    media::InitSegment init;
    init.run = "r";
    init.rendition = "720p";
    init.codecs = "avc1.64001f";
    init.part_target = 0.334;
    init.first_msn = next.first_msn;
    init.discontinuity = next.discontinuity;
    init.data = std::make_shared<const Bytes>(8);
    CHECK(package::init_from(package::to_message(init)));
  }
}

TEST_CASE("a disk that hangs is waited for no longer than that") {
  struct Held {
    std::latch gate{1};
    test::BreakableDisk disk;
    std::latch over{1};
  };
  auto held = std::make_shared<Held>();
  held->disk.fault = [&held = *held](const std::string&, const std::string&) -> std::optional<Error> {
    held.gate.wait();
    held.over.count_down();
    return Error{Errc::kIo, "input/output error"};
  };
  std::shared_ptr<output::Disk> disk(held, &held->disk);
  auto summary = summarize_in_time(disk, "/nowhere", milliseconds(50));
  REQUIRE(!summary);
  CHECK(summary.error().code == Errc::kTimeout);
  held->gate.count_down();
  held->over.wait();
}

TEST_CASE("a disk that answers is heard") {
  test::TempFolder store;
  std::shared_ptr<output::Disk> disk = output::posix_disk();
  CHECK(summarize_in_time(disk, store.path(), seconds(10))->next_msn == 0);
  REQUIRE(disk->make_folder(output::index_path(store.path())));
  auto summary = summarize_in_time(disk, store.path(), seconds(10));
  REQUIRE(!summary);
  CHECK(summary.error().code != Errc::kTimeout);
}
