#include "rtmp/flv.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::rtmp;

namespace {
Bytes with_data(Bytes head) {
  head.insert(head.end(), {0xD0, 0xD1});
  return head;
}
const Bytes kData = {0xD0, 0xD1};

// Parsed, with the bytes that the tag's view points into.
template <class Tag>
struct Parsed : Tag {
  Parsed(Tag tag, Bytes bytes) : Tag(tag), owner(std::move(bytes)) {}
  Bytes owner;
};
Parsed<VideoTag> video(Bytes bytes) {
  VideoTag tag = parse_video_tag(bytes).value();
  return {tag, std::move(bytes)};
}
Parsed<AudioTag> audio(Bytes bytes) {
  AudioTag tag = parse_audio_tag(bytes).value();
  return {tag, std::move(bytes)};
}
bool is_data(ByteView view) {
  return Bytes(view.begin(), view.end()) == kData;
}
}  // namespace

TEST_CASE("classic AVC tags tell configuration, frames and the end apart") {
  auto config = video(with_data({0x17, 0, 0, 0, 0}));
  CHECK(config.codec == FlvCodec::kH264);
  CHECK(config.packet == FlvPacket::kConfig);
  CHECK(is_data(config.data));
  auto key = video(with_data({0x17, 1, 0, 0, 80}));
  CHECK(key.key);
  CHECK(key.packet == FlvPacket::kFrame);
  CHECK(key.composition_ms == 80);
  auto inter = video(with_data({0x27, 1, 0xFF, 0xFF, 0xD8}));
  CHECK_FALSE(inter.key);
  CHECK(inter.composition_ms == -40);  // signed 24 bits
  CHECK(parse_video_tag(Bytes{0x17, 2, 0, 0, 0}).value().packet == FlvPacket::kEnd);
  CHECK(parse_video_tag(Bytes{0x57, 0}).value().packet == FlvPacket::kOther);  // a seek command
}

TEST_CASE("the unofficial codec ids for HEVC and AV1 are read like AVC") {
  auto hevc = video(with_data({0x1C, 1, 0, 0, 40}));
  CHECK(hevc.codec == FlvCodec::kHevc);
  CHECK(hevc.composition_ms == 40);
  CHECK(video(with_data({0x1D, 0, 0, 0, 0})).codec == FlvCodec::kAv1);
}

TEST_CASE("enhanced video tags carry a FourCC, and a composition time only where their type has one") {
  auto coded = video(with_data({0x91, 'h', 'v', 'c', '1', 0, 0, 66}));
  CHECK(coded.codec == FlvCodec::kHevc);
  CHECK(coded.key);
  CHECK(coded.packet == FlvPacket::kFrame);
  CHECK(coded.composition_ms == 66);
  CHECK(is_data(coded.data));
  auto plain = video(with_data({0xA3, 'h', 'v', 'c', '1'}));
  CHECK_FALSE(plain.key);
  CHECK(plain.composition_ms == 0);
  CHECK(is_data(plain.data));
  auto av1 = video(with_data({0x91, 'a', 'v', '0', '1'}));
  CHECK(av1.codec == FlvCodec::kAv1);
  CHECK(is_data(av1.data));
  CHECK(video(with_data({0x90, 'v', 'p', '0', '9'})).packet == FlvPacket::kConfig);
  CHECK(video(with_data({0x94, 'h', 'v', 'c', '1'})).packet == FlvPacket::kOther);  // HDR metadata
  CHECK(video(with_data({0x91, 'x', 'x', 'x', 'x'})).codec == FlvCodec::kUnknown);
  CHECK(parse_video_tag(Bytes{0x96, 0x01}).error().code == Errc::kUnsupported);  // multitrack
}

TEST_CASE("modifiers before the packet type are skipped") {
  // A nanosecond offset: size − 1, three bytes, then the type of modifier and the packet type.
  auto tag = video(with_data({0x97, 2, 1, 2, 3, 0x03, 'a', 'v', 'c', '1'}));
  CHECK(tag.codec == FlvCodec::kH264);
  CHECK(tag.packet == FlvPacket::kFrame);
  CHECK(is_data(tag.data));
  CHECK_FALSE(parse_video_tag(Bytes{0x97, 255, 0xFF, 0xFF, 0}));  // a modifier longer than the tag
}

