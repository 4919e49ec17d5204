#include "mixer/audio.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>

using namespace openday;
using namespace openday::mixer;

namespace {

constexpr int kBlock = 1600;

std::vector<float> tone(double hertz, double amplitude, int from, int frames = kBlock) {
  std::vector<float> out;
  for (int i = from; i < from + frames; ++i) {
    auto value = static_cast<float>(amplitude * std::sin(2 * std::numbers::pi * hertz * i / 48000));
    out.push_back(value);
    out.push_back(value);
  }
  return out;
}

float roughness(const std::vector<float>& samples) {
  float most = 0;
  for (size_t i = 2; i < samples.size(); ++i) most = std::max(most, std::abs(samples[i] - samples[i - 2]));
  return most;
}

void append(std::vector<float>& to, const std::vector<float>& what) {
  to.insert(to.end(), what.begin(), what.end());
}

}  // namespace

TEST_CASE("a sound that breaks off anywhere in a block, and comes back anywhere, makes no click") {
  // 440 Hz at 0.5 moves by at most 0.029 a sample; a fade of 10 ms adds 0.5 / 480.
  for (int lost_at : {0, 1, 333, 799, 1599, 1600}) {
    for (int back_at : {1, 200, 479, 481, 1599}) {
      CAPTURE(lost_at, back_at);
      Voice voice;
      std::vector<float> heard;
      for (int n = 0; n < 3; ++n) {
        auto block = tone(440, 0.5, n * kBlock);
        voice.repair(block, 0, kBlock);
        append(heard, block);
      }
      auto block = tone(440, 0.5, 3 * kBlock);
      voice.repair(block, 0, lost_at);
      append(heard, block);
      block = tone(440, 0.5, 4 * kBlock);
      voice.repair(block, back_at, kBlock - back_at);
      append(heard, block);
      CHECK(roughness(heard) < 0.029f * 2 + 0.003f);
    }
  }
}

TEST_CASE("sound flickering for single frames never clicks and never grows") {
  Voice voice;
  std::vector<float> heard;
  for (int n = 0; n < 40; ++n) {
    auto block = tone(300, 0.5, n * kBlock);
    voice.repair(block, 0, kBlock - n * 7);
    append(heard, block);
  }
  CHECK(roughness(heard) < 0.1f);
  for (float value : heard) CHECK(std::abs(value) <= 1.0f);
}

TEST_CASE("lost sound has faded to nothing after 10 ms") {
  Voice voice;
  auto block = tone(440, 0.5, 0);
  voice.repair(block, 0, kBlock);
  block = tone(440, 0.5, kBlock);
  voice.repair(block, 0, 0);
  CHECK(std::abs(block[20]) > 0);
  for (size_t i = kFadeFrames * 2; i < block.size(); ++i) REQUIRE(block[i] == 0.0f);
  voice.mix(block, 0, block);
  CHECK(voice.quiet());
}

TEST_CASE("a feed that writes no numbers, or absurd ones, is silent and spoils nothing") {
  Voice voice;
  std::vector<float> block(kBlock * 2, std::numeric_limits<float>::quiet_NaN());
  block[100] = std::numeric_limits<float>::infinity();
  block[101] = 1e30f;
  voice.repair(block, 0, kBlock);
  for (float value : block) REQUIRE(value == 0.0f);
}

TEST_CASE("a broken frame that decodes to a roar does not take the other venues down with it") {
  Voice broken;
  Voice other;
  Limiter limiter;
  for (int n = 0; n < 2; ++n) {
    auto roar = tone(1000, 14, n * kBlock);
    auto speech = tone(440, 0.1, n * kBlock);
    std::vector<float> sum(kBlock * 2, 0.0f);
    broken.repair(roar, 0, n == 0 ? kBlock : 0);
    other.repair(speech, 0, kBlock);
    broken.mix(roar, 1, sum);
    other.mix(speech, 1, sum);
    limiter.process(sum);
    // After the roar's last fade the other is heard as before, but for what full scale asks of the limiter.
    if (n == 1) CHECK(peak_of(std::span(sum).subspan(kFadeFrames * 2))[0] > 0.07f);
  }
}

