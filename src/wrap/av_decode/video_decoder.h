// Coded video in, pictures out.
#pragma once

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "wrap/av_decode/library.h"

namespace openday::wrap {

/// A decoded picture in whatever format the source has. Immutable; copies share the pixels.
class Picture {
 public:
  int64_t tag = 0;  // of the unit it was decoded from
  int width = 0;    // as coded
  int height = 0;
  int sar_num = 1;  // sample aspect ratio, never 0
  int sar_den = 1;
  bool interlaced = false;
  bool damaged = false;  // something it was predicted from was missing or broken

 private:
  friend struct PictureAccess;
  struct Frame;
  std::shared_ptr<const Frame> frame_;
};

/// One thread. Memory is the codec's reference pictures.
class VideoDecoder {
 public:
  /// kUnsupported: not a codec decoded here.
  static Result<VideoDecoder> open(const CodecSetup& setup);
  VideoDecoder(VideoDecoder&&) noexcept;
  VideoDecoder& operator=(VideoDecoder&&) noexcept;
  ~VideoDecoder();

  /// One access unit. kInvalid: it could not be decoded; flush() and go on at a key frame.
  Result<> send(ByteView unit, int64_t tag);
  /// Pictures in the order they are shown. Call until there is none after each send().
  std::optional<Picture> receive();
  /// The end: pictures held back for reordering come out. After it, flush() before the next send().
  void drain();
  /// Forgets everything but the set-up.
  void flush();

 private:
  struct State;
  explicit VideoDecoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace openday::wrap
