#include "output/recorder.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <fstream>

#include "store_fixture.h"

using namespace openday;
using namespace openday::output;
using openday::test::BreakableDisk;
using openday::test::kStart;
using openday::test::TempFolder;

namespace {

const Log kQuiet("test", LogLevel::kError, [](std::string_view) {});

/// Gives a tape to a recorder; counts what its queue refused.
int give(const test::Tape& tape, Recorder& recorder) {
  int refused = 0;
  for (const media::InitSegment& init : tape.inits) recorder.begin(init);
  for (const auto& event : tape.events) {
    if (const auto* part = std::get_if<media::Part>(&event)) refused += recorder.add(*part) ? 0 : 1;
    if (const auto* segment = std::get_if<media::Segment>(&event))
      refused += recorder.finish(*segment) ? 0 : 1;
  }
  return refused;
}

}  // namespace

TEST_CASE("the recorder stores on its own thread and tells the outcome of every segment") {
  TempFolder folder;
  auto disk = posix_disk();
  SystemClock clock;
  std::vector<std::string> paths;
  RetentionPolicy policy;
  policy.reserve_bytes = 0;
  {
    Recorder recorder(folder.path(), policy, *disk, clock, kQuiet,
                      [&](const media::Segment&, const std::string& path) { paths.push_back(path); });
    CHECK(give(test::record_tape("run1", 10, 0, 120), recorder) == 0);
    recorder.thumbnail(kStart, std::make_shared<const Bytes>(Bytes{1}));
    recorder.withdraw(kStart + seconds(60), kStart + seconds(61));
  }
  REQUIRE(paths.size() == 4);
  for (const std::string& path : paths) CHECK(std::filesystem::exists(folder / path));
  CHECK(std::filesystem::exists(folder / thumbnail_path(kStart)));
}

TEST_CASE("a disk that stands still costs recordings, not the one who records; a withdrawal is never lost") {
  TempFolder folder;
  SystemClock clock;
  BreakableDisk disk;
  std::mutex mutex;
  std::condition_variable changed;
  bool standing = false;
  bool let_go = false;
  bool at_thumbnail = false;  // behind everything else
  disk.fault = [&](const std::string& operation, const std::string& path) -> std::optional<Error> {
    if (operation == "make_folder" && path.ends_with("/thumb")) {
      std::lock_guard lock(mutex);
      at_thumbnail = true;
      changed.notify_all();
    }
    if (operation == "append" && path.ends_with(".m4s")) {
      std::unique_lock lock(mutex);
      standing = true;
      changed.notify_all();
      changed.wait(lock, [&] { return let_go; });
    }
    return std::nullopt;
  };
  RetentionPolicy policy;
  policy.reserve_bytes = 0;
  int outcomes = 0;
  std::vector<std::string> stored;
  test::Tape tape = test::record_tape("run1", 10, 0, 480);
  {
    Recorder recorder(
        folder.path(), policy, disk, clock, kQuiet,
        [&](const media::Segment&, const std::string& path) {
          ++outcomes;
          if (!path.empty()) stored.push_back(path);
        },
        16);
    for (const media::InitSegment& init : tape.inits) recorder.begin(init);
    CHECK(recorder.add(std::get<media::Part>(tape.events[0])));
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return standing; });
    }
    int refused = 0;
    for (size_t i = 1; i < tape.events.size(); ++i) {
      if (const auto* part = std::get_if<media::Part>(&tape.events[i]))
        refused += recorder.add(*part) ? 0 : 1;
      if (const auto* segment = std::get_if<media::Segment>(&tape.events[i]))
        refused += recorder.finish(*segment) ? 0 : 1;
    }
    CHECK(refused > 50);
    recorder.withdraw(kStart, kStart + seconds(1));
    {
      std::lock_guard lock(mutex);
      let_go = true;
      changed.notify_all();
    }
    auto picture = std::make_shared<const Bytes>(Bytes{1});
    while (!recorder.thumbnail(kStart + seconds(60), picture)) std::this_thread::yield();
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return at_thumbnail; });
    // A segment is recorded or counted once, whichever of its events were refused.
    auto segments = static_cast<size_t>(std::ranges::count_if(
        tape.events, [](const auto& event) { return std::holds_alternative<media::Segment>(event); }));
    CHECK(recorder.status().dropped + stored.size() == segments);
    CHECK(recorder.status().dropped > 8);
  }
  CHECK(outcomes < 16);
  bool withdrawn = false;
  const auto news = IndexReader(folder.path()).read();
  REQUIRE(news);
  for (const IndexFact& fact : news->facts) withdrawn = withdrawn || std::holds_alternative<Withdrawn>(fact);
  CHECK(withdrawn);
}

namespace {

constexpr int kCannotMount = 77;

bool stops_and_resumes_in(const std::string& folder, const test::Tape& tape) {
  auto disk = posix_disk();
  SystemClock clock;
  StoreWriter writer(folder, {.most_bytes = 0, .most_age = milliseconds(0), .reserve_bytes = 0}, *disk, clock,
                     kQuiet);
  std::string hog = folder + "/hog";
  bool was_full = false;
  auto paths = test::play(tape, writer, [&](const auto& event) {
    const auto* part = std::get_if<media::Part>(&event);
    if (part == nullptr || part->rendition != "90p") return;
    if (part->msn == 11 && part->index == 1) {  // somebody else fills the disk
      std::ofstream file(hog);
      while (file << std::string(4096, 'x') << std::flush) {
      }
    }
    if (part->msn == 12 && part->index == 0) {
      was_full = writer.status().state == RecordingState::kFull;
      std::filesystem::remove(hog);
    }
  });
  bool good = was_full && writer.status().state == RecordingState::kRecording && paths.size() >= 6;
  for (const std::string& path : paths) good = good && path != "run1/90p/11.m4s";
  return good;
}

/// Runs in a process of its own, on a file system of 256 KiB. 0: good.
int record_on_a_tiny_disk(const std::string& folder, const test::Tape& tape) {
  if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) return kCannotMount;
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kCannotMount;
  if (mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=256k") != 0) return kCannotMount;
  return stops_and_resumes_in(folder, tape) ? 0 : 1;  // the mount goes with the process
}

}  // namespace

TEST_CASE("a disk that is really full stops recording until there is room") {
  test::Tape tape = test::record_tape("run1", 10, 0, 240);
  TempFolder folder;
  pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(record_on_a_tiny_disk(folder.path(), tape));
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kCannotMount) {
    WARN("this machine lets nobody mount: the real full disk was not tried");
    return;
  }
  CHECK(WEXITSTATUS(status) == 0);
}
