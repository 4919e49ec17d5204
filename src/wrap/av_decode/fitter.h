// Pictures of any size, shape and colour become house pictures: I420, bt709, limited range.
#pragma once

#include <memory>

#include "base/result.h"
#include "media/media.h"
#include "wrap/av_decode/video_decoder.h"

namespace openday::wrap {

/// One thread. Keeps one scaler and one picture.
class Fitter {
 public:
  Fitter();
  ~Fitter();
  Fitter(const Fitter&) = delete;
  Fitter& operator=(const Fitter&) = delete;

  /// `picture` at exactly width × height (even). Colours that the source declares as bt601, bt2020 or full
  /// range are converted; unspecified ones are taken for bt709 limited, which is what cameras that say
  /// nothing send in HD and what keeps the conversion away from every SD source without a label. The image is
  /// valid until the next call.
  Result<const media::Image*> fit(const Picture& picture, int width, int height);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace openday::wrap
