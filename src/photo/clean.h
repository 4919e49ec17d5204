// A photo made anew: its pixels, upright, and nothing else that its file held.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace openday::photo {

inline constexpr size_t kMostPhotoBytes = 12 * 1024 * 1024;
inline constexpr int kLongestSide = 2560;

/// A baseline JPEG of at most kLongestSide by kLongestSide, in sRGB as far as the source was, transparent
/// parts on white. Takes the time and memory the file asks for: to be called in a process that can be killed.
/// kUnsupported, kInvalid, kLimit: as read_photo_file().
Result<Bytes> clean_photo(ByteView file);

}  // namespace openday::photo
