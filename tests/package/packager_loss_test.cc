// What encoders leave out, or bring late, or twice.
#include "packager_stage.h"

using namespace openday;
using namespace openday::package;
using namespace openday::package::test;

TEST_CASE("shed ticks are announced by a later one and leave no hole in decode time") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  // Inside a part, at its end, at its beginning, and a whole part.
  auto shed = [](int64_t tick) { return tick == 5 || tick == 19 || tick == 30 || (tick >= 70 && tick < 83); };
  play(core, program(30), 30, [&](int64_t tick) { return !shed(tick); }, all());
  core.finish();
  const auto& video = collector.renditions.at("90p");
  check_grid(video, video.init.part_target);
  check_contiguous(video, kVideoTrack);
  check_contiguous(video, kAudioTrack);
  REQUIRE(video.segments.size() == 4);
  for (size_t i = 0; i < 3; ++i) CHECK(video.segments[i].parts == 6);
  output::Fragment only_sound = fragment_of(video.parts_of(1001).at(1));
  CHECK(run_of(only_sound, kVideoTrack) == nullptr);
  CHECK(run_of(only_sound, kAudioTrack) != nullptr);
  CHECK(core.counters().undecodable == 0);
}

TEST_CASE("a segment whose IDR was shed begins with the first IDR behind it, on the same grid") {
  EncodedProgram from = program(30);
  Collector collector;
  PackagerCore core = core_for(30, collector);
  SECTION("the encoder makes the next picture an IDR") {
    // Encoded as if tick 60 and 61 had never reached the encoder.
    EncodedProgram late = openday::test::encode_program({.fps = 30, .ticks = 130});
    for (media::AccessUnit& unit : late.pictures) {
      if (unit.tick >= 60) {
        unit.tick += 2;
        unit.pts += 6000;
      }
    }
    play(core, late, 30, all(), all());
    core.finish();
    const auto& video = collector.renditions.at("90p");
    check_grid(video, video.init.part_target);
    check_contiguous(video, kVideoTrack);
    auto parts = video.parts_of(1001);
    REQUIRE(parts.size() == 6);
    CHECK(parts[0].independent);
    output::Fragment first = fragment_of(parts[0]);
    CHECK(run_of(first, kVideoTrack)->samples.size() == 8);
    CHECK(run_of(first, kVideoTrack)->samples[0].key);
    CHECK(video.segments[1].at == kStart + milliseconds(2000));
    CHECK(decode(video.file()).complaints.empty());
  }
  SECTION(
      "it never comes: the pictures of that segment cannot be decoded and are left out, the sound goes on") {
    play(core, from, 30, [](int64_t tick) { return tick != 60; }, all());
    core.finish();
    const auto& video = collector.renditions.at("90p");
    check_grid(video, video.init.part_target);
    CHECK(core.counters().undecodable == 59);
    for (const media::Part& part : video.parts_of(1001)) {
      CHECK(!part.independent);
      output::Fragment fragment = fragment_of(part);
      CHECK(run_of(fragment, kVideoTrack) == nullptr);
      CHECK(run_of(fragment, kAudioTrack) != nullptr);
    }
    CHECK(video.parts_of(1002).at(0).independent);
    check_contiguous(video, kVideoTrack);  // the next IDR is stretched back over the hole
    CHECK(decode(video.file()).complaints.empty());
  }
}

