#include "wrap/scale/scaler.h"

#include "wrap/scale/halve.h"

extern "C" {
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>
}

namespace openday::wrap {

struct Scaler::Impl {
  struct Free {
    void operator()(SwsContext* one) const { sws_freeContext(one); }
  };
  std::unique_ptr<SwsContext, Free> context;
  int from_width = 0;
  int from_height = 0;
  int into_width = 0;
  int into_height = 0;

  [[nodiscard]] bool suits(const media::Image& from, const media::Image& into) const {
    return context && from_width == from.width() && from_height == from.height() &&
           into_width == into.width() && into_height == into.height();
  }

  Result<> open(const media::Image& from, const media::Image& into) {
    context.reset(sws_getContext(from.width(), from.height(), AV_PIX_FMT_YUV420P, into.width(), into.height(),
                                 AV_PIX_FMT_YUV420P, SWS_BILINEAR, nullptr, nullptr, nullptr));
    if (!context) return fail(Errc::kInternal, "swscale refused the sizes of a picture");
    // Both sides are bt709 limited, said aloud: a mismatch makes swscale convert through RGB at many times
    // the cost.
    const int* bt709 = sws_getCoefficients(SWS_CS_ITU709);
    sws_setColorspaceDetails(context.get(), bt709, 0, bt709, 0, 0, 1 << 16, 1 << 16);
    from_width = from.width();
    from_height = from.height();
    into_width = into.width();
    into_height = into.height();
    return {};
  }
};

Scaler::Scaler() : impl_(std::make_unique<Impl>()) {}
Scaler::Scaler(Scaler&&) noexcept = default;
Scaler& Scaler::operator=(Scaler&&) noexcept = default;
Scaler::~Scaler() = default;

bool Scaler::halves(const media::Image& from, const media::Image& into) {
  return from.width() == 2 * into.width() && from.height() == 2 * into.height();
}

Result<> Scaler::scale(const media::Image& from, media::Image& into) {
  if (halves(from, into)) {
    for (int p = 0; p < 3; ++p) {
      halve_plane(from.plane(p), from.stride(p), into.plane(p), into.stride(p), into.columns(p),
                  into.rows(p));
    }
    return {};
  }
  if (!impl_->suits(from, into)) OPENDAY_CHECK_OK(impl_->open(from, into));
  const uint8_t* source[4] = {from.plane(0), from.plane(1), from.plane(2), nullptr};
  const int source_strides[4] = {from.stride(0), from.stride(1), from.stride(2), 0};
  uint8_t* target[4] = {into.plane(0), into.plane(1), into.plane(2), nullptr};
  const int target_strides[4] = {into.stride(0), into.stride(1), into.stride(2), 0};
  int rows =
      sws_scale(impl_->context.get(), source, source_strides, 0, from.height(), target, target_strides);
  if (rows != into.height()) return fail(Errc::kInternal, "swscale did not finish a picture");
  return {};
}

}  // namespace openday::wrap
