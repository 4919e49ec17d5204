#include "package/archive.h"

#include <catch2/catch.hpp>

#include "golden.h"

using namespace openday;
using namespace openday::package;
using openday::test::golden;

namespace {

constexpr ProgramTime kStart{1'790'000'000'000};

media::InitSegment init_of(const std::string& run, int64_t first_msn, int discontinuity) {
  media::InitSegment init;
  init.run = run;
  init.rendition = "720p";
  init.first_msn = first_msn;
  init.discontinuity = discontinuity;
  return init;
}

media::StoredSegment stored(const std::string& run, int64_t msn, int64_t ms, double duration = 2) {
  return {.run = run,
          .rendition = "720p",
          .msn = msn,
          .at = kStart + milliseconds(ms),
          .duration = duration,
          .bytes = 9};
}

/// Two runs: 10, 11, 13 (12 was lost), 14 cut short; then 16 … 19.
Archive two_runs() {
  Archive archive({.rendition = "720p", .media_prefix = "/media/"});
  archive.begin(init_of("run1", 10, 0));
  REQUIRE(archive.add(stored("run1", 10, 0)));
  REQUIRE(archive.add(stored("run1", 11, 2000)));
  REQUIRE(archive.add(stored("run1", 13, 6000)));
  REQUIRE(archive.add(stored("run1", 14, 8000, 1.33333)));
  archive.begin(init_of("run2", 16, 1));
  for (int64_t i = 0; i < 4; ++i) REQUIRE(archive.add(stored("run2", 16 + i, 12'000 + i * 2000)));
  return archive;
}

}  // namespace

TEST_CASE("the DVR playlist keeps its numbers: what is missing or withdrawn is a gap") {
  Archive archive = two_runs();
  archive.withdraw(kStart + milliseconds(15'000), kStart + milliseconds(15'001));
  std::string text = *archive.dvr(0, false);
  CHECK(text == golden("dvr.m3u8", text));
}

TEST_CASE("the DVR window counts from the newest segment and carries the sequence numbers of its first") {
  Archive archive = two_runs();
  std::string text = *archive.dvr(5, false);
  CHECK(text == golden("dvr_window.m3u8", text));
  CHECK(archive.dvr(5, true)->ends_with("#EXT-X-ENDLIST\n"));
}

TEST_CASE("the replay playlist leaves withdrawn and missing segments out, behind discontinuities") {
  Archive archive = two_runs();
  archive.withdraw(kStart + milliseconds(13'900), kStart + milliseconds(14'001));
  std::string text = *archive.replay();
  CHECK(text == golden("replay.m3u8", text));
  CHECK(archive.duration() == Approx(3 * 2 + 1.33333 + 2 * 2));
}

TEST_CASE("withdrawn segments are not public, whenever they come") {
  Archive archive = two_runs();
  CHECK(archive.is_public("run1", 11));
  CHECK(!archive.is_public("run2", 11));
  CHECK(!archive.is_public("run1", 12));
  archive.withdraw(kStart + milliseconds(2500), kStart + milliseconds(5000));
  CHECK(archive.is_public("run1", 10));
  CHECK(!archive.is_public("run1", 11));
  REQUIRE(archive.add(stored("run1", 12, 4000)));
  CHECK(!archive.is_public("run1", 12));
  CHECK(archive.count(kStart, kStart + milliseconds(7000)) == 4);  // withdrawn or not
  CHECK(archive.count(kStart + milliseconds(2000), kStart + milliseconds(2000)) == 0);
  CHECK(archive.count(kStart + milliseconds(1999), kStart + milliseconds(2001)) == 2);
  archive.withdraw(kStart, kStart + milliseconds(1'000'000));
  CHECK(archive.replay() == nullptr);
  CHECK(archive.dvr(0, false) == nullptr);
}

TEST_CASE("retention moves the beginning of the DVR playlist") {
  Archive archive = two_runs();
  archive.drop_before(14);
  std::string text = *archive.dvr(0, false);
  CHECK(text.find("#EXT-X-MEDIA-SEQUENCE:14\n") != std::string::npos);
  CHECK(text.find("DISCONTINUITY-SEQUENCE") == std::string::npos);
  archive.drop_before(16);
  text = *archive.dvr(0, false);
  CHECK(text.find("#EXT-X-MEDIA-SEQUENCE:16\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n") != std::string::npos);
}

TEST_CASE("a run keeps its discontinuity number in the DVR playlist, wherever the window begins") {
  Archive archive({.rendition = "720p", .media_prefix = "/media/"});
  archive.begin(init_of("run1", 10, 0));
  REQUIRE(archive.add(stored("run1", 10, 0)));
  archive.begin(init_of("run2", 11, 1));  // made media, of which nothing was recorded
  archive.begin(init_of("run3", 13, 2));  // made none
  archive.begin(init_of("run4", 13, 2));
  for (int64_t i = 0; i < 3; ++i) REQUIRE(archive.add(stored("run4", 13 + i, 6000 + i * 2000)));
  std::string whole = *archive.dvr(0, false);
  CHECK(whole.find("DISCONTINUITY-SEQUENCE") == std::string::npos);
  CHECK(whole.find("/10.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-GAP\n") != std::string::npos);
  CHECK(whole.find("/12.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP") != std::string::npos);
  CHECK(archive.dvr(5, false)->find("#EXT-X-DISCONTINUITY-SEQUENCE:2\n") != std::string::npos);
  archive.drop_before(13);
  CHECK(archive.dvr(0, false)->find("#EXT-X-DISCONTINUITY-SEQUENCE:2\n") != std::string::npos);
}

TEST_CASE("a number given twice still rises with the run") {
  Archive archive({.rendition = "720p", .media_prefix = "/media/"});
  archive.begin(init_of("run1", 10, 3));
  REQUIRE(archive.add(stored("run1", 10, 0)));
  archive.begin(init_of("run2", 11, 3));
  REQUIRE(archive.add(stored("run2", 11, 2000)));
  archive.drop_before(11);
  CHECK(archive.dvr(0, false)->find("#EXT-X-DISCONTINUITY-SEQUENCE:4\n") != std::string::npos);
}

TEST_CASE("the DVR playlist begins behind a hole that is longer than a player would read through") {
  Archive archive({.rendition = "720p", .media_prefix = "/media/"});
  archive.begin(init_of("run1", 10, 0));
  REQUIRE(archive.add(stored("run1", 10, 0)));
  REQUIRE(archive.add(stored("run1", 10 + Archive::kLongestHole, 3'600'000)));
  CHECK(archive.dvr(0, false)->find("#EXT-X-MEDIA-SEQUENCE:10\n") != std::string::npos);
  archive.begin(init_of("run2", 200'000'000, 200'000'000));
  REQUIRE(archive.add(stored("run2", 200'000'000, 8'000'000)));
  std::string text = *archive.dvr(0, false);
  CHECK(text.size() < 1000);
  CHECK(text.find("#EXT-X-MEDIA-SEQUENCE:200000000\n#EXT-X-DISCONTINUITY-SEQUENCE:200000000\n") !=
        std::string::npos);
  CHECK(archive.replay()->find("/10.m4s") != std::string::npos);
}

TEST_CASE("the duration is that of what may be played, through all that changes it") {
  Archive archive = two_runs();
  auto walked = [&] {
    std::string text = archive.replay() ? *archive.replay() : "";
    double sum = 0;
    for (size_t at = 0; (at = text.find("#EXTINF:", at)) != std::string::npos; ++at)
      sum += std::stod(text.substr(at + 8));
    return Approx(sum);
  };
  CHECK(archive.duration() == Approx(3 * 2 + 1.33333 + 4 * 2));
  REQUIRE(archive.add(stored("run2", 19, 18'000)));  // again
  CHECK(archive.duration() == walked());
  archive.withdraw(kStart + milliseconds(100), kStart + milliseconds(2500));
  CHECK(archive.duration() == walked());
  archive.withdraw(kStart + milliseconds(1000), kStart + milliseconds(9000));  // some of it again
  CHECK(archive.duration() == walked());
  REQUIRE(archive.add(stored("run1", 12, 4000)));  // withdrawn before it came
  CHECK(archive.duration() == walked());
  archive.drop_before(17);
  CHECK(archive.duration() == walked());
  archive.withdraw(kStart, kStart + milliseconds(1'000'000));
  CHECK(archive.duration() == 0);
}

TEST_CASE("the replay playlists of variants list the same numbers, with the same discontinuities") {
  auto variant = [](const std::string& name, std::vector<int64_t> numbers) {
    auto archive = std::make_unique<Archive>(Archive::Options{.rendition = name, .media_prefix = "/media/"});
    for (const auto& [run, first] : {std::pair("run1", 10), std::pair("run2", 16)}) {
      media::InitSegment init = init_of(run, first, first == 10 ? 0 : 1);
      archive->begin(init);
    }
    for (int64_t msn : numbers) REQUIRE(archive->add(stored(msn < 16 ? "run1" : "run2", msn, msn * 2000)));
    return archive;
  };
  // The disk ran full and had room again between two renditions of a number; run2 began without 360p.
  auto p720 = variant("720p", {10, 11, 13, 14, 16, 17});
  auto p480 = variant("480p", {10, 11, 12, 14, 15, 16, 17});
  auto p360 = variant("360p", {10, 11, 12, 13, 14});
  std::vector<const Archive*> of_720 = {p480.get(), p360.get()};
  std::vector<const Archive*> of_480 = {p720.get(), p360.get()};
  std::vector<const Archive*> of_360 = {p720.get(), p480.get()};
  std::string text = *p720->replay(of_720);
  CHECK(text == golden("replay_variant.m3u8", text));
  auto without_name = [](std::string list, const std::string& name) {
    for (size_t at; (at = list.find(name)) != std::string::npos;) list.erase(at, name.size());
    return list;
  };
  CHECK(without_name(*p480->replay(of_480), "480p") == without_name(text, "720p"));
  CHECK(p360->replay(of_360)->find("/14.m4s") != std::string::npos);
  CHECK(p360->replay(of_360)->find("/13.m4s") == std::string::npos);

  // Rendered once, until one of them changes.
  auto once = p720->replay(of_720);
  CHECK(p720->replay(of_720) == once);
  p480->withdraw(kStart + milliseconds(20'000), kStart + milliseconds(21'000));
  CHECK(p720->replay(of_720)->find("/10.m4s") == std::string::npos);
  p480->withdraw(kStart, kStart + milliseconds(1'000'000));
  CHECK(p720->replay(of_720) == nullptr);
}

TEST_CASE("a segment of an unknown run, or a number taken by another, is refused") {
  Archive archive = two_runs();
  CHECK(archive.add(stored("run9", 30, 0)).error().code == Errc::kNotFound);
  CHECK(archive.add(stored("run2", 11, 0)).error().code == Errc::kConflict);
  CHECK(archive.add(stored("run1", 11, 0)));
  CHECK(archive.size() == 8);
}

TEST_CASE("an archive playlist is rendered once until something changes") {
  Archive archive = two_runs();
  auto first = archive.replay();
  CHECK(archive.replay() == first);
  REQUIRE(archive.add(stored("run2", 20, 20'000)));
  CHECK(archive.replay() != first);
}
