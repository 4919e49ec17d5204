#include "encoded_program.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
}

#include <cmath>
#include <cstdio>
#include <memory>
#include <stdexcept>

namespace openday::test {
namespace {

struct ContextFree {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
};
struct FrameFree {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct PacketFree {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
using Context = std::unique_ptr<AVCodecContext, ContextFree>;
using FramePtr = std::unique_ptr<AVFrame, FrameFree>;
using Packet = std::unique_ptr<AVPacket, PacketFree>;

void must(int code, const char* what) {
  if (code < 0) throw std::runtime_error(what);
}

/// The NAL units of an Annex B byte string.
std::vector<ByteView> nal_units(ByteView bytes) {
  std::vector<ByteView> out;
  size_t begin = 0;
  for (size_t i = 0; i + 3 <= bytes.size();) {
    if (bytes[i] != 0 || bytes[i + 1] != 0 || bytes[i + 2] != 1) {
      ++i;
      continue;
    }
    size_t end = i > 0 && bytes[i - 1] == 0 ? i - 1 : i;
    if (begin > 0) out.push_back(bytes.subspan(begin, end - begin));
    i += 3;
    begin = i;
  }
  if (begin > 0) out.push_back(bytes.subspan(begin));
  return out;
}

Bytes avcc_of(ByteView extradata) {
  ByteView sps;
  ByteView pps;
  for (ByteView nal : nal_units(extradata)) {
    if ((nal[0] & 0x1f) == 7) sps = nal;
    if ((nal[0] & 0x1f) == 8) pps = nal;
  }
  if (sps.size() < 4 || pps.empty()) throw std::runtime_error("no parameter sets");
  Bytes out;
  ByteWriter writer(out);
  writer.u8(1);
  writer.append(sps.subspan(1, 3));
  writer.u8(0xff);  // 4-byte lengths
  writer.u8(0xe1);  // one SPS
  writer.u16(static_cast<uint16_t>(sps.size()));
  writer.append(sps);
  writer.u8(1);
  writer.u16(static_cast<uint16_t>(pps.size()));
  writer.append(pps);
  if (sps[1] >= 100) {  // high profile: 4:2:0, 8 bits (ISO/IEC 14496-15 5.3.3.1)
    writer.u8(0xfd);
    writer.u8(0xf8);
    writer.u8(0xf8);
    writer.u8(0);
  }
  return out;
}

SharedBytes length_prefixed(ByteView annex_b) {
  Bytes out;
  ByteWriter writer(out);
  for (ByteView nal : nal_units(annex_b)) {
    int type = nal[0] & 0x1f;
    if (type == 7 || type == 8 || type == 9) continue;
    writer.u32(static_cast<uint32_t>(nal.size()));
    writer.append(nal);
  }
  return std::make_shared<const Bytes>(std::move(out));
}

void draw(AVFrame& frame, int tick, int seed) {
  for (int y = 0; y < frame.height; ++y) {
    for (int x = 0; x < frame.width; ++x) {
      frame.data[0][y * frame.linesize[0] + x] =
          static_cast<uint8_t>(16 + (x * 2 + y + tick * 3 + seed * 40) % 220);
    }
  }
  for (int plane = 1; plane < 3; ++plane) {
    for (int y = 0; y < frame.height / 2; ++y) {
      std::fill_n(frame.data[plane] + y * frame.linesize[plane], frame.width / 2,
                  static_cast<uint8_t>(96 + (tick + plane * 30 + seed * 17) % 64));
    }
  }
}

template <class Each>
void drain(AVCodecContext& context, AVPacket& packet, Each each) {
  for (;;) {
    int code = avcodec_receive_packet(&context, &packet);
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
    must(code, "receive packet");
    each(packet);
    av_packet_unref(&packet);
  }
}

void encode_video(const ProgramSpec& spec, EncodedProgram& out) {
  const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
  Context context(avcodec_alloc_context3(codec));
  context->width = spec.width;
  context->height = spec.height;
  context->pix_fmt = AV_PIX_FMT_YUV420P;
  context->time_base = {1, spec.fps};
  context->framerate = {spec.fps, 1};
  context->gop_size = 10'000;
  context->max_b_frames = 0;
  context->thread_count = 1;
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_opt_set(context->priv_data, "preset", "ultrafast", 0);
  av_opt_set(context->priv_data, "tune", "zerolatency", 0);
  av_opt_set(context->priv_data, "forced-idr", "1", 0);
  must(avcodec_open2(context.get(), codec, nullptr), "open libx264");
  out.video.kind = media::Kind::kVideo;
  out.video.codec = media::Codec::kH264;
  out.video.config = avcc_of({context->extradata, static_cast<size_t>(context->extradata_size)});
  out.video.codecs = "avc1." + to_hex(ByteView(out.video.config).subspan(1, 3));
  out.video.width = spec.width;
  out.video.height = spec.height;
  out.video.fps = spec.fps;

  FramePtr frame(av_frame_alloc());
  frame->format = context->pix_fmt;
  frame->width = spec.width;
  frame->height = spec.height;
  must(av_frame_get_buffer(frame.get(), 0), "frame");
  Packet packet(av_packet_alloc());
  int64_t ticks_90k = 90000 / spec.fps;
  auto take = [&](const AVPacket& got) {
    media::AccessUnit unit;
    unit.tick = got.pts;
    unit.pts = unit.dts = got.pts * ticks_90k;
    unit.duration = ticks_90k;
    unit.key = (got.flags & AV_PKT_FLAG_KEY) != 0;
    unit.data = length_prefixed({got.data, static_cast<size_t>(got.size)});
    out.pictures.push_back(std::move(unit));
  };
  for (int tick = 0; tick < spec.ticks; ++tick) {
    must(av_frame_make_writable(frame.get()), "frame");
    draw(*frame, tick, spec.seed);
    frame->pts = tick;
    frame->pict_type = tick % (2 * spec.fps) == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    must(avcodec_send_frame(context.get(), frame.get()), "send frame");
    drain(*context, *packet, take);
  }
  must(avcodec_send_frame(context.get(), nullptr), "flush video");
  drain(*context, *packet, take);
}

void encode_audio(const ProgramSpec& spec, EncodedProgram& out) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
  Context context(avcodec_alloc_context3(codec));
  context->sample_rate = 48000;
  context->sample_fmt = AV_SAMPLE_FMT_FLTP;
  context->bit_rate = spec.audio_kbps * 1000;
  context->time_base = {1, 48000};
  context->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  av_channel_layout_default(&context->ch_layout, 2);
  must(avcodec_open2(context.get(), codec, nullptr), "open aac");
  out.audio.kind = media::Kind::kAudio;
  out.audio.codec = media::Codec::kAac;
  out.audio.config.assign(context->extradata, context->extradata + context->extradata_size);
  out.audio.codecs = "mp4a.40.2";

