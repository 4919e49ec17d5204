#include "wrap/av_decode/unwrap.h"

#include <catch2/catch.hpp>

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
