#include "output/clip_store.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/random.h"
#include "store_fixture.h"

using namespace openday;
using namespace openday::output;
using namespace openday::test;

namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A media store by hand: segments of 2 s from kStart on, number n at kStart + 2 n s.
class House {
 public:
  House() { open(); }

  void open() {
    ClipStore::Options options;
    options.root = clips();
    options.store_of = [this](const std::string& broadcast) { return folder / "media/" + broadcast; };
    options.most_bytes = most_bytes;
    options.reserve_bytes = 1000;
    store.emplace(options, disk, clock, Log("test", LogLevel::kError, [](std::string_view) {}));
    loaded = store->load().value();
  }
  std::string clips() { return folder / "clips"; }
  std::string media(const std::string& path) { return folder / "media/b/" + path; }
  void fact(const IndexFact& one) {
    fs::create_directories(folder / "media/b");
    std::ofstream(media("index.jsonl"), std::ios::app) << to_line(one);
  }
  void begin(const std::string& run, int64_t first = 0) {
    for (auto [rendition, height] : {std::pair("r360", 360), std::pair("r720", 720), std::pair("audio", 0)}) {
      media::InitSegment init;
      init.run = run;
      init.rendition = rendition;
      init.codecs = "avc1.64001f";
      init.height = height;
      init.width = height * 2;
      init.part_target = 0.36;
      init.first_msn = first;
      fs::create_directories(media(run + "/" + rendition));
      std::ofstream(media(init_path(run, rendition))) << run << rendition << "init";
      fact(init);
    }
  }
  void record(int64_t from, int64_t to, const std::string& run = "run1") {
    for (int64_t msn = from; msn < to; ++msn) {
      for (const char* rendition : {"audio", "r360", "r720"}) {
        std::ofstream(media(segment_path(run, rendition, msn))) << rendition << msn;
        fact(media::StoredSegment{run, rendition, msn, {kStart.ms + 2000 * msn}, 2.0, 100, false});
      }
    }
  }
  /// Of seconds after kStart.
  std::string keep(int64_t from, int64_t to, int64_t public_from = 0) {
    std::string id = random_name(16);
    ClipWish wish{"b", {kStart.ms + public_from * 1000}, {kStart.ms + from * 1000}, {kStart.ms + to * 1000}};
    auto created = store->create(id, wish);
    REQUIRE(created);
    return id;
  }
  /// The numbers that the clip has.
  std::vector<int64_t> numbers(const std::string& id) {
    auto clip = store->advance(id);
    REQUIRE(clip);
    last = *clip;
    return of(last);
  }
  static std::vector<int64_t> of(const Clip& clip) {
    std::vector<int64_t> out;
    for (const auto& segment : clip.segments) out.push_back(segment.msn);
    return out;
  }
  /// The same, by the files.
  std::vector<int64_t> files(const std::string& id) {
    std::vector<int64_t> out;
    for (const auto& entry : fs::recursive_directory_iterator(clips() + "/" + id)) {
      if (entry.path().extension() == ".m4s") out.push_back(std::stoll(entry.path().stem()));
    }
    std::ranges::sort(out);
    return out;
  }

  TempFolder folder;
  BreakableDisk disk;
  ManualClock clock{{1'000'000'000}, {kStart.ms + 20'000}};
  uint64_t most_bytes = 1'000'000;
  std::optional<ClipStore> store;
  std::map<std::string, Clip> loaded;
  Clip last;
};

using Numbers = std::vector<int64_t>;

}  // namespace

TEST_CASE("a clip has the whole segments of its stretch, in the tallest rendition, under a second name") {
  House house;
  house.begin("run1");
  house.record(0, 10);
  std::string id = house.keep(5, 11);
  CHECK(house.numbers(id) == Numbers{2, 3, 4, 5});
  CHECK(house.last.complete);
  REQUIRE(house.last.runs.size() == 1);
  CHECK(house.last.runs[0].rendition == "r720");
  std::string folder = house.clips() + "/" + id;
  CHECK(content_of(folder + "/run1/r720/3.m4s") == "r7203");
  CHECK(content_of(folder + "/run1/r720/init.mp4") == "run1r720init");
  CHECK(fs::hard_link_count(folder + "/run1/r720/3.m4s") == 2);
  CHECK_FALSE(fs::exists(folder + "/run1/r360"));
}

