// A packager and what an engine gives it: a programme encoded once for all tests of a process.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "collector.h"
#include "encoded_program.h"
#include "package/cadence.h"
#include "package/packager.h"

namespace openday::package::test {

using openday::test::Collector;
using openday::test::EncodedProgram;
using openday::test::fragment_of;
using openday::test::output_of;
using openday::test::run_of;

inline constexpr ProgramTime kStart{1'790'000'000'000};
inline constexpr uint32_t kVideoTrack = 1;
inline constexpr uint32_t kAudioTrack = 2;

inline const EncodedProgram& program(int fps) {
  static const EncodedProgram at30 = openday::test::encode_program({.fps = 30, .ticks = 195});
  static const EncodedProgram at25 = openday::test::encode_program({.fps = 25, .ticks = 162});
  return fps == 30 ? at30 : at25;
}

inline PackagerOptions options_for(int fps) {
  PackagerOptions options;
  options.run = "0123456789abcdef";
  options.fps = fps;
  options.start = kStart;
  options.first_msn = 1000;
  return options;
}

inline std::vector<EncodedRendition> one_rung(const EncodedProgram& from) {
  media::Rendition rung;
  rung.name = "90p";
  rung.video_kbps = 200;
  return {{.rendition = rung, .video = from.video}};
}

inline PackagerCore core_for(int fps, Collector& collector, bool with_audio = true) {
  const EncodedProgram& from = program(fps);
  auto core = PackagerCore::create(options_for(fps), one_rung(from),
                                   with_audio ? std::optional(from.audio) : std::nullopt, 96, collector);
  REQUIRE(core);
  core->begin();
  return *std::move(core);
}

/// Both tracks in the order of an engine: sound reaches the packager `audio_late` samples after its time.
inline void play(PackagerCore& core, const EncodedProgram& from, int fps, auto keep_picture, auto keep_sound,
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

inline auto all() {
  return [](int64_t) { return true; };
}

/// Everything ffprobe or ffmpeg complains about, and how many pictures it decoded.
struct Decoded {
  std::string complaints;
  int pictures = 0;
  int sounds = 0;
};

inline Decoded decode(const Bytes& file) {
  char name[] = "/tmp/openday-package-XXXXXX";
  int fd = mkstemp(name);
  REQUIRE(fd >= 0);
  std::ofstream(name, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
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

inline void check_contiguous(const Collector::Rendition& rendition, uint32_t track) {
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

inline void check_grid(const Collector::Rendition& rendition, double part_target) {
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

}  // namespace openday::package::test
