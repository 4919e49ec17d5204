#include "wrap/av_decode/audio_decoder.h"

#include <algorithm>

#include "wrap/av_decode/internal.h"

namespace openday::wrap {

struct Sound::Frame {
  FramePtr frame;
};

struct SoundAccess {
  static const AVFrame& frame(const Sound& sound) { return *sound.frame_->frame; }
  static Sound wrap(FramePtr frame) {
    Sound sound;
    sound.rate = frame->sample_rate;
    sound.channels = frame->ch_layout.nb_channels;
    sound.frames = frame->nb_samples;
    sound.frame_ = std::make_shared<const Sound::Frame>(Sound::Frame{std::move(frame)});
    return sound;
  }
};

struct AudioDecoder::State {
  CodecContext context;
  PacketPtr packet{av_packet_alloc()};
};

AudioDecoder::AudioDecoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
AudioDecoder::AudioDecoder(AudioDecoder&&) noexcept = default;
AudioDecoder& AudioDecoder::operator=(AudioDecoder&&) noexcept = default;
AudioDecoder::~AudioDecoder() = default;

Result<AudioDecoder> AudioDecoder::open(const CodecSetup& setup) {
  auto state = std::make_unique<State>();
  OPENDAY_TRY(state->context, open_decoder(setup, setup.sample_rate, setup.channels));
  if (state->context->codec_type != AVMEDIA_TYPE_AUDIO) return fail(Errc::kInvalid, "not an audio codec");
  return AudioDecoder(std::move(state));
}

Result<> AudioDecoder::send(ByteView unit) {
  if (unit.empty()) return {};
  return send_packet(*state_->context, *state_->packet, unit, AV_NOPTS_VALUE);
}

std::optional<Sound> AudioDecoder::receive() {
  FramePtr frame(av_frame_alloc());
  if (!frame || avcodec_receive_frame(state_->context.get(), frame.get()) < 0) return std::nullopt;
  if (frame->sample_rate <= 0 || frame->nb_samples <= 0) return std::nullopt;
  return SoundAccess::wrap(std::move(frame));
}

void AudioDecoder::flush() {
  avcodec_flush_buffers(state_->context.get());
}

struct Resampler::State {
  ResamplerPtr swr;
  int rate = 0;
  int format = AV_SAMPLE_FMT_NONE;
  AVChannelLayout layout{};
  ~State() { av_channel_layout_uninit(&layout); }

  [[nodiscard]] bool fits(const AVFrame& frame) const {
    return swr && rate == frame.sample_rate && format == frame.format &&
           av_channel_layout_compare(&layout, &frame.ch_layout) == 0;
  }
  Result<> open(const AVFrame& frame);
};

Result<> Resampler::State::open(const AVFrame& frame) {
  swr.reset();
  AVChannelLayout from{};
  if (frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC) {
    av_channel_layout_default(&from, frame.ch_layout.nb_channels);
  } else {
    av_channel_layout_copy(&from, &frame.ch_layout);
  }
  AVChannelLayout stereo{};
  av_channel_layout_default(&stereo, 2);
  SwrContext* made = nullptr;
  int result = swr_alloc_set_opts2(&made, &stereo, AV_SAMPLE_FMT_FLT, media::HouseFormat::kSampleRate, &from,
                                   static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
  swr.reset(made);
  bool mono = from.nb_channels == 1;
  av_channel_layout_uninit(&from);
  if (result < 0) return std::unexpected(av_error("resampler", result));
  av_opt_set_int(made, "flags", SWR_FLAG_RESAMPLE, 0);  // always there, so that compensation needs no restart
  av_opt_set_double(made, "rematrix_maxval", 1.0, 0);   // a full 5.1 mix must not clip
  if (mono) {
    const double both[2] = {1.0, 1.0};  // a lone microphone keeps its level on both sides
    swr_set_matrix(made, both, 1);
  }
  result = swr_init(made);
  if (result < 0) {
    swr.reset();
    return std::unexpected(av_error("resampler", result));
  }
  rate = frame.sample_rate;
  format = frame.format;
  av_channel_layout_copy(&layout, &frame.ch_layout);
  return {};
}

Resampler::Resampler() : state_(std::make_unique<State>()) {}
Resampler::~Resampler() = default;
void Resampler::reset() {
  state_ = std::make_unique<State>();
}

Result<> Resampler::convert(const Sound& sound, media::Samples& out) {
  const AVFrame& frame = SoundAccess::frame(sound);
  if (!state_->fits(frame)) OPENDAY_CHECK_OK(state_->open(frame));
  SwrContext* swr = state_->swr.get();
  int room = swr_get_out_samples(swr, frame.nb_samples);
  if (room < 0) return std::unexpected(av_error("resampler", room));
  size_t before = out.size();
  out.resize(before + static_cast<size_t>(room) * 2);
  auto* into = reinterpret_cast<uint8_t*>(out.data() + before);
  int got = swr_convert(swr, &into, room, const_cast<const uint8_t**>(frame.extended_data), frame.nb_samples);
  out.resize(before + static_cast<size_t>(std::max(got, 0)) * 2);
  if (got < 0) return std::unexpected(av_error("resampler", got));
  return {};
}

int64_t Resampler::delay() const {
  return state_->swr ? swr_get_delay(state_->swr.get(), media::HouseFormat::kSampleRate) : 0;
}

void Resampler::compensate(int frames) {
  constexpr int kDistance = media::HouseFormat::kSampleRate;
  constexpr int kMost = kDistance / 200;
  if (state_->swr) swr_set_compensation(state_->swr.get(), std::clamp(frames, -kMost, kMost), kDistance);
}

}  // namespace openday::wrap
