#include "feed/flv_reader.h"

#include "rtmp/flv.h"

namespace openday::feed {
namespace {

constexpr int kAudioTag = 8;
constexpr int kVideoTag = 9;
constexpr int64_t kMaxTime = int64_t{1} << 40;  // ms: 34 years, and as ns it still leaves room to calculate
constexpr size_t kMaxConfig = 64 * 1024;

/// libavcodec's name; nullptr: not decoded here.
const char* codec_name(rtmp::FlvCodec codec) {
  switch (codec) {
    case rtmp::FlvCodec::kH264: return "h264";
    case rtmp::FlvCodec::kHevc: return "hevc";
    case rtmp::FlvCodec::kAv1: return "av1";
    case rtmp::FlvCodec::kVp8: return "vp8";
    case rtmp::FlvCodec::kVp9: return "vp9";
    case rtmp::FlvCodec::kAac: return "aac";
    case rtmp::FlvCodec::kMp3: return "mp3";
    case rtmp::FlvCodec::kOpus: return "opus";
    case rtmp::FlvCodec::kFlac: return "flac";
    case rtmp::FlvCodec::kAc3: return "ac3";
    case rtmp::FlvCodec::kEac3: return "eac3";
    case rtmp::FlvCodec::kUnknown: return nullptr;
  }
  return nullptr;
}

/// Whether frames mean nothing before a sequence header has come.
bool needs_config(rtmp::FlvCodec codec) {
  return codec == rtmp::FlvCodec::kH264 || codec == rtmp::FlvCodec::kHevc || codec == rtmp::FlvCodec::kAac;
}

}  // namespace

void FlvReader::set_up(std::shared_ptr<const Setup>& place, const char* codec, ByteView config) {
  if (config.size() > kMaxConfig) {
    ++malformed_;
    return;
  }
  Setup fresh;
  fresh.codec = codec;
  fresh.config.assign(config.begin(), config.end());
  if (place && *place == fresh) return;  // many encoders repeat it
  place = std::make_shared<const Setup>(std::move(fresh));
}

std::optional<Unit> FlvReader::read(int tag, int64_t time_ms, HouseTime arrival, ByteView body) {
  if (time_ms > kMaxTime || time_ms < -kMaxTime) {
    ++malformed_;
    return std::nullopt;
  }
  std::optional<Unit> unit;
  if (tag == kVideoTag) {
    unit = read_video(body);
  } else if (tag == kAudioTag) {
    unit = read_audio(body);
  }
  if (!unit) return std::nullopt;
  unit->arrival = arrival;
  unit->dts = milliseconds(time_ms);
  unit->pts += unit->dts;
  return unit;
}

template <class Tag>
std::optional<Unit> FlvReader::read_frame(const Result<Tag>& tag, std::shared_ptr<const Setup>& setup) {
  if (!tag) {
    ++malformed_;
    return std::nullopt;
  }
  const char* codec = codec_name(tag->codec);
  if (codec == nullptr) return std::nullopt;
  if (tag->packet == rtmp::FlvPacket::kConfig) {
    set_up(setup, codec, tag->data);
    return std::nullopt;
  }
  if (tag->packet != rtmp::FlvPacket::kFrame || tag->data.empty()) return std::nullopt;
  if (!setup || setup->codec != codec) {
    if (needs_config(tag->codec)) return std::nullopt;
    set_up(setup, codec, {});
  }
  Unit unit;
  unit.setup = setup;
  unit.data = std::make_shared<const Bytes>(tag->data.begin(), tag->data.end());
  return unit;
}

std::optional<Unit> FlvReader::read_video(ByteView body) {
  auto tag = rtmp::parse_video_tag(body);
  auto unit = read_frame(tag, video_);
  if (!unit) return std::nullopt;
  unit->kind = media::Kind::kVideo;
  unit->key = tag->key;
  unit->pts = milliseconds(tag->composition_ms);
  return unit;
}

std::optional<Unit> FlvReader::read_audio(ByteView body) {
  auto unit = read_frame(rtmp::parse_audio_tag(body), audio_);
  if (!unit) return std::nullopt;
  unit->kind = media::Kind::kAudio;
  unit->key = true;
  return unit;
}

}  // namespace openday::feed