  FramePtr frame(av_frame_alloc());
  frame->format = context->sample_fmt;
  frame->sample_rate = 48000;
  frame->nb_samples = context->frame_size;
  must(av_channel_layout_copy(&frame->ch_layout, &context->ch_layout), "layout");
  must(av_frame_get_buffer(frame.get(), 0), "audio frame");
  Packet packet(av_packet_alloc());
  auto take = [&](const AVPacket& got) {
    media::AccessUnit unit;
    unit.kind = media::Kind::kAudio;
    unit.pts = unit.dts = got.pts;
    unit.duration = 1024;
    unit.key = true;
    unit.data = std::make_shared<const Bytes>(got.data, got.data + got.size);
    out.sound.push_back(std::move(unit));
  };
  int64_t samples = int64_t{spec.ticks} * 48000 / spec.fps;
  for (int64_t at = 0; at < samples + 2048;
       at += 1024) {  // past the end: so that the last tick has its sound
    must(av_frame_make_writable(frame.get()), "audio frame");
    for (int i = 0; i < 1024; ++i) {
      auto value = static_cast<float>(
          0.2 * std::sin(static_cast<double>(at + i) * (440 + spec.seed * 110) * 6.2831853 / 48000));
      for (int channel = 0; channel < 2; ++channel) reinterpret_cast<float*>(frame->data[channel])[i] = value;
    }
    frame->pts = at;
    must(avcodec_send_frame(context.get(), frame.get()), "send sound");
    drain(*context, *packet, take);
  }
}

}  // namespace

EncodedProgram encode_program(const ProgramSpec& spec) {
  av_log_set_level(AV_LOG_ERROR);
  EncodedProgram out;
  encode_video(spec, out);
  encode_audio(spec, out);
  return out;
}

std::string output_of(const std::string& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  if (!pipe) throw std::runtime_error("popen");
  std::string out;
  char buffer[4096];
  while (size_t got = fread(buffer, 1, sizeof buffer, pipe.get())) out.append(buffer, got);
  return out;
}

}  // namespace openday::test
