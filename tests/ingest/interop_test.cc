// Encoders as people use them, against the real listener: FFmpeg, GStreamer's rtmp2sink, and its librtmp
// sink.

#include "program.h"
#include "rtmp/flv.h"
#include "rtmp_studio.h"
#include "wrap/ssl/self_signed.h"
#include "wrap/ssl/tls.h"

using namespace openday;
using namespace openday::ingest;
using namespace openday::test;

namespace {

constexpr int kFrames = 90;  // 3 s at 30 fps

std::string gstreamer(const std::string& sink) {
  return "gst-launch-1.0 -q videotestsrc num-buffers=90 ! video/x-raw,width=160,height=90,framerate=30/1 ! "
         "x264enc speed-preset=ultrafast key-int-max=15 threads=1 ! h264parse ! flvmux name=m "
         "streamable=true ! " +
         sink +
         " audiotestsrc num-buffers=141 samplesperbuffer=1024 ! audio/x-raw,rate=48000,channels=2 ! voaacenc "
         "! aacparse "
         "! m.";
}

struct Arrived {
  std::vector<int64_t> video_pts;
  std::vector<int64_t> video_dts;
  std::vector<int64_t> audio;
  int keys = 0;
  bool first_is_key = false;
  bool video_config = false;
  bool audio_config = false;
  bool metadata = false;
};

Arrived sort(const Peer& feed) {
  Arrived out;
  for (const auto& heard : feed.heard.all()) {
    if (heard.type() != "bytes") continue;
    int64_t time = heard.head["time_ms"];
    int type = heard.head["tag"];
    if (type == 18) {
      out.metadata =
          out.metadata || rtmp::decode_amf0(*heard.body).value()[0] == rtmp::AmfValue("onMetaData");
      continue;
    }
    if (type == 8) {
      auto audio = rtmp::parse_audio_tag(*heard.body).value();
      if (audio.codec != rtmp::FlvCodec::kAac) continue;
      if (audio.packet == rtmp::FlvPacket::kConfig) out.audio_config = true;
      if (audio.packet == rtmp::FlvPacket::kFrame) out.audio.push_back(time);
      continue;
    }
    auto video = rtmp::parse_video_tag(*heard.body).value();
    if (video.packet == rtmp::FlvPacket::kConfig) {
      out.video_config = rtmp::parse_avc_config(video.data).has_value();
    } else if (video.packet == rtmp::FlvPacket::kFrame) {
      if (out.video_dts.empty()) out.first_is_key = video.key;
      out.keys += video.key ? 1 : 0;
      out.video_dts.push_back(time);
      out.video_pts.push_back(time + video.composition_ms);
    }
  }
  std::ranges::sort(out.video_pts);
  return out;
}

// Every step of sorted times is `wanted` ms, give or take rounding.
bool steps_are(const std::vector<int64_t>& times, double wanted) {
  for (size_t i = 1; i < times.size(); ++i) {
    double step = static_cast<double>(times[i] - times[i - 1]);
    if (step < wanted - 1.01 || step > wanted + 1.01) return false;
  }
  return true;
}

void check_three_seconds(const Peer& feed) {
  Arrived arrived = sort(feed);
  CHECK(arrived.video_config);
  CHECK(arrived.audio_config);
  CHECK(arrived.metadata);
  CHECK(arrived.first_is_key);
  CHECK(arrived.keys == kFrames / 15);
  CHECK(arrived.video_pts.size() == kFrames);
  CHECK(steps_are(arrived.video_pts, 1000.0 / 30));
  CHECK(std::ranges::is_sorted(arrived.video_dts));
  REQUIRE(arrived.audio.size() >= 135);
  CHECK(steps_are(arrived.audio, 1024.0 / 48));
  // Audio and video run side by side, within an encoder's delay.
  CHECK(std::abs(arrived.audio.front() - arrived.video_pts.front()) <= 100);
  CHECK(std::abs(arrived.audio.back() - arrived.video_pts.back()) <= 100);
}

struct Interop : RtmpStudio {
  using RtmpStudio::RtmpStudio;
  std::string url(const std::string& key = "east-key", const std::string& scheme = "rtmp") const {
    return scheme + "://127.0.0.1:" + std::to_string(port()) + "/live/" + key;
  }
};

}  // namespace

TEST_CASE("FFmpeg publishes, and every frame arrives with its time") {
  Interop studio;
  Peer& feed = studio.start_feed("b1/east");
  CHECK(Program(ffmpeg(studio.url())).wait() == 0);
  REQUIRE(feed.hears("end"));
  check_three_seconds(feed);
}

TEST_CASE("FFmpeg with a wrong key fails before it has sent anything") {
  Interop studio;
  CHECK(Program(ffmpeg(studio.url("guess")), true).wait() != 0);
  CHECK(studio.hub.count("auth") == 1);
  CHECK(studio.hub.count("publisher") == 0);
}

TEST_CASE("FFmpeg publishes over RTMPS") {
  auto made = wrap::make_self_signed("studio.example").value();
  RtmpListenerConfig config;
  config.tls = std::make_shared<const wrap::TlsContext>(
      wrap::TlsContext::server(made.certificate_pem, made.key_pem).value());
  Interop studio(config);
  Peer& feed = studio.start_feed("b1/east");
  CHECK(Program(ffmpeg(studio.url("east-key", "rtmps"))).wait() == 0);
  REQUIRE(feed.hears("end"));
  check_three_seconds(feed);
}

TEST_CASE("GStreamer's rtmp2sink publishes, and every frame arrives with its time") {
  Interop studio;
  Peer& feed = studio.start_feed("b1/east");
  CHECK(Program(gstreamer("rtmp2sink location=" + studio.url())).wait() == 0);
  REQUIRE(feed.hears("end"));
  check_three_seconds(feed);
}

TEST_CASE("GStreamer's rtmp2sink with a wrong key fails") {
  Interop studio;
  CHECK(Program(gstreamer("rtmp2sink location=" + studio.url("guess")), true).wait() != 0);
  CHECK(studio.hub.count("publisher") == 0);
}

TEST_CASE("librtmp publishes, and every frame arrives with its time") {
  Interop studio;
  Peer& feed = studio.start_feed("b1/east");
  CHECK(Program(gstreamer("rtmpsink location=" + studio.url())).wait() == 0);
  REQUIRE(feed.hears("end"));
  check_three_seconds(feed);
}

TEST_CASE("an FFmpeg that was stopped is replaced by the next one with its key") {
  Interop studio;
  Peer& feed = studio.start_feed("b1/east");
  Program frozen(ffmpeg(studio.url(), "", true));
  REQUIRE(feed.hears("bytes"));
  frozen.signal(SIGSTOP);  // the kernel keeps its connection open: half-open, as seen from here
  size_t before = feed.count("begin");
  Program next(ffmpeg(studio.url(), "", true));
  REQUIRE(studio.hub.hears("publisher", {{"state", "replaced"}}));
  REQUIRE(feed.heard.wait([&](const auto& all) {
    size_t begins = 0;
    bool media = false;
    for (const auto& heard : all) {
      begins += heard.type() == "begin" ? 1 : 0;
      media = begins > before && heard.type() == "bytes";
    }
    return media;
  }));
}
