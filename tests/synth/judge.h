// The judge of the program: looks at decoded output and says who was where, what was held, and whether lips
// move in time.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "media/media.h"
#include "tests/synth/pattern.h"

namespace openday::synth {

struct TileBox {
  int x = 0, y = 0, width = 0, height = 0;  // where the venue's whole picture stands
};

/// What one tile showed, frame by frame.
class TileLog {
 public:
  explicit TileLog(TileBox box) : box_(box) {}

  void look(const media::Image& frame);

  [[nodiscard]] size_t frames() const { return readings_.size(); }
  /// Frames in which this venue was recognised.
  [[nodiscard]] size_t showing(int venue) const;
  /// Frames whose counter could be read.
  [[nodiscard]] size_t counted() const;
  /// Times the counter went back, other than the loop of the source (from near its end to near its start).
  [[nodiscard]] size_t went_back(uint32_t loop) const;
  /// The longest run of frames with one and the same counter, in frames.
  [[nodiscard]] size_t longest_hold() const;
  /// Indices of the frames at which a flash began.
  [[nodiscard]] std::vector<size_t> flashes() const;
  [[nodiscard]] const std::vector<Reading>& readings() const { return readings_; }

 private:
  TileBox box_;
  std::vector<Reading> readings_;
};

/// Level (0 … 1) of one frequency over windows of 20 ms, one every 2 ms, from interleaved stereo at 48 kHz.
std::vector<double> tone_envelope(const std::vector<float>& stereo, double frequency);
/// Times in seconds at which the envelope of a venue's tone jumps to a beep.
std::vector<double> beeps(const std::vector<float>& stereo, int venue);
/// Level of the venue's tone between its beeps, over the whole of the sound.
double tone_level(const std::vector<float>& stereo, int venue);
/// The longest time, in ms, for which the venue's tone stayed below half of the level it was made with.
double longest_silence(const std::vector<float>& stereo, int venue);

struct Sync {
  size_t pairs = 0;      // flashes that had a beep within half a second
  double median_ms = 0;  // of |sound − picture|
  double worst_ms = 0;
  double signed_median_ms = 0;  // positive: the sound is late
};
/// `video_start`, `audio_start`: presentation time in seconds of the first frame and the first sample.
Sync av_sync(const std::vector<size_t>& flashes, int fps, double video_start,
             const std::vector<double>& beep_times, double audio_start);

}  // namespace openday::synth
