#include "output/recorder_recovery.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "output/recorder_fragment.h"
#include "store_fixture.h"

using namespace openday;
using namespace openday::output;
using openday::test::BreakableDisk;
using openday::test::kStart;
using openday::test::TempFolder;

namespace {

/// A store as a dead engine leaves it: segments 10 and 11, of which 11 has 12 ticks.
struct Dead {
  TempFolder folder;
  BreakableDisk disk;
  ManualClock clock{{1'000'000'000}, kStart};
  test::Tape tape;

  /// Of the last `unseen` ticks there is sound alone.
  explicit Dead(int unseen = 0) : tape(test::record_tape("run1", 10, 0, 72, kStart, 0, unseen)) {
    StoreWriter writer(folder.path(), {.most_bytes = 0, .most_age = milliseconds(0), .reserve_bytes = 0},
                       disk, clock, Log("test", LogLevel::kError));
    REQUIRE(test::play(tape, writer).size() == 4);
  }
  [[nodiscard]] std::string index() const { return read(index_path(folder.path())); }
  [[nodiscard]] std::string read(const std::string& path) const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  void write(const std::string& path, std::string_view content) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  }
  Recovered recover() {
    auto recovered = recover_store(disk, folder.path());
    REQUIRE(recovered);
    std::string on_disk = index();
    std::string told;
    for (const IndexFact& fact : recovered->facts) told += to_line(fact);
    CHECK(told == on_disk);
    CHECK(recovered->index_size == on_disk.size());
    return *recovered;
  }
  static std::optional<media::StoredSegment> find(const Recovered& recovered, const std::string& rendition,
                                                  int64_t msn) {
    for (const IndexFact& fact : recovered.facts) {
      const auto* segment = std::get_if<media::StoredSegment>(&fact);
      if (segment != nullptr && segment->rendition == rendition && segment->msn == msn) return *segment;
    }
    return std::nullopt;
  }
};

std::string without_lines(const std::string& text, const std::string& with) {
  std::string out;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.find('\n', begin) + 1;
    std::string line = text.substr(begin, end - begin);
    if (line.find(with) == std::string::npos) out += line;
    begin = end;
  }
  return out;
}

}  // namespace

TEST_CASE("a store that was left in order is not changed") {
  Dead store;
  std::string before = store.index();
  Recovered recovered = store.recover();
  CHECK(store.index() == before);
  CHECK(recovered.cut_back + recovered.removed + recovered.lost + recovered.orphans + recovered.unreadable ==
        0);
  CHECK(recovered.facts.size() == 6);
}

TEST_CASE("a segment that a crash cut at any byte is kept up to its last whole fragment") {
  for (const std::string rendition : {"90p", "audio"}) {
    Dead store;
    std::string path = store.folder / segment_path("run1", rendition, 11);
    std::string whole = store.read(path);
    std::string index = without_lines(store.index(), "\"msn\":11,\"rendition\":\"" + rendition);
    WholeFragments fragments = whole_fragments(as_bytes(whole));
    REQUIRE(fragments.fragments.size() == 2);
    uint64_t first = fragments.fragments[0].size;
    size_t wrong = 0;
    for (size_t cut = 0; cut <= whole.size(); ++cut) {
      store.write(path, std::string_view(whole).substr(0, cut));
      store.write(index_path(store.folder.path()), index);
      auto recovered = recover_store(store.disk, store.folder.path());
      REQUIRE(recovered);
      auto segment = Dead::find(*recovered, rendition, 11);
      uint64_t want = cut < first ? 0 : cut < whole.size() ? first : whole.size();
      bool good = segment.has_value() == (want > 0) && std::filesystem::exists(path) == (want > 0);
      if (segment) {
        good = good && segment->bytes == want && std::filesystem::file_size(path) == want;
        if (rendition == "90p") {
          good = good && segment->at == kStart + seconds(2);
          good = good && segment->duration == Approx(want == first ? 10.0 / 30 : 0.4);
        }
        good = good && store.index() == index + to_line(*segment);
      }
      if (!good) ++wrong;
    }
    INFO(rendition);
    CHECK(wrong == 0);
  }
}

TEST_CASE("a segment that has sound alone is kept, and timed by it") {
  Dead store(12);
  std::string path = store.folder / segment_path("run1", "90p", 11);
  std::string whole = store.read(path);
  store.write(index_path(store.folder.path()),
              without_lines(store.index(), "\"msn\":11,\"rendition\":\"90p"));
  Recovered recovered = store.recover();
  CHECK(recovered.cut_back == 1);
  CHECK(recovered.removed == 0);
  auto segment = Dead::find(recovered, "90p", 11);
  REQUIRE(segment);
  CHECK(segment->at.ms == Approx((kStart + seconds(2)).ms).margin(22));  // an AAC frame
  CHECK(segment->duration == Approx(0.4).margin(0.022));
  CHECK(segment->bytes == whole.size());
  CHECK(store.read(path) == whole);
}

TEST_CASE("an index torn at any byte of its last line loses nothing") {
  Dead store;
  std::string index = store.index();
  size_t last = index.rfind('\n', index.size() - 2) + 1;
  auto before = store.recover();
  for (size_t cut = last; cut < index.size(); ++cut) {
    store.write(index_path(store.folder.path()), index.substr(0, cut));
    Recovered recovered = store.recover();
    CHECK(recovered.facts.size() == before.facts.size());
    CHECK(recovered.cut_back == 1);
    CHECK(Dead::find(recovered, "90p", 11));
    CHECK(Dead::find(recovered, "audio", 11));
  }
}

