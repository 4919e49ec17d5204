// Writes a synthetic venue to standard output, for an encoder to read: raw I420 pictures, or raw stereo sound
// (s16le, 48 kHz).
//   openday-venue video VENUE WIDTH HEIGHT FPS SECONDS
//   openday-venue audio VENUE SECONDS
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numbers>
#include <string>
#include <vector>

#include "tests/synth/pattern.h"

namespace {

bool put(const void* data, size_t size) {
  return std::fwrite(data, 1, size, stdout) == size;
}

int video(int venue, int width, int height, int fps, int seconds) {
  openday::media::Image image(width, height);
  for (int n = 0; n < fps * seconds; ++n) {
    openday::synth::draw(image, venue, static_cast<uint32_t>(n), n % fps < 3);
    for (int plane = 0; plane < 3; ++plane) {
      for (int row = 0; row < image.rows(plane); ++row) {
        auto at = static_cast<size_t>(row) * static_cast<size_t>(image.stride(plane));
        if (!put(image.plane(plane) + at, static_cast<size_t>(image.columns(plane)))) return 1;
      }
    }
  }
  return 0;
}

int audio(int venue, int seconds) {
  double frequency = openday::synth::tone_of(venue);
  std::vector<int16_t> block(48000 * 2);
  for (int s = 0; s < seconds; ++s) {
    for (size_t i = 0; i < 48000; ++i) {
      double t = s + static_cast<double>(i) / 48000;
      double level = static_cast<double>(i) / 48000 < openday::synth::kBeepSeconds
                         ? openday::synth::kBeepLevel
                         : openday::synth::kToneLevel;
      auto value = static_cast<int16_t>(32767 * level * std::sin(2 * std::numbers::pi * frequency * t));
      block[i * 2] = block[i * 2 + 1] = value;
    }
    if (!put(block.data(), block.size() * 2)) return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  auto number = [&](size_t i) { return std::atoi(words[i].c_str()); };
  if (words.size() == 6 && words[0] == "video")
    return video(number(1), number(2), number(3), number(4), number(5));
  if (words.size() == 3 && words[0] == "audio") return audio(number(1), number(2));
  std::fprintf(stderr, "usage: openday-venue video VENUE WIDTH HEIGHT FPS SECONDS | audio VENUE SECONDS\n");
  return 2;
}
