// The synthetic venue: a picture that says whose it is and which frame it is, and still says so after scaling
// and encoding.
//
//   upper part   four vertical bars in shades of the venue's own hue; their order is the venue's too
//   a square     top right: white for kFlashFrames at the start of every second, else black (the flash of the
//   A/V check) lower part   2 rows × 16 cells, black or white: 24 bits of frame counter and 8 bits of
//   checksum
//
// The sound is a quiet tone of the venue's own frequency, loud for kBeepSeconds at the start of every second.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "media/media.h"

namespace openday::synth {

inline constexpr int kVenues = 8;
inline constexpr int kCellColumns = 16;
inline constexpr int kCellRows = 2;
inline constexpr double kBarsBottom = 0.56;  // of the height
inline constexpr double kCellsTop = 0.70;    // of the height; between the two lies a plain strip
inline constexpr double kCellsBottom = 0.96;
inline constexpr double kFlashLeft = 0.80, kFlashTop = 0.06,
                        kFlashSize = 0.16;  // of width, height, and width
inline constexpr double kBeepSeconds = 0.1;
inline constexpr double kToneLevel = 0.02;
inline constexpr double kBeepLevel = 0.25;

struct Colour {
  uint8_t y = 0, u = 128, v = 128;
};

/// The colours of the four bars, left to right.
std::array<Colour, 4> bars_of(int venue);
/// Hz; far enough apart that 50 ms of sound tell them.
double tone_of(int venue);

/// Draws frame `counter` (its low 24 bits) of venue 0 … kVenues − 1. `flash`: the white square is lit.
void draw(media::Image& image, int venue, uint32_t counter, bool flash);

struct Reading {
  int venue = -1;                   // −1: none of ours
  std::optional<uint32_t> counter;  // nothing when the checksum is wrong
  bool flash = false;
};

/// Reads a tile of `image` back. The rectangle is where the whole picture of the venue stands.
Reading read(const media::Image& image, int x, int y, int width, int height);

}  // namespace openday::synth
