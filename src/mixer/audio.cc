#include "mixer/audio.h"

#include <algorithm>
#include <cmath>

namespace openday::mixer {
namespace {

constexpr float kAbsurd = 16;  // +24 dBFS: no honest feed sends it
constexpr float kSilenceDb = -100;

// A damaged AAC frame decodes to ten times full scale as easily as to nothing: held at full scale, where
// decoders to 16 bits hold it, it cannot make the limiter turn all the others down.
float sane(float value) {
  return std::abs(value) <= kAbsurd ? std::clamp(value, -1.0f, 1.0f) : 0.0f;  // NaN: 0, too
}

// BS.1770-4, tables 1 and 2: pre-filter and RLB weighting at 48 kHz.
struct Coefficients {
  double b0, b1, b2, a1, a2;
};
constexpr Coefficients kWeighting[2] = {
    {1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585},
    {1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621}};

}  // namespace

float gain_from_db(double db) {
  return static_cast<float>(std::pow(10.0, db / 20));
}

float db_from_gain(float gain) {
  return gain <= 1e-5f ? kSilenceDb : std::max(kSilenceDb, 20 * std::log10(gain));
}

void Voice::break_off() {
  std::array<Frame, kFadeFrames> fading{};
  for (int i = 0; i < kFadeFrames; ++i) {
    const Frame& heard = tail_[static_cast<size_t>((tail_next_ - 1 - i + kFadeFrames * 2) % kFadeFrames)];
    float fade = level_ * (1 - static_cast<float>(i + 1) / kFadeFrames);
    Frame& out = fading[static_cast<size_t>(i)];
    out = {heard[0] * fade, heard[1] * fade};
    if (fading_at_ + i < kFadeFrames) {  // what still fades from the time before
      const Frame& older = fading_[static_cast<size_t>(fading_at_) + static_cast<size_t>(i)];
      out = {out[0] + older[0], out[1] + older[1]};
    }
  }
  fading_ = fading;
  fading_at_ = 0;
  level_ = 0;
}

void Voice::repair(std::span<float> block, int first, int count) {
  int frames = static_cast<int>(block.size() / 2);
  for (int i = 0; i < frames; ++i) {
    bool here = i >= first && i < first + count;
    float* frame = &block[static_cast<size_t>(i) * 2];
    Frame out{0, 0};
    if (here) {
      Frame heard{sane(frame[0]), sane(frame[1])};
      level_ = std::min(1.0f, level_ + 1.0f / kFadeFrames);
      out = {heard[0] * level_, heard[1] * level_};
      tail_[static_cast<size_t>(tail_next_)] = heard;
      tail_next_ = (tail_next_ + 1) % kFadeFrames;
    } else if (present_) {
      break_off();
    }
    present_ = here;
    if (fading_at_ < kFadeFrames) {
      const Frame& fading = fading_[static_cast<size_t>(fading_at_++)];
      out = {out[0] + fading[0], out[1] + fading[1]};
    }
    frame[0] = out[0];
    frame[1] = out[1];
  }
}

void Voice::mix(std::span<const float> block, float gain, std::span<float> sum) {
  if (gain_ == 0 && gain == 0) return;
  size_t frames = block.size() / 2;
  size_t ramp = gain == gain_ ? 0 : std::min<size_t>(kRampFrames, frames);
  float step = ramp == 0 ? 0 : (gain - gain_) / static_cast<float>(ramp);
  for (size_t i = 0; i < ramp; ++i) {
    float g = gain_ + step * static_cast<float>(i + 1);
    sum[i * 2] += block[i * 2] * g;
    sum[i * 2 + 1] += block[i * 2 + 1] * g;
  }
  for (size_t i = ramp * 2; i < block.size(); ++i) sum[i] += block[i] * gain;
  gain_ = gain;
}

void Limiter::process(std::span<float> block) {
  constexpr float kAttack = 1.0f / 48;       // 1 ms
  constexpr float kRelease = 1.0f / 16'000;  // 0.33 s
  constexpr float kRoom = kCeiling - kThreshold;
  for (size_t i = 0; i + 1 < block.size(); i += 2) {
    float peak = std::max(std::abs(block[i]), std::abs(block[i + 1]));
    if (gain_ == 1 && peak <= kThreshold) continue;
    float wanted = peak > kThreshold ? kThreshold / peak : 1.0f;
    gain_ += (wanted - gain_) * (wanted < gain_ ? kAttack : kRelease);
    if (gain_ > 0.9999f) gain_ = 1;
    for (size_t c = 0; c < 2; ++c) {
      float value = block[i + c] * gain_;
      float size = std::abs(value);
      if (size > kThreshold)
        value = std::copysign(kThreshold + kRoom * std::tanh((size - kThreshold) / kRoom), value);
      block[i + c] = value;
    }
  }
}

Loudness::Loudness(const media::HouseFormat& house)
    : energies_(static_cast<size_t>(house.fps) * 3), frames_(house.samples_per_tick()) {}

void Loudness::add(std::span<const float> block) {
  double energy = 0;
  for (size_t channel = 0; channel < 2; ++channel) {
    auto& filters = filters_[channel];
    for (size_t i = channel; i < block.size(); i += 2) {
      double x = static_cast<double>(block[i]);
      for (size_t stage = 0; stage < 2; ++stage) {
        const Coefficients& c = kWeighting[stage];
        Filter& f = filters[stage];
        double y = c.b0 * x + f.z1;
        f.z1 = c.b1 * x - c.a1 * y + f.z2;
        f.z2 = c.b2 * x - c.a2 * y;
        x = y;
      }
      energy += x * x;
    }
    for (Filter& f : filters) {  // denormals cost a hundred times an ordinary number
      if (std::abs(f.z1) < 1e-15) f.z1 = 0;
      if (std::abs(f.z2) < 1e-15) f.z2 = 0;
    }
  }
  energies_[next_] = energy;
  next_ = (next_ + 1) % energies_.size();
}

double Loudness::short_term() const {
  double sum = 0;
  for (double energy : energies_) sum += energy;
  double mean = sum / (static_cast<double>(frames_) * static_cast<double>(energies_.size()));
  return mean < 1e-10 ? -100 : -0.691 + 10 * std::log10(mean);
}

Peak peak_of(std::span<const float> block) {
  Peak peak{0, 0};
  for (size_t i = 0; i + 1 < block.size(); i += 2) {
    peak[0] = std::max(peak[0], std::abs(block[i]));
    peak[1] = std::max(peak[1], std::abs(block[i + 1]));
  }
  return peak;
}

void PeakMeter::add(const Peak& peak) {
  peaks_[next_] = peak;
  next_ = (next_ + 1) % peaks_.size();
}

std::array<float, 2> PeakMeter::db(size_t blocks) const {
  Peak most{0, 0};
  size_t size = peaks_.size();
  for (size_t i = 1; i <= std::min(blocks, size); ++i) {
    const Peak& peak = peaks_[(next_ + size - i) % size];
    most[0] = std::max(most[0], peak[0]);
    most[1] = std::max(most[1], peak[1]);
  }
  return {db_from_gain(most[0]), db_from_gain(most[1])};
}

}  // namespace openday::mixer