TEST_CASE("an index that was lost altogether leaves the media where it is") {
  Dead store;
  store.write(index_path(store.folder.path()), "");
  Recovered recovered = store.recover();
  CHECK(recovered.facts.empty());
  CHECK(recovered.orphans == 1);
  CHECK(std::filesystem::exists(store.folder / "run1/90p/10.m4s"));
}

TEST_CASE("a line whose file a power cut has taken, or shortened, is not believed") {
  Dead store;
  SECTION("taken") {
    std::filesystem::remove(store.folder / "run1/90p/11.m4s");
    Recovered recovered = store.recover();
    CHECK(recovered.lost == 1);
    CHECK(!Dead::find(recovered, "90p", 11));
    CHECK(Dead::find(recovered, "90p", 10));
  }
  SECTION("shortened") {
    std::filesystem::resize_file(store.folder / "run1/90p/11.m4s",
                                 std::filesystem::file_size(store.folder / "run1/90p/11.m4s") - 1);
    Recovered recovered = store.recover();
    CHECK(recovered.lost == 1);
    CHECK(recovered.cut_back == 1);
    CHECK(Dead::find(recovered, "90p", 11)->duration == Approx(10.0 / 30));
  }
}

TEST_CASE("an unreadable line is left out and its segment found again") {
  Dead store;
  std::string index = store.index();
  size_t middle = index.find("\"msn\":10");
  index[middle] = 'X';
  store.write(index_path(store.folder.path()), index);
  Recovered recovered = store.recover();
  CHECK(recovered.unreadable == 1);
  CHECK(Dead::find(recovered, "90p", 10));
  CHECK(Dead::find(recovered, "audio", 10));
}

TEST_CASE("what retention dropped and a crash kept is removed") {
  Dead store;
  store.write(index_path(store.folder.path()), store.index() + to_line(DroppedBefore{11}));
  Recovered recovered = store.recover();
  CHECK(recovered.removed == 2);
  CHECK(recovered.lost == 0);
  CHECK(!std::filesystem::exists(store.folder / "run1/90p/10.m4s"));
  CHECK(std::filesystem::exists(store.folder / "run1/90p/11.m4s"));
}

TEST_CASE("an index that is mostly about dropped segments is rewritten without them") {
  Dead store;
  std::string index = store.index();
  std::string old;
  for (int64_t msn = 0; msn < 10; ++msn) {
    for (int rendition = 0; rendition < 150; ++rendition) {
      old += to_line(media::StoredSegment{.run = "run1",
                                          .rendition = "r" + std::to_string(rendition),
                                          .msn = msn,
                                          .at = kStart,
                                          .duration = 2,
                                          .bytes = 5,
                                          .discontinuity = false});
    }
  }
  size_t first_segment = index.find("\"t\":\"segment\"");
  size_t at = index.rfind('\n', first_segment) + 1;
  index.insert(at, old);
  index += to_line(DroppedBefore{10});
  store.write(index_path(store.folder.path()), index);
  Recovered recovered = store.recover();
  CHECK(recovered.facts.size() == 7);
  CHECK(recovered.lost == 0);
  CHECK(std::get<DroppedBefore>(recovered.facts.back()).msn == 10);
  CHECK(summarize_store(store.disk, store.folder.path())->next_msn == 12);
}

TEST_CASE("a disk that fails during recovery fails it, and the next one does what is left") {
  Dead store;
  std::string index = store.index();
  store.write(index_path(store.folder.path()), without_lines(index, "\"msn\":11"));
  for (const char* operation : {"read", "list", "open", "append", "sync"}) {
    INFO(operation);
    store.disk.fault = [&](const std::string& what, const std::string& path) -> std::optional<Error> {
      if (what == operation && !path.ends_with(".m4s") && !path.ends_with(".mp4"))
        return Error{Errc::kIo, "broken"};
      return std::nullopt;
    };
    auto failed = recover_store(store.disk, store.folder.path());
    CHECK(!failed);
    store.disk.fault = nullptr;
  }
  Recovered recovered = store.recover();
  CHECK(Dead::find(recovered, "90p", 11));
  CHECK(Dead::find(recovered, "audio", 11));
}

TEST_CASE("a recovered store is recorded on by the next run") {
  Dead store;
  std::filesystem::resize_file(store.folder / "run1/90p/11.m4s",
                               std::filesystem::file_size(store.folder / "run1/90p/11.m4s") - 1);
  StoreWriter writer(store.folder.path(), {.most_bytes = 0, .most_age = milliseconds(0), .reserve_bytes = 0},
                     store.disk, store.clock, Log("test", LogLevel::kError));
  auto summary = summarize_store(store.disk, store.folder.path());
  REQUIRE(summary);
  CHECK(summary->next_msn == 12);
  CHECK(summary->runs == 1);
  CHECK(summary->end >= kStart + milliseconds(2333));
  CHECK(
      test::play(test::record_tape("run2", summary->next_msn, summary->runs, 75, kStart + seconds(4)), writer)
          .size() == 4);
  auto news = IndexReader(store.folder.path()).read();
  REQUIRE(news);
  const media::StoredSegment* first_of_second = nullptr;
  for (const IndexFact& fact : news->facts) {
    const auto* segment = std::get_if<media::StoredSegment>(&fact);
    if (segment != nullptr && segment->rendition == "90p" && segment->msn == 12) first_of_second = segment;
  }
  REQUIRE(first_of_second != nullptr);
  CHECK(first_of_second->discontinuity);
}
