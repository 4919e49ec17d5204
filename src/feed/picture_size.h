// How large a source's picture becomes.
#pragma once

namespace openday::feed {

struct Size {
  int width = 0;
  int height = 0;
  bool operator==(const Size&) const = default;
};

/// A source's picture as coded, with the shape of its samples.
struct SourceShape {
  int width = 0;
  int height = 0;
  int sar_num = 1;
  int sar_den = 1;
};

/// The largest even size within `box` that keeps the display aspect and is not larger than the source; at
/// least 2 × 2. Anamorphic pictures are stretched in one direction to square samples, never shrunk in the
/// other.
Size fit_size(const SourceShape& source, Size box);

}  // namespace openday::feed
