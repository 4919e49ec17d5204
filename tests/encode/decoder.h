// What a viewer's machine would make of the encoded program. For tests.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "media/media.h"

namespace openday::encode::test {

struct DecodedPicture {
  int64_t pts = 0;
  bool key = false;
  int colorspace = 0;  // ITU-T H.273 matrix coefficients; 1: bt709
  bool full_range = false;
  std::unique_ptr<media::Image> image;
};

struct DecodedSound {
  int64_t pts = 0;
  std::vector<float> left;
};

/// Fails the running test when a decoder does not accept something.
std::vector<DecodedPicture> decode_video(const media::Track& track,
                                         const std::vector<media::AccessUnit>& units);
std::vector<DecodedSound> decode_audio(const media::Track& track,
                                       const std::vector<media::AccessUnit>& units);
/// A JPEG file as the RGB of one of its pixels.
struct Rgb {
  int red = 0;
  int green = 0;
  int blue = 0;
};
struct DecodedJpeg {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;
  [[nodiscard]] Rgb at(int x, int y) const;
};
DecodedJpeg decode_jpeg(const Bytes& file);

}  // namespace openday::encode::test
