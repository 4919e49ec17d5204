#include "output/targets.h"

#include <catch2/catch.hpp>

#include "../srt/udp_relay.h"
#include "restreamer.h"
#include "rtmp/flv.h"
#include "rtmp_server.h"
#include "wrap/srt/srt.h"
#include "wrap/ssl/self_signed.h"

namespace openday::output {
namespace {

using test::Manners;
using test::Restreamer;
using test::RtmpServer;
using test::Signal;

const std::string kKey = "se-cret-key";

/// Everything ten times as fast as on air.
TargetsOptions hurried() {
  TargetsOptions options;
  options.pacing.first = milliseconds(100);
  options.pacing.most = seconds(6);
  options.pacing.steady = seconds(1);
  options.pacing.stalled = milliseconds(500);
  options.pacing.wedged = milliseconds(1000);
  options.pacing.connect = milliseconds(2000);
  return options;
}

TargetSpec rtmp_target(const std::string& id, const RtmpServer& server) {
  return {.id = id, .url = server.url(), .key = kKey, .rendition = "720p"};
}

bool wait(const std::function<bool()>& condition, Duration patience = seconds(40)) {
  return Signal().wait(condition, patience);
}

std::vector<rtmp::MediaMessage> of_type(const std::vector<rtmp::MediaMessage>& media, uint8_t type) {
  std::vector<rtmp::MediaMessage> out;
  std::ranges::copy_if(media, std::back_inserter(out),
                       [&](const auto& message) { return message.type == type; });
  return out;
}

}  // namespace

TEST_CASE("a server is pushed metadata, set-ups and media that begins with a key frame at zero") {
  RtmpServer server(Manners::kTake);
  Restreamer restreamer(hurried());
  restreamer.targets->configure({rtmp_target("one", server)});
  REQUIRE(server.changed.wait([&] { return server.media_count() > 400; }));
  CHECK(server.stream() == kKey);
  auto media = server.media();
  CHECK(media[0].type == 18);

  auto video = of_type(media, 9);
  REQUIRE(video.size() > 100);
  auto config = rtmp::parse_video_tag(video[0].body);
  REQUIRE(config);
  CHECK(config->packet == rtmp::FlvPacket::kConfig);
  auto first = rtmp::parse_video_tag(video[1].body);
  REQUIRE(first);
  CHECK(first->key);
  CHECK(video[1].time_ms == 0);
  for (size_t i = 2; i < video.size(); ++i) CHECK(video[i].time_ms == static_cast<int64_t>(i - 1) * 100 / 3);

  auto audio = of_type(media, 8);
  REQUIRE(audio.size() > 100);
  CHECK(rtmp::parse_audio_tag(audio[0].body)->packet == rtmp::FlvPacket::kConfig);
  CHECK(audio[1].time_ms < 22);
  for (size_t i = 1; i < media.size(); ++i) CHECK(media[i].time_ms >= media[i - 1].time_ms);

  auto stats = restreamer.stats("one");
  CHECK(stats.state == TargetState::kLive);
  CHECK(wait([&] { return restreamer.stats("one").kbps > 0; }));
  CHECK(restreamer.stats("one").acked_bytes > 10'000);
  CHECK(stats.dropped == 0);
  CHECK(stats.why.empty());
}

TEST_CASE("a server that hangs is found out, tried again, and touches no other target") {
  RtmpServer good(Manners::kTake);
  RtmpServer bad(Manners::kHangAfterPublish);
  RtmpServer deaf(Manners::kSilent);
  Restreamer restreamer(hurried());
  restreamer.targets->configure(
      {rtmp_target("good", good), rtmp_target("bad", bad), rtmp_target("deaf", deaf)});
  REQUIRE(wait([&] { return restreamer.stats("good").state == TargetState::kLive; }));
  CHECK(wait([&] { return restreamer.stats("bad").state == TargetState::kStalled; }));
  CHECK(wait([&] { return restreamer.stats("bad").state == TargetState::kBackoff; }));
  CHECK(restreamer.stats("bad").why == "the server takes no more bytes");
  CHECK(wait([&] { return bad.publishes() >= 3; }));  // and again
  CHECK(restreamer.stats("bad").reconnects >= 1);
  CHECK(restreamer.stats("deaf").state == TargetState::kConnecting);

  bad.behave(Manners::kTake);
  CHECK(bad.changed.wait([&] { return bad.media_count() > 100; }));

  CHECK(restreamer.stats("good").state == TargetState::kLive);
  CHECK(restreamer.stats("good").reconnects == 0);
  CHECK(restreamer.stats("good").dropped == 0);
  auto video = of_type(good.media(), 9);
  for (size_t i = 2; i < video.size(); ++i) CHECK(video[i].time_ms == static_cast<int64_t>(i - 1) * 100 / 3);
  CHECK(good.accepted() == 1);
}

TEST_CASE("a server that accepts and never answers is given up and reported") {
  RtmpServer deaf(Manners::kSilent);
  Restreamer restreamer(hurried());
  restreamer.targets->configure({rtmp_target("deaf", deaf)});
  CHECK(wait([&] { return restreamer.stats("deaf").state == TargetState::kBackoff; }));
  CHECK(restreamer.stats("deaf").why.find("10 s") != std::string::npos);
  CHECK(wait([&] { return deaf.accepted() >= 2; }));
}

TEST_CASE("a server that closes is connected to again, less and less often") {
  RtmpServer server(Manners::kCloseAfterPublish);
  Restreamer restreamer(hurried());
  restreamer.targets->configure({rtmp_target("one", server)});
  CHECK(server.changed.wait([&] { return server.publishes() >= 4; }));
  CHECK(wait([&] { return restreamer.stats("one").reconnects >= 3; }));
  server.behave(Manners::kTake);
  CHECK(wait([&] { return restreamer.stats("one").state == TargetState::kLive; }));
  CHECK(server.changed.wait([&] { return server.media_count() > 100; }));
  auto video = of_type(server.media(), 9);
  REQUIRE(video.size() >= 2);
  CHECK(rtmp::parse_video_tag(video[1].body)->key);
}

TEST_CASE("a server that refuses the key, and a port where nobody listens, say so without the key") {
  RtmpServer server(Manners::kRefusePublish);
  uint16_t closed = 0;
  {
    RtmpServer gone(Manners::kTake);
    closed = gone.port();
  }
  Restreamer restreamer(hurried());
  restreamer.targets->configure({rtmp_target("refused", server),
                                 {.id = "nobody",
                                  .url = "rtmp://127.0.0.1:" + std::to_string(closed) + "/app",
                                  .key = kKey,
                                  .rendition = "720p"}});
  CHECK(wait([&] { return restreamer.stats("refused").state == TargetState::kBackoff; }));
  CHECK(restreamer.stats("refused").why.find("unknown here") != std::string::npos);
  CHECK(wait([&] { return restreamer.stats("nobody").state == TargetState::kBackoff; }));
  CHECK(restreamer.stats("nobody").why == "connect: Connection refused");
  CHECK(wait([&] { return restreamer.log().find("target_failed") != std::string::npos; }));
  CHECK(restreamer.log().find(kKey) == std::string::npos);
  CHECK(restreamer.stats("refused").why.find(kKey) == std::string::npos);
}

TEST_CASE("targets that cannot be are off and say why; the others go on undisturbed by a new list") {
  RtmpServer server(Manners::kTake);
  Restreamer restreamer(hurried());
  auto good = rtmp_target("good", server);
  auto disabled = rtmp_target("disabled", server);
  disabled.enabled = false;
  auto odd = rtmp_target("odd", server);
  odd.rendition = "8k";
  restreamer.targets->configure({good});
  REQUIRE(server.changed.wait([&] { return server.media_count() > 100; }));
  restreamer.targets->configure(
      {disabled,
       good,
       odd,
       {.id = "scheme", .url = "http://127.0.0.1/app", .key = kKey, .rendition = "720p"},
       {.id = "address", .url = "rtmp://169.254.169.254/app", .key = kKey, .rendition = "720p"}});
  auto stats = restreamer.targets->stats();
  REQUIRE(stats.size() == 5);
  CHECK(stats[0].state == TargetState::kOff);
  CHECK(stats[0].why.empty());
  CHECK(stats[1].id == "good");
  CHECK(stats[1].state == TargetState::kLive);
  for (size_t i : {2u, 3u, 4u}) {
    CHECK(stats[i].state == TargetState::kOff);
    CHECK_FALSE(stats[i].why.empty());
  }
  CHECK(server.accepted() == 1);
  restreamer.targets->configure({});
  CHECK(restreamer.targets->stats().empty());
  CHECK(server.changed.wait([&] { return server.ends() == 1; }));
}

TEST_CASE("a policy without private addresses keeps targets out of the own network") {
  RtmpServer server(Manners::kTake);
  auto program = test::encode_program({.ticks = 2});
  SystemClock clock;
  Targets targets({{"720p", program.video}}, hurried(), clock, Log("test", LogLevel::kError));
  targets.configure(
      {rtmp_target("literal", server),
       {.id = "name", .url = server.url("rtmp", "localhost"), .key = kKey, .rendition = "720p"}});
  CHECK(targets.stats()[0].state == TargetState::kOff);
  CHECK(wait([&] { return targets.stats()[1].state == TargetState::kBackoff; }));
  CHECK(targets.stats()[1].why == "localhost has no address that may be connected to");
  CHECK(server.accepted() == 0);
}

TEST_CASE("RTMPS pushes to a server whose certificate it trusts, and to no other") {
  auto certificate = *wrap::make_self_signed("localhost");
  auto tls = *wrap::TlsContext::server(certificate.certificate_pem, certificate.key_pem);
  RtmpServer server(Manners::kTake, &tls);
  TargetSpec spec{.id = "one", .url = server.url("rtmps", "localhost"), .key = kKey, .rendition = "720p"};
  {
    Restreamer restreamer(hurried());
    restreamer.targets->configure({spec});
    CHECK(wait([&] { return restreamer.stats("one").state == TargetState::kBackoff; }));
    CHECK(server.publishes() == 0);
  }
  auto options = hurried();
  options.more_authorities_pem = certificate.certificate_pem;
  Restreamer restreamer(options);
  restreamer.targets->configure({spec});
  CHECK(server.changed.wait([&] { return server.media_count() > 100; }));
  CHECK(restreamer.stats("one").state == TargetState::kLive);
}

}  // namespace openday::output
