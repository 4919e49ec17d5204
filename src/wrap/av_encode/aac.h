// libavcodec's AAC-LC encoder: 48 kHz stereo, 1024 frames at a time.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "media/media.h"

namespace openday::wrap {

inline constexpr int kAacFrame = 1024;

struct EncodedSound {
  int64_t pts =
      0;  // of its first decoded frame; the first packet is priming and stands kAacFrame before the sound
  Bytes data;
};

/// One thread at a time.
class AacEncoder {
 public:
  using Sink = std::function<void(EncodedSound)>;

  static Result<AacEncoder> open(int kbps);
  AacEncoder(AacEncoder&&) noexcept;
  ~AacEncoder();

  [[nodiscard]] const media::Track& track() const;
  /// `samples`: kAacFrame × 2 interleaved values, the first of them at `pts` (48 kHz). Times may jump
  /// forward.
  Result<> encode(const float* samples, int64_t pts, const Sink& sink);
  Result<> finish(const Sink& sink);

 private:
  struct Impl;
  explicit AacEncoder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::wrap
