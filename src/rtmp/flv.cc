#include "rtmp/flv.h"

#include <string_view>

namespace openday::rtmp {
namespace {

constexpr uint32_t fourcc(std::string_view name) {
  return static_cast<uint32_t>(static_cast<uint8_t>(name[0])) << 24 |
         static_cast<uint32_t>(static_cast<uint8_t>(name[1])) << 16 |
         static_cast<uint32_t>(static_cast<uint8_t>(name[2])) << 8 |
         static_cast<uint32_t>(static_cast<uint8_t>(name[3]));
}

struct FourCc {
  uint32_t name;
  FlvCodec codec;
};
constexpr FourCc kFourCcs[] = {
    {fourcc("avc1"), FlvCodec::kH264}, {fourcc("hvc1"), FlvCodec::kHevc}, {fourcc("av01"), FlvCodec::kAv1},
    {fourcc("vp08"), FlvCodec::kVp8},  {fourcc("vp09"), FlvCodec::kVp9},  {fourcc("mp4a"), FlvCodec::kAac},
    {fourcc(".mp3"), FlvCodec::kMp3},  {fourcc("Opus"), FlvCodec::kOpus}, {fourcc("fLaC"), FlvCodec::kFlac},
    {fourcc("ac-3"), FlvCodec::kAc3},  {fourcc("ec-3"), FlvCodec::kEac3},
};

FlvCodec codec_of(uint32_t name) {
  for (const auto& entry : kFourCcs) {
    if (entry.name == name) return entry.codec;
  }
  return FlvCodec::kUnknown;
}

uint32_t fourcc_of(FlvCodec codec) {
  for (const auto& entry : kFourCcs) {
    if (entry.codec == codec) return entry.name;
  }
  return 0;
}

// Annex E.4.3.1: frame types and codec ids; the last two are the unofficial ones.
constexpr uint8_t kFrameKey = 1;
constexpr uint8_t kFrameInter = 2;
constexpr uint8_t kFrameCommand = 5;
constexpr uint8_t kCodecAvc = 7;
constexpr uint8_t kCodecHevc = 12;
constexpr uint8_t kCodecAv1 = 13;
// Annex E.4.2.1: sound formats; 9 was reserved and now announces an enhanced header.
constexpr uint8_t kSoundMp3 = 2;
constexpr uint8_t kSoundExtended = 9;
constexpr uint8_t kSoundAac = 10;
// AAC carries no rate of its own in the tag: annex E fixes these bits to 44 kHz, 16 bit, stereo.
constexpr uint8_t kAacHeader = kSoundAac << 4 | 0x0F;

// Enhanced RTMP v2: packet types. Up to kSequenceEnd audio and video agree.
enum Enhanced : uint8_t {
  kSequenceStart = 0,
  kCodedFrames = 1,
  kSequenceEnd = 2,
  kCodedFramesX = 3,          // video: coded frames without a composition time
  kMpeg2TsSequenceStart = 5,  // video: AV1 in the form of MPEG-2 TS descriptors
  kAudioMultitrack = 5,
  kVideoMultitrack = 6,
  kModEx = 7,
};

std::unexpected<Error> truncated() {
  return fail(Errc::kInvalid, "FLV: tag is cut short");
}

// Skips the modifiers of Enhanced RTMP v2 (nanosecond offsets so far) to the packet type they stand before.
uint8_t skip_modifiers(ByteReader& in, uint8_t packet) {
  while (packet == kModEx && in.ok()) {
    size_t size = in.u8() + size_t{1};
    if (size == 256) size = in.u16() + size_t{1};
    in.skip(size);
    packet = in.u8() & 0x0F;
  }
  return packet;
}

FlvPacket classic_packet(uint8_t type) {
  switch (type) {
    case 0: return FlvPacket::kConfig;
    case 1: return FlvPacket::kFrame;
    case 2: return FlvPacket::kEnd;
    default: return FlvPacket::kOther;
  }
}

Result<VideoTag> parse_enhanced_video(ByteReader& in, uint8_t first) {
  VideoTag tag;
  tag.key = (first >> 4 & 7) == kFrameKey;
  uint8_t packet = skip_modifiers(in, first & 0x0F);
  if (packet == kVideoMultitrack) return fail(Errc::kUnsupported, "FLV: multitrack video");
  if ((first >> 4 & 7) == kFrameCommand) return tag;
  tag.codec = codec_of(in.u32());
  switch (packet) {
    case kSequenceStart: tag.packet = FlvPacket::kConfig; break;
    case kCodedFrames:
      tag.packet = FlvPacket::kFrame;
      if (tag.codec == FlvCodec::kH264 || tag.codec == FlvCodec::kHevc) tag.composition_ms = in.s24();
      break;
    case kCodedFramesX: tag.packet = FlvPacket::kFrame; break;
    case kSequenceEnd: tag.packet = FlvPacket::kEnd; break;
    default: break;
  }
  if (!in.ok()) return truncated();
  tag.data = in.rest();
  return tag;
}

}  // namespace

Result<VideoTag> parse_video_tag(ByteView body) {
  ByteReader in(body);
  uint8_t first = in.u8();
  if (!in.ok()) return truncated();
  if (first & 0x80) return parse_enhanced_video(in, first);
  VideoTag tag;
  uint8_t frame = first >> 4;
  tag.key = frame == kFrameKey;
  if (frame == kFrameCommand) return tag;
  switch (first & 0x0F) {
    case kCodecAvc: tag.codec = FlvCodec::kH264; break;
    case kCodecHevc: tag.codec = FlvCodec::kHevc; break;
    case kCodecAv1: tag.codec = FlvCodec::kAv1; break;
    default:  // Sorenson, Screen, VP6: frames follow at once; nobody here decodes them
      tag.packet = FlvPacket::kFrame;
      tag.data = in.rest();
      return tag;
  }
  tag.packet = classic_packet(in.u8());
  int32_t composition_ms = in.s24();
  if (!in.ok()) return truncated();
  if (tag.packet == FlvPacket::kFrame) tag.composition_ms = composition_ms;
  tag.data = in.rest();
  return tag;
}

Result<AudioTag> parse_audio_tag(ByteView body) {
  ByteReader in(body);
  uint8_t first = in.u8();
  if (!in.ok()) return truncated();
  AudioTag tag;
  switch (first >> 4) {
    case kSoundAac:
      tag.codec = FlvCodec::kAac;
      tag.packet = classic_packet(in.u8());
      break;
    case kSoundMp3:
      tag.codec = FlvCodec::kMp3;
      tag.packet = FlvPacket::kFrame;
      break;
    case kSoundExtended: {
      uint8_t packet = skip_modifiers(in, first & 0x0F);
      if (packet == kAudioMultitrack) return fail(Errc::kUnsupported, "FLV: multitrack audio");
      tag.codec = codec_of(in.u32());
      tag.packet = classic_packet(packet);  // the first three types have the same numbers
      break;
    }
    default: tag.packet = FlvPacket::kFrame; break;
  }
  if (!in.ok()) return truncated();
  tag.data = in.rest();
  return tag;
}

Result<AvcConfig> parse_avc_config(ByteView record) {
  ByteReader in(record);
  AvcConfig config;
  if (in.u8() != 1) return fail(Errc::kInvalid, "avcC: not version 1");
  config.profile = in.u8();
  config.compatibility = in.u8();
  config.level = in.u8();
  config.nal_length_size = (in.u8() & 3) + 1;
  if (config.nal_length_size == 3) return fail(Errc::kInvalid, "avcC: NAL lengths of 3 bytes do not exist");
  auto read_sets = [&](int count, std::vector<ByteView>& sets) {
    for (int i = 0; i < count && in.ok(); ++i) sets.push_back(in.take(in.u16()));
  };
  read_sets(in.u8() & 31, config.sps);
  read_sets(in.u8(), config.pps);
  if (!in.ok()) return fail(Errc::kInvalid, "avcC: cut short");
  return config;
}

namespace {

Bytes video_tag(FlvCodec codec, bool key, FlvPacket packet, int32_t composition_ms, ByteView data) {
  Bytes out;
  out.reserve(data.size() + 8);
  ByteWriter writer(out);
  uint8_t frame = key ? kFrameKey : kFrameInter;
  bool config = packet == FlvPacket::kConfig;
  switch (codec) {
    case FlvCodec::kH264:
      writer.u8(static_cast<uint8_t>(frame << 4 | kCodecAvc));
      writer.u8(config ? 0 : 1);
      writer.u24(static_cast<uint32_t>(composition_ms) & 0xFFFFFF);
      break;
    case FlvCodec::kHevc:
    case FlvCodec::kAv1:
    case FlvCodec::kVp9: {
      bool timed = codec == FlvCodec::kHevc && composition_ms != 0;
      uint8_t type = config ? kSequenceStart : timed ? kCodedFrames : kCodedFramesX;
      writer.u8(static_cast<uint8_t>(0x80 | frame << 4 | type));
      writer.u32(fourcc_of(codec));
      if (timed && !config) writer.u24(static_cast<uint32_t>(composition_ms) & 0xFFFFFF);
      break;
    }
    default: return out;
  }
  writer.append(data);
  return out;
}

Bytes audio_tag(FlvCodec codec, FlvPacket packet, ByteView data) {
  Bytes out;
  out.reserve(data.size() + 5);
  ByteWriter writer(out);
  bool config = packet == FlvPacket::kConfig;
  switch (codec) {
    case FlvCodec::kAac:
      writer.u8(kAacHeader);
      writer.u8(config ? 0 : 1);
      break;
    case FlvCodec::kOpus:
      writer.u8(static_cast<uint8_t>(kSoundExtended << 4 | (config ? kSequenceStart : kCodedFrames)));
      writer.u32(fourcc_of(codec));
      break;
    default: return out;
  }
  writer.append(data);
  return out;
}

// What onMetaData calls a codec: the classic id where there is one, else its FourCC as a number (Enhanced
// RTMP).
double metadata_id(FlvCodec codec) {
  if (codec == FlvCodec::kH264) return kCodecAvc;
  if (codec == FlvCodec::kAac) return kSoundAac;
  return fourcc_of(codec);
}

}  // namespace

Bytes video_config_tag(FlvCodec codec, ByteView config) {
  return video_tag(codec, true, FlvPacket::kConfig, 0, config);
}

Bytes video_frame_tag(FlvCodec codec, bool key, int32_t composition_ms, ByteView data) {
  return video_tag(codec, key, FlvPacket::kFrame, composition_ms, data);
}

Bytes audio_config_tag(FlvCodec codec, ByteView config) {
  return audio_tag(codec, FlvPacket::kConfig, config);
}

Bytes audio_frame_tag(FlvCodec codec, ByteView data) {
  return audio_tag(codec, FlvPacket::kFrame, data);
}

Bytes metadata_tag(const StreamInfo& info) {
  AmfObject data;
  data.ecma_array = true;
  auto add = [&](const char* name, AmfValue value) { data.members.emplace_back(name, std::move(value)); };
  add("duration", 0);
  if (info.width > 0) {
    add("width", info.width);
    add("height", info.height);
    add("framerate", info.fps);
    add("videodatarate", info.video_kbps);
    add("videocodecid", metadata_id(info.video));
  }
  add("audiodatarate", info.audio_kbps);
  add("audiosamplerate", info.sample_rate);
  add("audiosamplesize", 16);
  add("stereo", info.stereo);
  add("audiocodecid", metadata_id(info.audio));
  add("encoder", info.encoder);
  return encode_amf0({"onMetaData", std::move(data)});
}

}  // namespace openday::rtmp
