#include "package/packager.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "collector.h"
#include "encoded_program.h"
#include "package/cadence.h"

using namespace openday;
using namespace openday::package;
using openday::test::Collector;
using openday::test::EncodedProgram;
using openday::test::fragment_of;
using openday::test::run_of;

namespace {

constexpr ProgramTime kStart{1'790'000'000'000};
constexpr uint32_t kVideoTrack = 1;
constexpr uint32_t kAudioTrack = 2;

const EncodedProgram& program(int fps) {
  static const EncodedProgram at30 = test::encode_program({.fps = 30, .ticks = 195});
  static const EncodedProgram at25 = test::encode_program({.fps = 25, .ticks = 162});
  return fps == 30 ? at30 : at25;
}

PackagerOptions options_for(int fps) {
  PackagerOptions options;
  options.run = "0123456789abcdef";
  options.fps = fps;
  options.start = kStart;
  options.first_msn = 1000;
  return options;
}

std::vector<EncodedRendition> one_rung(const EncodedProgram& from) {
  media::Rendition rung;
  rung.name = "90p";
  rung.video_kbps = 200;
  return {{.rendition = rung, .video = from.video}};
}

PackagerCore core_for(int fps, Collector& collector, bool with_audio = true) {
  const EncodedProgram& from = program(fps);
  auto core = PackagerCore::create(options_for(fps), one_rung(from),
                                   with_audio ? std::optional(from.audio) : std::nullopt, 96, collector);
  REQUIRE(core);
  core->begin();
  return *std::move(core);
}

/// Both tracks in the order of an engine: sound reaches the packager `audio_late` samples after its time.
void play(PackagerCore& core, const EncodedProgram& from, int fps, auto keep_picture, auto keep_sound,
          int64_t audio_late = 2048) {
  size_t next = 0;
  for (const media::AccessUnit& picture : from.pictures) {
    if (keep_picture(picture.tick)) core.push_video(0, picture);
    int64_t heard = (picture.tick + 1) * 48000 / fps - audio_late;
    for (; next < from.sound.size() && from.sound[next].pts + 1024 <= heard; ++next) {
      if (keep_sound(from.sound[next].pts)) core.push_audio(from.sound[next]);
    }
  }
  for (; next < from.sound.size(); ++next) {
    if (keep_sound(from.sound[next].pts)) core.push_audio(from.sound[next]);
  }
}

auto all() {
  return [](int64_t) { return true; };
}

/// Everything ffprobe or ffmpeg complains about, and how many pictures it decoded.
struct Decoded {
  std::string complaints;
  int pictures = 0;
  int sounds = 0;
};

Decoded decode(const Bytes& file) {
  char name[] = "/tmp/openday-package-XXXXXX";
  int fd = mkstemp(name);
  REQUIRE(fd >= 0);
  std::ofstream(name, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  auto output_of = [](const std::string& command) {
    std::string out;
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    char buffer[4096];
    while (size_t got = fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, got);
    pclose(pipe);
    return out;
  };
  Decoded decoded;
  decoded.complaints =
      output_of("ffmpeg -v warning -xerror -err_detect explode -i " + std::string(name) + " -f null - 2>&1");
  auto frames = [&](const char* stream) {
    return std::atoi(output_of("ffprobe -v error -count_frames -select_streams " + std::string(stream) +
                               ":0 -show_entries stream=nb_read_frames -of csv=p=0 " + name + " 2>&1")
                         .c_str());
  };
  decoded.pictures = frames("v");
  decoded.sounds = frames("a");
  unlink(name);
  return decoded;
}

void check_contiguous(const Collector::Rendition& rendition, uint32_t track) {
  std::optional<uint64_t> end;
  for (const media::Part& part : rendition.parts) {
    if (part.data == nullptr) continue;
    output::Fragment fragment = fragment_of(part);
    const output::FragmentRun* run = run_of(fragment, track);
    if (run == nullptr) continue;
    INFO(part.msn << "." << part.index);
    if (end) CHECK(run->decode_time == *end);
    end = run->decode_time + run->duration();
  }
}

void check_grid(const Collector::Rendition& rendition, double part_target) {
  for (const media::Part& part : rendition.parts) {
    INFO(part.msn << "." << part.index);
    CHECK(part.duration <= part_target + 1e-9);
    if (!part.last && &part != &rendition.parts.back()) CHECK(part.duration >= 0.85 * part_target);
  }
  for (const media::Segment& segment : rendition.segments) {
    INFO(segment.msn);
    auto parts = rendition.parts_of(segment.msn);
    REQUIRE(static_cast<int>(parts.size()) == segment.parts);
    double sum = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < parts.size(); ++i) {
      CHECK(parts[i].index == static_cast<int>(i));
      sum += parts[i].duration;
      bytes += parts[i].data == nullptr ? 0 : parts[i].data->size();
    }
    CHECK(sum == Approx(segment.duration));
    CHECK(bytes == segment.bytes);
    CHECK(segment.at == parts.front().at);
    CHECK(segment.duration < kTargetDuration + 0.5);
  }
}

}  // namespace

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
    EncodedProgram late = test::encode_program({.fps = 30, .ticks = 130});
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

