#include "photo/clean.h"

#include <algorithm>
#include <array>

#include "photo/photo_file.h"
#include "wrap/av_photo/photo.h"

namespace openday::photo {
namespace {

constexpr int kQuantiser = 4;  // of libavcodec's encoder: about what others call a quality of 85

wrap::PhotoCodec codec_of(PhotoKind kind) {
  switch (kind) {
    case PhotoKind::kJpeg: return wrap::PhotoCodec::kJpeg;
    case PhotoKind::kPng: return wrap::PhotoCodec::kPng;
    case PhotoKind::kWebp: return wrap::PhotoCodec::kWebp;
  }
  return wrap::PhotoCodec::kJpeg;
}

/// Turns a picture so that it is seen as it was taken.
wrap::Pixels upright(const wrap::Pixels& from, int orientation) {
  bool sideways = orientation >= 5;
  wrap::Pixels into;
  into.width = sideways ? from.height : from.width;
  into.height = sideways ? from.width : from.height;
  into.rgb.resize(from.rgb.size());
  // Exif 2.32, 4.6.4 A: which edges of the picture the stored first row and first column are.
  bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  auto* out = into.rgb.data();
  for (int y = 0; y < into.height; ++y) {
    for (int x = 0; x < into.width; ++x, out += 3) {
      int column = sideways ? y : x;
      int row = sideways ? x : y;
      if (flip_x) column = from.width - 1 - column;
      if (flip_y) row = from.height - 1 - row;
      std::copy_n(
          from.rgb.data() +
              (static_cast<size_t>(row) * static_cast<size_t>(from.width) + static_cast<size_t>(column)) * 3,
          3, out);
    }
  }
  return into;
}

}  // namespace

Result<Bytes> clean_photo(ByteView file) {
  if (file.size() > kMostPhotoBytes) return fail(Errc::kLimit, "the photo has more than 12 MB");
  OPENDAY_TRY(PhotoFile photo, read_photo_file(file));
  OPENDAY_TRY(wrap::Pixels pixels,
              wrap::decode_photo(codec_of(photo.kind), photo.essence, kMostPixels, kLongestSide));
  photo.essence = {};
  if (photo.orientation != 1) pixels = upright(pixels, photo.orientation);
  return wrap::encode_photo(pixels, kQuantiser);
}

}  // namespace openday::photo
