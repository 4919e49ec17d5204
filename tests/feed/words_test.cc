// FLV tags, configurations and states: what comes in from outside, and what is said about it.
#include <catch2/catch.hpp>

#include "feed/flv_reader.h"
#include "feed/messages.h"
#include "rtmp/flv.h"

using namespace openday;
using namespace openday::feed;
using link::Json;

namespace {

const Bytes kAvcc = {1, 66, 0, 30, 0xFF, 0xE1, 0, 4, 0x67, 66, 0, 30, 1, 0, 2, 0x68, 0xCE};

constexpr int kAudio = 8;
constexpr int kVideo = 9;

Json config_of(Json source) {
  return {{"venue", "v"},
          {"source", std::move(source)},
          {"house", {{"width", 1280}, {"height", 720}, {"fps", 30}}}};
}

}  // namespace

TEST_CASE("frames come with the sequence header before them, and with their composition time") {
  FlvReader reader;
  Bytes frame = {0, 0, 0, 2, 0x65, 0x88};
  CHECK_FALSE(reader.read(kVideo, 0, {}, rtmp::video_frame_tag(rtmp::FlvCodec::kH264, true, 0, frame)));
  CHECK_FALSE(reader.read(kVideo, 0, {}, rtmp::video_config_tag(rtmp::FlvCodec::kH264, kAvcc)));
  auto unit =
      reader.read(kVideo, 40, HouseTime{7}, rtmp::video_frame_tag(rtmp::FlvCodec::kH264, true, 66, frame));
  REQUIRE(unit);
  CHECK(unit->setup->codec == "h264");
  CHECK(unit->setup->config == kAvcc);
  CHECK(*unit->data == frame);
  CHECK(unit->key);
  CHECK(unit->dts == milliseconds(40));
  CHECK(unit->pts == milliseconds(106));
  CHECK(unit->arrival == HouseTime{7});
  auto next = reader.read(kVideo, 73, {}, rtmp::video_frame_tag(rtmp::FlvCodec::kH264, false, -33, frame));
  REQUIRE(next);
  CHECK_FALSE(next->key);
  CHECK(next->pts == milliseconds(40));
  CHECK(next->setup == unit->setup);
}

TEST_CASE("a repeated sequence header changes nothing, another one changes the set-up") {
  FlvReader reader;
  Bytes frame = {0, 0, 0, 1, 0x65};
  auto header = rtmp::video_config_tag(rtmp::FlvCodec::kH264, kAvcc);
  auto body = rtmp::video_frame_tag(rtmp::FlvCodec::kH264, true, 0, frame);
  (void)reader.read(kVideo, 0, {}, header);
  auto first = reader.read(kVideo, 0, {}, body);
  (void)reader.read(kVideo, 0, {}, header);
  auto second = reader.read(kVideo, 0, {}, body);
  CHECK(first->setup == second->setup);
  Bytes other = kAvcc;
  other[3] = 31;
  (void)reader.read(kVideo, 0, {}, rtmp::video_config_tag(rtmp::FlvCodec::kH264, other));
  CHECK(reader.read(kVideo, 0, {}, body)->setup->config == other);
}

TEST_CASE("enhanced RTMP's codecs are told by their FourCC") {
  FlvReader reader;
  Bytes frame = {1, 2, 3};
  auto hevc = rtmp::video_frame_tag(rtmp::FlvCodec::kHevc, true, 33, frame);
  (void)reader.read(kVideo, 0, {}, rtmp::video_config_tag(rtmp::FlvCodec::kHevc, kAvcc));
  CHECK(reader.read(kVideo, 0, {}, hevc)->setup->codec == "hevc");
  CHECK(reader.read(kVideo, 0, {}, hevc)->pts == milliseconds(33));
  CHECK(
      reader.read(kVideo, 0, {}, rtmp::video_frame_tag(rtmp::FlvCodec::kAv1, true, 0, frame))->setup->codec ==
      "av1");
  (void)reader.read(kAudio, 0, {}, rtmp::audio_config_tag(rtmp::FlvCodec::kOpus, frame));
  CHECK(reader.read(kAudio, 0, {}, rtmp::audio_frame_tag(rtmp::FlvCodec::kOpus, frame))->setup->codec ==
        "opus");
  const uint8_t mp3[] = {0x2F, 0xFF, 0xFB, 0x90};
  CHECK(reader.read(kAudio, 0, {}, mp3)->setup->codec == "mp3");
}

