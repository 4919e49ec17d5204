#include "app/media_janitor.h"

#include <future>

#include "../output/store_fixture.h"

using namespace openday;
using namespace openday::app;
using test::kStart;

namespace {

class Media {
 public:
  /// Eight seconds of a broadcast, `since` after kStart. What is returned holds the store until it goes.
  std::unique_ptr<output::StoreWriter> record(const std::string& broadcast, milliseconds since) {
    auto writer = std::make_unique<output::StoreWriter>(folder / broadcast,
                                                        output::RetentionPolicy{0, milliseconds(0), 0}, *disk,
                                                        clock, Log("test", LogLevel::kError));
    REQUIRE(writer->open());
    test::play(test::record_tape("run1", 0, 0, 240, kStart + since), *writer);
    return writer;
  }
  /// One round to its end; the broadcasts of which nothing is left.
  std::vector<std::string> expire(const output::RetentionPolicy& policy, std::vector<std::string> resting,
                                  std::vector<std::string> recording = {}) {
    std::vector<std::string> emptied;
    std::promise<void> done;
    MediaJanitor janitor(folder.path(), policy, clock, Log("test", LogLevel::kError));
    janitor.expire(std::move(resting), std::move(recording),
                   [&](const std::string& id) { emptied.push_back(id); });
    // One thread does all in order: the next round's end is behind this one's.
    std::filesystem::create_directories(folder / "nothing");
    janitor.expire({"nothing"}, {}, [&](const std::string&) { done.set_value(); });
    done.get_future().wait();
    return emptied;
  }
  [[nodiscard]] uint64_t bytes(const std::string& broadcast) const {
    return output::survey_store(folder / broadcast)->bytes;
  }

  test::TempFolder folder;
  std::unique_ptr<output::Disk> disk = output::posix_disk();
  ManualClock clock{{1}, kStart};
};

}  // namespace

TEST_CASE("the bytes that may be kept are those of all broadcasts, and the oldest go first") {
  Media media;
  media.record("second", std::chrono::minutes(1));
  media.record("first", std::chrono::minutes(0));
  auto running = media.record("running", std::chrono::minutes(2));
  uint64_t one = media.bytes("first");
  REQUIRE(one > 0);
  std::vector<std::string> resting = {"second", "first"};

  output::RetentionPolicy policy{3 * one, milliseconds(0), 0};
  CHECK(media.expire(policy, resting, {"running"}).empty());
  CHECK(media.bytes("first") == one);

  policy.most_bytes = 2 * one + one / 2;
  CHECK(media.expire(policy, resting, {"running"}).empty());
  CHECK(media.bytes("first") > 0);
  CHECK(media.bytes("first") <= one / 2);
  CHECK(media.bytes("second") == one);

  // What an engine records counts, and stays.
  policy.most_bytes = one + one / 2;
  CHECK(media.expire(policy, resting, {"running"}) == std::vector<std::string>{"first"});
  CHECK(media.bytes("second") <= one / 2);
  CHECK(media.bytes("second") > 0);
  policy.most_bytes = 1;
  CHECK(media.expire(policy, resting, {"running"}).back() == "second");
  CHECK(media.bytes("running") == one);
}

TEST_CASE("media that is not there is not taken for media that is gone") {
  Media media;  // its disk is not mounted, and somebody has begun to record beneath the mount point
  media.record("new", std::chrono::minutes(10));
  output::RetentionPolicy policy{1, std::chrono::minutes(5), 0};
  CHECK(media.expire(policy, {"ended"}, {"new"}).empty());
}

TEST_CASE("media that the disk does not show is not taken for deleted") {
  Media media;
  std::filesystem::create_symlink("loop", media.folder / "loop");
  MediaJanitor janitor(media.folder.path(), {}, media.clock,
                       Log("test", LogLevel::kError, [](std::string_view) {}));
  CHECK(janitor.remove("loop").error().code == Errc::kIo);
  CHECK(janitor.remove("never-recorded"));
}

TEST_CASE("what is too old goes from every broadcast that rests") {
  Media media;
  media.record("rehearsed", std::chrono::minutes(0));
  media.record("ended", std::chrono::minutes(10));
  output::RetentionPolicy policy{0, std::chrono::minutes(5), 0};
  media.clock.advance(std::chrono::minutes(6));
  CHECK(media.expire(policy, {"rehearsed", "ended"}) == std::vector<std::string>{"rehearsed"});
  CHECK(media.bytes("ended") > 0);
}
