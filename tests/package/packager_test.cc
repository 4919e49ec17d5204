#include "packager_stage.h"

using namespace openday;
using namespace openday::package;
using namespace openday::package::test;

TEST_CASE("30 fps is cut into parts of 10 ticks and segments of 60, exactly") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  play(core, program(30), 30, all(), all());
  core.finish();
  const auto& video = collector.renditions.at("90p");
  REQUIRE(video.segments.size() == 4);  // 195 ticks: three whole, one of 15 ticks
  check_grid(video, video.init.part_target);
  check_contiguous(video, kVideoTrack);
  check_contiguous(video, kAudioTrack);
  CHECK(video.init.part_target == Approx(1.0 / 3));
  CHECK(video.segments[3].duration == Approx(0.5));
  for (size_t i = 0; i < video.parts.size(); ++i) {
    const media::Part& part = video.parts[i];
    INFO(part.msn << "." << part.index);
    int64_t tick = (part.msn - 1000) * 60 + part.index * 10;
    CHECK(part.at == kStart + milliseconds(tick * 1000 / 30));
    CHECK(part.independent == (part.index == 0));
    CHECK(part.last == (part.index == 5 || i + 1 == video.parts.size()));
    output::Fragment fragment = fragment_of(part);
    const output::FragmentRun* run = run_of(fragment, kVideoTrack);
    REQUIRE(run != nullptr);
    CHECK(run->decode_time == static_cast<uint64_t>(tick) * 3000);
    CHECK(run->samples.size() == (part.msn == 1003 && part.index == 1 ? 5 : 10));
    CHECK(run->samples[0].key == (part.index == 0));
    const output::FragmentRun* sound = run_of(fragment, kAudioTrack);
    REQUIRE(sound != nullptr);
    // Sound starts in its part, and reaches its end.
    auto begin = static_cast<uint64_t>(tick) * 1600;
    auto end = begin + run->samples.size() * 1600;
    CHECK(sound->decode_time >= begin);
    CHECK(sound->decode_time < begin + 1024);
    CHECK(sound->decode_time + sound->duration() >= end);
    CHECK(sound->decode_time + sound->duration() < end + 1024);
  }
  Decoded decoded = decode(video.file());
  CHECK(decoded.complaints.empty());
  CHECK(decoded.pictures == 195);
  PackagerCounters counters = core.counters();
  CHECK(counters.undecodable + counters.misplaced + counters.failed + counters.without_audio == 0);
}

TEST_CASE("25 fps is cut into five parts of 9 ticks and one of 5") {
  Collector collector;
  PackagerCore core = core_for(25, collector);
  play(core, program(25), 25, all(), all());
  core.finish();
  const auto& video = collector.renditions.at("90p");
  REQUIRE(video.segments.size() == 4);
  CHECK(video.init.part_target == Approx(0.36));
  check_grid(video, 0.36);
  check_contiguous(video, kVideoTrack);
  auto parts = video.parts_of(1001);
  REQUIRE(parts.size() == 6);
  for (int i = 0; i < 6; ++i) CHECK(parts[static_cast<size_t>(i)].duration == Approx(i < 5 ? 0.36 : 0.2));
  CHECK(parts[5].last);
  CHECK(video.segments[1].duration == Approx(2));
  Decoded decoded = decode(video.file());
  CHECK(decoded.complaints.empty());
  CHECK(decoded.pictures == 162);
}

TEST_CASE(
    "the audio-only rendition has parts of 16 AAC frames under its own target, and the video's numbers") {
  for (int fps : {25, 30}) {
    Collector collector;
    PackagerCore core = core_for(fps, collector);
    play(core, program(fps), fps, all(), all());
    core.finish();
    const auto& audio = collector.renditions.at("audio");
    CHECK(audio.init.codecs == "mp4a.40.2");
    CHECK(audio.init.width == 0);
    CHECK(audio.init.part_target == Approx(0.341333).margin(1e-5));
    check_grid(audio, audio.init.part_target);
    check_contiguous(audio, 1);
    REQUIRE(audio.segments.size() == 4);
    for (const media::Segment& segment : audio.segments) {
      auto first = fragment_of(audio.parts_of(segment.msn).front());
      auto boundary = static_cast<uint64_t>(segment.msn - 1000) * 96000;
      CHECK(first.runs.at(0).decode_time >= boundary);
      CHECK(first.runs.at(0).decode_time < boundary + 1024);
    }
    CHECK(decode(audio.file()).complaints.empty());
  }
}

