// Pictures of any size, shape and colour become house pictures: I420, bt709, limited range.
#pragma once

#include <memory>

#include "base/result.h"
#include "media/media.h"
#include "wrap/av_decode/video_decoder.h"

namespace openday::wrap {

/// One thread. Keeps one scaler.
class Fitter {
 public:
  Fitter();
  ~Fitter();
  Fitter(const Fitter&) = delete;
  Fitter& operator=(const Fitter&) = delete;

  /// Draws `picture` at exactly the size of `into` (even). Colours that the source declares as bt601, bt2020
  /// or full range are converted; unspecified ones are taken for bt709 limited, which is what cameras that
  /// say nothing send in HD and what keeps the conversion away from every SD source without a label.
  /// kUnsupported: this pixel format.
  Result<> fit(const Picture& picture, const media::Planes& into);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace openday::wrap
