// libswscale for one kind of work: an I420 bt709 picture to another size, bilinear.
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

  /// Fills `into` with `from` scaled to its size; proportions are the caller's business.
  Result<> scale(const media::Image& from, media::Image& into);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::wrap
