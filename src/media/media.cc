#include "media/media.h"

#include <algorithm>
#include <new>

namespace openday::media {
namespace {

int padded(int width) {
  return (width + 63) / 64 * 64;
}  // chroma rows are then padded to 32

}  // namespace

size_t Image::size_of(int width, int height) {
  return static_cast<size_t>(padded(width)) * static_cast<size_t>(height) * 3 / 2;
}

Planes Image::lay_out(uint8_t* memory, int width, int height) {
  int stride = padded(width);
  auto luma = static_cast<size_t>(stride) * static_cast<size_t>(height);
  return {width, height, {memory, memory + luma, memory + luma + luma / 4}, {stride, stride / 2, stride / 2}};
}

Image::Image(int width, int height)
    : width_(std::clamp(width, 2, 4096) & ~1),
      height_(std::clamp(height, 2, 4096) & ~1),
      luma_stride_(padded(width_)),
      data_(static_cast<uint8_t*>(::operator new[](size_of(width_, height_), std::align_val_t(64)))) {}

size_t Image::offset(int plane) const {
  auto luma = static_cast<size_t>(luma_stride_) * static_cast<size_t>(height_);
  return plane == 0 ? 0 : plane == 1 ? luma : luma + luma / 4;
}

void Image::fill(uint8_t y, uint8_t u, uint8_t v) {
  const uint8_t values[] = {y, u, v};
  for (int p = 0; p < 3; ++p) {
    std::fill_n(plane(p), static_cast<size_t>(stride(p)) * static_cast<size_t>(rows(p)), values[p]);
  }
}

}  // namespace openday::media
