#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

#include "tests/synth/judge.h"

using namespace openday;
using namespace openday::synth;

TEST_CASE("every venue's picture is read back at tile sizes, and no other's") {
  for (auto [width, height] : {std::pair{1280, 720}, {640, 360}, {320, 180}, {240, 136}}) {
    for (int venue = 0; venue < kVenues; ++venue) {
      media::Image image(width, height);
      for (uint32_t counter : {0u, 1u, 299u, 0xABCDEFu}) {
        draw(image, venue, counter, counter % 2 == 1);
        Reading reading = read(image, 0, 0, width, height);
        CHECK(reading.venue == venue);
        CHECK(reading.counter == counter);
        CHECK(reading.flash == (counter % 2 == 1));
      }
    }
  }
}

TEST_CASE("a plain picture is nobody's") {
  media::Image image(640, 360);
  for (uint8_t luma : {uint8_t{16}, uint8_t{60}, uint8_t{128}, uint8_t{235}}) {
    image.fill(luma, 128, 128);
    Reading reading = read(image, 0, 0, 640, 360);
    CHECK(reading.venue == -1);
    CHECK_FALSE(reading.counter);
  }
}

TEST_CASE("a picture held, turned back or looped is told apart") {
  TileLog log({0, 0, 320, 180});
  media::Image image(320, 180);
  for (uint32_t counter : {296u, 297u, 297u, 297u, 298u, 299u, 0u, 1u, 0u}) {
    draw(image, 2, counter, false);
    log.look(image);
  }
  CHECK(log.showing(2) == 9);
  CHECK(log.longest_hold() == 3);
  CHECK(log.went_back(300) == 1);  // 1 → 0 is a step back, 299 → 0 the loop
}

TEST_CASE("the offset of sound and picture is measured to a few milliseconds, for each venue in a mix") {
  for (double offset : {0.0, 0.033, -0.060}) {
    std::vector<float> stereo(48000 * 25 * 2);
    for (size_t i = 0; i < stereo.size() / 2; ++i) {
      double t = static_cast<double>(i) / 48000;
      for (int venue : {1, 2}) {
        double phase = t - 0.5 - (venue == 1 ? offset : 0.3);
        double level = phase - std::floor(phase) < kBeepSeconds ? kBeepLevel : kToneLevel;
        stereo[i * 2] += static_cast<float>(level * std::sin(2 * std::numbers::pi * tone_of(venue) * t));
      }
      stereo[i * 2 + 1] = stereo[i * 2];
    }
    std::vector<size_t> flashes;
    for (size_t s = 1; s < 24; ++s) flashes.push_back(s * 30 + 15);
    Sync sync = av_sync(flashes, 30, 0, beeps(stereo, 1), 0);
    CHECK(sync.pairs == 23);
    CHECK(std::abs(sync.signed_median_ms - offset * 1000) < 6);
    CHECK(tone_level(stereo, 1) > kToneLevel / 2);
    CHECK(tone_level(stereo, 5) < kToneLevel / 4);
    CHECK(longest_silence(stereo, 1) == 0);
    std::fill_n(stereo.begin() + 48000 * 2 * 7, 48000 / 10 * 2, 0.0f);
    CHECK(std::abs(longest_silence(stereo, 1) - 100) < 10);
  }
}
