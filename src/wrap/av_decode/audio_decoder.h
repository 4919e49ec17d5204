// Coded audio in, 48 kHz stereo float out.
#pragma once

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "media/media.h"
#include "wrap/av_decode/library.h"

namespace openday::wrap {

/// Decoded sound as the source has it: any rate, layout and format. Immutable.
class Sound {
 public:
  int rate = 0;
  int channels = 0;
  int64_t frames = 0;  // at its own rate

 private:
  friend struct SoundAccess;
  struct Frame;
  std::shared_ptr<const Frame> frame_;
};

/// One thread.
class AudioDecoder {
 public:
  static Result<AudioDecoder> open(const CodecSetup& setup);
  AudioDecoder(AudioDecoder&&) noexcept;
  AudioDecoder& operator=(AudioDecoder&&) noexcept;
  ~AudioDecoder();

  Result<> send(ByteView unit);
  std::optional<Sound> receive();
  void flush();

 private:
  struct State;
  explicit AudioDecoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Any rate and layout to 48 kHz stereo, stretched or squeezed a little on demand. One thread.
class Resampler {
 public:
  Resampler();
  ~Resampler();
  Resampler(const Resampler&) = delete;
  Resampler& operator=(const Resampler&) = delete;

  /// Appends to `out`. A change of rate, layout or format starts afresh.
  Result<> convert(const Sound& sound, media::Samples& out);
  /// Output frames (48 kHz) that are still inside: the next output begins this much before the next input.
  [[nodiscard]] int64_t delay() const;
  /// Spreads `frames` more (or fewer) output frames over the next second. At most ±0.5 %.
  void compensate(int frames);
  void reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace openday::wrap
