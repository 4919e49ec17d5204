// A house picture as a JPEG file, for thumbnails and posters.
#pragma once

#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "media/media.h"

namespace openday::wrap {

/// One thread at a time. Opens the encoder anew when the size changes.
class JpegEncoder {
 public:
  JpegEncoder();
  JpegEncoder(JpegEncoder&&) noexcept;
  ~JpegEncoder();

  /// `quality`: the quantiser, 2 (best) to 31.
  Result<Bytes> encode(const media::Image& image, int quality = 5);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::wrap