TEST_CASE("on its own thread the packager makes the same parts") {
  const EncodedProgram& from = program(30);
  Collector direct;
  PackagerCore core = core_for(30, direct);
  play(core, from, 30, all(), all());
  core.finish();
  Collector collector;
  std::atomic<int> refused = 0;
  {
    auto packager = Packager::create(options_for(30), one_rung(from), from.audio, 96, collector, Log("test"));
    REQUIRE(packager);
    // Neither is more than a second ahead of the other: at two it would go on alone.
    std::atomic<int64_t> shown = 0;
    std::atomic<int64_t> heard = 0;
    std::jthread sound([&] {
      for (const media::AccessUnit& unit : from.sound) {
        while (unit.pts > (shown + 30) * 1600) std::this_thread::yield();
        refused += (*packager)->push_audio(unit) ? 0 : 1;
        heard = unit.pts / 1600;
      }
      heard = from.pictures.back().tick;
    });
    for (const media::AccessUnit& unit : from.pictures) {
      while (unit.tick > heard + 30) std::this_thread::yield();
      refused += (*packager)->push_video(0, unit) ? 0 : 1;
      shown = unit.tick;
    }
  }
  CHECK(refused == 0);
  const auto& want = direct.renditions.at("90p");
  const auto& got = collector.renditions.at("90p");
  REQUIRE(got.parts.size() == want.parts.size());
  for (size_t i = 0; i < got.parts.size(); ++i) {
    CHECK(got.parts[i].msn == want.parts[i].msn);
    CHECK(got.parts[i].duration == want.parts[i].duration);
  }
  Decoded decoded = decode(got.file());  // whatever the threads' order was
  CHECK(decoded.complaints.empty());
  CHECK(decoded.pictures == 195);
}

namespace {

/// Holds the packager's thread until it is let go, so that the queue fills.
struct Gate final : PackageListener {
  void on_init(const media::InitSegment&) override {}
  void on_part(const media::Part& part) override {
    std::unique_lock lock(mutex);
    parts.push_back(part);
    reached = true;
    changed.notify_all();
    changed.wait(lock, [&] { return open; });
  }
  void on_segment(const media::Segment&) override {}
  void wait_until_reached() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return reached; });
  }
  void let_go() {
    std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool reached = false;
  bool open = false;
  std::vector<media::Part> parts;
};

}  // namespace

TEST_CASE("a full queue refuses, counts, and the rendition goes on at its next IDR") {
  const EncodedProgram& from = program(30);
  Gate gate;
  PackagerOptions options = options_for(30);
  options.queue_bound = 8;
  PackagerCounters counters;
  {
    auto packager = Packager::create(options, one_rung(from), std::nullopt, 0, gate, Log("test"));
    REQUIRE(packager);
    size_t tick = 0;
    // Ten ticks are a part, at which the packager's thread stands still.
    while (tick < 10) {
      if ((*packager)->push_video(0, from.pictures[tick])) ++tick;
    }
    gate.wait_until_reached();
    uint64_t refused_before = (*packager)->counters().refused;
    for (; tick < 30; ++tick) (*packager)->push_video(0, from.pictures[tick]);
    CHECK((*packager)->counters().refused == refused_before + 12);  // 8 of 20 fit
    gate.let_go();
    while ((*packager)->queued() > 0) std::this_thread::yield();
    for (; tick < 120; ++tick) {
      while (!(*packager)->push_video(0, from.pictures[tick])) std::this_thread::yield();
    }
    while ((*packager)->queued() > 0) std::this_thread::yield();
    counters = (*packager)->counters();
  }
  CHECK(counters.undecodable >= 29);  // ticks 30 to 59: the hole is in front of them
  bool second_segment_whole = false;
  for (const media::Part& part : gate.parts) {
    if (part.msn == 1001 && part.index == 0) second_segment_whole = part.independent;
  }
  CHECK(second_segment_whole);
}

TEST_CASE("a queue full of pictures still takes sound") {
  const EncodedProgram& from = program(30);
  Gate gate;
  PackagerOptions options = options_for(30);
  options.queue_bound = 8;
  auto packager = Packager::create(options, one_rung(from), from.audio, 96, gate, Log("test"));
  REQUIRE(packager);
  size_t tick = 0;
  size_t sound = 0;
  while (tick < 10) {
    if ((*packager)->push_video(0, from.pictures[tick])) ++tick;
  }
  while (from.sound[sound].pts < 16'000) {
    if ((*packager)->push_audio(from.sound[sound])) ++sound;
  }
  gate.wait_until_reached();  // the packager's thread stands still in its first part
  while ((*packager)->push_video(0, from.pictures[tick])) ++tick;
  CHECK((*packager)->queued() >= options.queue_bound);
  uint64_t refused = (*packager)->counters().refused;
  for (; sound < from.sound.size(); ++sound) CHECK((*packager)->push_audio(from.sound[sound]));
  CHECK((*packager)->counters().refused == refused);
  gate.let_go();
}
