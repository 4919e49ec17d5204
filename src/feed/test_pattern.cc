#include "feed/test_pattern.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "feed/picture_size.h"
#include "link/frame_ring.h"

namespace openday::feed {
namespace {

constexpr int kBars = 8;
constexpr Duration kPatternLead = milliseconds(60);
constexpr uint8_t kWhite = 235;
constexpr double kLevel = 0.1;  // −20 dBFS

struct Yuv {
  uint8_t y, u, v;
};

/// bt709 limited range.
Yuv from_hsv(double hue, double saturation, double value) {
  auto channel = [&](double n) {
    double k = std::fmod(n + hue * 6, 6.0);
    return value - value * saturation * std::clamp(std::min(k, 4 - k), 0.0, 1.0);
  };
  double r = channel(5), g = channel(3), b = channel(1);
  double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  auto level = [](double x) { return static_cast<uint8_t>(std::lround(x)); };
  return {level(16 + 219 * y), level(128 + 224 * (b - y) / 1.8556), level(128 + 224 * (r - y) / 1.5748)};
}

void fill_columns(media::Image& image, int plane, int from, int to, uint8_t value) {
  from = std::clamp(from, 0, image.columns(plane));
  to = std::clamp(to, from, image.columns(plane));
  for (int row = 0; row < image.rows(plane); ++row) {
    std::fill_n(image.plane(plane) + row * image.stride(plane) + from, to - from, value);
  }
}

Yuv bar_colour(double hue, int bar) {
  return from_hsv(std::fmod(hue + 0.02 * bar, 1.0), 0.75 - 0.05 * bar, 0.9 - 0.07 * bar);
}

void draw_columns(media::Image& image, double hue, int from, int to) {
  for (int bar = 0; bar < kBars; ++bar) {
    int left = std::max(from, image.width() * bar / kBars / 2 * 2);
    int right = std::min(to, image.width() * (bar + 1) / kBars / 2 * 2);
    if (bar == kBars - 1) right = std::min(to, image.width());
    if (left >= right) continue;
    Yuv colour = bar_colour(hue, bar);
    fill_columns(image, 0, left, right, colour.y);
    fill_columns(image, 1, left / 2, right / 2, colour.u);
    fill_columns(image, 2, left / 2, right / 2, colour.v);
  }
}

}  // namespace

TestPattern::TestPattern(const media::HouseFormat& house, uint32_t seed, Duration av_offset, Sink& sink)
    : house_(house),
      hue_(std::fmod(seed * 0.381966, 1.0)),  // neighbouring seeds lie far apart on the wheel
      frequency_(220.0 * std::pow(2.0, static_cast<double>(seed % 12) / 6.0)),
      av_offset_(av_offset),
      sink_(sink) {
  stats_.video = {"pattern", house.width, house.height, static_cast<double>(house.fps)};
  stats_.audio = {"tone", media::HouseFormat::kSampleRate, media::HouseFormat::kChannels};
}

void TestPattern::want(const Want& want, HouseTime) {
  want_ = want;
  stats_.caught_up = want_.mode != Mode::kIdle;
}

void TestPattern::draw_bars(int width, int height) {
  if (image_ && image_->width() == width && image_->height() == height) return;
  image_.emplace(width, height);
  draw_columns(*image_, hue_, 0, width);
  marker_at_ = -1;
}

// A white column that crosses the picture in four seconds. Only what it leaves is drawn again.
void TestPattern::move_marker(media::Tick tick) {
  media::Image& image = *image_;
  int thick = std::max(2, image.width() / 64 / 2 * 2);
  if (marker_at_ >= 0) draw_columns(image, hue_, marker_at_, std::min(marker_at_ + thick, image.width()));
  int64_t period = int64_t{4} * house_.fps;
  marker_at_ = static_cast<int>(tick % period * (image.width() - thick) / period) / 2 * 2;
  fill_columns(image, 0, marker_at_, marker_at_ + thick, kWhite);
  fill_columns(image, 1, marker_at_ / 2, (marker_at_ + thick) / 2, 128);
  fill_columns(image, 2, marker_at_ / 2, (marker_at_ + thick) / 2, 128);
}

void TestPattern::tone(HouseTime show_at) {
  int64_t to = link::audio_index(show_at + av_offset_ + house_.tick_duration());
  if (audio_at_ < 0) audio_at_ = link::audio_index(show_at + av_offset_);
  samples_.clear();
  for (int64_t i = audio_at_; i < to; ++i) {
    // The phase is taken from the sample's absolute index, so nothing accumulates over days.
    double turns = std::fmod(static_cast<double>(i % (48000 * 60)) * frequency_ / 48000, 1.0);
    auto value = static_cast<float>(kLevel * std::sin(2 * std::numbers::pi * turns));
    samples_.insert(samples_.end(), {value, value});
  }
  if (samples_.empty()) return;
  sink_.audio(audio_at_, samples_.data(), static_cast<int64_t>(samples_.size() / 2));
  audio_at_ = to;
}

void TestPattern::run(HouseTime now) {
  if (!start_ || now - next_ > seconds(1)) {  // the first time, or this machine stood still
    start_ = now;
    tick_ = 0;
  }
  HouseTime show_at = *start_ + house_.since_start(tick_) + kPatternLead;
  sink_.beat(now);
  stats_.last_unit = now;
  tone(show_at);
  ++stats_.pictures;
  // Idle: two pictures a second are enough for a thumbnail.
  if (want_.mode != Mode::kIdle || tick_ % (house_.fps / 2) == 0) {
    Size size = fit_size({house_.width, house_.height, 1, 1}, {want_.width, want_.height});
    draw_bars(size.width, size.height);
    move_marker(tick_);
    sink_.picture(image_->width(), image_->height(), show_at, now, tick_ * 90000 / house_.fps,
                  [&](const media::Planes& into) {
                    // One layout for all pictures of a size (media::Image::lay_out).
                    std::memcpy(into.data[0], image_->plane(0),
                                media::Image::size_of(into.width, into.height));
                    return true;
                  });
    ++stats_.frames;
  }
  stats_.last_output = now;
  ++tick_;
  next_ = *start_ + house_.since_start(tick_);
}

Stats TestPattern::stats(HouseTime) const {
  return stats_;
}

}  // namespace openday::feed
