// A plane at half its size in both directions: the mean of each 2 × 2 samples.
#pragma once

#include <cstdint>

namespace openday::wrap {

/// `width` and `height` are the output's. A quarter of swscale's cost for the commonest sizes: 720p in a grid
/// of four, and its 360p rendition.
void halve_plane(const uint8_t* from, int from_stride, uint8_t* to, int to_stride, int width, int height);

}  // namespace openday::wrap