TEST_CASE("nonsense in tags is refused and counted") {
  FlvReader reader;
  CHECK_FALSE(reader.read(kVideo, 0, {}, {}));
  CHECK_FALSE(reader.read(kAudio, 0, {}, {}));
  Bytes frame = {0, 0, 0, 1, 0x65};
  (void)reader.read(kVideo, 0, {}, rtmp::video_config_tag(rtmp::FlvCodec::kH264, kAvcc));
  auto body = rtmp::video_frame_tag(rtmp::FlvCodec::kH264, true, 0, frame);
  CHECK_FALSE(reader.read(kVideo, INT64_MAX, {}, body));
  CHECK_FALSE(reader.read(kVideo, INT64_MIN, {}, body));
  CHECK_FALSE(reader.read(18, 0, {}, body));
  CHECK_FALSE(reader.read(kVideo, 0, {}, rtmp::video_config_tag(rtmp::FlvCodec::kH264, Bytes(100'000))));
  CHECK(reader.malformed() == 5);
  CHECK(reader.read(kVideo, 0, {}, body));
}

TEST_CASE("a feed's configuration is checked field by field") {
  auto gateway = parse_config(config_of({{"kind", "gateway"}}));
  REQUIRE(gateway);
  CHECK(gateway->jitter == milliseconds(120));
  CHECK(gateway->house.fps == 30);
  CHECK_FALSE(gateway->egress.allow_private);
  auto pull = parse_config(config_of(
      {{"kind", "pull"}, {"url", "srt://x:1"}, {"options", {{"latency_ms", 200}, {"streamid", "a"}}}}));
  REQUIRE(pull);
  CHECK(std::get<PullConfig>(pull->source).options.at("latency_ms") == "200");
  CHECK(check_pull({"rtsp://cam.example/1", {}, {}}));
  CHECK_FALSE(check_pull({"rtsps://cam.example/1", {}, {}}));  // of a venue from before it was refused
  auto file = parse_config(config_of({{"kind", "file"}, {"path", "a.mp4"}}));
  CHECK(std::get<FileConfig>(file->source).path == "a.mp4");
  auto test = parse_config(config_of({{"kind", "test"}, {"seed", 5}}));
  CHECK(std::get<TestConfig>(test->source).seed == 5);

  CHECK_FALSE(parse_config(Json::array()));
  CHECK_FALSE(parse_config(config_of({{"kind", "telepathy"}})));
  CHECK_FALSE(parse_config(config_of({{"kind", "pull"}})));
  CHECK_FALSE(parse_config(config_of("gateway")));
  Json wild = config_of({{"kind", "gateway"}});
  wild["house"]["width"] = 100'000;
  CHECK(parse_config(wild).error().message.find("width") != std::string::npos);
  wild = config_of({{"kind", "gateway"}});
  wild["jitter_ms"] = "soon";
  CHECK_FALSE(parse_config(wild));
}

TEST_CASE("what the engine wants is checked") {
  CHECK(*parse_want({{"width", 640}, {"height", 360}, {"mode", "preview"}}) ==
        Want{640, 360, Mode::kPreview});
  CHECK_FALSE(parse_want({{"width", 640}, {"height", 360}, {"mode", "perhaps"}}));
  CHECK_FALSE(parse_want({{"width", -1}, {"height", 360}, {"mode", "idle"}}));
  CHECK_FALSE(parse_want({{"height", 360}, {"mode", "idle"}}));
}

TEST_CASE("the state follows from what the source says and what comes out") {
  HouseTime now{100'000'000'000};
  Stats stats;
  CHECK(judge({}, stats, now) == State::kWaiting);
  CHECK(judge({false, "no route", now, false}, stats, now) == State::kError);
  SourceStatus source{true, "", now, false};
  CHECK(judge(source, stats, now + milliseconds(500)) == State::kStarting);
  CHECK(judge(source, stats, now + seconds(2)) == State::kStalled);  // connected, and nothing ever came
  stats.last_unit = now + seconds(1);
  stats.last_output = now + seconds(1);
  CHECK(judge(source, stats, now + seconds(2)) == State::kLive);
  CHECK(judge(source, stats, now + seconds(3)) == State::kStalled);
  source.since = now + milliseconds(1500);  // another publisher: what the last one gave does not count
  CHECK(judge(source, stats, now + seconds(2)) == State::kStarting);
}

TEST_CASE("a picture that waits for its key frame is starting, says so, and is neither live nor stalled") {
  HouseTime now{100'000'000'000};
  Stats stats;
  SourceStatus source{true, "", now, true};
  CHECK(judge(source, stats, now + seconds(9)) == State::kStarting);
  stats.last_unit = stats.last_output = now + seconds(9);  // its sound is heard
  CHECK(judge(source, stats, now + seconds(9)) == State::kStarting);
  CHECK(why_of(source) == "waiting for the encoder's next key frame");
  Json head = state_message(State::kStarting, source, stats, {}, milliseconds(0)).head;
  CHECK(head["waiting_for_key_frame"] == true);
  CHECK(head["why"] == why_of(source));
  source.waiting_for_key_frame = false;
  CHECK(judge(source, stats, now + seconds(9)) == State::kLive);
  CHECK(why_of(source).empty());
}

TEST_CASE("the state message says what the link's page promises") {
  Stats stats;
  stats.video = {"h264", 1280, 720, 29.97};
  stats.frames = 7;
  stats.jitter = microseconds(12'340);
  Json head =
      state_message(State::kLive, {true, "", {}, false, 3}, stats, {2500, 29.9}, milliseconds(40)).head;
  CHECK(head["t"] == "state");
  CHECK(head["state"] == "live");
  CHECK(head["caught_up"] == false);
  CHECK(head["why"] == "");
  CHECK(head["waiting_for_key_frame"] == false);
  CHECK(head["source"]["video"]["fps"] == 29.97);
  CHECK(head["source"]["audio"].is_null());
  CHECK(head["stats"]["kbps"] == 2500);
  CHECK(head["stats"]["fps"] == 29.9);
  CHECK(head["stats"]["reconnects"] == 3);
  CHECK(head["stats"]["jitter_ms"] == 12.3);
  CHECK(head["stats"]["av_offset_ms"] == 40);
  for (const char* key : {"frames", "dropped", "decode_errors", "queue_ms", "reanchors"}) {
    CHECK(head["stats"].contains(key));
  }
}
