// How program time is cut: the arithmetic of ticks, parts and segments. Pure.
#pragma once

#include <cstdint>

#include "media/media.h"

namespace openday::package {

/// A segment is 2 s, which is one GOP; its number follows from the tick alone, so all renditions agree on it.
inline constexpr int kSegmentSeconds = 2;
/// RFC 8216bis 4.4.3.1: no segment's duration, rounded to the nearest second, may exceed it.
inline constexpr int kTargetDuration = kSegmentSeconds;
inline constexpr int kAacFrame = 1024;
/// 16 AAC frames are 341.3 ms: the audio-only playlist's parts, at any picture rate.
inline constexpr int kAacFramesPerPart = 16;
inline constexpr int64_t kSegmentSamples = int64_t{kSegmentSeconds} * media::HouseFormat::kSampleRate;
inline constexpr int64_t kVideoTimescale = 90000;

/// Cadence of a rendition with pictures. `fps` is 25 or 30.
struct Cadence {
  int fps = 30;

  [[nodiscard]] int64_t ticks_per_segment() const { return int64_t{fps} * kSegmentSeconds; }
  /// About 1/3 s. 25 fps: 9 ticks (0.36 s), five such parts and one of 5 ticks.
  [[nodiscard]] int64_t ticks_per_part() const { return (fps + 2) / 3; }
  [[nodiscard]] int64_t segment_of(media::Tick tick) const { return tick / ticks_per_segment(); }
  [[nodiscard]] media::Tick segment_start(int64_t segment) const { return segment * ticks_per_segment(); }
  [[nodiscard]] int64_t samples_at(media::Tick tick) const {
    return tick * media::HouseFormat::kSampleRate / fps;
  }
  /// The first tick that begins at or behind that sample.
  [[nodiscard]] media::Tick tick_from(int64_t sample) const {
    return (sample * fps + media::HouseFormat::kSampleRate - 1) / media::HouseFormat::kSampleRate;
  }
  [[nodiscard]] int64_t pts_at(media::Tick tick) const { return tick * kVideoTimescale / fps; }
  [[nodiscard]] double seconds(int64_t ticks) const { return static_cast<double>(ticks) / fps; }
  [[nodiscard]] double part_target() const { return seconds(ticks_per_part()); }
};

inline constexpr double kAudioPartTarget =
    static_cast<double>(kAacFrame * kAacFramesPerPart) / media::HouseFormat::kSampleRate;

}  // namespace openday::package
