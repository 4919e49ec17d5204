// Timestamps that wrap (33 bits in MPEG-TS, 32 in RTP and FLV) become ones that do not.
#pragma once

#include <cstdint>

namespace openday::wrap {

/// The value congruent to `raw` modulo 2^bits that is nearest to `reference`. bits ≥ 64: `raw` itself.
constexpr int64_t unwrap(int64_t raw, int bits, int64_t reference) {
  if (bits <= 0 || bits >= 63) return raw;
  int64_t period = int64_t{1} << bits;
  int64_t mask = period - 1;
  int64_t ahead = (raw - reference) & mask;  // 0 … period − 1
  if (ahead >= period / 2) ahead -= period;
  return reference + ahead;
}

}  // namespace openday::wrap
