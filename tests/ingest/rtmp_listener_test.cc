#include "ingest/rtmp_listener.h"

#include "rtmp/flv.h"
#include "rtmp_publisher.h"
#include "rtmp_studio.h"
#include "wrap/ssl/self_signed.h"

using namespace openday;
using namespace openday::ingest;
using namespace openday::test;

namespace {

Bytes handshake() {
  Bytes bytes(1 + 2 * rtmp::kHandshakeSize, 0);
  bytes[0] = 3;
  return bytes;
}

}  // namespace

TEST_CASE("a publisher with the right key is let in and its tags reach the feed") {
  RtmpStudio studio;
  Peer& feed = studio.start_feed("b1/east");
  Publisher publisher(studio.port(), "east-key?x=1");
  REQUIRE(publisher.go_live());
  CHECK(find(studio.hub.heard.all(), "auth",
             {{"protocol", "rtmp"}, {"key", "east-key"}, {"address", "127.0.0.1"}}));
  Bytes config = rtmp::video_config_tag(rtmp::FlvCodec::kH264, Bytes{1, 2, 3});
  Bytes frame = rtmp::video_frame_tag(rtmp::FlvCodec::kH264, true, 0, Bytes(500'000, 5));
  REQUIRE(publisher.session().send_video(0, config));
  REQUIRE(publisher.session().send_video(1000, frame));
  REQUIRE(publisher.flush());
  REQUIRE(feed.hears("bytes", {{"tag", 9}, {"time_ms", 1000}}));
  CHECK(*find(feed.heard.all(), "bytes", {{"time_ms", 1000}})->body == frame);
  publisher.wire().close();
  CHECK(feed.hears("end"));
  CHECK(studio.hub.hears("publisher", {{"state", "gone"}}));
}

TEST_CASE("a publisher with a wrong key is refused before it may start, and learns why") {
  RtmpStudio studio;
  Publisher publisher(studio.port(), "guess");
  auto refused = publisher.go_live();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kRefused);
  CHECK(refused.error().message.find("not known") != std::string::npos);
  publisher.wire().until_closed();  // the server closes though we do not
  CHECK_FALSE(studio.hub.hears("publisher", link::Json::object(), milliseconds(0)));
}

TEST_CASE("an encoder that reconnects takes over from its half-open self at once") {
  RtmpStudio studio;
  Peer& feed = studio.start_feed("b1/east");
  Publisher dead(studio.port(), "east-key");
  REQUIRE(dead.go_live());
  Publisher alive(studio.port(), "east-key");
  REQUIRE(alive.go_live());
  CHECK(studio.hub.hears("publisher", {{"state", "replaced"}}));
  dead.wire().until_closed();
  REQUIRE(alive.session().send_video(7, rtmp::video_frame_tag(rtmp::FlvCodec::kH264, true, 0, Bytes(10, 1))));
  REQUIRE(alive.flush());
  CHECK(feed.hears("bytes", {{"time_ms", 7}}));
}

TEST_CASE("a publisher waits for a hub that restarts") {
  RtmpStudio studio;
  studio.silent = true;
  Publisher publisher(studio.port(), "east-key");
  while (publisher.session().state() != rtmp::ClientSession::State::kPublishing) REQUIRE(publisher.step());
  REQUIRE(studio.hub.hears("auth"));
  studio.silent = false;
  studio.start_hub();
  CHECK(publisher.go_live());
}

TEST_CASE("RTMPS publishes with the server's certificate, and plain RTMP on its port is refused") {
  auto made = wrap::make_self_signed("studio.example").value();
  RtmpListenerConfig config;
  config.tls = std::make_shared<const wrap::TlsContext>(
      wrap::TlsContext::server(made.certificate_pem, made.key_pem).value());
  RtmpStudio studio(config);
  Peer& feed = studio.start_feed("b1/east");
  auto trust = wrap::TlsContext::client(made.certificate_pem).value();
  Publisher publisher(studio.port(), "east-key", &trust);
  REQUIRE(publisher.go_live());
  Bytes frame = rtmp::video_frame_tag(rtmp::FlvCodec::kH264, true, 0, Bytes(300'000, 5));
  REQUIRE(publisher.session().send_video(7, frame));
  REQUIRE(publisher.flush());
  REQUIRE(feed.hears("bytes", {{"time_ms", 7}}));
  CHECK(*find(feed.heard.all(), "bytes")->body == frame);

  Wire plain(studio.port());
  plain.send(handshake());
  plain.until_closed();
}

TEST_CASE("a wrong key over RTMPS is told why before the connection closes") {
  auto made = wrap::make_self_signed("studio.example").value();
  RtmpListenerConfig config;
  config.tls = std::make_shared<const wrap::TlsContext>(
      wrap::TlsContext::server(made.certificate_pem, made.key_pem).value());
  RtmpStudio studio(config);
  auto trust = wrap::TlsContext::client(made.certificate_pem).value();
  Publisher publisher(studio.port(), "guess", &trust);
  auto refused = publisher.go_live();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kRefused);
}

TEST_CASE("garbage, other protocols and broken chunks are cut off at once and the service goes on") {
  RtmpListenerConfig config;
  config.handshake = seconds(60);  // whoever is cut off is not cut off by a deadline
  config.publish = seconds(60);
  RtmpStudio studio(config, {.per_address = 100});
  auto cut = [&](const Bytes& bytes) {
    Wire wire(studio.port());
    wire.send(bytes);
    wire.until_closed();
  };
  auto after_handshake = [](Bytes tail) {
    Bytes bytes = handshake();
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    return bytes;
  };
  cut(Bytes(5000, 0xFF));
  std::string_view http = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  cut(Bytes(http.begin(), http.end()));
  cut(after_handshake(Bytes(2000, 0xFF)));                                    // a type 3 chunk out of nowhere
  cut(after_handshake({0x03, 0, 0, 0, 0xFF, 0xFF, 0xFF, 20, 0, 0, 0, 0}));    // a message of 16 MB
  cut(after_handshake({0x02, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0}));  // chunk size 0
  cut(after_handshake({0x03, 0, 0, 0, 0, 0, 3, 20, 0, 0, 0, 0, 0x02, 0xFF, 0}));  // AMF0 cut short
  Bytes deep = {0x03, 0, 0, 0, 0, 0x02, 0, 20, 0, 0, 0, 0};  // 512 bytes of objects in objects
  for (int i = 0; i < 128; ++i) {
    if (i > 0 && i % 32 == 0) deep.push_back(0xC3);
    deep.insert(deep.end(), {0x03, 0, 1, 'a'});
  }
  cut(after_handshake(deep));
  CHECK(studio.connections() == 0);
  CHECK(studio.hub.hears("stats", {{"refused", {{"protocol", 7}}}}));
  Publisher publisher(studio.port(), "east-key");
  CHECK(publisher.go_live());
}

TEST_CASE("a stranger can make the server hold only little, however much is declared and sent") {
  RtmpStudio studio;
  Wire wire(studio.port());
  wire.send(handshake());
  // Sixteen chunk streams, each with the beginning of a message of 16 KiB.
  for (uint8_t id = 3; id < 18; ++id) {
    Bytes chunk = {id, 0, 0, 0, 0, 0x40, 0, 20, 0, 0, 0, 0};
    chunk.resize(chunk.size() + 128, 0);
    wire.send(chunk);
  }
  Wire other(studio.port());  // accepted, and so handled, after the bytes above arrived in order of readiness
  other.send(Bytes(1, 0xFF));
  other.until_closed();
  CHECK(studio.held() < 16 * 1024);
  Bytes more;
  for (int round = 0; round < 200; ++round) {
    for (uint8_t id = 3; id < 18; ++id) {
      more.push_back(0xC0 | id);
      more.resize(more.size() + 128, 0);
    }
  }
  wire.send(more);  // 384 KB: past 32 KiB of unfinished messages the connection ends
  wire.until_closed();
  CHECK(studio.held() == 0);
}

TEST_CASE("who is slow with the handshake, or never publishes, is cut off") {
  RtmpListenerConfig config;
  config.handshake = milliseconds(100);
  config.publish = milliseconds(100);
  RtmpStudio studio(config);
  Wire silent(studio.port());
  Wire slow(studio.port());
  slow.send(Bytes(100, 3));
  Wire idle(studio.port());
  idle.send(handshake());
  silent.until_closed();
  slow.until_closed();
  idle.until_closed();
  CHECK(studio.hub.hears("stats", {{"refused", {{"timeout", 3}}}}));
}

TEST_CASE("a publisher that falls silent is pinged, then cut off") {
  RtmpListenerConfig config;
  config.silence = seconds(3);
  RtmpStudio studio(config);
  Publisher publisher(studio.port(), "east-key");
  REQUIRE(publisher.go_live());
  Bytes ping = publisher.wire().receive();  // not answered
  CHECK_FALSE(ping.empty());
  publisher.wire().until_closed();
  CHECK(studio.hub.hears("publisher", {{"state", "gone"}, {"why", "RTMP: the publisher fell silent"}}));
}

TEST_CASE("a publisher that goes away while the hub is being asked leaves nothing behind") {
  RtmpStudio studio;
  studio.silent = true;
  {
    Publisher publisher(studio.port(), "east-key");
    while (publisher.session().state() != rtmp::ClientSession::State::kPublishing) REQUIRE(publisher.step());
    REQUIRE(studio.hub.hears("auth"));
    publisher.wire().reset_on_close();
  }
  CHECK(studio.hub.heard.wait(
      [](const auto& all) { return !all.empty() && all.back().head.value("connections", 1) == 0; }));
}

TEST_CASE("connections beyond the caps are turned away and the others are not touched") {
  RtmpStudio studio({}, {.connections = 3, .per_address = 2});
  Publisher first(studio.port(), "east-key");
  REQUIRE(first.go_live());
  Wire second(studio.port());
  Wire third(studio.port());
  third.until_closed();
  CHECK(studio.hub.hears("stats", {{"refused", {{"per_address", 1}}}}));
  second.close();
  REQUIRE(
      studio.hub.heard.wait([](const auto& all) { return all.back().head.value("connections", 0) == 1; }));
  Publisher fourth(studio.port(), "west-key");
  CHECK(fourth.go_live());
}

TEST_CASE("a peer that floods us with pings and reads nothing is cut off") {
  RtmpStudio studio;
  Wire wire(studio.port());
  wire.send(handshake());
  const Bytes ping = {0x02, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1};
  Bytes many;
  for (int i = 0; i < 4000; ++i) many.insert(many.end(), ping.begin(), ping.end());
  size_t most = 0;
  bool open = true;
  for (int i = 0; i < 2000 && open; ++i) {
    open = wire.send(many);
    if (i % 50 == 0) most = std::max(most, studio.held());
  }
  CHECK_FALSE(open);
  CHECK(most < 256 * 1024);
  CHECK(studio.connections() == 0);
}
