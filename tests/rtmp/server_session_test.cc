// The server's side against a client written by hand, message by message.
#include "rtmp/server_session.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace openday;
using namespace openday::rtmp;

namespace {

struct Hand {
  explicit Hand(ServerLimits limits = {})
      : server(
            clock, limits, [this](ServerEvent event) { events.push_back(std::move(event)); },
            [](size_t count) { return Bytes(count, 1); }) {}

  Result<> shake() {
    Bytes bytes(1 + 2 * kHandshakeSize, 0);
    bytes[0] = 3;
    auto fed = server.feed(bytes);
    (void)server.take_output();  // S0, S1, S2
    return fed;
  }
  Result<> message(uint8_t type, ByteView payload, uint32_t stream = 0, uint32_t time = 0) {
    Bytes wire;
    writer.write(wire, 4, type, stream, time, payload);
    return server.feed(wire);
  }
  Result<> command(std::initializer_list<AmfValue> values, uint32_t stream = 0) {
    return message(kCommand, encode_amf0(values), stream);
  }
  Result<> connect(const char* app = "live") {
    return command({"connect", 1, AmfValue::object({{"app", app}, {"tcUrl", "rtmp://host/live?from=url"}})});
  }
  Result<> go_live() {
    OPENDAY_CHECK_OK(shake());
    OPENDAY_CHECK_OK(connect());
    OPENDAY_CHECK_OK(command({"publish", 2, AmfNull(), "key", "live"}, 1));
    OPENDAY_CHECK_OK(server.accept_publish());
    events.clear();
    (void)replies();
    return {};
  }
  // What the server has said since the last time.
  std::vector<ChunkMessage> replies() {
    std::vector<ChunkMessage> out;
    REQUIRE(reader.feed(server.take_output(), [&](ChunkMessage m) -> Result<> {
      out.push_back(std::move(m));
      return {};
    }));
    return out;
  }
  // Of these, the commands.
  std::vector<std::vector<AmfValue>> commands() {
    std::vector<std::vector<AmfValue>> out;
    for (const auto& m : replies()) {
      if (m.type == kCommand) out.push_back(decode_amf0(m.payload).value());
    }
    return out;
  }
  std::vector<MediaMessage> media() const {
    std::vector<MediaMessage> out;
    for (const auto& event : events) {
      if (const auto* m = std::get_if<MediaMessage>(&event)) out.push_back(*m);
    }
    return out;
  }

  ManualClock clock;
  std::vector<ServerEvent> events;
  ServerSession server;
  ChunkWriter writer;
  ChunkReader reader{ChunkLimits{.message = 1 << 20, .partial = 1 << 20, .chunk_streams = 64}};
};

Bytes u32(uint32_t value) {
  Bytes out;
  ByteWriter(out).u32(value);
  return out;
}

}  // namespace

TEST_CASE("connect is answered with window, bandwidth, chunk size and success") {
  Hand hand;
  REQUIRE(hand.shake());
  REQUIRE(hand.connect());
  auto replies = hand.replies();
  REQUIRE(replies.size() == 3);  // the reader obeyed Set Chunk Size itself
  CHECK(hand.reader.chunk_size() == 4096);
  CHECK(replies[0].type == kWindowAckSize);
  CHECK(replies[1].type == kSetPeerBandwidth);
  auto result = decode_amf0(replies[2].payload).value();
  CHECK(*result[0].text() == "_result");
  CHECK(*result[1].number() == 1);
  CHECK(result[3].text_of("code") == "NetConnection.Connect.Success");
  CHECK(result[3].member("fourCcList") == nullptr);
}

TEST_CASE("a client that lists FourCC codecs is told ours") {
  Hand hand;
  REQUIRE(hand.shake());
  REQUIRE(
      hand.command({"connect", 1, AmfValue::object({{"app", "live"}, {"fourCcList", AmfArray{{"hvc1"}}}})}));
  auto commands = hand.commands();
  REQUIRE(commands.size() == 1);
  CHECK(commands[0][3].member("fourCcList")->array()->items.size() > 1);
}

