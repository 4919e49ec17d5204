// Still pictures in and out of libavcodec.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::wrap {

enum class PhotoCodec { kJpeg, kPng, kWebp };

/// 8 bits each of red, green and blue, row after row without gaps.
struct Pixels {
  int width = 0;
  int height = 0;
  Bytes rgb;
};

/// The one picture in `file`, made smaller until neither side is longer than `longest`, on white where it is
/// transparent. kInvalid: it cannot be decoded, or is larger than `most_pixels`. kLimit: out of memory.
Result<Pixels> decode_photo(PhotoCodec codec, ByteView file, uint64_t most_pixels, int longest);
/// A baseline JPEG (JFIF, 4:2:0) without comments. `quantiser`: 2 (best) to 31.
Result<Bytes> encode_photo(const Pixels& pixels, int quantiser);

}  // namespace openday::wrap
