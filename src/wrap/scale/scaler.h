// One kind of work: an I420 bt709 picture to another size. Exact halves are means, the rest is libswscale's
// bilinear.
#pragma once

#include <memory>

#include "base/result.h"
#include "media/media.h"

namespace openday::wrap {

/// Keeps its tables between calls, so that a run of pictures of one size costs them once. One thread at a
/// time.
class Scaler {
 public:
  Scaler();
  Scaler(Scaler&&) noexcept;
  Scaler& operator=(Scaler&&) noexcept;
  ~Scaler();

  /// Whether `into` is half as wide and half as high as `from`, which is cheap.
  static bool halves(const media::Image& from, const media::Image& into);
  /// Fills `into` with `from` scaled to its size; proportions are the caller's business.
  Result<> scale(const media::Image& from, media::Image& into);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::wrap
