// What a feed tells about itself.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace openday::feed {

struct VideoInfo {
  std::string codec;  // empty: no video so far
  int width = 0;
  int height = 0;
  double fps = 0;
  bool operator==(const VideoInfo&) const = default;
};

struct AudioInfo {
  std::string codec;  // empty: no audio so far
  int rate = 0;
  int channels = 0;
  bool operator==(const AudioInfo&) const = default;
};

/// A copy at one moment. Counters count since the process started.
struct Stats {
  uint64_t frames = 0;   // pictures written to the ring
  uint64_t dropped = 0;  // units and pictures thrown away: queues full, waiting for a key frame, too late
  uint64_t decode_errors = 0;
  uint64_t bytes = 0;     // received
  uint64_t pictures = 0;  // taken in, whatever of them is decoded
  uint64_t reanchors = 0;
  Duration jitter{0};
  Duration queued{0};      // how far the newest unit waiting lies ahead of now
  Duration av_error{0};    // sound later than the picture by this, beside the offset that was asked for
  bool caught_up = false;  // armed, and showing the present
  bool needs_key = false;  // pictures come, and none can be decoded before a key frame
  HouseTime last_unit;     // received
  HouseTime last_output;   // picture or sound written
  VideoInfo video;
  AudioInfo audio;
};

}  // namespace openday::feed