TEST_CASE("the calls before publishing may come in any order, and unknown ones get a null result") {
  Hand hand;
  REQUIRE(hand.shake());
  REQUIRE(hand.connect());
  (void)hand.replies();
  REQUIRE(hand.command({"createStream", 2, AmfNull()}));
  REQUIRE(hand.command({"_checkbw", 3, AmfNull()}));
  REQUIRE(hand.command({"FCPublish", 4, AmfNull(), "key"}));
  REQUIRE(hand.command({"releaseStream", 5, AmfNull(), "key"}));
  REQUIRE(hand.command({"somethingNew", 6, AmfNull()}));
  REQUIRE(hand.command({"notice", 0, AmfNull()}));  // no transaction: no answer
  auto commands = hand.commands();
  REQUIRE(commands.size() == 6);  // onFCPublish among them
  CHECK(*commands[0][3].number() == 1);
  for (size_t i : {size_t{1}, size_t{4}, size_t{5}}) {
    CHECK(*commands[i][0].text() == "_result");
    CHECK(commands[i][3].is_null());
  }
  CHECK(*commands[3][0].text() == "onFCPublish");
}

TEST_CASE("the key may come with a query, in the stream name, the application or the URL") {
  Hand hand;
  REQUIRE(hand.shake());
  REQUIRE(hand.connect("/live/"));
  REQUIRE(hand.command({"publish", 2, AmfNull(), "key?a=b", "live"}, 1));
  auto request = std::get<PublishRequest>(hand.events.at(0));
  CHECK(request.app == "live");
  CHECK(request.stream == "key");
  CHECK(request.query == "a=b");

  Hand other;
  REQUIRE(other.shake());
  REQUIRE(other.connect("live?c=d"));
  REQUIRE(other.command({"publish", 2, AmfNull(), "key"}, 1));
  CHECK(std::get<PublishRequest>(other.events.at(0)).query == "c=d");

  Hand third;
  REQUIRE(third.shake());
  REQUIRE(third.connect());
  REQUIRE(third.command({"publish", 2, AmfNull(), "key"}, 1));
  CHECK(std::get<PublishRequest>(third.events.at(0)).query == "from=url");
}

TEST_CASE("nothing that comes after a publish request is read before it is answered") {
  Hand hand;
  REQUIRE(hand.shake());
  REQUIRE(hand.connect());
  Bytes wire;
  hand.writer.write(wire, 4, kCommand, 1, 0, encode_amf0({"publish", 2, AmfNull(), "key"}));
  hand.writer.write(wire, 4, kVideo, 1, 5, Bytes{0x17, 1, 0, 0, 0, 9});
  REQUIRE(hand.server.feed(wire));
  REQUIRE(hand.message(kAudio, Bytes{0xAF, 1, 2}, 1, 6));
  CHECK(hand.events.size() == 1);
  REQUIRE(hand.server.accept_publish());
  REQUIRE(hand.media().size() == 2);
  CHECK(hand.media()[0].time_ms == 5);

  Hand flood;
  REQUIRE(flood.shake());
  REQUIRE(flood.connect());
  REQUIRE(flood.command({"publish", 2, AmfNull(), "key"}, 1));
  CHECK(flood.server.feed(Bytes(64 * 1024)));
  CHECK(flood.server.feed(Bytes(1)).error().code == Errc::kLimit);
}

