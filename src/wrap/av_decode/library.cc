#include "wrap/av_decode/library.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "wrap/av_decode/internal.h"

namespace openday::wrap {

void warm_up_libraries() {
  av_log_set_level(AV_LOG_QUIET);  // what goes wrong comes back as an error; their text quotes strangers
  avformat_network_init();
}

bool is_decodable(const std::string& codec) {
  static constexpr std::array<std::string_view, 24> kAllowed = {
      "h264", "hevc", "av1",      "vp8",  "vp9",       "mpeg1video", "mpeg2video", "mpeg4",
      "aac",  "mp3",  "aac_latm", "mp2",  "ac3",       "eac3",       "opus",       "vorbis",
      "flac", "mp1",  "pcm_alaw", "h263", "pcm_mulaw", "pcm_s16be",  "pcm_s16le",  "mjpeg"};
  return std::find(kAllowed.begin(), kAllowed.end(), codec) != kAllowed.end();
}

std::string av_text(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return text;
}

Error av_error(const char* what, int error) {
  Errc code = error == AVERROR_EOF           ? Errc::kClosed
              : error == AVERROR_INVALIDDATA ? Errc::kInvalid
              : error == AVERROR(ETIMEDOUT)  ? Errc::kTimeout
              : error == AVERROR_EXIT        ? Errc::kClosed
              : error == AVERROR(EACCES)     ? Errc::kRefused
              : error == AVERROR(ENOMEM)     ? Errc::kLimit
                                             : Errc::kIo;
  return {code, std::string(what) + ": " + av_text(error)};
}

Result<CodecContext> open_decoder(const CodecSetup& setup, int sample_rate, int channels) {
  if (!is_decodable(setup.codec)) return fail(Errc::kUnsupported, "this codec is not decoded here");
  const AVCodecDescriptor* descriptor = avcodec_descriptor_get_by_name(setup.codec.c_str());
  const AVCodec* codec = descriptor == nullptr ? nullptr : avcodec_find_decoder(descriptor->id);
  if (codec == nullptr) return fail(Errc::kUnsupported, "no decoder for " + setup.codec);
  CodecContext context(avcodec_alloc_context3(codec));
  if (!context) return fail(Errc::kLimit, "out of memory");
  if (!setup.config.empty()) {
    context->extradata =
        static_cast<uint8_t*>(av_mallocz(setup.config.size() + AV_INPUT_BUFFER_PADDING_SIZE));
    if (context->extradata == nullptr) return fail(Errc::kLimit, "out of memory");
    std::copy(setup.config.begin(), setup.config.end(), context->extradata);
    context->extradata_size = static_cast<int>(setup.config.size());
  }
  // One thread: frame threads hold a picture back each, and a feed must not crowd out the encoders.
  context->thread_count = 1;
  context->pkt_timebase = AVRational{1, 90000};
  context->max_pixels = int64_t{4096} * 4096;
  if (sample_rate > 0) context->sample_rate = sample_rate;
  if (channels > 0) av_channel_layout_default(&context->ch_layout, channels);
  int opened = avcodec_open2(context.get(), codec, nullptr);
  if (opened < 0) return std::unexpected(av_error("opening the decoder", opened));
  return context;
}

Result<> send_packet(AVCodecContext& context, AVPacket& packet, ByteView data, int64_t tag) {
  av_packet_unref(&packet);
  int made = av_new_packet(&packet, static_cast<int>(data.size()));  // with the padding the bit readers need
  if (made < 0) return std::unexpected(av_error("packet", made));
  std::copy(data.begin(), data.end(), packet.data);
  packet.pts = tag;
  packet.dts = tag;
  int sent = avcodec_send_packet(&context, &packet);
  av_packet_unref(&packet);
  if (sent < 0) return std::unexpected(av_error("decoding", sent));
  return {};
}

}  // namespace openday::wrap
