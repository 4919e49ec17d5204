#include "feed/picture_size.h"

#include <algorithm>
#include <cmath>

namespace openday::feed {
namespace {

int even(double value) {
  return std::max(2, static_cast<int>(std::lround(value / 2)) * 2);
}

}  // namespace

Size fit_size(const SourceShape& source, Size box) {
  double width = std::max(source.width, 2);
  double height = std::max(source.height, 2);
  double sar =
      source.sar_num > 0 && source.sar_den > 0 ? static_cast<double>(source.sar_num) / source.sar_den : 1;
  if (sar < 0.1 || sar > 10) sar = 1;  // a broken header, not a lens
  if (sar >= 1) {
    width *= sar;
  } else {
    height /= sar;
  }
  double scale = std::min({1.0, box.width / width, box.height / height});
  Size size{even(width * scale), even(height * scale)};
  // Rounding must not leave the box, whose sides may be odd.
  size.width = std::min(size.width, std::max(2, box.width / 2 * 2));
  size.height = std::min(size.height, std::max(2, box.height / 2 * 2));
  return size;
}

}  // namespace openday::feed
