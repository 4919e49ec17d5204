#include "wrap/scale/halve.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace openday::wrap {
namespace {

#if defined(__SSE2__)
/// Eight means, as 16-bit values, of sixteen samples each of an upper and a lower row.
__m128i means(const uint8_t* upper, const uint8_t* lower) {
  const __m128i low = _mm_set1_epi16(0xFF);
  __m128i u = _mm_loadu_si128(reinterpret_cast<const __m128i*>(upper));
  __m128i l = _mm_loadu_si128(reinterpret_cast<const __m128i*>(lower));
  __m128i sum = _mm_add_epi16(_mm_add_epi16(_mm_and_si128(u, low), _mm_srli_epi16(u, 8)),
                              _mm_add_epi16(_mm_and_si128(l, low), _mm_srli_epi16(l, 8)));
  return _mm_srli_epi16(_mm_add_epi16(sum, _mm_set1_epi16(2)), 2);
}

/// The columns it did: a multiple of sixteen.
int halve_row(const uint8_t* upper, const uint8_t* lower, uint8_t* to, int width) {
  int x = 0;
  for (; x + 16 <= width; x += 16) {
    __m128i sixteen =
        _mm_packus_epi16(means(upper + 2 * x, lower + 2 * x), means(upper + 2 * x + 16, lower + 2 * x + 16));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + x), sixteen);
  }
  return x;
}
#else
int halve_row(const uint8_t*, const uint8_t*, uint8_t*, int) {
  return 0;
}
#endif

}  // namespace

void halve_plane(const uint8_t* from, int from_stride, uint8_t* to, int to_stride, int width, int height) {
  for (int y = 0; y < height; ++y) {
    const uint8_t* upper = from + static_cast<int64_t>(2 * y) * from_stride;
    const uint8_t* lower = upper + from_stride;
    uint8_t* row = to + static_cast<int64_t>(y) * to_stride;
    for (int x = halve_row(upper, lower, row, width); x < width; ++x) {
      row[x] =
          static_cast<uint8_t>((upper[2 * x] + upper[2 * x + 1] + lower[2 * x] + lower[2 * x + 1] + 2) >> 2);
    }
  }
}

}  // namespace openday::wrap
