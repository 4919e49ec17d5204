#include "output/store_index.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "store_fixture.h"

using namespace openday;
using namespace openday::output;

namespace {

media::StoredSegment segment(int64_t msn) {
  return {.run = "run1",
          .rendition = "720p",
          .msn = msn,
          .at = test::kStart,
          .duration = 2,
          .bytes = 1000,
          .discontinuity = false};
}

void append(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::app) << text;
}

}  // namespace

TEST_CASE("facts survive their lines") {
  media::InitSegment init{.run = "run1",
                          .rendition = "720p",
                          .codecs = "avc1.64001f,mp4a.40.2",
                          .width = 1280,
                          .height = 720,
                          .fps = 30,
                          .bandwidth = 3'000'000,
                          .part_target = 1.0 / 3,
                          .first_msn = 7,
                          .discontinuity = 1,
                          .start = test::kStart,
                          .data = nullptr};
  for (const IndexFact& fact : {IndexFact(init), IndexFact(segment(9)), IndexFact(DroppedBefore{4}),
                                IndexFact(Withdrawn{{5}, {6}})}) {
    std::string line = to_line(fact);
    REQUIRE(line.back() == '\n');
    auto again = fact_from(std::string_view(line).substr(0, line.size() - 1));
    REQUIRE(again);
    CHECK(again->index() == fact.index());
    CHECK(to_line(*again) == line);
  }
}

TEST_CASE("a line that is torn at any byte, or wrong in any field, says nothing") {
  std::string line = to_line(segment(9));
  for (size_t cut = 0; cut + 1 < line.size() - 1; ++cut) CHECK(!fact_from(line.substr(0, cut)));
  for (const char* bad :
       {R"({"t":"segment"})", R"([])", R"(7)", R"({"t":7})", R"({"t":"drop","before":-1})",
        R"({"t":"drop","before":"1"})", R"({"t":"other"})", R"({"t":"withdraw","from":1})"}) {
    INFO(bad);
    CHECK(!fact_from(bad));
  }
  CHECK(!fact_from(
      R"({"t":"segment","run":"../x","rendition":"720p","msn":1,"at":1,"duration":2,"bytes":3,"discontinuity":false})"));
}

TEST_CASE("an index is followed while it grows, by whole lines, and begun again when it was rewritten") {
  test::TempFolder store;
  IndexReader reader(store.path());
  auto read = [&] {
    auto news = reader.read();
    REQUIRE(news);
    return *news;
  };
  CHECK(!read().afresh);  // there is none yet
  append(index_path(store.path()), to_line(segment(1)) + to_line(segment(2)));
  auto news = read();
  CHECK(news.afresh);
  CHECK(news.facts.size() == 2);
  CHECK(read().facts.empty());
  std::string line = to_line(segment(3));
  append(index_path(store.path()), line.substr(0, 20));
  CHECK(read().facts.empty());
  append(index_path(store.path()), line.substr(20) + "nonsense\n" + to_line(segment(4)));
  news = read();
  CHECK(!news.afresh);
  REQUIRE(news.facts.size() == 2);
  CHECK(std::get<media::StoredSegment>(news.facts[0]).msn == 3);
  CHECK(news.unreadable == 1);
  REQUIRE(posix_disk()->replace(index_path(store.path()), as_bytes(to_line(segment(4)))));
  news = read();
  CHECK(news.afresh);
  CHECK(news.facts.size() == 1);
}

TEST_CASE("a large index is read whole") {
  test::TempFolder store;
  std::string text;
  for (int64_t msn = 0; msn < 20'000; ++msn) text += to_line(segment(msn));
  append(index_path(store.path()), text);
  IndexReader reader(store.path());
  auto news = reader.read();
  REQUIRE(news);
  CHECK(news->facts.size() == 20'000);
  CHECK(news->unreadable == 0);
}

TEST_CASE("the next run's number is above everything that is there in any form") {
  test::TempFolder store;
  auto disk = posix_disk();
  auto summary = [&] {
    auto out = summarize_store(*disk, store.path());
    REQUIRE(out);
    return *out;
  };
  CHECK(summary().next_msn == 0);
  CHECK(summary().runs == 0);
  append(index_path(store.path()), to_line(segment(41)));
  CHECK(summary().next_msn == 42);
  CHECK(summary().runs == 1);
  REQUIRE(disk->make_folder(store / "run2/720p"));
  append(store / "run2/720p/57.m4s", "not even whole");
  CHECK(summary().next_msn == 58);
  CHECK(summary().runs == 2);
  append(index_path(store.path()), to_line(DroppedBefore{90}));
  CHECK(summary().next_msn == 90);
  media::InitSegment init;
  init.run = "run2";
  init.rendition = "720p";
  init.first_msn = 50;
  init.discontinuity = 6;  // runs before it that retention has removed altogether
  append(index_path(store.path()), to_line(init));
  CHECK(summary().runs == 7);
  CHECK(summarize_store(*disk, store / "missing")->next_msn == 0);
}

TEST_CASE("a store of which a folder cannot be read is not taken for an empty one") {
  test::TempFolder store;
  test::BreakableDisk disk;
  REQUIRE(disk.make_folder(store / "run2/720p"));
  append(store / "run2/720p/57.m4s", "x");
  append(store / "lock", "");
  CHECK(summarize_store(disk, store.path())->next_msn == 58);
  for (const std::string& folder : {store.path(), store / "run2", store / "run2/720p"}) {
    disk.fault = [&](const std::string& operation, const std::string& path) -> std::optional<Error> {
      if (operation == "list" && path == folder) return Error{Errc::kIo, "input/output error"};
      return std::nullopt;
    };
    auto summary = summarize_store(disk, store.path());
    REQUIRE(!summary);
    CHECK(summary.error().code == Errc::kIo);
  }
  disk.fault = nullptr;
  REQUIRE(disk.make_folder(index_path(store.path())));  // no file: reading it fails
  CHECK(!summarize_store(disk, store.path()));
}

TEST_CASE("a thumbnail is found under the 10 s that hold its time") {
  CHECK(thumbnail_path({1'790'000'000'000}) == "thumb/1790000000000.jpg");
  CHECK(thumbnail_path({1'790'000'009'999}) == "thumb/1790000000000.jpg");
  CHECK(thumbnail_path({1'790'000'010'000}) == "thumb/1790000010000.jpg");
}