TEST_CASE("received bytes are acknowledged at half of the window that the publisher set") {
  Hand hand;
  REQUIRE(hand.go_live());
  REQUIRE(hand.message(kWindowAckSize, u32(20'000)));
  int acknowledgements = 0;
  uint32_t last = 0;
  for (int i = 0; i < 100; ++i) {  // about 100 KB
    REQUIRE(hand.message(kVideo, Bytes(1000, 1), 1, static_cast<uint32_t>(i)));
    for (const auto& reply : hand.replies()) {
      if (reply.type != kAcknowledgement) continue;
      ++acknowledgements;
      uint32_t sequence = ByteReader(reply.payload).u32();
      CHECK(sequence - last >= 10'000);
      CHECK(sequence - last < 12'000);
      last = sequence;
    }
  }
  CHECK(acknowledgements >= 9);
}

TEST_CASE("a ping is answered with its own number, and windows of nonsense harm nobody") {
  Hand hand;
  REQUIRE(hand.go_live());
  REQUIRE(hand.message(kUserControl, Bytes{0, 6, 1, 2, 3, 4}));
  auto replies = hand.replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].payload == Bytes{0, 7, 1, 2, 3, 4});
  CHECK(hand.message(kWindowAckSize, u32(0)));
  CHECK(hand.message(kWindowAckSize, u32(0xFFFFFFFF)));
  CHECK(hand.message(kWindowAckSize, Bytes{1}));
  CHECK(hand.message(kUserControl, Bytes{0}));
}

TEST_CASE("metadata loses its @setDataFrame, and clearing it is not media") {
  Hand hand;
  REQUIRE(hand.go_live());
  REQUIRE(hand.message(
      kData, encode_amf0({"@setDataFrame", "onMetaData", AmfValue::ecma_array({{"width", 2}})}), 1));
  REQUIRE(hand.message(kData, encode_amf0({"@clearDataFrame", "onMetaData"}), 1));
  Bytes amf3 = {0};
  Bytes cue = encode_amf0({"onCuePoint", 5});
  amf3.insert(amf3.end(), cue.begin(), cue.end());
  REQUIRE(hand.message(kDataAmf3, amf3, 1));
  auto media = hand.media();
  REQUIRE(media.size() == 2);
  CHECK(media[0].type == kData);
  CHECK(media[0].body == encode_amf0({"onMetaData", AmfValue::ecma_array({{"width", 2}})}));
  CHECK(media[1].body == cue);
}

TEST_CASE("an aggregate message is taken apart, its times counted from the message's") {
  Hand hand;
  REQUIRE(hand.go_live());
  Bytes payload;
  ByteWriter writer(payload);
  auto tag = [&](uint8_t type, uint32_t time, const Bytes& body) {
    writer.u8(type);
    writer.u24(static_cast<uint32_t>(body.size()));
    writer.u24(time);
    writer.u8(0);
    writer.u24(0);
    writer.append(body);
    writer.u32(static_cast<uint32_t>(body.size()) + 11);
  };
  tag(kVideo, 500, {0x17, 1, 0, 0, 0, 1});
  tag(kAudio, 520, {0xAF, 1, 2});
  REQUIRE(hand.message(kAggregate, payload, 1, 9000));
  auto media = hand.media();
  REQUIRE(media.size() == 2);
  CHECK(media[0].time_ms == 9000);
  CHECK(media[1].time_ms == 9020);
  CHECK(media[1].body == Bytes{0xAF, 1, 2});
  payload.resize(20);
  CHECK(hand.message(kAggregate, payload, 1, 9100));  // cut short: what is whole counts
}

TEST_CASE("media before publishing, and empty media, is not delivered") {
  Hand hand;
  REQUIRE(hand.shake());
  REQUIRE(hand.connect());
  REQUIRE(hand.message(kVideo, Bytes(100, 1), 1));
  CHECK(hand.events.empty());
  Hand live;
  REQUIRE(live.go_live());
  REQUIRE(live.message(kAudio, {}, 1));
  CHECK(live.events.empty());
}

TEST_CASE("a publisher may end and publish again, and cannot publish twice at a time") {
  Hand hand;
  REQUIRE(hand.go_live());
  REQUIRE(hand.message(kAudio, Bytes{1}, 1, 3'000'000'000));
  REQUIRE(hand.command({"publish", 9, AmfNull(), "other"}, 2));
  auto commands = hand.commands();
  REQUIRE(commands.size() == 1);
  CHECK(commands[0][3].text_of("code") == "NetStream.Publish.BadName");
  REQUIRE(hand.command({"FCUnpublish", 3, AmfNull(), "key"}));
  REQUIRE(hand.command({"deleteStream", 4, AmfNull(), 1}));
  REQUIRE(hand.events.size() == 2);
  CHECK(std::holds_alternative<PublishEnd>(hand.events[1]));
  REQUIRE(hand.command({"publish", 5, AmfNull(), "again"}, 1));
  REQUIRE(hand.events.size() == 3);
  CHECK(std::get<PublishRequest>(hand.events[2]).stream == "again");
  REQUIRE(hand.server.accept_publish());
  REQUIRE(hand.message(kAudio, Bytes{1}, 1, 5));
  CHECK(hand.media().back().time_ms == 5);  // not 32 bits after the first publishing
}

TEST_CASE("commands with a leading AMF3 format byte are read") {
  Hand hand;
  REQUIRE(hand.shake());
  Bytes payload = {0};
  Bytes connect = encode_amf0({"connect", 1, AmfValue::object({{"app", "live"}})});
  payload.insert(payload.end(), connect.begin(), connect.end());
  REQUIRE(hand.message(kCommandAmf3, payload));
  CHECK(hand.commands().size() == 1);
}

TEST_CASE("what makes no sense ends the connection") {
  auto fails = [](auto&& act) {
    Hand hand;
    REQUIRE(hand.shake());
    return !act(hand).has_value();
  };
  CHECK(fails([](Hand& hand) { return hand.command({"publish", 1, AmfNull(), "key"}); }));  // before connect
  CHECK(fails([](Hand& hand) { return hand.command({5, 1}); }));                            // no name
  CHECK(fails([](Hand& hand) { return hand.message(kCommand, {}); }));
  CHECK(fails([](Hand& hand) {
    (void)hand.connect();
    return hand.connect();
  }));
  CHECK(fails([](Hand& hand) {
    (void)hand.connect();
    return hand.command({"play", 2, AmfNull(), "key"}, 1);
  }));
  CHECK(fails([](Hand& hand) {
    (void)hand.connect();
    for (int i = 0; i < 8; ++i) REQUIRE(hand.command({"createStream", 2, AmfNull()}));
    return hand.command({"createStream", 2, AmfNull()});
  }));
  CHECK(fails([](Hand& hand) {
    (void)hand.connect();
    Result<> result;
    for (int i = 0; i < 100 && result; ++i) {
      result = hand.command({"_checkbw", 2, AmfNull()});
      (void)hand.server.take_output();
    }
    return result;
  }));
  CHECK(fails([](Hand& hand) {
    (void)hand.connect();
    Result<> result;
    for (int i = 0; i < 5000 && result; ++i) result = hand.message(kUserControl, Bytes{0, 6, 0, 0, 0, 1});
    return result;  // pings whose answers are not taken
  }));
}

TEST_CASE("deadlines: the handshake, the publish request, and silence after a ping") {
  Hand shaking;
  shaking.clock.advance(milliseconds(4999));
  CHECK(shaking.server.tick());
  shaking.clock.advance(milliseconds(1));
  CHECK(shaking.server.tick().error().code == Errc::kTimeout);

  Hand idle;
  REQUIRE(idle.shake());
  REQUIRE(idle.connect());
  idle.clock.advance(milliseconds(9999));
  CHECK(idle.server.tick());
  idle.clock.advance(milliseconds(1));
  CHECK(idle.server.tick().error().code == Errc::kTimeout);

  Hand silent;
  REQUIRE(silent.go_live());
  silent.clock.advance(seconds(5));
  CHECK(silent.server.tick());
  auto replies = silent.replies();
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].payload[1] == 6);  // a ping
  CHECK(silent.server.tick());
  CHECK(silent.replies().empty());  // one is enough for now
  REQUIRE(silent.message(kUserControl, Bytes{0, 7, 0, 0, 0, 0}));
  silent.clock.advance(milliseconds(14'999));
  CHECK(silent.server.tick());
  silent.clock.advance(milliseconds(1));
  CHECK(silent.server.tick().error().code == Errc::kTimeout);

  Hand asking;
  REQUIRE(asking.shake());
  REQUIRE(asking.connect());
  REQUIRE(asking.command({"publish", 2, AmfNull(), "key"}, 1));
  asking.clock.advance(seconds(60));
  CHECK(asking.server.tick());  // the one who is asked has a deadline of its own
}

TEST_CASE("an answer to a question that nobody asked is refused") {
  Hand hand;
  REQUIRE(hand.shake());
  CHECK(hand.server.accept_publish().error().code == Errc::kConflict);
  hand.server.refuse_publish("no");
  CHECK(hand.server.state() == ServerSession::State::kIdle);
}

TEST_CASE("a stranger's message is small, and a publisher's may be a large picture") {
  Hand stranger;
  REQUIRE(stranger.shake());
  CHECK(stranger.message(kData, Bytes(17 * 1024)).error().code == Errc::kLimit);
  Hand publisher;
  REQUIRE(publisher.go_live());
  CHECK(publisher.message(kVideo, Bytes(4 << 20, 1), 1));
  CHECK(publisher.media().size() == 1);
  CHECK(publisher.message(kVideo, Bytes((4 << 20) + 1, 1), 1).error().code == Errc::kLimit);
}
