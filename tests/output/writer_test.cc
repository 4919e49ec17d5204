#include "output/recorder_writer.h"

#include <catch2/catch.hpp>

#include "output/recorder_fragment.h"
#include "store_fixture.h"

using namespace openday;
using namespace openday::output;
using openday::test::BreakableDisk;
using openday::test::kStart;
using openday::test::TempFolder;

namespace {

struct Fixture {
  TempFolder folder;
  BreakableDisk disk;
  ManualClock clock{{1'000'000'000}, kStart};
  std::vector<std::string> logged;
  RetentionPolicy policy{.most_bytes = 0, .most_age = milliseconds(0), .reserve_bytes = 0};
  const test::Tape tape = test::record_tape("run1", 10, 0, 240);  // 4 segments of each rendition

  StoreWriter writer() {
    Log log("test", LogLevel::kDebug, [this](std::string_view line) { logged.emplace_back(line); });
    return {folder.path(), policy, disk, clock, log};
  }
  [[nodiscard]] std::vector<IndexFact> index() const {
    auto news = IndexReader(folder.path()).read();
    REQUIRE(news);
    CHECK(news->unreadable == 0);
    return news->facts;
  }
  [[nodiscard]] std::vector<int64_t> indexed(const std::string& rendition) const {
    std::vector<int64_t> out;
    for (const IndexFact& fact : index()) {
      const auto* segment = std::get_if<media::StoredSegment>(&fact);
      if (segment != nullptr && segment->rendition == rendition) out.push_back(segment->msn);
    }
    return out;
  }
  [[nodiscard]] bool exists(const std::string& path) const { return std::filesystem::exists(folder / path); }
  [[nodiscard]] Bytes parts_of(const std::string& rendition, int64_t msn) const {
    Bytes out;
    for (const auto& event : tape.events) {
      const auto* part = std::get_if<media::Part>(&event);
      if (part != nullptr && part->rendition == rendition && part->msn == msn) {
        out.insert(out.end(), part->data->begin(), part->data->end());
      }
    }
    return out;
  }
};

using Fault = std::optional<Error>;
const Error kNoRoom{Errc::kLimit, "write: No space left on device"};
const Error kBroken{Errc::kIo, "write: Input/output error"};

bool is_part(const std::variant<media::Part, media::Segment>& event, const std::string& rendition,
             int64_t msn, int index) {
  const auto* part = std::get_if<media::Part>(&event);
  return part != nullptr && part->rendition == rendition && part->msn == msn && part->index == index;
}

}  // namespace

TEST_CASE("a run is stored part by part and indexed segment by segment") {
  Fixture f;
  StoreWriter writer = f.writer();
  REQUIRE(writer.open());
  CHECK(writer.status().state == RecordingState::kOff);
  auto paths = test::play(f.tape, writer);
  CHECK(paths.size() == 8);
  CHECK(paths.front() == "run1/90p/10.m4s");
  auto disk = posix_disk();
  uint64_t bytes = 0;
  for (const char* rendition : {"90p", "audio"}) {
    CHECK(f.indexed(rendition) == std::vector<int64_t>{10, 11, 12, 13});
    for (int64_t msn = 10; msn < 14; ++msn) {
      auto file = disk->read(f.folder / segment_path("run1", rendition, msn), 1 << 20);
      REQUIRE(file);
      CHECK(*file == f.parts_of(rendition, msn));
      bytes += file->size();
    }
  }
  CHECK(*disk->read(f.folder / init_path("run1", "90p"), 1 << 20) == *f.tape.inits[0].data);
  CHECK(writer.status().state == RecordingState::kRecording);
  CHECK(writer.status().bytes == bytes);
  CHECK(writer.status().stored == 8);
  CHECK(writer.status().dropped == 0);
  const auto facts = f.index();
  CHECK(std::get<media::InitSegment>(facts.at(0)).codecs == f.tape.inits[0].codecs);
  CHECK(std::get<media::InitSegment>(facts.at(0)).start == kStart);
}

TEST_CASE("what is written is there before the segment is over") {
  Fixture f;
  StoreWriter writer = f.writer();
  test::play(f.tape, writer, [&](const auto& event) {
    if (!is_part(event, "90p", 11, 3)) return;
    auto file = posix_disk()->read(f.folder / "run1/90p/11.m4s", 1 << 20);
    REQUIRE(file);
    CHECK(whole_fragments(*file).fragments.size() == 3);
  });
}

TEST_CASE("a segment is on the medium before the index says so") {
  Fixture f;
  StoreWriter writer = f.writer();
  test::play(f.tape, writer);
  auto position = [&](const std::string& what, size_t from) {
    auto found = std::find(f.disk.done.begin() + static_cast<std::ptrdiff_t>(from), f.disk.done.end(), what);
    REQUIRE(found != f.disk.done.end());
    return static_cast<size_t>(found - f.disk.done.begin());
  };
  size_t synced = position("sync " + (f.folder / "run1/90p/10.m4s"), 0);
  size_t written = position("append " + (f.folder / "run1/90p/10.m4s"), 0);
  CHECK(synced > written);
  CHECK(position("append " + index_path(f.folder.path()), synced) == synced + 1);
}

TEST_CASE(
    "a full disk costs the segments it touches, is reported, and recording resumes at the next segment") {
  Fixture f;
  StoreWriter writer = f.writer();
  RecordingStatus when_full;
  auto paths = test::play(f.tape, writer, [&](const auto& event) {
    if (is_part(event, "90p", 11, 2)) {
      f.disk.fault = [](const std::string& operation, const std::string& path) -> Fault {
        if (operation == "append" && path.ends_with(".m4s")) return kNoRoom;
        return std::nullopt;
      };
    }
    if (is_part(event, "90p", 12, 0)) {
      when_full = writer.status();
      CHECK(!f.exists("run1/90p/11.m4s"));  // its room is given back
      f.disk.fault = nullptr;
    }
  });
  CHECK(when_full.state == RecordingState::kFull);
  CHECK(when_full.why == kNoRoom.message);
  CHECK(f.indexed("90p") == std::vector<int64_t>{10, 12, 13});
  CHECK(f.indexed("audio") == std::vector<int64_t>{10, 12, 13});
  CHECK(writer.status().state == RecordingState::kRecording);
  CHECK(writer.status().why.empty());
  CHECK(writer.status().dropped == 2);
  auto count = [&](const char* what) {
    return std::count_if(f.logged.begin(), f.logged.end(),
                         [&](const std::string& line) { return line.find(what) != std::string::npos; });
  };
  CHECK(count("recording_stopped") == 1);
  CHECK(count("\"recording\"") == 2);  // at the beginning, and again
}

TEST_CASE("while one rendition cannot be recorded, the state says so") {
  Fixture f;
  StoreWriter writer = f.writer();
  f.disk.fault = [](const std::string& operation, const std::string& path) -> Fault {
    if (operation == "append" && path.find("/90p/") != std::string::npos) return kBroken;
    return std::nullopt;
  };
  auto paths = test::play(f.tape, writer);
  CHECK(f.indexed("audio").size() == 4);
  CHECK(f.indexed("90p").empty());
  CHECK(writer.status().state == RecordingState::kFailed);
  CHECK(writer.status().dropped == 4);
}

TEST_CASE("recording stops before the reserve is touched, and resumes when there is room again") {
  Fixture f;
  f.policy.reserve_bytes = 100 << 20;
  StoreWriter writer = f.writer();
  test::play(f.tape, writer, [&](const auto& event) {
    if (is_part(event, "90p", 10, 0)) f.disk.free = 101 << 20;
    if (is_part(event, "90p", 11, 0)) f.disk.free = 99 << 20;
    if (is_part(event, "90p", 11, 5)) {
      CHECK(writer.status().state == RecordingState::kFull);
      CHECK(writer.status().free_bytes == 99 << 20);
      CHECK(!f.exists("run1/90p/11.m4s"));
    }
    if (is_part(event, "90p", 12, 0)) f.disk.free = 200 << 20;
  });
  CHECK(f.indexed("90p") == std::vector<int64_t>{10, 12, 13});
  CHECK(writer.status().state == RecordingState::kRecording);
}

TEST_CASE("for want of room nothing goes that retention keeps, and what has grown too old does") {
  Fixture f;
  f.policy.reserve_bytes = 100 << 20;
  f.policy.most_age = seconds(60);
  f.clock.advance(seconds(8));
  f.disk.free = 101 << 20;
  StoreWriter writer = f.writer();
  test::play(f.tape, writer);
  f.disk.free = 99 << 20;
  f.disk.fault = [&](const std::string& what, const std::string& path) -> Fault {
    if (what == "remove" && path.ends_with("90p/10.m4s")) f.disk.free = 200 << 20;
    return std::nullopt;
  };
  SECTION("all of it is young: the recording stops") {
    test::play(test::record_tape("run2", 14, 1, 240, kStart + seconds(10)), writer);
    CHECK(writer.status().state == RecordingState::kFull);
    CHECK(f.indexed("90p") == std::vector<int64_t>{10, 11, 12, 13});
    for (int64_t msn = 10; msn < 14; ++msn) CHECK(f.exists(segment_path("run1", "90p", msn)));
  }
  SECTION("some of it is too old: it goes, and the recording goes on") {
    f.clock.advance(seconds(92));
    test::play(test::record_tape("run2", 14, 1, 240, kStart + seconds(92)), writer);
    CHECK(writer.status().state == RecordingState::kRecording);
    CHECK(!f.exists(segment_path("run1", "90p", 10)));
    CHECK(f.exists(segment_path("run2", "90p", 14)));
  }
}

TEST_CASE(
    "every operation may fail once: at most the segments it belongs to are lost, and the index stays true") {
  for (const char* operation : {"make_folder", "open", "lock", "replace", "append", "sync", "cut_to",
                                "free_space", "list", "read", "remove"}) {
    for (int skip = 0; skip < 40; ++skip) {
      Fixture f;
      int seen = 0;
      bool failed = false;
      f.disk.fault = [&](const std::string& what, const std::string&) -> Fault {
        if (what != operation || failed || seen++ < skip) return std::nullopt;
        failed = true;
        return kBroken;
      };
      {
        StoreWriter writer = f.writer();
        test::play(f.tape, writer, [&](const auto& event) {
          if (is_part(event, "90p", 11, 0)) f.clock.advance(seconds(11));
        });
        if (failed) {
          INFO(operation << " number " << skip);
          CHECK(writer.status().stored >= 5);
        }
      }
      if (!failed) break;
      INFO(operation << " number " << skip);
      f.disk.fault = nullptr;
      StoreWriter again = f.writer();
      REQUIRE(again.open());  // after recovery the index names what is there
      auto disk = posix_disk();
      std::map<std::string, uint64_t> files;
      for (const IndexFact& fact : f.index()) {
        const auto* segment = std::get_if<media::StoredSegment>(&fact);
        if (segment == nullptr) continue;
        auto file =
            disk->read(f.folder / segment_path(segment->run, segment->rendition, segment->msn), 1 << 20);
        REQUIRE(file);
        CHECK(file->size() == segment->bytes);
        CHECK(*file == f.parts_of(segment->rendition, segment->msn));
      }
      CHECK(f.indexed("90p").size() + f.indexed("audio").size() >= 5);
    }
  }
}

TEST_CASE(
    "an index that cannot be appended to keeps its lines whole, and gets the missing ones with the next") {
  Fixture f;
  StoreWriter writer = f.writer();
  test::play(f.tape, writer, [&](const auto& event) {
    if (is_part(event, "90p", 11, 5)) {
      f.disk.fault = [](const std::string& operation, const std::string& path) -> Fault {
        if (operation == "append" && path.ends_with("index.jsonl")) return kNoRoom;
        return std::nullopt;
      };
    }
    if (is_part(event, "90p", 12, 5)) {
      CHECK(f.indexed("90p") == std::vector<int64_t>{10});
      CHECK(writer.status().state == RecordingState::kFull);
      f.disk.fault = nullptr;
    }
  });
  CHECK(f.indexed("90p") == std::vector<int64_t>{10, 11, 12, 13});
  CHECK(writer.status().state == RecordingState::kRecording);
}

TEST_CASE("a store that another engine still holds is tried again after ten seconds") {
  Fixture f;
  auto other = posix_disk()->lock(f.folder / "lock");
  REQUIRE(other);
  StoreWriter writer = f.writer();
  CHECK(writer.open().error().code == Errc::kBusy);
  CHECK(writer.status().state == RecordingState::kFailed);
  test::play(f.tape, writer, [&](const auto& event) {
    if (is_part(event, "90p", 11, 0)) {
      other->reset();
      f.clock.advance(seconds(11));
    }
  });
  CHECK(f.indexed("90p") == std::vector<int64_t>{11, 12, 13});
}

TEST_CASE("a segment that lost a part, its beginning or its end in the queue is not recorded") {
  Fixture f;
  StoreWriter writer = f.writer();
  for (const media::InitSegment& init : f.tape.inits) writer.begin(init);
  auto lost = [&](const auto& event) {
    if (is_part(event, "90p", 10, 0) || is_part(event, "90p", 11, 3)) return true;
    const auto* segment = std::get_if<media::Segment>(&event);
    return segment != nullptr && segment->rendition == "90p" && segment->msn == 12;
  };
  for (const auto& event : f.tape.events) {
    if (lost(event)) continue;
    if (const auto* part = std::get_if<media::Part>(&event)) writer.add(*part);
    if (const auto* segment = std::get_if<media::Segment>(&event)) writer.finish(*segment);
  }
  CHECK(f.indexed("90p") == std::vector<int64_t>{13});
  CHECK(f.indexed("audio").size() == 4);
  CHECK(writer.status().dropped == 2);  // the third was counted by the queue that refused its end
  for (int64_t msn = 10; msn < 13; ++msn) CHECK(!f.exists(segment_path("run1", "90p", msn)));
}

TEST_CASE("a gap is not recorded and is no failure") {
  Fixture f;
  StoreWriter writer = f.writer();
  for (const media::InitSegment& init : f.tape.inits) writer.begin(init);
  media::Part part{.rendition = "90p",
                   .msn = 10,
                   .index = 0,
                   .independent = false,
                   .last = true,
                   .duration = 2,
                   .at = kStart,
                   .data = nullptr};
  writer.add(part);
  CHECK(writer
            .finish({.rendition = "90p",
                     .msn = 10,
                     .parts = 1,
                     .duration = 2,
                     .at = kStart,
                     .discontinuity = false,
                     .bytes = 0})
            .empty());
  CHECK(!f.exists("run1/90p/10.m4s"));
  CHECK(writer.status().dropped == 0);
}

TEST_CASE("retention by bytes removes the oldest numbers of all renditions, index first") {
  Fixture f;
  f.policy.most_bytes = 1;  // less than anything: but the newest always stay
  StoreWriter writer = f.writer();
  test::Tape longer = test::record_tape("run1", 10, 0, 480);
  test::play(longer, writer);
  std::vector<int64_t> dropped;
  for (const IndexFact& fact : f.index()) {
    if (const auto* before = std::get_if<DroppedBefore>(&fact)) dropped.push_back(before->msn);
  }
  CHECK(dropped == std::vector<int64_t>{11, 12, 13, 14, 15});
  CHECK(!f.exists("run1/90p/14.m4s"));
  CHECK(!f.exists("run1/audio/14.m4s"));
  CHECK(f.exists("run1/90p/15.m4s"));
  CHECK(f.exists("run1/90p/17.m4s"));
  uint64_t bytes = 0;
  for (int64_t msn = 15; msn < 18; ++msn) {
    for (const char* rendition : {"90p", "audio"})
      bytes += std::filesystem::file_size(f.folder / segment_path("run1", rendition, msn));
  }
  CHECK(writer.status().bytes == bytes);
  size_t said = 0;
  size_t gone = 0;
  for (size_t i = 0; i < f.disk.done.size(); ++i) {
    if (f.disk.done[i] == "append " + index_path(f.folder.path()) && gone == 0) said = i;
    if (f.disk.done[i] == "remove " + (f.folder / "run1/90p/10.m4s")) gone = i;
  }
  CHECK(said < gone);
}

TEST_CASE("retention by age removes old runs with their folders, and the thumbnails of their time") {
  Fixture f;
  f.policy.most_age = seconds(60);
  f.clock.advance(seconds(8));
  {
    StoreWriter writer = f.writer();
    test::play(f.tape, writer);
    writer.thumbnail(kStart, Bytes{1});
    writer.thumbnail(kStart + seconds(10), Bytes{2});
  }
  StoreWriter writer = f.writer();
  f.clock.advance(seconds(92));
  test::play(test::record_tape("run2", 14, 1, 240, kStart + seconds(92)), writer);
  CHECK(!f.exists("run1"));
  CHECK(f.indexed("90p").size() == 8);
  CHECK(f.exists("run2/90p/14.m4s"));
  CHECK(!f.exists("thumb/1790000000000.jpg"));
  CHECK(!f.exists("thumb/1790000010000.jpg"));
  auto summary = summarize_store(f.disk, f.folder.path());
  REQUIRE(summary);
  CHECK(summary->next_msn == 18);
  CHECK(summary->runs == 2);
}

TEST_CASE("a broadcast that nobody records any more expires down to nothing") {
  Fixture f;
  {
    StoreWriter writer = f.writer();
    test::play(f.tape, writer);
    writer.thumbnail(kStart, Bytes{1});
    CHECK(expire_store(f.folder.path(), f.policy, f.disk, f.clock, Log("test")).error().code == Errc::kBusy);
  }
  f.policy.most_age = seconds(3600);
  CHECK(expire_store(f.folder.path(), f.policy, f.disk, f.clock, Log("test")) == false);
  CHECK(f.exists("run1/90p/10.m4s"));
  f.clock.advance(seconds(3600 + 9));
  CHECK(expire_store(f.folder.path(), f.policy, f.disk, f.clock, Log("test")) == true);
  CHECK(!f.exists("run1"));
  CHECK(!f.exists("thumb"));
  CHECK(summarize_store(f.disk, f.folder.path())->next_msn == 14);
}

TEST_CASE("one thumbnail is kept of each 10 s, and none of a withdrawn time") {
  Fixture f;
  StoreWriter writer = f.writer();
  REQUIRE(writer.open());
  for (int second = 0; second < 60; second += 2)
    writer.thumbnail(kStart + seconds(second), Bytes{static_cast<uint8_t>(second)});
  CHECK(f.disk.list(f.folder / "thumb")->size() == 6);
  CHECK(*f.disk.read(f.folder / thumbnail_path(kStart + seconds(29)), 10) == Bytes{20});
  writer.withdraw(kStart + seconds(25), kStart + seconds(30));
  CHECK(!f.exists(thumbnail_path(kStart + seconds(29))));
  CHECK(f.exists(thumbnail_path(kStart + seconds(30))));
  writer.withdraw(kStart + seconds(60), kStart + seconds(65));
  writer.thumbnail(kStart + seconds(66), Bytes{7});  // its 10 s hold withdrawn ones
  CHECK(!f.exists(thumbnail_path(kStart + seconds(66))));
  const auto facts = f.index();
  REQUIRE(facts.size() == 2);
  CHECK(std::get<Withdrawn>(facts[0]).from == kStart + seconds(25));
}
