#include "wrap/av_decode/unwrap.h"

#include <catch2/catch.hpp>
#include <vector>

#include "wrap/scale/halve.h"

using openday::wrap::unwrap;

TEST_CASE("a timestamp that wraps goes on, in both directions and again and again") {
  constexpr int64_t kPeriod = int64_t{1} << 33;
  CHECK(unwrap(5, 33, kPeriod - 5) == kPeriod + 5);
  CHECK(unwrap(kPeriod - 5, 33, 5) == -5);
  CHECK(unwrap(5, 33, 3 * kPeriod - 5) == 3 * kPeriod + 5);
  CHECK(unwrap(1000, 33, 900) == 1000);
  CHECK(unwrap(900, 33, 1000) == 900);
  CHECK(unwrap(7, 64, INT64_MAX) == 7);
  int64_t reference = 0;
  for (int64_t i = 0; i < 100; ++i) {
    int64_t next = reference + kPeriod / 3;
    CHECK(unwrap(next & (kPeriod - 1), 33, reference) == next);
    reference = next;
  }
}

TEST_CASE("a plane is halved to the means of its squares, whatever its width") {
  for (int width : {1, 15, 16, 17, 48, 63}) {
    constexpr int kHeight = 3;
    int from_stride = width * 2 + 5;
    std::vector<uint8_t> from(static_cast<size_t>(from_stride) * kHeight * 2);
    for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<uint8_t>(i * 31 + i / 7);
    std::vector<uint8_t> to(static_cast<size_t>(width) * kHeight);
    openday::wrap::halve_plane(from.data(), from_stride, to.data(), width, width, kHeight);
    for (int y = 0; y < kHeight; ++y) {
      for (int x = 0; x < width; ++x) {
        auto at = [&](int dx, int dy) {
          return from[static_cast<size_t>((2 * y + dy) * from_stride + 2 * x + dx)];
        };
        REQUIRE(to[static_cast<size_t>(y * width + x)] ==
                (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1) + 2) / 4);
      }
    }
  }
}