TEST_CASE("missing audio delays one part a little and stalls nothing") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  const EncodedProgram& from = program(30);
  auto& parts = collector.renditions["90p"].parts;
  SECTION("from the beginning") {
    for (const media::AccessUnit& picture : from.pictures) core.push_video(0, picture);
    CHECK(parts.size() == 19);  // all that are complete
    CHECK(core.counters().without_audio == 19);
  }
  SECTION("for a while: what comes late goes into the next part") {
    size_t sound = 0;
    auto hear_until = [&](int64_t samples) {
      while (sound < from.sound.size() && from.sound[sound].pts < samples)
        core.push_audio(from.sound[sound++]);
    };
    for (int tick = 0; tick < 17; ++tick) core.push_video(0, from.pictures[static_cast<size_t>(tick)]);
    CHECK(parts.empty());
    core.push_video(0, from.pictures[17]);  // 8 ticks behind the part's end
    CHECK(parts.size() == 1);
    hear_until(32000);
    for (int tick = 18; tick < 20; ++tick) core.push_video(0, from.pictures[static_cast<size_t>(tick)]);
    REQUIRE(parts.size() == 2);
    output::Fragment late = fragment_of(parts[1]);
    CHECK(run_of(late, kAudioTrack)->decode_time == 0);
    CHECK(run_of(late, kAudioTrack)->duration() >= 32000);
    core.push_video(0, from.pictures[20]);
    hear_until(64000);
    for (int tick = 21; tick < 40; ++tick) core.push_video(0, from.pictures[static_cast<size_t>(tick)]);
    CHECK(parts.size() == 4);
    CHECK(core.counters().without_audio == 1);
    core.finish();
    check_contiguous(collector.renditions.at("90p"), kAudioTrack);
  }
}

TEST_CASE("sound that came before the first picture that was not shed is in the rendition, too") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  EncodedProgram from = program(30);
  for (media::AccessUnit& unit : from.pictures) unit.tick += 14;  // tick 0 to 13 never reached the encoder
  size_t sound = 0;
  auto hear_until = [&](int64_t samples) {
    while (sound < from.sound.size() && from.sound[sound].pts < samples) core.push_audio(from.sound[sound++]);
  };
  hear_until(14 * 1600);
  for (int i = 0; i < 40; ++i) {
    core.push_video(0, from.pictures[static_cast<size_t>(i)]);
    hear_until((14 + i) * 1600);
  }
  core.finish();
  const auto& video = collector.renditions.at("90p");
  REQUIRE(!video.parts.empty());
  CHECK(video.parts[0].at == kStart);
  CHECK(run_of(fragment_of(video.parts[0]), kAudioTrack)->decode_time == 0);
  CHECK(run_of(fragment_of(video.parts[0]), kVideoTrack) == nullptr);
  CHECK(run_of(fragment_of(video.parts[1]), kVideoTrack)->samples[0].key);
  check_contiguous(video, kAudioTrack);
  CHECK(core.counters().without_picture == 1);
  CHECK(core.counters().lost_samples == 0);
}

TEST_CASE("an encoder of pictures that stands still costs its pictures and no sound") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  EncodedProgram from = program(30);  // 195 ticks, IDRs at 0, 60, 120 and 180
  auto& parts = collector.renditions["90p"].parts;
  size_t sound = 0;
  auto hear_until = [&](int64_t tick) {
    while (sound < from.sound.size() && from.sound[sound].pts + 1024 <= tick * 1600)
      core.push_audio(from.sound[sound++]);
  };
  SECTION("from the beginning, for good") {
    hear_until(89);
    CHECK(parts.empty());  // it may only be slow to start
    hear_until(195);
    CHECK(parts.size() >= 18);
    core.finish();
    check_contiguous(collector.renditions.at("90p"), kAudioTrack);
    CHECK(core.counters().without_picture == parts.size());
  }
  SECTION("for a while: the picture is back with an IDR whose part is still open") {
    for (size_t i = 0; i < 25; ++i) {
      core.push_video(0, from.pictures[i]);
      hear_until(static_cast<int64_t>(i));
    }
    CHECK(parts.size() == 2);
    hear_until(24 + 85);
    CHECK(parts.size() == 2);
    hear_until(24 + 95);
    CHECK(parts.size() == 11);  // up to what is heard, at once
    hear_until(135);
    CHECK(parts.size() == 13);
    // Its queue has kept the newest: they come late, up to where the sound is.
    for (size_t i = 105; i < 195; ++i) {
      core.push_video(0, from.pictures[i]);
      hear_until(std::max<int64_t>(135, static_cast<int64_t>(i)));
      if (i == 105) CHECK(core.counters().undecodable == 1);
    }
    core.finish();
    const auto& video = collector.renditions.at("90p");
    check_grid(video, video.init.part_target);
    check_contiguous(video, kAudioTrack);
    // 105 to 129 are of parts that have gone; 130 to 179 refer to an IDR that was among them.
    CHECK(core.counters().undecodable == 75);
    Decoded decoded = decode(video.file());
    CHECK(decoded.complaints.empty());
    CHECK(decoded.pictures == 25 + 15);
  }
  CHECK(core.counters().lost_samples == 0);
  CHECK(core.counters().silence == 0);
  const auto& video = collector.renditions.at("90p");
  size_t heard = 0;
  for (const media::Part& part : video.parts) {
    const output::FragmentRun* run = nullptr;
    output::Fragment fragment = fragment_of(part);
    run = run_of(fragment, kAudioTrack);
    if (run != nullptr) heard += run->samples.size();
  }
  CHECK(heard + 2 >= sound);  // all but what begins in the run's last, unfinished tick
}

