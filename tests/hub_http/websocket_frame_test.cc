#include "hub/websocket_frame.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::hub;

namespace {

Bytes frame(uint8_t first, std::string_view payload, bool masked = true) {
  Bytes out{first};
  ByteWriter writer(out);
  uint8_t mask_bit = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    writer.u8(mask_bit | static_cast<uint8_t>(payload.size()));
  } else if (payload.size() < 65536) {
    writer.u8(mask_bit | 126);
    writer.u16(static_cast<uint16_t>(payload.size()));
  } else {
    writer.u8(mask_bit | 127);
    writer.u64(payload.size());
  }
  if (!masked) {
    writer.append(payload);
    return out;
  }
  const uint8_t mask[4] = {1, 2, 3, 4};
  writer.append(ByteView(mask));
  for (size_t i = 0; i < payload.size(); ++i) out.push_back(static_cast<uint8_t>(payload[i]) ^ mask[i & 3]);
  return out;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Outcome {
  std::vector<WsEvent> events;
  int violation = 0;
};

Outcome decode(const Bytes& bytes, size_t max_message = 100000) {
  WsDecoder decoder(max_message);
  Outcome out;
  auto fed = decoder.feed(bytes, out.events);
  if (!fed) out.violation = fed.error().code;
  return out;
}

}  // namespace

TEST_CASE("text comes through whole, whatever its length and wherever it is cut") {
  for (size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u}) {
    std::string text(size, 'x');
    auto out = decode(frame(0x81, text));
    REQUIRE(out.events.size() == 1);
    CHECK(as_text(out.events[0].payload) == text);
  }
  Bytes two = frame(0x81, "one") + frame(0x81, "two");
  for (size_t cut = 0; cut <= two.size(); ++cut) {
    WsDecoder decoder(100);
    std::vector<WsEvent> events;
    REQUIRE(decoder.feed(ByteView(two).first(cut), events));
    REQUIRE(decoder.feed(ByteView(two).subspan(cut), events));
    REQUIRE(events.size() == 2);
    CHECK(as_text(events[1].payload) == "two");
  }
}

TEST_CASE("fragments are put together around control frames") {
  auto out = decode(frame(0x01, "he") + frame(0x89, "ping") + frame(0x00, "l") + frame(0x80, "lo"));
  REQUIRE(out.events.size() == 2);
  CHECK(out.events[0].kind == WsKind::kPing);
  CHECK(as_text(out.events[1].payload) == "hello");
}

TEST_CASE("each breach of the protocol has its close code") {
  CHECK(decode(frame(0x81, "x", false)).violation == 1002);  // not masked
  CHECK(decode(frame(0xC1, "x")).violation == 1002);         // reserved bit
  CHECK(decode(frame(0x82, "x")).violation == 1003);         // binary
  CHECK(decode(frame(0x83, "x")).violation == 1002);         // unknown opcode
  CHECK(decode(frame(0x8B, "x")).violation == 1002);         // unknown control opcode
  CHECK(decode(frame(0x80, "x")).violation == 1002);         // continuation of nothing
  CHECK(decode(frame(0x01, "a") + frame(0x81, "b")).violation == 1002);
  CHECK(decode(frame(0x09, "x")).violation == 1002);  // fragmented control
  CHECK(decode(frame(0x89, std::string(126, 'x'))).violation == 1002);
  CHECK(decode(frame(0x81, "\xff")).violation == 1007);
  CHECK(decode(frame(0x81, "12345678901"), 10).violation == 1009);
  CHECK(decode(frame(0x01, "123456") + frame(0x80, "12345"), 10).violation == 1009);
  CHECK(decode({0x81, 0xFE, 0x00, 0x05, 0, 0, 0, 0}).violation == 1002);  // length not minimal
  CHECK(decode({0x81, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}).violation == 1009);
  CHECK(decode(frame(0x88, "\x03")).violation == 1002);
  CHECK(decode(frame(0x88, std::string("\x03\xED", 2))).violation == 1002);  // 1005 may not be sent
  CHECK(decode(frame(0x88, std::string("\x03\xE8\xff", 3))).violation == 1007);
}

TEST_CASE("a message split inside a character is still UTF-8") {
  auto out = decode(frame(0x01, "\xE5\xBA") + frame(0x80, "\xAD"));
  REQUIRE(out.events.size() == 1);
  CHECK(as_text(out.events[0].payload) == "庭");
}

TEST_CASE("closing says its code and reason") {
  auto out = decode(frame(0x88, std::string("\x03\xE8"
                                            "bye",
                                            5)));
  REQUIRE(out.events.size() == 1);
  CHECK(out.events[0].close_code == 1000);
  CHECK(as_text(out.events[0].payload) == "bye");
  CHECK(decode(frame(0x88, "")).events.at(0).close_code == 1005);
  Bytes ours = ws_close_frame(1013, std::string(122, 'a') + "庭");  // would cut the character
  CHECK(ours.size() == 2 + 2 + 122);
  CHECK(ws_header(kWsText, 70000).size() == 10);
}