TEST_CASE("a clip of a real recording can be decoded") {
  House house;
  RetentionPolicy policy;
  policy.reserve_bytes = 0;
  {
    StoreWriter writer(house.folder / "media/b", policy, house.disk, house.clock,
                       Log("test", LogLevel::kError));
    play(record_tape("run1", 0, 0, 300), writer);
  }
  std::string id = house.keep(3, 7);
  CHECK(house.numbers(id) == Numbers{1, 2, 3});
  std::string folder = house.clips() + "/" + id + "/run1/90p/";
  std::string whole = house.folder / "whole.mp4";
  for (const char* name : {"init.mp4", "1.m4s", "2.m4s", "3.m4s"}) {
    std::ofstream(whole, std::ios::app | std::ios::binary) << content_of(folder + name);
  }
  std::string command =
      "ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 " +
      whole;
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  int frames = 0;
  REQUIRE(std::fscanf(pipe.get(), "%d", &frames) == 1);
  CHECK(frames == 180);
}

TEST_CASE("a clip at the live edge is completed as its media comes") {
  House house;
  house.begin("run1");
  house.record(0, 3);
  std::string id = house.keep(4, 10);
  CHECK(house.numbers(id) == Numbers{2});
  CHECK_FALSE(house.last.complete);
  house.open();  // a restart in between
  CHECK(House::of(house.loaded.at(id)) == Numbers{2});
  house.record(3, 5);
  CHECK(house.numbers(id) == Numbers{2, 3, 4});
  CHECK(house.last.complete);
  house.record(5, 8);
  CHECK(house.numbers(id) == Numbers{2, 3, 4});
}

TEST_CASE("a clip goes across runs, and ends when nothing more comes") {
  House house;
  house.begin("run1");
  house.record(0, 3);
  house.begin("run2", 4);
  house.record(4, 5, "run2");
  std::string id = house.keep(2, 16);
  CHECK(house.numbers(id) == Numbers{1, 2, 4});
  CHECK(house.last.runs.size() == 2);
  CHECK_FALSE(house.last.complete);
  house.clock.advance(seconds(116));  // the clock was at 20 s
  house.numbers(id);
  CHECK(house.last.complete);
}

TEST_CASE("what was not aired does not come into a clip") {
  House house;
  house.begin("run1");
  house.record(0, 10);
  std::string id = house.keep(0, 12, 5);  // live from the fifth second on
  CHECK(house.numbers(id) == Numbers{3, 4, 5});
}

