#include "package/timeline.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "golden.h"
#include "package/cadence.h"

using namespace openday;
using namespace openday::package;
using openday::test::golden;
using State = MediaAnswer::State;

namespace {

constexpr ProgramTime kStart{1'790'000'000'000};

SharedBytes bytes_of(std::string_view text) {
  ByteView view = as_bytes(text);
  return std::make_shared<const Bytes>(view.begin(), view.end());
}

media::InitSegment init_of(const std::string& run, int64_t first_msn = 100, int discontinuity = 0,
                           ProgramTime start = kStart) {
  media::InitSegment init;
  init.run = run;
  init.rendition = "720p";
  init.codecs = "avc1.64001f,mp4a.40.2";
  init.width = 1280;
  init.height = 720;
  init.fps = 30;
  init.part_target = Cadence{30}.part_target();
  init.first_msn = first_msn;
  init.discontinuity = discontinuity;
  init.start = start;
  init.data = bytes_of("init of " + run);
  return init;
}

/// What an engine sends of one run at 30 fps.
struct Engine {
  media::InitSegment init;

  [[nodiscard]] media::Part part(int64_t msn, int index) const {
    int64_t tick = (msn - init.first_msn) * 60 + index * 10;
    media::Part part;
    part.rendition = "720p";
    part.msn = msn;
    part.index = index;
    part.independent = index == 0;
    part.last = index == 5;
    part.duration = 10.0 / 30;
    part.at = init.start + milliseconds(tick * 1000 / 30);
    part.data = bytes_of(std::to_string(msn) + "." + std::to_string(index));
    return part;
  }
  [[nodiscard]] media::Segment segment(int64_t msn) const {
    return {.rendition = "720p",
            .msn = msn,
            .parts = 6,
            .duration = 2,
            .at = init.start + milliseconds((msn - init.first_msn) * 2000),
            .discontinuity = false,
            .bytes = 6};
  }
};

void feed_segment(Timeline& timeline, const Engine& engine, int64_t msn, int parts = 6) {
  for (int i = 0; i < parts; ++i) REQUIRE(timeline.add(engine.init.run, engine.part(msn, i)));
  if (parts == 6) REQUIRE(timeline.add(engine.init.run, engine.segment(msn)));
}

Timeline started(const Engine& engine) {
  Timeline timeline({.rendition = "720p", .media_prefix = "/media/"});
  REQUIRE(timeline.begin(engine.init));
  return timeline;
}

std::string live(Timeline& timeline) {
  return *timeline.live({});
}

bool has(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("the live playlist of a steady run") {
  Engine engine{init_of("run1")};
  Timeline timeline = started(engine);
  for (int64_t msn = 100; msn < 109; ++msn) feed_segment(timeline, engine, msn);
  feed_segment(timeline, engine, 109, 2);
  std::vector<RenditionReport> reports = {{.uri = "../480p/live.m3u8", .last_msn = 109, .last_part = 1},
                                          {.uri = "../360p/live.m3u8", .last_msn = 109, .last_part = 0}};
  std::string text = *timeline.live(reports);
  CHECK(text == golden("live.m3u8", text));
  CHECK(timeline.newest() == Position{109, 1});
  CHECK(timeline.next() == Position{109, 2});
  CHECK(timeline.edge() == kStart + milliseconds(9 * 2000 + 666));
}

TEST_CASE(
    "the live playlist of the sound alone: whole AAC frames, so parts and segments of its own lengths") {
  media::InitSegment init = init_of("run1", 0);
  init.rendition = "audio";
  init.codecs = "mp4a.40.2";
  init.width = init.height = init.fps = 0;
  init.part_target = kAudioPartTarget;
  Timeline timeline({.rendition = "audio", .media_prefix = "/media/"});
  REQUIRE(timeline.begin(init));
  auto first_frame = [](int64_t msn) { return (msn * kSegmentSamples + kAacFrame - 1) / kAacFrame; };
  for (int64_t msn = 0; msn < 7; ++msn) {
    int64_t end = first_frame(msn + 1);
    for (int64_t frame = first_frame(msn); frame < end; frame += kAacFramesPerPart) {
      int64_t frames = std::min<int64_t>(kAacFramesPerPart, end - frame);
      media::Part part;
      part.rendition = "audio";
      part.msn = msn;
      part.index = static_cast<int>((frame - first_frame(msn)) / kAacFramesPerPart);
      part.independent = true;
      part.last = frame + frames == end;
      part.duration = static_cast<double>(frames * kAacFrame) / media::HouseFormat::kSampleRate;
      part.at = kStart + milliseconds(frame * kAacFrame * 1000 / media::HouseFormat::kSampleRate);
      part.data = bytes_of("sound");
      REQUIRE(timeline.add("run1", part));
    }
  }
  std::string text = live(timeline);
  CHECK(text == golden("live_audio.m3u8", text));
}

TEST_CASE("the live playlist of the first part of all") {
  Engine engine{init_of("run1", 0)};
  Timeline timeline = started(engine);
  CHECK(timeline.empty());
  CHECK(timeline.next() == Position{0, 0});
  CHECK(timeline.find_part("run1", {0, 0}).state == State::kWait);
  feed_segment(timeline, engine, 0, 1);
  std::string text = live(timeline);
  CHECK(text == golden("live_first_part.m3u8", text));
}

TEST_CASE("a segment is listed whole with its last part, and its segment message changes nothing more") {
  Engine engine{init_of("run1")};
  Timeline timeline = started(engine);
  for (int i = 0; i < 6; ++i) REQUIRE(timeline.add("run1", engine.part(100, i)));
  CHECK(has(live(timeline), "#EXTINF:2.00000,\n/media/run1/720p/100.m4s\n"));
  CHECK(has(live(timeline), "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"/media/run1/720p/101.0.m4s\""));
  uint64_t revision = timeline.revision();
  REQUIRE(timeline.add("run1", engine.segment(100)));
  CHECK(timeline.revision() == revision);
}

TEST_CASE("a run killed in the middle of a segment leaves a short segment and a discontinuity") {
  Engine first{init_of("run1")};
  Timeline timeline = started(first);
  for (int64_t msn = 100; msn < 103; ++msn) feed_segment(timeline, first, msn);
  feed_segment(timeline, first, 103, 4);
  Engine second{init_of("run2", 104, 1, kStart + milliseconds(9100))};
  REQUIRE(timeline.begin(second.init));
  SECTION(
      "before its first part the new run is neither listed nor hinted, but its first part can be waited "
      "for") {
    std::string text = live(timeline);
    CHECK(has(text, "#EXTINF:1.33333,\n/media/run1/720p/103.m4s\n"));
    CHECK(!has(text, "run2"));
    CHECK(!has(text, "PRELOAD-HINT"));
    CHECK(timeline.find_part("run2", {104, 0}).state == State::kWait);
    CHECK(timeline.ask({104, 0}) == Readiness::kWait);
  }
  SECTION("then it is, behind a discontinuity and with its own init segment") {
    feed_segment(timeline, second, 104, 1);
    std::string text = live(timeline);
    CHECK(text == golden("live_new_run.m3u8", text));
  }
  SECTION("once the old run has left the window, the discontinuity is in the sequence number") {
    for (int64_t msn = 104; msn < 110; ++msn) feed_segment(timeline, second, msn);
    std::string text = live(timeline);
    CHECK(text == golden("live_after_new_run.m3u8", text));
    CHECK(timeline.find_init("run1") != nullptr);  // still served to those with an older playlist
    for (int64_t msn = 110; msn < 117; ++msn) feed_segment(timeline, second, msn);
    CHECK(timeline.find_init("run1") == nullptr);
  }
  SECTION("what the dead run still says is refused") {
    CHECK(timeline.add("run1", first.part(103, 4)).error().code == Errc::kNotFound);
  }
}

TEST_CASE("numbers that never came are gaps") {
  Engine first{init_of("run1")};
  Timeline timeline = started(first);
  feed_segment(timeline, first, 100);
  SECTION("within a run") {
    feed_segment(timeline, first, 103);
    std::string text = live(timeline);
    CHECK(text == golden("live_gap.m3u8", text));
    CHECK(timeline.find_segment("run1", 101).state == State::kGone);
  }
  SECTION("between two runs they belong to the old one") {
    Engine second{init_of("run2", 103, 1, kStart + milliseconds(6000))};
    REQUIRE(timeline.begin(second.init));
    feed_segment(timeline, second, 103, 1);
    std::string text = live(timeline);
    CHECK(has(text, "#EXT-X-GAP\n#EXTINF:2.00000,\n/media/run1/720p/102.m4s\n#EXT-X-DISCONTINUITY\n"));
  }
  SECTION("a run of which nothing came here is counted at one of its gaps, and the number stays with them") {
    Engine third{init_of("run3", 104, 2, kStart + milliseconds(8000))};
    REQUIRE(timeline.begin(init_of("run2", 101, 1)));
    REQUIRE(timeline.begin(third.init));
    feed_segment(timeline, third, 104);
    std::string text = live(timeline);
    CHECK(has(text, "/media/run1/720p/100.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:" +
                        to_rfc3339(kStart + milliseconds(2000)) + "\n#EXT-X-GAP\n"));
    CHECK(has(text, "/media/run1/720p/103.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP"));
    CHECK(!has(text, "#EXT-X-DISCONTINUITY-SEQUENCE"));
    for (int64_t msn = 105; msn < 120; ++msn) {
      feed_segment(timeline, third, msn);
      text = live(timeline);
      size_t tags = 0;
      for (size_t at = 0; (at = text.find("#EXT-X-DISCONTINUITY\n", at)) != std::string::npos; ++at) ++tags;
      size_t found = text.find("#EXT-X-DISCONTINUITY-SEQUENCE:");
      int number = found == std::string::npos ? 0 : text[found + 30] - '0';
      INFO(text);
      CHECK(number + static_cast<int>(tags) == 2);  // what run3 was given
    }
  }
  SECTION("after a hole longer than the window a run has the number it was given") {
    Engine third{init_of("run3", 100'000, 7, kStart + milliseconds(8000))};
    REQUIRE(timeline.begin(third.init));
    feed_segment(timeline, third, 100'000, 1);
    std::string text = live(timeline);
    CHECK(has(text, "#EXT-X-DISCONTINUITY-SEQUENCE:6\n"));
    CHECK(has(text, "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"/media/run3/"));
  }
  SECTION("a hole longer than the window leaves only gaps before the new segment") {
    feed_segment(timeline, first, 100'000, 1);
    std::string text = live(timeline);
    CHECK(has(text, "#EXT-X-MEDIA-SEQUENCE:99994\n"));
    CHECK(has(text, "/media/run1/720p/100000.0.m4s"));
    CHECK(timeline.find_segment("run1", 100).state == State::kGone);
  }
  SECTION("a lost part inside a segment is a gap part") {
    REQUIRE(timeline.add("run1", first.part(101, 0)));
    REQUIRE(timeline.add("run1", first.part(101, 2)));
    std::string text = live(timeline);
    CHECK(has(text, "URI=\"/media/run1/720p/101.1.m4s\",GAP=YES\n"));
    CHECK(timeline.find_part("run1", {101, 1}).state == State::kGone);
    CHECK(timeline.find_part("run1", {101, 2}).state == State::kReady);
    CHECK(timeline.next() == Position{101, 3});
  }
  SECTION("an absurd part index is refused") {
    CHECK(timeline.add("run1", first.part(101, 1000)).error().code == Errc::kInvalid);
  }
}

TEST_CASE("a part without media is a gap part, and a segment of only such parts a gap") {
  Engine engine{init_of("run1")};
  Timeline timeline = started(engine);
  feed_segment(timeline, engine, 100);
  for (int i = 0; i < 6; ++i) {
    media::Part part = engine.part(101, i);
    part.data = nullptr;
    part.independent = false;
    REQUIRE(timeline.add("run1", part));
  }
  CHECK(has(live(timeline),
            "#EXT-X-GAP\n#EXT-X-PART:DURATION=0.33333,URI=\"/media/run1/720p/101.0.m4s\",GAP=YES\n"));
}

TEST_CASE("a snapshot after a hub's restart continues numbers and discontinuities") {
  Engine engine{init_of("run3", 500, 2)};
  Timeline timeline = started(engine);
  REQUIRE(timeline.add("run3", engine.part(507, 4)));  // the middle of a segment tells nothing yet
  CHECK(timeline.empty());
  CHECK(timeline.ask({508, 0}) == Readiness::kWait);
  feed_segment(timeline, engine, 508);
  feed_segment(timeline, engine, 509, 3);
  std::string text = live(timeline);
  CHECK(has(text, "#EXT-X-MEDIA-SEQUENCE:508\n#EXT-X-DISCONTINUITY-SEQUENCE:2\n"));
  SECTION("and told again it changes nothing") {
    uint64_t revision = timeline.revision();
    REQUIRE(timeline.begin(engine.init));
    feed_segment(timeline, engine, 508);
    feed_segment(timeline, engine, 509, 3);
    CHECK(timeline.revision() == revision);
  }
  SECTION("a segment told without its parts cannot be served, so it is a gap") {
    REQUIRE(timeline.add("run3", engine.segment(510)));
    CHECK(has(live(timeline), "#EXT-X-GAP\n#EXTINF:2.00000,\n/media/run3/720p/510.m4s\n"));
  }
}

TEST_CASE("the part target is for life and numbers never go back") {
  Engine engine{init_of("run1")};
  Timeline timeline = started(engine);
  feed_segment(timeline, engine, 100);
  feed_segment(timeline, engine, 101, 2);
  media::InitSegment other = init_of("run2", 102, 1);
  SECTION("another part target") {
    other.part_target = Cadence{25}.part_target();
    CHECK(timeline.begin(other).error().code == Errc::kConflict);
  }
  SECTION("a number that is published") {
    other.first_msn = 101;
    CHECK(timeline.begin(other).error().code == Errc::kConflict);
  }
  feed_segment(timeline, engine, 101);  // the running one goes on
  CHECK(has(live(timeline), "101.m4s"));
}

TEST_CASE("a blocking request is answered now, later or never") {
  Engine engine{init_of("run1")};
  Timeline timeline = started(engine);
  for (int64_t msn = 100; msn < 120; ++msn) feed_segment(timeline, engine, msn);
  feed_segment(timeline, engine, 120, 3);
  auto whole = [&](int64_t msn) { return timeline.ask({msn, std::nullopt}); };
  auto part = [&](int64_t msn, int index) { return timeline.ask({msn, index}); };
  CHECK(whole(3) == Readiness::kNow);
  CHECK(whole(119) == Readiness::kNow);
  CHECK(whole(120) == Readiness::kWait);
  CHECK(whole(121) == Readiness::kWait);
  CHECK(whole(122) == Readiness::kTooFar);
  CHECK(part(120, 2) == Readiness::kNow);
  CHECK(part(120, 3) == Readiness::kWait);
  CHECK(part(119, 6) == Readiness::kNow);  // is 120.0
  CHECK(part(120, 12) == Readiness::kWait);
  CHECK(part(120, 13) == Readiness::kTooFar);
  CHECK(part(121, 0) == Readiness::kWait);
  CHECK(part(121, 10) == Readiness::kTooFar);
  CHECK(part(122, 0) == Readiness::kTooFar);
  CHECK(part(9007199254740991, 0) == Readiness::kTooFar);
  for (int i = 3; i < 6; ++i) REQUIRE(timeline.add("run1", engine.part(120, i)));
  CHECK(whole(120) == Readiness::kNow);
  CHECK(part(120, 6) == Readiness::kWait);  // is 121.0, which is not there
  CHECK(part(121, 0) == Readiness::kWait);
  CHECK(whole(122) == Readiness::kWait);
  CHECK(whole(123) == Readiness::kTooFar);
}

TEST_CASE("media is found while it may be asked for, and no longer") {
  Engine engine{init_of("run1")};
  Timeline timeline = started(engine);
  for (int64_t msn = 100; msn < 120; ++msn) feed_segment(timeline, engine, msn);
  feed_segment(timeline, engine, 120, 3);
  MediaAnswer part = timeline.find_part("run1", {119, 4});
  REQUIRE(part.state == State::kReady);
  CHECK(as_text(*part.data.at(0)) == "119.4");
  MediaAnswer segment = timeline.find_segment("run1", 119);
  REQUIRE(segment.state == State::kReady);
  CHECK(segment.data.size() == 6);
  CHECK(timeline.find_part("run1", {120, 3}).state == State::kWait);
  CHECK(timeline.find_part("run1", {120, 4}).state == State::kUnknown);
  CHECK(timeline.find_part("run1", {121, 0}).state == State::kUnknown);
  CHECK(timeline.find_part("run2", {119, 4}).state == State::kUnknown);
  CHECK(timeline.find_part("run1", {119, -1}).state == State::kUnknown);
  CHECK(timeline.find_segment("run1", 120).state == State::kUnknown);
  CHECK(timeline.find_segment("run1", 112).state == State::kReady);  // left the playlist, still kept
  CHECK(timeline.find_segment("run1", 101).state == State::kGone);
  CHECK(as_text(*timeline.find_init("run1")) == "init of run1");
}

TEST_CASE("withdrawn segments become gaps at once, those that come later too") {
  Engine engine{init_of("run1")};
  Timeline timeline = started(engine);
  for (int64_t msn = 100; msn < 104; ++msn) feed_segment(timeline, engine, msn);
  feed_segment(timeline, engine, 104, 2);
  timeline.withdraw(kStart + milliseconds(3000), kStart + milliseconds(4500));
  timeline.withdraw(kStart + milliseconds(9500), kStart + milliseconds(9700));
  std::string text = live(timeline);
  CHECK(text == golden("live_withdrawn.m3u8", text));
  CHECK(timeline.find_segment("run1", 100).state == State::kReady);
  CHECK(timeline.find_segment("run1", 101).state == State::kGone);
  CHECK(timeline.find_part("run1", {102, 5}).state == State::kGone);
  CHECK(timeline.find_segment("run1", 103).state == State::kReady);
  for (int i = 2; i < 6; ++i) REQUIRE(timeline.add("run1", engine.part(104, i)));
  CHECK(timeline.find_part("run1", {104, 0}).state == State::kGone);
  CHECK(timeline.find_segment("run1", 104).state == State::kGone);
}

TEST_CASE("the end closes the open segment, ends the list and answers everybody") {
  Engine engine{init_of("run1")};
  Timeline timeline = started(engine);
  feed_segment(timeline, engine, 100);
  feed_segment(timeline, engine, 101, 2);
  timeline.end();
  std::string text = live(timeline);
  CHECK(text == golden("live_ended.m3u8", text));
  CHECK(timeline.ask({101, 5}) == Readiness::kNow);
  CHECK(timeline.add("run1", engine.part(101, 2)).error().code == Errc::kClosed);
}

TEST_CASE("a playlist is rendered once a revision") {
  Engine engine{init_of("run1")};
  Timeline timeline = started(engine);
  feed_segment(timeline, engine, 100);
  auto first = timeline.live({});
  CHECK(timeline.live({}) == first);
  REQUIRE(timeline.add("run1", engine.part(101, 0)));
  CHECK(timeline.live({}) != first);
}
