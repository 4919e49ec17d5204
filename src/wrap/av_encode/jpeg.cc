#include "wrap/av_encode/jpeg.h"

#include <algorithm>

#include "wrap/av_encode/av_common.h"

namespace openday::wrap {
namespace {

uint8_t clamped(float value) {
  return static_cast<uint8_t>(std::clamp(value + 0.5f, 0.0f, 255.0f));
}

// JFIF (ITU-T T.871, 6.2) is BT.601 full range; the house is BT.709 limited. Through R'G'B', chroma left as
// it is sampled.
void to_jfif(const media::Image& from, AVFrame& into) {
  for (int y = 0; y < from.height(); y += 2) {
    for (int x = 0; x < from.width(); x += 2) {
      auto chroma = [&](int p) {
        uint8_t sample = from.plane(p)[(y / 2) * from.stride(p) + (x / 2)];
        return (static_cast<float>(sample) - 128) * 255 / 224;
      };
      float cb = chroma(1);
      float cr = chroma(2);
      float red = 1.5748f * cr;
      float green = -0.1873f * cb - 0.4681f * cr;
      float blue = 1.8556f * cb;
      float luma =
          0.299f * red + 0.587f * green + 0.114f * blue;  // by which the 601 luma differs from the 709 one
      for (int dy = 0; dy < 2; ++dy) {
        const uint8_t* row = from.plane(0) + (y + dy) * from.stride(0) + x;
        uint8_t* out = into.data[0] + (y + dy) * into.linesize[0] + x;
        for (int dx = 0; dx < 2; ++dx) {
          out[dx] = clamped((static_cast<float>(row[dx]) - 16) * 255 / 219 + luma);
        }
      }
      into.data[1][y / 2 * into.linesize[1] + x / 2] = clamped(128 + (blue - luma) / 1.772f);
      into.data[2][y / 2 * into.linesize[2] + x / 2] = clamped(128 + (red - luma) / 1.402f);
    }
  }
}

}  // namespace

struct JpegEncoder::Impl {
  CodecContext context;
  Packet packet{av_packet_alloc()};
  Frame frame{av_frame_alloc()};
  int64_t next = 0;

  Result<> open(int width, int height) {
    const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    if (codec == nullptr) return fail(Errc::kUnsupported, "this libavcodec has no JPEG encoder");
    context.reset(avcodec_alloc_context3(codec));
    context->width = width;
    context->height = height;
    context->pix_fmt = AV_PIX_FMT_YUVJ420P;
    context->color_range = AVCOL_RANGE_JPEG;
    context->time_base = {1, 25};
    context->thread_count = 1;
    context->flags |= AV_CODEC_FLAG_QSCALE;
    int error = avcodec_open2(context.get(), codec, nullptr);
    if (error >= 0) {
      av_frame_unref(frame.get());
      frame->format = AV_PIX_FMT_YUVJ420P;
      frame->width = width;
      frame->height = height;
      error = av_frame_get_buffer(frame.get(), 0);
    }
    if (error < 0) {
      context.reset();
      return av_fail(Errc::kInternal, "the JPEG encoder did not start", error);
    }
    return {};
  }
};

JpegEncoder::JpegEncoder() : impl_(std::make_unique<Impl>()) {}
JpegEncoder::JpegEncoder(JpegEncoder&&) noexcept = default;
JpegEncoder::~JpegEncoder() = default;

Result<Bytes> JpegEncoder::encode(const media::Image& image, int quality) {
  AVCodecContext* context = impl_->context.get();
  if (context == nullptr || context->width != image.width() || context->height != image.height()) {
    OPENDAY_CHECK_OK(impl_->open(image.width(), image.height()));
    context = impl_->context.get();
  }
  AVFrame* frame = impl_->frame.get();
  if (int error = av_frame_make_writable(frame); error < 0)
    return av_fail(Errc::kInternal, "no memory", error);
  to_jfif(image, *frame);
  frame->quality = FF_QP2LAMBDA * std::clamp(quality, 2, 31);
  frame->pts = impl_->next++;
  Bytes jpeg;
  OPENDAY_CHECK_OK(encode_frame(context, impl_->packet.get(), frame, [&](const AVPacket& packet) {
    jpeg.assign(packet.data, packet.data + packet.size);
  }));
  if (jpeg.empty()) return fail(Errc::kInternal, "the JPEG encoder gave nothing");
  return jpeg;
}

}  // namespace openday::wrap
