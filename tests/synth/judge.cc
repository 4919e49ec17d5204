#include "tests/synth/judge.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace openday::synth {
namespace {

// Of the envelope: windows of 20 ms every 2 ms, so that an onset is known to a few ms.
constexpr size_t kStep = 96;
constexpr size_t kWindow = 960;

}  // namespace

void TileLog::look(const media::Image& frame) {
  readings_.push_back(read(frame, box_.x, box_.y, box_.width, box_.height));
}

size_t TileLog::showing(int venue) const {
  return static_cast<size_t>(
      std::count_if(readings_.begin(), readings_.end(), [&](const Reading& r) { return r.venue == venue; }));
}

size_t TileLog::counted() const {
  return static_cast<size_t>(std::count_if(readings_.begin(), readings_.end(),
                                           [](const Reading& r) { return r.counter.has_value(); }));
}

size_t TileLog::went_back(uint32_t loop) const {
  size_t count = 0;
  std::optional<uint32_t> last;
  for (const auto& reading : readings_) {
    if (!reading.counter) continue;
    bool looped = last && loop > 0 && *last > loop * 3 / 4 && *reading.counter < loop / 4;
    if (last && *reading.counter < *last && !looped) ++count;
    last = reading.counter;
  }
  return count;
}

size_t TileLog::longest_hold() const {
  size_t longest = 0;
  size_t run = 0;
  std::optional<uint32_t> last;
  for (const auto& reading : readings_) {
    if (!reading.counter) continue;
    run = last == reading.counter ? run + 1 : 1;
    last = reading.counter;
    longest = std::max(longest, run);
  }
  return longest;
}

std::vector<size_t> TileLog::flashes() const {
  std::vector<size_t> starts;
  for (size_t i = 1; i < readings_.size(); ++i) {
    if (readings_[i].flash && !readings_[i - 1].flash && readings_[i].venue >= 0) starts.push_back(i);
  }
  return starts;
}

std::vector<double> tone_envelope(const std::vector<float>& stereo, double frequency) {
  // Goertzel's single-bin transform.
  std::vector<double> levels;
  double coefficient = 2 * std::cos(2 * std::numbers::pi * frequency / media::HouseFormat::kSampleRate);
  size_t frames = stereo.size() / 2;
  for (size_t at = 0; at + kWindow <= frames; at += kStep) {
    double s1 = 0;
    double s2 = 0;
    for (size_t i = 0; i < kWindow; ++i) {
      double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / kWindow);
      double s0 = window * static_cast<double>(stereo[(at + i) * 2]) + coefficient * s1 - s2;
      s2 = s1;
      s1 = s0;
    }
    double power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
    levels.push_back(std::sqrt(std::max(0.0, power)) * 4 / kWindow);
  }
  return levels;
}

std::vector<double> beeps(const std::vector<float>& stereo, int venue) {
  auto levels = tone_envelope(stereo, tone_of(venue));
  std::vector<double> starts;
  if (levels.empty()) return starts;
  double peak = *std::max_element(levels.begin(), levels.end());
  double threshold = std::max(peak / 2, 3 * kToneLevel);
  for (size_t i = 1; i < levels.size(); ++i) {
    // A window is half filled when its centre is the onset.
    double at = static_cast<double>(i * kStep + kWindow / 2) / media::HouseFormat::kSampleRate;
    if (levels[i] >= threshold && levels[i - 1] < threshold && (starts.empty() || at - starts.back() > 0.4)) {
      starts.push_back(at);
    }
  }
  return starts;
}

double tone_level(const std::vector<float>& stereo, int venue) {
  auto levels = tone_envelope(stereo, tone_of(venue));
  if (levels.empty()) return 0;
  // The median ignores the beeps.
  auto middle = levels.begin() + static_cast<ptrdiff_t>(levels.size() / 2);
  std::nth_element(levels.begin(), middle, levels.end());
  return *middle;
}

double longest_silence(const std::vector<float>& stereo, int venue) {
  size_t longest = 0;
  size_t run = 0;
  for (double level : tone_envelope(stereo, tone_of(venue))) {
    run = level < kToneLevel / 2 ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return static_cast<double>(longest * kStep) * 1000 / media::HouseFormat::kSampleRate;
}

Sync av_sync(const std::vector<size_t>& flashes, int fps, double video_start,
             const std::vector<double>& beep_times, double audio_start) {
  std::vector<double> offsets;
  for (size_t frame : flashes) {
    double shown = video_start + static_cast<double>(frame) / fps;
    double best = 1e9;
    for (double beep : beep_times) {
      double offset = audio_start + beep - shown;
      if (std::abs(offset) < std::abs(best)) best = offset;
    }
    if (std::abs(best) < 0.5) offsets.push_back(best * 1000);
  }
  Sync sync;
  sync.pairs = offsets.size();
  if (offsets.empty()) return sync;
  std::sort(offsets.begin(), offsets.end());
  sync.signed_median_ms = offsets[offsets.size() / 2];
  for (auto& offset : offsets) offset = std::abs(offset);
  std::sort(offsets.begin(), offsets.end());
  sync.median_ms = offsets[offsets.size() / 2];
  sync.worst_ms = offsets.back();
  return sync;
}

}  // namespace openday::synth
