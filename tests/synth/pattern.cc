#include "tests/synth/pattern.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>

namespace openday::synth {
namespace {

Colour from_hue(double hue, double luma, double saturation) {
  double angle = hue * 2 * std::numbers::pi;
  auto clamp = [](double value) { return static_cast<uint8_t>(std::clamp(value, 16.0, 240.0)); };
  return {clamp(luma), clamp(128 + saturation * std::cos(angle)), clamp(128 + saturation * std::sin(angle))};
}

uint8_t checksum(uint32_t counter) {
  uint32_t value = (counter & 0xFFFFFF) * 2654435761u;
  return static_cast<uint8_t>(value >> 24 ^ value >> 13 ^ 0x5A);
}

void fill(media::Image& image, double left, double top, double right, double bottom, Colour colour) {
  const uint8_t values[] = {colour.y, colour.u, colour.v};
  for (int plane = 0; plane < 3; ++plane) {
    int x0 = static_cast<int>(left * image.columns(plane));
    int x1 = static_cast<int>(right * image.columns(plane));
    int y0 = static_cast<int>(top * image.rows(plane));
    int y1 = static_cast<int>(bottom * image.rows(plane));
    for (int y = y0; y < y1; ++y) {
      std::fill_n(image.plane(plane) + static_cast<size_t>(y) * static_cast<size_t>(image.stride(plane)) + x0,
                  std::max(0, x1 - x0), values[plane]);
    }
  }
}

// The mean of a small square around a point of the picture, given in 0 … 1 of the tile.
struct Eye {
  const media::Image& image;
  int x, y, width, height;

  [[nodiscard]] Colour at(double u, double v, double reach) const {
    Colour colour;
    uint8_t* into[] = {&colour.y, &colour.u, &colour.v};
    for (int plane = 0; plane < 3; ++plane) {
      int scale = plane == 0 ? 1 : 2;
      int centre_x = static_cast<int>((x + u * width) / scale);
      int centre_y = static_cast<int>((y + v * height) / scale);
      int r = std::max(0, static_cast<int>(reach * width / scale));
      int sum = 0;
      int count = 0;
      for (int py = centre_y - r; py <= centre_y + r; ++py) {
        for (int px = centre_x - r; px <= centre_x + r; ++px) {
          if (px < 0 || py < 0 || px >= image.columns(plane) || py >= image.rows(plane)) continue;
          sum += image.plane(plane)[static_cast<size_t>(py) * static_cast<size_t>(image.stride(plane)) +
                                    static_cast<size_t>(px)];
          ++count;
        }
      }
      *into[plane] = static_cast<uint8_t>(count > 0 ? sum / count : 0);
    }
    return colour;
  }
};

int distance(Colour a, Colour b) {
  return std::abs(a.u - b.u) + std::abs(a.v - b.v) + std::abs(a.y - b.y) / 2;
}

}  // namespace

std::array<Colour, 4> bars_of(int venue) {
  // Two bars in the venue's hue, two in the hue opposite but one; which stands where depends on the venue.
  static constexpr int kOrders[4][4] = {{0, 1, 2, 3}, {1, 0, 3, 2}, {2, 3, 0, 1}, {3, 2, 1, 0}};
  double hue = static_cast<double>(venue) / kVenues;
  const Colour shades[4] = {from_hue(hue, 150, 70), from_hue(hue, 90, 70), from_hue(hue + 0.375, 150, 60),
                            from_hue(hue, 120, 35)};
  std::array<Colour, 4> bars;
  for (size_t i = 0; i < 4; ++i) bars[i] = shades[kOrders[venue % 4][i]];
  return bars;
}

double tone_of(int venue) {
  return 420 + 140.0 * venue;
}

void draw(media::Image& image, int venue, uint32_t counter, bool flash) {
  fill(image, 0, 0, 1, 1, {40, 128, 128});
  auto bars = bars_of(venue);
  for (size_t i = 0; i < 4; ++i) {
    fill(image, static_cast<double>(i) * 0.25, 0, static_cast<double>(i + 1) * 0.25, kBarsBottom, bars[i]);
  }
  double flash_height = kFlashSize * image.width() / image.height();
  fill(image, kFlashLeft, kFlashTop, kFlashLeft + kFlashSize, kFlashTop + flash_height,
       flash ? Colour{235, 128, 128} : Colour{16, 128, 128});
  uint32_t bits = (counter & 0xFFFFFF) << 8 | checksum(counter);
  double cell_height = (kCellsBottom - kCellsTop) / kCellRows;
  for (int i = 0; i < kCellColumns * kCellRows; ++i) {
    double left = static_cast<double>(i % kCellColumns) / kCellColumns;
    double top = kCellsTop + cell_height * (i / kCellColumns);
    bool one = (bits >> (31 - i) & 1) != 0;
    fill(image, left, top, left + 1.0 / kCellColumns, top + cell_height,
         one ? Colour{235, 128, 128} : Colour{16, 128, 128});
  }
}

Reading read(const media::Image& image, int x, int y, int width, int height) {
  Eye eye{image, x, y, width, height};
  Reading reading;
  // The fourth bar is looked at left of the flash square; two pictures in picture hide what is below that.
  constexpr std::array kLooks = {0.125, 0.375, 0.625, (0.75 + kFlashLeft) / 2};
  std::array<Colour, 4> seen;
  for (size_t i = 0; i < 4; ++i) seen[i] = eye.at(kLooks[i], 0.2, 0.01);
  int best = 120;  // farther than this from every venue's colours is no venue
  for (int venue = 0; venue < kVenues; ++venue) {
    auto bars = bars_of(venue);
    int sum = 0;
    for (size_t i = 0; i < 4; ++i) sum += distance(seen[i], bars[i]);
    if (sum < best) {
      best = sum;
      reading.venue = venue;
    }
  }
  uint32_t bits = 0;
  double cell_height = (kCellsBottom - kCellsTop) / kCellRows;
  for (int i = 0; i < kCellColumns * kCellRows; ++i) {
    double u = (static_cast<double>(i % kCellColumns) + 0.5) / kCellColumns;
    double v = kCellsTop + cell_height * (i / kCellColumns + 0.5);
    bits = bits << 1 | (eye.at(u, v, 0.01).y > 126 ? 1u : 0u);
  }
  uint32_t counter = bits >> 8;
  if (checksum(counter) == (bits & 0xFF)) reading.counter = counter;
  double flash_height = kFlashSize * width / height;
  reading.flash = eye.at(kFlashLeft + kFlashSize / 2, kFlashTop + flash_height / 2, 0.03).y > 126;
  return reading;
}

}  // namespace openday::synth
