// The pushing side against a server written by hand.
#include "rtmp/client_session.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace openday;
using namespace openday::rtmp;

namespace {

struct Hand {
  Hand() : client(parse_push_url("rtmp://cdn.example/app", "K3Y").value(), clock) {
    client.start();
    CHECK(client.take_output().size() == 1 + kHandshakeSize);
    Bytes answer(1 + 2 * kHandshakeSize, 0);
    answer[0] = 3;
    REQUIRE(client.feed(answer));
    Bytes c2 = client.take_output();
    REQUIRE(c2.size() > kHandshakeSize);
    said(ByteView(c2).subspan(kHandshakeSize));
  }
  Result<> message(uint8_t type, ByteView payload, uint32_t stream = 0) {
    Bytes wire;
    writer.write(wire, 3, type, stream, 0, payload);
    auto fed = client.feed(wire);
    said(client.take_output());
    return fed;
  }
  Result<> command(std::initializer_list<AmfValue> values, uint32_t stream = 0) {
    return message(kCommand, encode_amf0(values), stream);
  }
  void said(ByteView bytes) {
    REQUIRE(reader.feed(bytes, [&](ChunkMessage m) -> Result<> {
      if (m.type == kCommand) commands.push_back(decode_amf0(m.payload).value());
      messages.push_back(std::move(m));
      return {};
    }));
  }
  void flush() { said(client.take_output()); }
  void go_live() {
    REQUIRE(
        command({"_result", 1, AmfNull(), AmfValue::object({{"code", "NetConnection.Connect.Success"}})}));
    REQUIRE(command({"_result", 4, AmfNull(), 7}));
    REQUIRE(command({"onStatus", 0, AmfNull(),
                     AmfValue::object({{"level", "status"}, {"code", "NetStream.Publish.Start"}})},
                    7));
    REQUIRE(client.live());
  }

  ManualClock clock;
  ClientSession client;
  ChunkWriter writer;
  ChunkReader reader{ChunkLimits{.message = 1 << 20, .partial = 1 << 20, .chunk_streams = 64}};
  std::vector<ChunkMessage> messages;
  std::vector<std::vector<AmfValue>> commands;
};

}  // namespace

TEST_CASE("a push connects, announces itself, creates a stream and publishes on it") {
  Hand hand;
  REQUIRE(hand.commands.size() == 1);
  CHECK(*hand.commands[0][0].text() == "connect");
  CHECK(hand.commands[0][2].text_of("app") == "app");
  CHECK(hand.commands[0][2].text_of("tcUrl") == "rtmp://cdn.example/app");
  hand.go_live();
  std::vector<std::string> names;
  for (const auto& command : hand.commands) names.push_back(*command[0].text());
  CHECK(names ==
        std::vector<std::string>{"connect", "releaseStream", "FCPublish", "createStream", "publish"});
  CHECK(*hand.commands[4][3].text() == "K3Y");
  CHECK(hand.messages.back().stream == 7);

  REQUIRE(hand.client.send_video(40, Bytes{0x17, 1}));
  hand.flush();
  CHECK(hand.messages.back().type == kVideo);
  CHECK(hand.messages.back().stream == 7);
  CHECK(hand.messages.back().timestamp == 40);
  hand.client.stop();
  hand.flush();
  CHECK(*hand.commands.back()[0].text() == "deleteStream");
  CHECK(hand.client.send_video(41, Bytes{1}).error().code == Errc::kConflict);
}

TEST_CASE("servers that refuse releaseStream and FCPublish are published to all the same") {
  Hand hand;
  REQUIRE(hand.command({"_result", 1, AmfNull(), AmfNull()}));
  REQUIRE(hand.command({"_error", 2, AmfNull(), AmfNull()}));
  REQUIRE(hand.command({"_error", 3, AmfNull(), AmfNull()}));
  REQUIRE(hand.command({"onBWDone", 0, AmfNull()}));
  REQUIRE(hand.command({"_result", 4, AmfNull(), 1}));
  CHECK(hand.client.state() == ClientSession::State::kPublishing);
}