TEST_CASE("audio tags are AAC, MP3 or named by FourCC") {
  auto config = audio(with_data({0xAF, 0}));
  CHECK(config.codec == FlvCodec::kAac);
  CHECK(config.packet == FlvPacket::kConfig);
  CHECK(is_data(audio(with_data({0xAF, 1})).data));
  CHECK(audio(with_data({0x2F})).codec == FlvCodec::kMp3);
  auto opus = audio(with_data({0x91, 'O', 'p', 'u', 's'}));
  CHECK(opus.codec == FlvCodec::kOpus);
  CHECK(opus.packet == FlvPacket::kFrame);
  CHECK(audio(with_data({0x94, 'O', 'p', 'u', 's'})).packet == FlvPacket::kOther);
  CHECK(parse_audio_tag(Bytes{0x95}).error().code == Errc::kUnsupported);
  CHECK(audio(with_data({0x3F})).codec == FlvCodec::kUnknown);  // PCM
}

TEST_CASE("tags that are cut short are refused") {
  CHECK_FALSE(parse_video_tag({}));
  CHECK_FALSE(parse_video_tag(Bytes{0x17, 1, 0, 0}));
  CHECK_FALSE(parse_video_tag(Bytes{0x91, 'h', 'v', 'c'}));
  CHECK_FALSE(parse_video_tag(Bytes{0x91, 'h', 'v', 'c', '1', 0}));
  CHECK_FALSE(parse_audio_tag({}));
  CHECK_FALSE(parse_audio_tag(Bytes{0xAF}));
}

TEST_CASE("what is written for pushing is what is parsed") {
  struct Case {
    FlvCodec codec;
    int32_t composition_ms;
  };
  for (auto [codec, composition_ms] :
       {Case{FlvCodec::kH264, -33}, Case{FlvCodec::kH264, 80}, Case{FlvCodec::kHevc, 0},
        Case{FlvCodec::kHevc, 40}, Case{FlvCodec::kAv1, 0}, Case{FlvCodec::kVp9, 0}}) {
    Bytes frame = video_frame_tag(codec, true, composition_ms, kData);
    auto tag = parse_video_tag(frame).value();
    CHECK(tag.codec == codec);
    CHECK(tag.key);
    CHECK(tag.packet == FlvPacket::kFrame);
    CHECK(tag.composition_ms == composition_ms);
    CHECK(is_data(tag.data));
    Bytes config = video_config_tag(codec, kData);
    CHECK(parse_video_tag(config).value().packet == FlvPacket::kConfig);
    CHECK(is_data(parse_video_tag(config).value().data));
  }
  for (FlvCodec codec : {FlvCodec::kAac, FlvCodec::kOpus}) {
    Bytes frame = audio_frame_tag(codec, kData);
    CHECK(parse_audio_tag(frame).value().codec == codec);
    CHECK(is_data(parse_audio_tag(frame).value().data));
    CHECK(parse_audio_tag(audio_config_tag(codec, kData)).value().packet == FlvPacket::kConfig);
  }
  CHECK(video_frame_tag(FlvCodec::kAac, true, 0, kData).empty());
}

TEST_CASE("an AVC configuration record gives its parameter sets, and a broken one is refused") {
  Bytes record = {1, 0x64, 0, 0x1F, 0xFF, 0xE1, 0, 3, 0x67, 1, 2, 1, 0, 2, 0x68, 9};
  auto config = parse_avc_config(record).value();
  CHECK(config.profile == 0x64);
  CHECK(config.level == 0x1F);
  CHECK(config.nal_length_size == 4);
  REQUIRE(config.sps.size() == 1);
  CHECK(config.sps[0].size() == 3);
  REQUIRE(config.pps.size() == 1);
  CHECK(config.pps[0][0] == 0x68);
  for (size_t size = 0; size < record.size(); ++size)
    CHECK_FALSE(parse_avc_config(ByteView(record).first(size)));
  record[4] = 0xFE;  // lengths of three bytes
  CHECK_FALSE(parse_avc_config(record));
}

TEST_CASE("metadata names the picture, or is silent about it when there is none") {
  auto values =
      decode_amf0(metadata_tag({.width = 1280, .height = 720, .fps = 30, .video_kbps = 2500})).value();
  CHECK(*values[0].text() == "onMetaData");
  CHECK(*values[1].member("height")->number() == 720);
  CHECK(*values[1].member("videocodecid")->number() == 7);
  auto sound = decode_amf0(metadata_tag({.audio_kbps = 128})).value();
  CHECK(sound[1].member("width") == nullptr);
  CHECK(*sound[1].member("audiodatarate")->number() == 128);
}
