// The bodies of RTMP audio and video messages, which are FLV tag bodies: their headers read, and written for
// pushing.
//
// Sources: Adobe, "Video File Format Specification, version 10.1", annex E; Veovera, "Enhanced RTMP (v2)" for
// FourCC headers; and the codec ids 12 (HEVC) and 13 (AV1) that Chinese encoders send without ever having
// been standardised.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "rtmp/amf0.h"

namespace openday::rtmp {

enum class FlvCodec : uint8_t {
  kUnknown,
  kH264,
  kHevc,
  kAv1,
  kVp8,
  kVp9,
  kAac,
  kMp3,
  kOpus,
  kFlac,
  kAc3,
  kEac3
};

/// What a message carries.
enum class FlvPacket : uint8_t {
  kConfig,  // the decoder's set-up: avcC, hvcC, av1C, AudioSpecificConfig, OpusHead
  kFrame,   // coded data
  kEnd,     // end of sequence
  kOther    // commands, colour metadata, multichannel layout: nothing to decode
};

struct VideoTag {
  FlvCodec codec = FlvCodec::kUnknown;
  FlvPacket packet = FlvPacket::kOther;
  bool key = false;
  int32_t composition_ms = 0;  // presentation minus decode time; may be negative
  ByteView data;               // points into the body
};

struct AudioTag {
  FlvCodec codec = FlvCodec::kUnknown;
  FlvPacket packet = FlvPacket::kOther;
  ByteView data;  // points into the body
};

/// kInvalid: cut short; kUnsupported: multitrack. Unknown codecs are no error (FlvCodec::kUnknown).
Result<VideoTag> parse_video_tag(ByteView body);
Result<AudioTag> parse_audio_tag(ByteView body);

/// AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1). The views point into the record.
struct AvcConfig {
  uint8_t profile = 0;
  uint8_t compatibility = 0;
  uint8_t level = 0;
  int nal_length_size = 4;
  std::vector<ByteView> sps;
  std::vector<ByteView> pps;
};
Result<AvcConfig> parse_avc_config(ByteView record);

/// The message that must come before the first frame. H.264 in the classic form, HEVC, AV1 and VP9 by FourCC;
/// a codec that is no video codec yields an empty body.
Bytes video_config_tag(FlvCodec codec, ByteView config);
/// `data`: NAL units with lengths in front (H.264, HEVC), or the codec's plain frame.
Bytes video_frame_tag(FlvCodec codec, bool key, int32_t composition_ms, ByteView data);
/// AAC in the classic form, Opus by FourCC.
Bytes audio_config_tag(FlvCodec codec, ByteView config);
Bytes audio_frame_tag(FlvCodec codec, ByteView data);

struct StreamInfo {
  int width = 0;
  int height = 0;
  double fps = 0;
  int video_kbps = 0;
  int audio_kbps = 0;
  int sample_rate = 48000;
  bool stereo = true;
  FlvCodec video = FlvCodec::kH264;
  FlvCodec audio = FlvCodec::kAac;
  std::string encoder = "Openday";
};
/// "onMetaData" and its array, as the body of a data message. No width: audio only.
Bytes metadata_tag(const StreamInfo& info);

}  // namespace openday::rtmp
