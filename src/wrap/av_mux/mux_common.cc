#include "wrap/av_mux/mux_common.h"

extern "C" {
#include <libavutil/channel_layout.h>
}

#include <array>
#include <cstring>

namespace openday::wrap {

std::unexpected<Error> av_failure(const char* what, int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(code, text.data(), text.size());
  return fail(Errc::kInternal, std::string(what) + ": " + text.data());
}

int append_to_bytes(void* opaque, uint8_t* data, int size) {
  auto* out = static_cast<Bytes*>(opaque);
  out->insert(out->end(), data, data + size);
  return size;
}

Result<> describe(const media::Track& track, AVStream& stream) {
  AVCodecParameters& codec = *stream.codecpar;
  if (track.config.empty()) return fail(Errc::kInvalid, "a track without its decoder configuration");
  codec.extradata = static_cast<uint8_t*>(av_mallocz(track.config.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  if (codec.extradata == nullptr) return fail(Errc::kInternal, "out of memory");
  std::memcpy(codec.extradata, track.config.data(), track.config.size());
  codec.extradata_size = static_cast<int>(track.config.size());
  if (track.kind == media::Kind::kVideo) {
    if (track.codec != media::Codec::kH264) return fail(Errc::kUnsupported, "only H.264 is packaged");
    if (track.config[0] != 1) return fail(Errc::kInvalid, "the H.264 configuration is not an avcC");
    codec.codec_type = AVMEDIA_TYPE_VIDEO;
    codec.codec_id = AV_CODEC_ID_H264;
    codec.width = track.width;
    codec.height = track.height;
    codec.color_range = AVCOL_RANGE_MPEG;
    codec.color_primaries = AVCOL_PRI_BT709;
    codec.color_trc = AVCOL_TRC_BT709;
    codec.color_space = AVCOL_SPC_BT709;
    stream.time_base = {1, 90000};
    stream.avg_frame_rate = {track.fps, 1};
    return {};
  }
  if (track.codec != media::Codec::kAac) return fail(Errc::kUnsupported, "only AAC is packaged");
  codec.codec_type = AVMEDIA_TYPE_AUDIO;
  codec.codec_id = AV_CODEC_ID_AAC;
  codec.sample_rate = media::HouseFormat::kSampleRate;
  codec.frame_size = 1024;
  av_channel_layout_default(&codec.ch_layout, media::HouseFormat::kChannels);
  stream.time_base = {1, media::HouseFormat::kSampleRate};
  return {};
}

}  // namespace openday::wrap