TEST_CASE("every change of gain is a ramp of 15 ms") {
  Voice voice;
  std::vector<float> heard;
  float gains[] = {0, 1, 1, 0.25f, 0, 2, 0};
  for (float gain : gains) {
    std::vector<float> block(kBlock * 2, 0.25f);  // a constant shows a step that a tone could hide
    std::vector<float> sum(kBlock * 2, 0.0f);
    voice.mix(block, gain, sum);
    CHECK(sum.back() == Approx(0.25f * gain).margin(1e-6));
    append(heard, sum);
  }
  CHECK(roughness(heard) <= 0.25f * 2 / kRampFrames + 1e-6f);
}

TEST_CASE("voices add up") {
  Voice one;
  Voice other;
  std::vector<float> block(kBlock * 2, 0.125f);
  std::vector<float> sum(kBlock * 2, 0.0f);
  one.mix(block, 1, sum);
  other.mix(block, 2, sum);
  CHECK(sum.back() == Approx(0.375f));
}

TEST_CASE("the limiter leaves what is below its threshold exactly as it was") {
  Limiter limiter;
  auto block = tone(1000, 0.79, 0);
  auto before = block;
  limiter.process(block);
  CHECK(block == before);
}

TEST_CASE("eight loud venues together stay below full scale, without being cut flat") {
  Limiter limiter;
  std::vector<float> heard;
  for (int n = 0; n < 60; ++n) {
    auto block = tone(440, 6.0, n * kBlock);
    limiter.process(block);
    for (float value : block) REQUIRE(std::abs(value) <= Limiter::kCeiling);
    if (n > 50) append(heard, block);
  }
  // Once the gain has settled the tone is a tone again: its peaks are not plateaus.
  size_t flat = 0;
  for (size_t i = 4; i < heard.size(); i += 2) {
    if (std::abs(heard[i]) > 0.7f && std::abs(heard[i] - heard[i - 2]) < 1e-5f) ++flat;
  }
  CHECK(flat < heard.size() / 200);
}

TEST_CASE("after a loud moment the limiter lets go within two seconds") {
  Limiter limiter;
  auto loud = tone(440, 4.0, 0);
  limiter.process(loud);
  for (int n = 0; n < 60; ++n) {
    auto block = tone(440, 0.5, n * kBlock);
    limiter.process(block);
  }
  auto block = tone(440, 0.5, 0);
  auto before = block;
  limiter.process(block);
  for (size_t i = 0; i < block.size(); ++i) REQUIRE(block[i] == Approx(before[i]).margin(0.01));
}

TEST_CASE("loudness agrees with the calibration tone of EBU Tech 3341") {
  // Test case 1: a stereo sine of 1 kHz at −23 dBFS reads −23 LUFS ± 0.1.
  for (int fps : {25, 30}) {
    media::HouseFormat house{1280, 720, fps};
    Loudness loudness(house);
    int spt = house.samples_per_tick();
    for (int n = 0; n < fps * 4; ++n) loudness.add(tone(1000, std::pow(10.0, -23.0 / 20), n * spt, spt));
    CHECK(loudness.short_term() == Approx(-23.0).margin(0.1));
  }
}

TEST_CASE("silence has no loudness, and it takes three seconds to get there") {
  media::HouseFormat house{1280, 720, 30};
  Loudness loudness(house);
  CHECK(loudness.short_term() == -100);
  for (int n = 0; n < 90; ++n) loudness.add(tone(1000, 0.5, n * kBlock));
  std::vector<float> silence(kBlock * 2, 0.0f);
  for (int n = 0; n < 89; ++n) loudness.add(silence);
  CHECK(loudness.short_term() > -40);
  for (int n = 0; n < 4; ++n) loudness.add(silence);
  CHECK(loudness.short_term() < -60);
}

TEST_CASE("a peak meter tells the largest value of the blocks asked for, and forgets older ones") {
  PeakMeter meter(30);
  CHECK(meter.db(30)[0] == -100);
  meter.add({1.0f, 0.5f});
  for (int n = 0; n < 5; ++n) meter.add({0.1f, 0.1f});
  CHECK(meter.db(30)[0] == Approx(0).margin(0.01));
  CHECK(meter.db(30)[1] == Approx(-6.02).margin(0.01));
  CHECK(meter.db(5)[0] == Approx(-20).margin(0.01));
  for (int n = 0; n < 30; ++n) meter.add({0, 0});
  CHECK(meter.db(30)[0] == -100);
}

TEST_CASE("decibels and gains are each other's inverse") {
  for (double db : {-60.0, -6.0, 0.0, 12.0})
    CHECK(db_from_gain(gain_from_db(db)) == Approx(db).margin(0.001));
}