TEST_CASE("an encoder that is slow, but alive, is waited for") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  EncodedProgram from = program(30);
  // One picture in ten, and each comes later than the one before: by six seconds in the end.
  size_t sound = 0;
  for (size_t i = 0; i < 60; i += 10) {
    core.push_video(0, from.pictures[i]);
    while (sound < from.sound.size() && from.sound[sound].pts < static_cast<int64_t>(i * 8 + 40) * 1600)
      core.push_audio(from.sound[sound++]);
    CHECK(core.counters().undecodable == 0);
  }
  CHECK(core.counters().without_picture == 0);
}

TEST_CASE("sound that never came is counted in samples") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  play(core, program(30), 30, all(), [](int64_t pts) { return pts < 40'960 || pts >= 61'440; });
  CHECK(core.counters().lost_samples == 20'480);
}

TEST_CASE("a run that slept leaves whole segments out at once") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  EncodedProgram from = program(30);
  constexpr int64_t kSlept = 3600 * 30;  // an hour
  for (media::AccessUnit& unit : from.pictures) {
    if (unit.tick >= 60) unit.tick += kSlept;
  }
  for (media::AccessUnit& unit : from.sound) {
    if (unit.pts >= 96000) unit.pts = unit.dts = unit.pts + kSlept * 1600;
  }
  size_t sound = 0;
  for (const media::AccessUnit& picture : from.pictures) {
    core.push_video(0, picture);
    while (sound < from.sound.size() && from.sound[sound].pts < (picture.tick - 1) * 1600) {
      core.push_audio(from.sound[sound++]);
    }
  }
  core.finish();
  const auto& video = collector.renditions.at("90p");
  REQUIRE(video.segments.size() == 4);
  CHECK(video.segments[0].msn == 1000);
  CHECK(video.segments[1].msn == 1000 + 1 + 1800);
  CHECK(video.segments[1].at == kStart + milliseconds(3602'000));
  const auto& audio = collector.renditions.at("audio");
  CHECK(audio.segments.at(1).msn == 2801);
  // Media time has slept too: players place a segment by it.
  output::Fragment first = fragment_of(video.parts_of(2801).at(0));
  CHECK(run_of(first, kVideoTrack)->decode_time == static_cast<uint64_t>(60 + kSlept) * 3000);
  CHECK(run_of(first, kAudioTrack)->decode_time >= static_cast<uint64_t>(60 + kSlept) * 1600);
  CHECK(run_of(first, kVideoTrack)->duration() == 30000);
}

TEST_CASE("a short hole in the sound is filled with silence, a long one stays") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  const auto hole = [](int64_t pts) { return pts >= 40'000 && pts < 60'000; };
  SECTION("short") {
    play(core, program(30), 30, all(), [&](int64_t pts) { return !hole(pts); });
    core.finish();
    CHECK(core.counters().silence == 19);
  }
  SECTION("short, and not of whole frames") {
    EncodedProgram from = program(30);
    for (media::AccessUnit& unit : from.sound) {
      if (unit.pts >= 60'000) unit.pts = unit.dts = unit.pts + 700;
    }
    play(core, from, 30, all(), [&](int64_t pts) { return !hole(pts); });
    core.finish();
    CHECK(core.counters().silence == 19);
  }
  SECTION("less than a frame: nothing fits in") {
    EncodedProgram from = program(30);
    for (media::AccessUnit& unit : from.sound) {
      if (unit.pts >= 60'000) unit.pts = unit.dts = unit.pts + 700;
    }
    play(core, from, 30, all(), all());
    core.finish();
    CHECK(core.counters().silence == 0);
    CHECK(decode(collector.renditions.at("90p").file()).complaints.empty());
    return;
  }
  SECTION("long") {
    play(core, program(30), 30, all(), [](int64_t pts) { return pts < 40'000 || pts >= 150'000; });
    core.finish();
    CHECK(core.counters().silence == 0);
    CHECK(decode(collector.renditions.at("90p").file()).complaints.empty());
    for (const media::Part& part : collector.renditions.at("90p").parts) {
      if (part.at < kStart + milliseconds(3334)) continue;
      output::Fragment fragment = fragment_of(part);
      auto begin = static_cast<uint64_t>((part.at - kStart).count()) * 48;
      CHECK(run_of(fragment, kAudioTrack)->decode_time + 1024 > begin);
    }
    return;
  }
  check_contiguous(collector.renditions.at("90p"), kAudioTrack);
  check_contiguous(collector.renditions.at("audio"), 1);
  check_grid(collector.renditions.at("audio"), kAudioPartTarget);
  CHECK(decode(collector.renditions.at("90p").file()).complaints.empty());
  CHECK(decode(collector.renditions.at("audio").file()).complaints.empty());
}

TEST_CASE("sound that catches up with the pictures does not take them for gone") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  const EncodedProgram& from = program(30);
  auto sound = from.sound.begin();
  auto play_sound_to = [&](media::Tick tick) {
    for (; sound != from.sound.end() && sound->pts < tick * 1600; ++sound) core.push_audio(*sound);
  };
  for (const media::AccessUnit& unit : from.pictures) {
    if (unit.tick == 60) play_sound_to(120);  // 120 ticks since the last picture came, 60 beyond it
    core.push_video(0, unit);
  }
  play_sound_to(195);
  core.finish();
  CHECK(core.counters().without_picture == 0);
  Decoded decoded = decode(collector.renditions.at("90p").file());
  CHECK(decoded.complaints.empty());
  CHECK(decoded.pictures == 195);
}

TEST_CASE("what is out of order, too early or empty is counted and left out") {
  Collector collector;
  PackagerCore core = core_for(30, collector);
  const EncodedProgram& from = program(30);
  core.push_video(0, from.pictures[3]);  // not an IDR: nothing can begin here
  CHECK(core.counters().undecodable == 1);
  core.push_video(0, from.pictures[0]);
  core.push_video(0, from.pictures[1]);
  core.push_video(0, from.pictures[1]);
  core.push_video(0, from.pictures[0]);
  media::AccessUnit empty = from.pictures[2];
  empty.data = nullptr;
  core.push_video(0, empty);
  media::AccessUnit absurd = from.pictures[2];
  absurd.tick = int64_t{1} << 60;
  core.push_video(0, absurd);
  CHECK(core.counters().misplaced == 4);
  core.push_audio(from.sound[0]);  // priming: before zero
  CHECK(from.sound[0].pts < 0);
  core.push_audio(from.sound[2]);
  core.push_audio(from.sound[1]);
  CHECK(core.counters().misplaced == 5);
  core.push_video(7, from.pictures[2]);  // no such rendition
  core.finish();
  CHECK(collector.renditions.at("90p").parts.size() == 1);
}
