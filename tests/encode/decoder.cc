#include "decoder.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>
}

#include <catch2/catch.hpp>
#include <cstring>

namespace openday::encode::test {
namespace {

struct Decoder {
  AVCodecContext* context = nullptr;
  AVPacket* packet = av_packet_alloc();
  AVFrame* frame = av_frame_alloc();

  Decoder(AVCodecID id, const Bytes& config) {
    context = avcodec_alloc_context3(avcodec_find_decoder(id));
    REQUIRE(context != nullptr);
    context->err_recognition = AV_EF_EXPLODE | AV_EF_CRCCHECK | AV_EF_BITSTREAM;
    context->thread_count = 1;
    if (!config.empty()) {
      context->extradata = static_cast<uint8_t*>(av_mallocz(config.size() + AV_INPUT_BUFFER_PADDING_SIZE));
      context->extradata_size = static_cast<int>(config.size());
      std::memcpy(context->extradata, config.data(), config.size());
    }
    REQUIRE(avcodec_open2(context, nullptr, nullptr) == 0);
  }
  ~Decoder() {
    av_frame_free(&frame);
    av_packet_free(&packet);
    avcodec_free_context(&context);
  }
  Decoder(const Decoder&) = delete;

  template <class Take>
  void drain(Take&& take) {
    while (avcodec_receive_frame(context, frame) == 0) {
      take(*frame);
      av_frame_unref(frame);
    }
  }

  template <class Take>
  void feed(const Bytes& data, int64_t pts, Take&& take) {
    REQUIRE(av_new_packet(packet, static_cast<int>(data.size())) == 0);
    std::memcpy(packet->data, data.data(), data.size());
    packet->pts = packet->dts = pts;
    REQUIRE(avcodec_send_packet(context, packet) == 0);
    av_packet_unref(packet);
    drain(take);
  }

  template <class Take>
  void finish(Take&& take) {
    REQUIRE(avcodec_send_packet(context, nullptr) == 0);
    drain(take);
  }
};

}  // namespace

std::vector<DecodedPicture> decode_video(const media::Track& track,
                                         const std::vector<media::AccessUnit>& units) {
  Decoder decoder(AV_CODEC_ID_H264, track.config);
  std::vector<DecodedPicture> out;
  auto take = [&](const AVFrame& frame) {
    REQUIRE(frame.format == AV_PIX_FMT_YUV420P);
    DecodedPicture picture;
    picture.pts = frame.pts;
    picture.key = frame.key_frame != 0;
    picture.colorspace = frame.colorspace;
    picture.full_range = frame.color_range == AVCOL_RANGE_JPEG;
    picture.image = std::make_unique<media::Image>(frame.width, frame.height);
    for (int p = 0; p < 3; ++p) {
      for (int y = 0; y < picture.image->rows(p); ++y) {
        std::memcpy(picture.image->plane(p) + y * picture.image->stride(p),
                    frame.data[p] + y * frame.linesize[p], static_cast<size_t>(picture.image->columns(p)));
      }
    }
    out.push_back(std::move(picture));
  };
  for (const auto& unit : units) decoder.feed(*unit.data, unit.pts, take);
  decoder.finish(take);
  return out;
}

std::vector<DecodedSound> decode_audio(const media::Track& track,
                                       const std::vector<media::AccessUnit>& units) {
  Decoder decoder(AV_CODEC_ID_AAC, track.config);
  decoder.context->pkt_timebase = {1, 48000};
  std::vector<DecodedSound> out;
  auto take = [&](const AVFrame& frame) {
    REQUIRE(frame.format == AV_SAMPLE_FMT_FLTP);
    REQUIRE(frame.sample_rate == 48000);
    const auto* left = reinterpret_cast<const float*>(frame.data[0]);
    out.push_back({frame.pts, std::vector<float>(left, left + frame.nb_samples)});
  };
  for (const auto& unit : units) decoder.feed(*unit.data, unit.pts, take);
  decoder.finish(take);
  return out;
}

Rgb DecodedJpeg::at(int x, int y) const {
  size_t i = (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3;
  return {rgb[i], rgb[i + 1], rgb[i + 2]};
}

DecodedJpeg decode_jpeg(const Bytes& file) {
  Decoder decoder(AV_CODEC_ID_MJPEG, {});
  DecodedJpeg out;
  auto take = [&](const AVFrame& frame) {
    out.width = frame.width;
    out.height = frame.height;
    out.rgb.resize(static_cast<size_t>(frame.width) * static_cast<size_t>(frame.height) * 3);
    SwsContext* sws =
        sws_getContext(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), frame.width,
                       frame.height, AV_PIX_FMT_RGB24, SWS_POINT, nullptr, nullptr, nullptr);
    const int* bt601 = sws_getCoefficients(SWS_CS_ITU601);  // as JFIF has it
    sws_setColorspaceDetails(sws, bt601, 1, bt601, 1, 0, 1 << 16, 1 << 16);
    // swscale writes whole vectors: rows need room behind them.
    std::vector<uint8_t> padded(4096u * static_cast<size_t>(frame.height) + 64);
    uint8_t* rows[] = {padded.data()};
    int strides[] = {4096};
    REQUIRE(frame.width * 3 + 64 <= strides[0]);
    sws_scale(sws, frame.data, frame.linesize, 0, frame.height, rows, strides);
    sws_freeContext(sws);
    for (int y = 0; y < frame.height; ++y) {
      std::memcpy(out.rgb.data() + static_cast<ptrdiff_t>(y) * frame.width * 3,
                  padded.data() + y * strides[0], static_cast<size_t>(frame.width) * 3);
    }
  };
  decoder.feed(file, 0, take);
  decoder.finish(take);
  return out;
}

}  // namespace openday::encode::test
