// libx264 through libavcodec, set up for live: main profile, forced IDRs only, no B-frames, one thread,
// bounded bit rate.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "media/media.h"

namespace openday::wrap {

struct H264Settings {
  int width = 0;
  int height = 0;
  int fps = 30;
  int kbps = 0;  // mean, and the ceiling over a second
  std::string preset = "superfast";
  int lookahead = 10;  // frames held back
};

struct EncodedPicture {
  media::Tick tick = 0;
  bool key = false;
  Bytes data;  // AVC format
};

/// One thread at a time.
class H264Encoder {
 public:
  using Sink = std::function<void(EncodedPicture)>;

  /// kUnsupported: this libavcodec has no libx264. kInvalid: it refused the settings.
  static Result<H264Encoder> open(const H264Settings& settings);
  H264Encoder(H264Encoder&&) noexcept;
  ~H264Encoder();

  [[nodiscard]] const media::Track& track() const;
  /// Ticks must rise. The picture is read before this returns. `sink` gets what is finished: none, or earlier
  /// pictures.
  Result<> encode(const media::SharedImage& image, media::Tick tick, bool idr, const Sink& sink);
  /// The rest; nothing may follow.
  Result<> finish(const Sink& sink);

 private:
  struct Impl;
  explicit H264Encoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::wrap
