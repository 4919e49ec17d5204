// The sound of the program: voices that come and go without a click, their sum under a ceiling, and meters.
// Pure.
//
// Blocks are interleaved stereo at 48 kHz, one tick long, and never shorter than the ramps.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "media/media.h"

namespace openday::mixer {

inline constexpr int kFadeFrames = 480;  // 10 ms: a sound that breaks off or returns
inline constexpr int kRampFrames = 720;  // 15 ms: a change of gain

using Peak = std::array<float, 2>;  // linear, per channel

/// One venue's sound.
class Voice {
 public:
  /// What to do with a block of which only the frames [first, first + count) came from the feed: what breaks
  /// off fades out on its own mirrored tail, what returns fades in. Values that are no numbers, or absurd,
  /// become silence, and what is beyond full scale is held there: the feed's memory is not trusted.
  void repair(std::span<float> block, int first, int count);

  /// Adds the block to `sum`, its gain ramped from the last block's to this one.
  void mix(std::span<const float> block, float gain, std::span<float> sum);

  /// Nothing sounds and nothing fades.
  [[nodiscard]] bool quiet() const { return !present_ && fading_at_ == kFadeFrames && gain_ == 0; }

 private:
  using Frame = std::array<float, 2>;
  void break_off();

  std::array<Frame, kFadeFrames> tail_{};  // last frames heard; a ring
  int tail_next_ = 0;
  std::array<Frame, kFadeFrames> fading_{};  // what is left of a sound that broke off
  int fading_at_ = kFadeFrames;
  float level_ = 0;  // how far the live sound has faded in
  bool present_ = false;
  float gain_ = 0;  // of the last block
};

/// Keeps the sum below full scale: gain goes down within a millisecond, comes back over a third of a second,
/// and what still sticks out is bent, never cut. Sound below −2 dBFS passes untouched.
class Limiter {
 public:
  static constexpr float kThreshold = 0.794f;  // −2 dBFS
  static constexpr float kCeiling = 0.95f;     // −0.45 dBFS: AAC overshoots a little
  void process(std::span<float> block);

 private:
  float gain_ = 1;
};

/// Short-term loudness (3 s) of ITU-R BS.1770-4, ungated.
class Loudness {
 public:
  explicit Loudness(const media::HouseFormat& house);
  void add(std::span<const float> block);
  /// LUFS; −100 for silence.
  [[nodiscard]] double short_term() const;

 private:
  struct Filter {
    double z1 = 0;
    double z2 = 0;
  };
  std::array<std::array<Filter, 2>, 2> filters_{};  // [channel][stage]
  std::vector<double> energies_;                    // per block, of the last 3 s; a ring
  size_t next_ = 0;
  int frames_;
};

/// Largest value per channel of a block.
Peak peak_of(std::span<const float> block);

/// The largest peak of the last blocks.
class PeakMeter {
 public:
  explicit PeakMeter(size_t blocks) : peaks_(blocks) {}
  void add(const Peak& peak);
  /// Of the newest `blocks`, in dBFS; −100 for silence.
  [[nodiscard]] std::array<float, 2> db(size_t blocks) const;

 private:
  std::vector<Peak> peaks_;
  size_t next_ = 0;
};

float gain_from_db(double db);
float db_from_gain(float gain);

}  // namespace openday::mixer
