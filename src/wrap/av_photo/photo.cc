#include "wrap/av_photo/photo.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <memory>
#include <string>

namespace openday::wrap {
namespace {

struct FreeContext {
  void operator()(AVCodecContext* one) const { avcodec_free_context(&one); }
};
struct FreeFrame {
  void operator()(AVFrame* one) const { av_frame_free(&one); }
};
struct FreePacket {
  void operator()(AVPacket* one) const { av_packet_free(&one); }
};
struct FreeScaler {
  void operator()(SwsContext* one) const { sws_freeContext(one); }
};
using Context = std::unique_ptr<AVCodecContext, FreeContext>;
using Frame = std::unique_ptr<AVFrame, FreeFrame>;
using Packet = std::unique_ptr<AVPacket, FreePacket>;
using Scaler = std::unique_ptr<SwsContext, FreeScaler>;

std::unexpected<Error> av_fail(const char* what, int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return fail(error == AVERROR(ENOMEM) ? Errc::kLimit : Errc::kInvalid, std::string(what) + ": " + text);
}

std::unexpected<Error> no_memory() {
  return fail(Errc::kLimit, "out of memory");
}

/// What goes wrong comes back as an error; the libraries' text quotes strangers.
void silence() {
  av_log_set_level(AV_LOG_QUIET);
}

AVCodecID id_of(PhotoCodec codec) {
  switch (codec) {
    case PhotoCodec::kJpeg: return AV_CODEC_ID_MJPEG;
    case PhotoCodec::kPng: return AV_CODEC_ID_PNG;
    case PhotoCodec::kWebp: return AV_CODEC_ID_WEBP;
  }
  return AV_CODEC_ID_NONE;
}

Result<Frame> decode(PhotoCodec which, ByteView file, uint64_t most_pixels) {
  silence();
  const AVCodec* codec = avcodec_find_decoder(id_of(which));
  if (codec == nullptr) return fail(Errc::kUnsupported, "this libavcodec does not know the format");
  Context context(avcodec_alloc_context3(codec));
  Packet packet(av_packet_alloc());
  Frame frame(av_frame_alloc());
  if (!context || !packet || !frame) return no_memory();
  context->thread_count = 1;
  context->max_pixels = static_cast<int64_t>(most_pixels);
  // Half a picture is none: better refused than believed.
  context->err_recognition = AV_EF_CRCCHECK | AV_EF_EXPLODE;
  if (int error = avcodec_open2(context.get(), codec, nullptr); error < 0)
    return av_fail("the decoder did not start", error);
  if (int error = av_new_packet(packet.get(), static_cast<int>(file.size())); error < 0)
    return av_fail("the photo", error);
  std::copy(file.begin(), file.end(), packet->data);
  packet->flags |= AV_PKT_FLAG_KEY;
  int error = avcodec_send_packet(context.get(), packet.get());
  if (error >= 0) error = avcodec_receive_frame(context.get(), frame.get());
  if (error < 0) return av_fail("the photo cannot be decoded", error);
  if (frame->width <= 0 || frame->height <= 0 || frame->decode_error_flags != 0)
    return fail(Errc::kInvalid, "the photo cannot be decoded");
  return frame;
}

/// One picture to another size and format. swscale takes JPEG and WebP for ITU-R BT.601, which they are.
Result<> convert(const AVFrame& from, AVFrame& into) {
  Scaler scaler(sws_getContext(from.width, from.height, static_cast<AVPixelFormat>(from.format), into.width,
                               into.height, static_cast<AVPixelFormat>(into.format),
                               SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr,
                               nullptr));
  if (!scaler) return fail(Errc::kUnsupported, "the photo's format cannot be converted");
  int rows = sws_scale(scaler.get(), from.data, from.linesize, 0, from.height, into.data, into.linesize);
  if (rows != into.height) return fail(Errc::kInvalid, "the photo cannot be converted");
  return {};
}

Result<Frame> new_frame(int width, int height, AVPixelFormat format) {
  Frame frame(av_frame_alloc());
  if (!frame) return no_memory();
  frame->width = width;
  frame->height = height;
  frame->format = format;
  if (int error = av_frame_get_buffer(frame.get(), 0); error < 0) return av_fail("a picture", error);
  return frame;
}

}  // namespace

Result<Pixels> decode_photo(PhotoCodec codec, ByteView file, uint64_t most_pixels, int longest) {
  OPENDAY_TRY(Frame source, decode(codec, file, most_pixels));
  int64_t side = std::max({source->width, source->height, longest});
  auto fitted = [&](int size) {
    return std::max(1, static_cast<int>((int64_t{size} * longest + side / 2) / side));
  };
  OPENDAY_TRY(Frame small, new_frame(fitted(source->width), fitted(source->height), AV_PIX_FMT_RGBA));
  OPENDAY_CHECK_OK(convert(*source, *small));
  source.reset();
  Pixels pixels;
  pixels.width = small->width;
  pixels.height = small->height;
  pixels.rgb.resize(static_cast<size_t>(small->width) * static_cast<size_t>(small->height) * 3);
  uint8_t* out = pixels.rgb.data();
  for (int y = 0; y < small->height; ++y) {
    const uint8_t* in = small->data[0] + int64_t{y} * small->linesize[0];
    for (int x = 0; x < small->width; ++x, in += 4) {
      // What is transparent may hold anything, such as what an editor was to take out: it does not show.
      unsigned alpha = in[3];
      for (int c = 0; c < 3; ++c)
        *out++ = static_cast<uint8_t>((in[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
  return pixels;
}

Result<Bytes> encode_photo(const Pixels& pixels, int quantiser) {
  silence();
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  if (codec == nullptr) return fail(Errc::kUnsupported, "this libavcodec has no JPEG encoder");
  Context context(avcodec_alloc_context3(codec));
  Packet packet(av_packet_alloc());
  Frame source(av_frame_alloc());
  if (!context || !packet || !source) return no_memory();
  context->width = pixels.width;
  context->height = pixels.height;
  context->pix_fmt = AV_PIX_FMT_YUVJ420P;
  context->color_range = AVCOL_RANGE_JPEG;
  context->time_base = {1, 1};
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_QSCALE | AV_CODEC_FLAG_BITEXACT;  // the latter: no comment with its version
  if (int error = avcodec_open2(context.get(), codec, nullptr); error < 0)
    return av_fail("the JPEG encoder did not start", error);
  source->width = pixels.width;
  source->height = pixels.height;
  source->format = AV_PIX_FMT_RGB24;
  source->data[0] = const_cast<uint8_t*>(pixels.rgb.data());  // only read
  source->linesize[0] = pixels.width * 3;
  OPENDAY_TRY(Frame frame, new_frame(pixels.width, pixels.height, AV_PIX_FMT_YUVJ420P));
  OPENDAY_CHECK_OK(convert(*source, *frame));
  frame->quality = FF_QP2LAMBDA * quantiser;
  frame->pts = 0;
  int error = avcodec_send_frame(context.get(), frame.get());
  if (error >= 0) error = avcodec_receive_packet(context.get(), packet.get());
  if (error < 0) return av_fail("the JPEG encoder failed", error);
  return Bytes(packet->data, packet->data + packet->size);
}

}  // namespace openday::wrap
