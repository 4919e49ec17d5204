// What sources hand to the pipeline, and what the pipeline hands to the ring.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/clock.h"
#include "media/media.h"

namespace openday::feed {

/// What a decoder is opened with. Immutable and shared by the units it belongs to.
struct Setup {
  std::string codec;  // libavcodec's name: "h264", "aac"
  Bytes config;       // avcC, AudioSpecificConfig …; empty when it comes in band
  int sample_rate = 0;
  int channels = 0;
  bool operator==(const Setup&) const = default;
};

/// One coded picture or sound frame, with its source's times (any epoch, unwrapped).
struct Unit {
  media::Kind kind = media::Kind::kVideo;
  int stream = 0;  // tells apart streams of the same kind within one source
  std::shared_ptr<const Setup> setup;
  SharedBytes data;
  Duration pts{0};
  Duration dts{0};
  bool key = false;         // a decoder can start here
  bool after_loss = false;  // something before or within it is missing
  HouseTime arrival;
};

/// The port to the frame ring. One thread.
struct Sink {
  virtual ~Sink() = default;
  using Draw = std::function<bool(const media::Planes&)>;
  /// `draw` fills the picture's memory during the call; false: it could not. `source_pts` in 90 kHz.
  virtual void picture(int width, int height, HouseTime show_at, HouseTime arrival, int64_t source_pts,
                       const Draw& draw) = 0;
  /// `count` stereo frames at absolute index `from` (link/frame_ring.h). Never overlaps what was written
  /// before.
  virtual void audio(int64_t from, const float* samples, int64_t count) = 0;
  /// The source is delivering.
  virtual void beat(HouseTime now) = 0;
};

enum class Mode { kIdle, kPreview, kProgram };

/// The largest picture that is wanted, and how badly.
struct Want {
  int width = 480;
  int height = 270;
  Mode mode = Mode::kIdle;
  bool operator==(const Want&) const = default;
};

}  // namespace openday::feed
