// Interlaced pictures become progressive ones (bwdif), at the same rate.
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "wrap/av_decode/video_decoder.h"

namespace openday::wrap {

/// One thread. Delays by one picture: it looks at both neighbours.
class Deinterlacer {
 public:
  Deinterlacer();
  ~Deinterlacer();
  Deinterlacer(const Deinterlacer&) = delete;
  Deinterlacer& operator=(const Deinterlacer&) = delete;

  /// Takes a picture; a finished one may come out, with its own tag. Rebuilds itself when size or format
  /// change.
  Result<std::optional<Picture>> push(const Picture& picture);
  void reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace openday::wrap
