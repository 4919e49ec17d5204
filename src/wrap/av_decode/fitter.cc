#include "wrap/av_decode/fitter.h"

#include "wrap/av_decode/internal.h"
#include "wrap/scale/halve.h"

namespace openday::wrap {
namespace {

/// What the conversion depends on.
struct Shape {
  int width = 0;
  int height = 0;
  AVPixelFormat format = AV_PIX_FMT_NONE;
  int matrix = SWS_CS_ITU709;
  bool full_range = false;
  int out_width = 0;
  int out_height = 0;
  bool operator==(const Shape&) const = default;
};

int matrix_of(AVColorSpace space) {
  switch (space) {
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M: return SWS_CS_ITU601;
    case AVCOL_SPC_FCC: return SWS_CS_FCC;
    case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL: return SWS_CS_BT2020;
    default: return SWS_CS_ITU709;
  }
}

/// The "J" formats say full range by their name; swscale wants the plain format and a flag.
AVPixelFormat without_range(AVPixelFormat format, bool& full_range) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P: full_range = true; return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: full_range = true; return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: full_range = true; return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P: full_range = true; return AV_PIX_FMT_YUV440P;
    default: return format;
  }
}

Shape shape_of(const AVFrame& frame, int out_width, int out_height) {
  Shape shape;
  shape.width = frame.width;
  shape.height = frame.height;
  shape.full_range = frame.color_range == AVCOL_RANGE_JPEG;
  shape.format = without_range(static_cast<AVPixelFormat>(frame.format), shape.full_range);
  shape.matrix = matrix_of(frame.colorspace);
  shape.out_width = out_width;
  shape.out_height = out_height;
  return shape;
}

ScalerPtr make_scaler(const Shape& shape) {
  ScalerPtr scaler(sws_alloc_context());
  if (!scaler) return scaler;
  auto set = [&](const char* option, int64_t value) { av_opt_set_int(scaler.get(), option, value, 0); };
  set("srcw", shape.width);
  set("srch", shape.height);
  set("src_format", shape.format);
  set("dstw", shape.out_width);
  set("dsth", shape.out_height);
  set("dst_format", AV_PIX_FMT_YUV420P);
  set("sws_flags", SWS_BILINEAR);
  // Before the context is initialised: with equal sizes it would else choose a plain copy for good.
  set("src_range", shape.full_range ? 1 : 0);
  set("dst_range", 0);
  if (sws_init_context(scaler.get(), nullptr, nullptr) < 0) return nullptr;
  sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(shape.matrix), shape.full_range ? 1 : 0,
                           sws_getCoefficients(SWS_CS_ITU709), 0, 0, 1 << 16, 1 << 16);
  return scaler;
}

}  // namespace

struct Fitter::State {
  Shape shape;
  ScalerPtr scaler;
};

Fitter::Fitter() : state_(std::make_unique<State>()) {}
Fitter::~Fitter() = default;

Result<> Fitter::fit(const Picture& picture, const media::Planes& into) {
  const AVFrame& frame = PictureAccess::frame(picture);
  Shape shape = shape_of(frame, into.width, into.height);
  State& state = *state_;
  uint8_t* planes[4] = {into.data[0], into.data[1], into.data[2], nullptr};
  int strides[4] = {into.stride[0], into.stride[1], into.stride[2], 0};
  bool ours = shape.format == AV_PIX_FMT_YUV420P && !shape.full_range && shape.matrix == SWS_CS_ITU709;
  if (ours && shape.width == into.width && shape.height == into.height) {
    av_image_copy(planes, strides, const_cast<const uint8_t**>(frame.data), frame.linesize, shape.format,
                  into.width, into.height);
    return {};
  }
  if (ours && shape.width == into.width * 2 && shape.height == into.height * 2) {
    for (int p = 0; p < 3; ++p) {
      int shift = p == 0 ? 0 : 1;
      halve_plane(frame.data[p], frame.linesize[p], planes[p], strides[p], into.width >> shift,
                  into.height >> shift);
    }
    return {};
  }
  if (!state.scaler || shape != state.shape) {
    state.scaler = make_scaler(shape);
    if (!state.scaler) return fail(Errc::kUnsupported, "this pixel format cannot be converted");
    state.shape = shape;
  }
  int rows = sws_scale(state.scaler.get(), frame.data, frame.linesize, 0, shape.height, planes, strides);
  if (rows < 0) return std::unexpected(av_error("scaling", rows));
  return {};
}

}  // namespace openday::wrap
