// Owned libavcodec objects and its errors as ours. For this wrapper's .cc files only.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
}

#include <memory>
#include <string>

#include "base/result.h"

namespace openday::wrap {

struct FreeContext {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using CodecContext = std::unique_ptr<AVCodecContext, FreeContext>;
using Frame = std::unique_ptr<AVFrame, FreeFrame>;
using Packet = std::unique_ptr<AVPacket, FreePacket>;

inline std::unexpected<Error> av_fail(Errc code, const std::string& what, int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return fail(code, what + ": " + text);
}

/// Sends a frame (null: the end) and hands every finished packet to `take`.
template <class Take>
Result<> encode_frame(AVCodecContext* context, AVPacket* packet, const AVFrame* frame, Take&& take) {
  int error = avcodec_send_frame(context, frame);
  if (error < 0) return av_fail(Errc::kInternal, "the encoder refused a frame", error);
  while (true) {
    error = avcodec_receive_packet(context, packet);
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return {};
    if (error < 0) return av_fail(Errc::kInternal, "the encoder failed", error);
    take(*packet);
    av_packet_unref(packet);
  }
}

}  // namespace openday::wrap
