// What kind of photo a file is, and which of its bytes are needed for the pixels. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::photo {

enum class PhotoKind { kJpeg, kPng, kWebp };

struct PhotoFile {
  PhotoKind kind = PhotoKind::kJpeg;
  uint32_t width = 0;  // as coded, before it is turned
  uint32_t height = 0;
  int orientation = 1;  // Exif 2.32, 4.6.4 A: 1 upright, 2 to 8 turned or mirrored
  // A file of the same kind with the same pixels: no Exif, no profile, no comments, no thumbnails, and
  // nothing of what lies behind the picture's end.
  Bytes essence;
};

inline constexpr uint64_t kMostPixels = 50'000'000;

/// By what the file is, whatever it is called. kUnsupported: none of these kinds, or a variant that is not
/// decoded here (animated, arithmetic or lossless JPEG). kInvalid: damaged or cut off. kLimit: it says that
/// it has more than kMostPixels, or a JPEG more than 100 scans.
Result<PhotoFile> read_photo_file(ByteView bytes);

}  // namespace openday::photo