TEST_CASE("init segments say what a playlist must say") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  const media::InitSegment& init = collector.renditions.at("90p").init;
  CHECK(init.codecs == program(30).video.codecs + ",mp4a.40.2");
  CHECK(init.width == 160);
  CHECK(init.height == 90);
  CHECK(init.first_msn == 1000);
  CHECK(init.start == kStart);
  CHECK(init.bandwidth == (240 + 96 + 10) * 1000);
  auto tracks = output::read_init(*init.data);
  REQUIRE(tracks);
  REQUIRE(tracks->size() == 2);
  CHECK(tracks->at(0).timescale == 90000);
  CHECK(tracks->at(1).timescale == 48000);
}

TEST_CASE("a part is out as soon as its last tick and its sound are in") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  const EncodedProgram& from = program(30);
  auto& parts = collector.renditions["90p"].parts;
  for (int tick = 0; tick < 10; ++tick) core.push_video(0, from.pictures[static_cast<size_t>(tick)]);
  CHECK(parts.empty());  // the pictures are complete, the sound is not
  for (const media::AccessUnit& sound : from.sound) {
    if (sound.pts >= 16000) break;
    CHECK(parts.empty());
    core.push_audio(sound);
  }
  CHECK(parts.size() == 1);
}

TEST_CASE("without an audio track a part is out with its last tick") {
  Collector collector;
  PackagerCore core = core_for(30, collector, false);
  for (int tick = 0; tick < 10; ++tick) {
    CHECK(collector.renditions["90p"].parts.empty());
    core.push_video(0, program(30).pictures[static_cast<size_t>(tick)]);
  }
  CHECK(collector.renditions["90p"].parts.size() == 1);
  CHECK(collector.renditions.count("audio") == 0);
}

TEST_CASE("a run that follows another says so in its first segments") {
  Collector collector;
  PackagerOptions options = options_for(30);
  options.discontinuity = 2;
  const EncodedProgram& from = program(30);
  auto core = PackagerCore::create(options, one_rung(from), from.audio, 96, collector);
  REQUIRE(core);
  core->begin();
  play(*core, from, 30, all(), all());
  core->finish();
  for (const char* name : {"90p", "audio"}) {
    const auto& rendition = collector.renditions.at(name);
    CHECK(rendition.init.discontinuity == 2);
    CHECK(rendition.segments[0].discontinuity);
    CHECK(!rendition.segments[1].discontinuity);
  }
}

TEST_CASE("what cannot be packaged is refused when the packager is made") {
  Collector collector;
  const EncodedProgram& from = program(30);
  auto refused = [&](PackagerOptions options, std::vector<EncodedRendition> video) {
    auto core = PackagerCore::create(options, video, from.audio, 96, collector);
    return core ? std::string() : core.error().message;
  };
  PackagerOptions options = options_for(30);
  options.run = "../../etc";
  CHECK(!refused(options, one_rung(from)).empty());
  options = options_for(24);
  CHECK(!refused(options, one_rung(from)).empty());
  auto rungs = one_rung(from);
  rungs[0].rendition.name = "audio";
  CHECK(!refused(options_for(30), rungs).empty());
  rungs = one_rung(from);
  rungs[0].video.config.clear();
  CHECK(!refused(options_for(30), rungs).empty());
  rungs[0].video.config = {0, 0, 0, 1, 0x67};  // Annex B
  CHECK(!refused(options_for(30), rungs).empty());
  rungs = one_rung(from);
  rungs[0].video.codec = media::Codec::kHevc;
  CHECK(!refused(options_for(30), rungs).empty());
  CHECK(refused(options_for(30), one_rung(from)).empty());
}
