// Owners of the FFmpeg libraries' objects. Included by this folder's .cc files only.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavfilter/avfilter.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <memory>
#include <string>

#include "wrap/av_decode/library.h"
#include "wrap/av_decode/video_decoder.h"

namespace openday::wrap {

struct FreeCodec {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct FreeParser {
  void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); }
};
struct FreeScaler {
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
struct FreeResampler {
  void operator()(SwrContext* resampler) const { swr_free(&resampler); }
};
struct FreeGraph {
  void operator()(AVFilterGraph* graph) const { avfilter_graph_free(&graph); }
};

using CodecContext = std::unique_ptr<AVCodecContext, FreeCodec>;
using FramePtr = std::unique_ptr<AVFrame, FreeFrame>;
using PacketPtr = std::unique_ptr<AVPacket, FreePacket>;
using ParserPtr = std::unique_ptr<AVCodecParserContext, FreeParser>;
using ScalerPtr = std::unique_ptr<SwsContext, FreeScaler>;
using ResamplerPtr = std::unique_ptr<SwrContext, FreeResampler>;
using GraphPtr = std::unique_ptr<AVFilterGraph, FreeGraph>;

std::string av_text(int error);
Error av_error(const char* what, int error);
Result<CodecContext> open_decoder(const CodecSetup& setup, int sample_rate = 0, int channels = 0);
/// `tag` comes back as the timestamp of what is decoded from `data`. kInvalid: damaged.
Result<> send_packet(AVCodecContext& context, AVPacket& packet, ByteView data, int64_t tag);

struct Picture::Frame {
  FramePtr frame;
};

/// The frame of a picture, and back. Only for this folder.
struct PictureAccess {
  static const AVFrame& frame(const Picture& picture) { return *picture.frame_->frame; }
  static Picture wrap(FramePtr frame);
};

}  // namespace openday::wrap