TEST_CASE("what is withdrawn goes, comes no more, and stays away after a restart") {
  House house;
  house.begin("run1");
  house.record(0, 4);
  std::string id = house.keep(0, 20);
  std::string other = house.keep(0, 2);
  CHECK(house.numbers(id) == Numbers{0, 1, 2, 3});
  REQUIRE(house.store->withdraw("b", {kStart.ms + 5000}, {kStart.ms + 11'000}));
  CHECK(house.files(id) == Numbers{0, 1});
  house.record(4, 8);
  CHECK(house.numbers(id) == Numbers{0, 1, 6, 7});
  CHECK(house.files(id) == Numbers{0, 1, 6, 7});
  CHECK(house.numbers(other) == Numbers{0});
  // The store's own index says so, too, to whoever was not told.
  house.fact(Withdrawn{{kStart.ms + 5000}, {kStart.ms + 11'000}});
  house.open();
  CHECK(House::of(house.loaded.at(id)) == Numbers{0, 1, 6, 7});
  CHECK(house.numbers(id) == Numbers{0, 1, 6, 7});
  CHECK(house.numbers(house.keep(4, 14)) == Numbers{6});
  CHECK(fs::exists(house.media("run1/r720/3.m4s")));  // the sealed recording is not the clips' business
}

TEST_CASE("a withdrawal that the disk interrupts is carried out by the next one, or by the next start") {
  House house;
  house.begin("run1");
  house.record(0, 10);
  std::string id = house.keep(0, 20);
  CHECK(house.numbers(id).size() == 10);
  house.disk.fault = [](const std::string& what, const std::string& path) -> std::optional<Error> {
    if (what == "remove" && path.ends_with("3.m4s")) return Error{Errc::kIo, "broken"};
    return std::nullopt;
  };
  CHECK_FALSE(house.store->withdraw("b", {kStart.ms + 4000}, {kStart.ms + 10'000}));
  CHECK(fs::exists(house.clips() + "/" + id + "/run1/r720/3.m4s"));
  house.disk.fault = nullptr;
  SECTION("the next one") {
    CHECK(house.store->withdraw("b", {kStart.ms + 4000}, {kStart.ms + 10'000}));
  }
  SECTION("the next start") {
    house.open();
    CHECK(House::of(house.loaded.at(id)) == Numbers{0, 1, 5, 6, 7, 8, 9});
  }
  CHECK(house.files(id) == Numbers{0, 1, 5, 6, 7, 8, 9});
}

TEST_CASE("retention of the recording leaves the clip whole") {
  House house;
  house.begin("run1");
  house.record(0, 10);
  std::string id = house.keep(2, 8);
  CHECK(house.numbers(id) == Numbers{1, 2, 3});
  fs::remove_all(house.folder / "media/b");
  house.open();
  CHECK(House::of(house.loaded.at(id)) == Numbers{1, 2, 3});
  CHECK(content_of(house.clips() + "/" + id + "/run1/r720/2.m4s") == "r7202");
}

TEST_CASE("what retention has taken before is left out") {
  House house;
  house.begin("run1");
  house.record(0, 10);
  for (int msn : {0, 1, 2})
    fs::remove(house.media(segment_path("run1", "r720", msn)));  // its index comes later
  CHECK(house.numbers(house.keep(0, 8)) == Numbers{3});
  house.fact(DroppedBefore{5});
  CHECK(house.numbers(house.keep(0, 16)) == Numbers{5, 6, 7});
  CHECK(house.numbers(house.keep(0, 2)).empty());
  CHECK(house.last.complete);
}

TEST_CASE("a full or broken disk costs no clip what it has, and the rest comes later") {
  House house;
  house.begin("run1");
  house.record(0, 10);
  std::string id = house.keep(0, 12);
  SECTION("no room") {
    house.disk.free = 999;
  }
  SECTION("a segment cannot be linked") {
    house.disk.fault = [](const std::string& what, const std::string& path) -> std::optional<Error> {
      if (what == "link" && path.ends_with("3.m4s")) return Error{Errc::kLimit, "full"};
      return std::nullopt;
    };
  }
  SECTION("the list cannot be written") {
    house.disk.fault = [](const std::string& what, const std::string&) -> std::optional<Error> {
      if (what == "replace") return Error{Errc::kLimit, "full"};
      return std::nullopt;
    };
  }
  CHECK(house.store->advance(id).error().code == Errc::kLimit);
  ClipWish wish{"b", kStart, kStart, {kStart.ms + 2000}};
  if (house.disk.fault && house.disk.fault("replace", "")) {
    CHECK(house.store->create(random_name(16), wish).error().code == Errc::kLimit);
  }
  house.disk.free.reset();
  house.disk.fault = nullptr;
  CHECK(house.numbers(id) == Numbers{0, 1, 2, 3, 4, 5});
  CHECK(house.last.complete);
  house.open();
  CHECK(House::of(house.loaded.at(id)) == Numbers{0, 1, 2, 3, 4, 5});
}

TEST_CASE("clips are bounded in number of bytes, and a removed one gives its room back") {
  House house;
  house.most_bytes = 500;
  house.open();
  house.begin("run1");
  house.record(0, 10);
  std::string id = house.keep(0, 12);
  CHECK(house.numbers(id).size() == 6);
  ClipWish wish{"b", kStart, kStart, {kStart.ms + 2000}};
  CHECK(house.store->create(random_name(16), wish).error().code == Errc::kLimit);
  REQUIRE(house.store->remove(id));
  CHECK_FALSE(fs::exists(house.clips() + "/" + id));
  CHECK(house.store->remove(id).error().code == Errc::kNotFound);
  CHECK(house.store->advance(id).error().code == Errc::kNotFound);
  CHECK(house.store->create(random_name(16), wish));
}

TEST_CASE("what several clips have counts once, until the last of them has gone") {
  House house;
  house.most_bytes = 700;
  house.open();
  house.begin("run1");
  house.record(0, 20);
  std::vector<std::string> same;
  for (int i = 0; i < 20; ++i) {
    same.push_back(house.keep(0, 12));
    REQUIRE(house.numbers(same.back()).size() == 6);
  }
  CHECK(fs::hard_link_count(house.clips() + "/" + same[0] + "/run1/r720/3.m4s") == 21);
  house.open();  // counted anew
  std::string other = house.keep(8, 14);
  CHECK(house.numbers(other) == Numbers{4, 5, 6});  // two of them known: 700 bytes in all
  ClipWish wish{"b", kStart, kStart, {kStart.ms + 2000}};
  auto full = [&] {
    std::string id = random_name(16);
    auto created = house.store->create(id, wish);
    if (created) REQUIRE(house.store->remove(id));
    return !created;
  };
  CHECK(full());
  SECTION("removed") {
    for (size_t i = 1; i < same.size(); ++i) REQUIRE(house.store->remove(same[i]));
    CHECK(full());
    CHECK(house.files(same[0]) == Numbers{0, 1, 2, 3, 4, 5});
    REQUIRE(house.store->remove(same[0]));
    CHECK_FALSE(full());
    CHECK(house.files(other) == Numbers{4, 5, 6});
  }
  SECTION("withdrawn") {
    REQUIRE(house.store->withdraw("b", {kStart.ms + 100}, {kStart.ms + 200}));
    CHECK_FALSE(full());
    for (const auto& id : same) CHECK(house.files(id) == Numbers{1, 2, 3, 4, 5});
  }
}

TEST_CASE("a clip takes its files from one that has them: on another disk there is no second copy") {
  House house;
  house.begin("run1");
  house.record(0, 10);
  std::string first = house.keep(0, 12);
  REQUIRE(house.numbers(first).size() == 6);
  for (int msn = 0; msn < 6; ++msn) fs::remove(house.media(segment_path("run1", "r720", msn)));
  std::string second = house.keep(0, 12);
  CHECK(house.numbers(second).size() == 6);
  CHECK(fs::hard_link_count(house.clips() + "/" + second + "/run1/r720/3.m4s") == 2);
}

TEST_CASE("what a crash has left is cleared away") {
  House house;
  house.begin("run1");
  house.record(0, 10);
  std::string id = house.keep(0, 4);
  CHECK(house.numbers(id) == Numbers{0, 1});
  std::string removed = random_name(16);
  fs::create_directories(house.clips() + "/" + removed + "/run1/r720");
  std::ofstream(house.clips() + "/" + removed + "/run1/r720/1.m4s") << "x";
  std::ofstream(house.clips() + "/" + id + "/run1/r720/9.m4s") << "x";        // linked, not listed
  fs::remove(house.clips() + "/" + id + "/run1/r720/1.m4s");                  // listed, and lost
  std::ofstream(house.clips() + "/" + std::string(32, 'a') + ".txt") << "x";  // not ours
  std::string torn = house.keep(0, 4);
  std::ofstream(house.clips() + "/" + torn + "/clip.jsonl", std::ios::trunc) << "{\"broadcast\":";
  house.open();
  CHECK(house.loaded.size() == 1);
  CHECK(House::of(house.loaded.at(id)) == Numbers{0});
  CHECK(house.files(id) == Numbers{0});
  CHECK_FALSE(fs::exists(house.clips() + "/" + removed));
  CHECK(fs::exists(house.clips() + "/" + torn + "/clip.jsonl"));  // a person may want to look
  CHECK(fs::exists(house.clips() + "/" + std::string(32, 'a') + ".txt"));
}

TEST_CASE("a clip on another file system is a copy") {
  TempFolder here;
  if (!fs::exists("/dev/shm") || here.path().starts_with("/tmp")) return;
  char pattern[] = "/tmp/openday-clip-XXXXXX";
  std::string there = ::mkdtemp(pattern);
  std::ofstream(here / "a") << "content";
  auto disk = posix_disk();
  CHECK(disk->link(here / "a", there + "/a"));
  CHECK(disk->link(here / "a", there + "/a"));
  CHECK(content_of(there + "/a") == "content");
  CHECK(disk->link(here / "b", there + "/b").error().code == Errc::kNotFound);
  CHECK_FALSE(fs::exists(there + "/a.new"));
  fs::remove_all(there);
}

TEST_CASE("wishes that are none are refused") {
  House house;
  auto refused = [&](const std::string& id, const ClipWish& wish) {
    auto created = house.store->create(id, wish);
    return created ? std::string("made") : name_of(created.error().code);
  };
  std::string id = random_name(16);
  CHECK(refused(id, {"b", {}, kStart, kStart}) == "invalid");
  CHECK(refused(id, {"b", {}, kStart, {kStart.ms + 600'001}}) == "invalid");
  CHECK(refused(id, {"b", {}, {kStart.ms + 900'000}, {kStart.ms + 901'000}}) == "invalid");
  CHECK(refused(id, {"../b", {}, kStart, {kStart.ms + 1}}) == "invalid");
  CHECK(refused("../x", {"b", {}, kStart, {kStart.ms + 1}}) == "invalid");
  CHECK(refused(id, {"b", {}, kStart, {kStart.ms + 1}}) == "made");
  CHECK(refused(id, {"b", {}, kStart, {kStart.ms + 1}}) == "conflict");
}