TEST_CASE("a refusal comes back in the server's words, without the key") {
  Hand connect;
  auto refused = connect.command(
      {"_error", 1, AmfNull(), AmfValue::object({{"description", "no app for K3Y\n today"}})});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kRefused);
  CHECK(refused.error().message == "RTMP: connect refused: no app for ***? today");
  CHECK(connect.client.feed(Bytes{1}).error().code == Errc::kClosed);

  Hand stream;
  REQUIRE(stream.command({"_result", 1, AmfNull(), AmfNull()}));
  CHECK(stream.command({"_error", 4, AmfNull(), AmfNull()}).error().code == Errc::kRefused);

  Hand ended;
  ended.go_live();
  auto closed =
      ended.command({"onStatus", 0, AmfNull(),
                     AmfValue::object({{"level", "status"}, {"code", "NetStream.Unpublish.Success"}})});
  CHECK(closed.error().code == Errc::kClosed);
}

TEST_CASE("a server that does not let us publish within ten seconds is given up") {
  Hand hand;
  hand.clock.advance(milliseconds(9999));
  CHECK(hand.client.tick());
  hand.clock.advance(milliseconds(1));
  CHECK(hand.client.tick().error().code == Errc::kTimeout);
  Hand live;
  live.go_live();
  live.clock.advance(seconds(100));
  CHECK(live.client.tick());
}

TEST_CASE("acknowledged bytes follow the server's counter and never run ahead of what was sent") {
  Hand hand;
  hand.go_live();
  auto acknowledge = [&](uint64_t count) {
    Bytes payload;
    ByteWriter(payload).u32(static_cast<uint32_t>(count));
    REQUIRE(hand.message(kAcknowledgement, payload));
  };
  Bytes large(1 << 20, 1);
  auto send_mebibytes = [&](int count) {
    for (int i = 0; i < count; ++i) {
      REQUIRE(hand.client.send_video(i, large));
      (void)hand.client.take_output();
    }
  };
  CHECK(hand.client.acked_bytes() == 0);
  send_mebibytes(10);
  acknowledge(5 << 20);
  CHECK(hand.client.acked_bytes() == 5 << 20);
  acknowledge(3 << 20);  // backwards
  CHECK(hand.client.acked_bytes() == 5 << 20);
  acknowledge(hand.client.sent_bytes() + 3073);  // a server that counts the handshake too
  CHECK(hand.client.acked_bytes() == hand.client.sent_bytes());
  acknowledge(hand.client.sent_bytes() + 100'000);  // nonsense
  CHECK(hand.client.acked_bytes() <= hand.client.sent_bytes());
}

TEST_CASE("acknowledgements go on past 32 bits") {
  constexpr uint64_t kWrap = uint64_t{1} << 32;
  CHECK(acknowledged(kWrap - 1000, 500, kWrap + 2000) == kWrap + 500);
  CHECK(acknowledged(5 * kWrap + 7, 9, 5 * kWrap + 100) == 5 * kWrap + 9);
  CHECK(acknowledged(kWrap + 500, 400, kWrap + 2000) == kWrap + 500);    // backwards
  CHECK(acknowledged(kWrap + 500, 5000, kWrap + 2000) == kWrap + 2000);  // ahead by its handshake
}

TEST_CASE("push URLs and keys become hosts, applications and streams") {
  auto plain = parse_push_url("rtmp://live.example.org/app/instance", "k?x=1").value();
  CHECK_FALSE(plain.tls);
  CHECK(plain.host == "live.example.org");
  CHECK(plain.port == 1935);
  CHECK(plain.app == "app/instance");
  CHECK(plain.stream == "k?x=1");
  CHECK(plain.tc_url == "rtmp://live.example.org/app/instance");
  auto secure = parse_push_url("rtmps://[2001:db8::1]:8443/app/key?t=a/b", "").value();
  CHECK(secure.tls);
  CHECK(secure.host == "2001:db8::1");
  CHECK(secure.port == 8443);
  CHECK(secure.app == "app");
  CHECK(secure.stream == "key?t=a/b");
  CHECK(parse_push_url("rtmps://host/app/", "k").value().port == 443);
  for (const char* bad :
       {"http://host/app", "rtmp://host", "rtmp://host/", "rtmp:///app", "rtmp://host:0/app",
        "rtmp://host:99999/app", "rtmp://user:pw@host/app", "rtmp://[::1/app", "rtmp://ho st/app"}) {
    INFO(bad);
    CHECK_FALSE(parse_push_url(bad, "key"));
  }
  CHECK_FALSE(parse_push_url("rtmp://host/app", ""));  // no key anywhere
  CHECK_FALSE(parse_push_url("rtmp://host/app", "a\r\nb"));
  CHECK_FALSE(parse_push_url("rtmp://host/" + std::string(3000, 'a'), "key"));
}
