#include "wrap/av_encode/aac.h"

#include <deque>

#include "wrap/av_encode/av_common.h"

namespace openday::wrap {

struct AacEncoder::Impl {
  CodecContext context;
  Packet packet{av_packet_alloc()};
  Frame frame{av_frame_alloc()};
  media::Track track;
  // The encoder overlaps frames and so runs one behind: packet n carries frame n − 1, packet 0 the priming.
  std::deque<int64_t> pts;
  int64_t fed = 0;

  void take(const AVPacket& from, const Sink& sink) {
    int64_t at = 0;
    if (!pts.empty()) {
      at = pts.front();
      pts.pop_front();
    }
    sink({at, Bytes(from.data, from.data + from.size)});
  }
};

AacEncoder::AacEncoder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AacEncoder::AacEncoder(AacEncoder&&) noexcept = default;
AacEncoder::~AacEncoder() = default;

Result<AacEncoder> AacEncoder::open(int kbps) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
  if (codec == nullptr) return fail(Errc::kUnsupported, "this libavcodec has no AAC encoder");
  auto impl = std::make_unique<Impl>();
  impl->context.reset(avcodec_alloc_context3(codec));
  AVCodecContext* c = impl->context.get();
  c->sample_fmt = AV_SAMPLE_FMT_FLTP;
  c->sample_rate = media::HouseFormat::kSampleRate;
  c->time_base = {1, c->sample_rate};
  av_channel_layout_default(&c->ch_layout, media::HouseFormat::kChannels);
  c->bit_rate = int64_t{kbps} * 1000;
  c->profile = FF_PROFILE_AAC_LOW;
  c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  c->thread_count = 1;
  // FFmpeg's manual on its coders: "fast" is better and much faster than "twoloop" but for the lowest
  // bitrates.
  if (kbps >= 64) av_opt_set(c->priv_data, "aac_coder", "fast", 0);
  if (int error = avcodec_open2(c, codec, nullptr); error < 0) {
    return av_fail(Errc::kInvalid, "the AAC encoder refused " + std::to_string(kbps) + " kbit/s", error);
  }
  if (c->frame_size != kAacFrame || c->initial_padding != kAacFrame) {
    return fail(Errc::kUnsupported, "this AAC encoder has another frame size or priming than 1024");
  }
  media::Track& track = impl->track;
  track.kind = media::Kind::kAudio;
  track.codec = media::Codec::kAac;
  track.config.assign(c->extradata, c->extradata + c->extradata_size);
  track.codecs = "mp4a.40.2";

  AVFrame* frame = impl->frame.get();
  frame->format = AV_SAMPLE_FMT_FLTP;
  frame->nb_samples = kAacFrame;
  frame->sample_rate = c->sample_rate;
  av_channel_layout_copy(&frame->ch_layout, &c->ch_layout);
  if (int error = av_frame_get_buffer(frame, 0); error < 0)
    return av_fail(Errc::kInternal, "no memory", error);
  return AacEncoder(std::move(impl));
}

const media::Track& AacEncoder::track() const {
  return impl_->track;
}

Result<> AacEncoder::encode(const float* samples, int64_t pts, const Sink& sink) {
  AVFrame* frame = impl_->frame.get();
  if (int error = av_frame_make_writable(frame); error < 0)
    return av_fail(Errc::kInternal, "no memory", error);
  for (int channel = 0; channel < media::HouseFormat::kChannels; ++channel) {
    auto* plane = reinterpret_cast<float*>(frame->data[channel]);
    for (int i = 0; i < kAacFrame; ++i) plane[i] = samples[i * media::HouseFormat::kChannels + channel];
  }
  frame->pts = impl_->fed;  // its own, without jumps: the library warns at every gap
  impl_->fed += kAacFrame;
  if (impl_->fed == kAacFrame) impl_->pts.push_back(pts - kAacFrame);
  impl_->pts.push_back(pts);
  return encode_frame(impl_->context.get(), impl_->packet.get(), frame,
                      [&](const AVPacket& packet) { impl_->take(packet, sink); });
}

Result<> AacEncoder::finish(const Sink& sink) {
  return encode_frame(impl_->context.get(), impl_->packet.get(), nullptr,
                      [&](const AVPacket& packet) { impl_->take(packet, sink); });
}

}  // namespace openday::wrap
