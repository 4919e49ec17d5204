#include "rtmp/chunk.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::rtmp;

namespace {

// Reads `bytes` in pieces of every size that matters and returns the messages; all sizes must agree.
struct Reading {
  std::vector<ChunkMessage> messages;
  Result<> result;
};

Reading read(const Bytes& bytes, const ChunkLimits& limits = {}) {
  Reading first;
  for (size_t piece : {bytes.size(), size_t{1}, size_t{3}, size_t{129}}) {
    Reading reading;
    ChunkReader reader(limits);
    for (size_t at = 0; at < bytes.size() && reading.result; at += piece) {
      auto part = ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at));
      auto taken = reader.feed(part, [&](ChunkMessage message) -> Result<> {
        reading.messages.push_back(std::move(message));
        return {};
      });
      if (!taken || *taken != part.size()) {
        reading.result = taken ? fail(Errc::kInternal, "bytes were left") : std::unexpected(taken.error());
      }
    }
    if (piece == bytes.size()) {
      first = std::move(reading);
      continue;
    }
    CHECK(reading.result.has_value() == first.result.has_value());
    REQUIRE(reading.messages.size() == first.messages.size());
    bool same = true;
    for (size_t i = 0; i < reading.messages.size(); ++i) {
      same = same && reading.messages[i].timestamp == first.messages[i].timestamp &&
             reading.messages[i].payload == first.messages[i].payload;
    }
    CHECK(same);
  }
  return first;
}

std::vector<uint32_t> times(const Reading& reading) {
  std::vector<uint32_t> out;
  for (const auto& message : reading.messages) out.push_back(message.timestamp);
  return out;
}

Bytes join(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

// Headers of one chunk (spec 5.3.1), payload of one byte unless said otherwise.
Bytes type0(uint8_t id, uint32_t time, uint32_t length = 1, uint8_t type = kVideo) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(id);
  writer.u24(time);
  writer.u24(length);
  writer.u8(type);
  writer.u32le(1);
  return out;
}
Bytes type1(uint8_t id, uint32_t delta, uint32_t length = 1) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(static_cast<uint8_t>(0x40 | id));
  writer.u24(delta);
  writer.u24(length);
  writer.u8(kVideo);
  return out;
}
Bytes type2(uint8_t id, uint32_t delta) {
  return {static_cast<uint8_t>(0x80 | id), static_cast<uint8_t>(delta >> 16),
          static_cast<uint8_t>(delta >> 8), static_cast<uint8_t>(delta)};
}
Bytes type3(uint8_t id) {
  return {static_cast<uint8_t>(0xC0 | id)};
}
const Bytes kOne = {0xEE};
Bytes u32(uint32_t value) {
  Bytes out;
  ByteWriter(out).u32(value);
  return out;
}

}  // namespace

TEST_CASE("what the writer cuts the reader puts together") {
  for (uint32_t chunk_size : {1u, 128u, 4096u}) {
    for (uint32_t time : {0u, 0xFFFFFEu, 0xFFFFFFu, 0xFFFFFFFFu}) {
      for (size_t size : {0u, 1u, 127u, 128u, 129u, 10'000u}) {
        Bytes payload(size);
        for (size_t i = 0; i < size; ++i) payload[i] = static_cast<uint8_t>(i * 7);
        Bytes wire;
        ChunkWriter writer;
        writer.write(wire, 2, kSetChunkSize, 0, 0, u32(chunk_size));
        writer.set_chunk_size(chunk_size);
        writer.write(wire, 4, kVideo, 7, time, payload);
        writer.write(wire, 4, kVideo, 7, time, payload);
        Reading reading = read(wire);
        REQUIRE(reading.result);
        REQUIRE(reading.messages.size() == 2);
        CHECK(reading.messages[1].payload == payload);
        CHECK(reading.messages[1].timestamp == time);
        CHECK(reading.messages[1].type == kVideo);
        CHECK(reading.messages[1].stream == 7);
      }
    }
  }
}

TEST_CASE("deltas add up, and a type 3 chunk that begins a message adds the last one again") {
  CHECK(times(read(join({type0(4, 1000), kOne, type1(4, 20), kOne, type2(4, 40), kOne, type3(4), kOne,
                         type3(4), kOne}))) == std::vector<uint32_t>{1000, 1020, 1060, 1100, 1140});
  // After a type 0 chunk its own timestamp is what is added (spec 5.3.1.2.4).
  CHECK(times(read(join({type0(4, 33), kOne, type3(4), kOne}))) == std::vector<uint32_t>{33, 66});
}

TEST_CASE("two- and three-byte chunk stream ids are read") {
  Bytes two = type0(0, 5);
  two.insert(two.begin() + 1, 10);  // id 74
  Bytes three = type0(1, 6);
  three.insert(three.begin() + 1, {0xFF, 0xFF});  // id 65599
  Reading reading = read(join({two, kOne, three, kOne, {0xC1, 0xFF, 0xFF}, kOne}));
  REQUIRE(reading.result);
  CHECK(times(reading) == std::vector<uint32_t>{5, 6, 12});
}

TEST_CASE("messages of several chunk streams may be interleaved") {
  Bytes half(128, 1);
  Bytes other(128, 2);
  Reading reading =
      read(join({type0(4, 1, 256), half, type0(6, 2, 256), other, type3(4), half, type3(6), other}));
  REQUIRE(reading.result);
  REQUIRE(reading.messages.size() == 2);
  CHECK(reading.messages[0].payload == Bytes(256, 1));
  CHECK(reading.messages[1].payload == Bytes(256, 2));
}

TEST_CASE("a stream may begin with a type 1 chunk, and with no shorter one") {
  CHECK(times(read(join({type1(9, 50), kOne}))) == std::vector<uint32_t>{50});
  CHECK_FALSE(read(join({type2(9, 50), kOne})).result);
  CHECK_FALSE(read(join({type3(9), kOne})).result);
}

TEST_CASE("extended timestamps are repeated in type 3 chunks by some and left out by others") {
  uint32_t time = 0x01020304;
  Bytes head = join({type0(4, 0xFFFFFF, 300), u32(time)});
  Bytes part(128, 9);
  Bytes rest(44, 9);
  Reading repeated = read(join({head, part, type3(4), u32(time), part, type3(4), u32(time), rest}));
  REQUIRE(repeated.messages.size() == 1);
  CHECK(repeated.messages[0].payload == Bytes(300, 9));
  CHECK(repeated.messages[0].timestamp == time);
  Reading omitted = read(join({head, part, type3(4), part, type3(4), rest}));
  REQUIRE(omitted.messages.size() == 1);
  CHECK(omitted.messages[0].payload == Bytes(300, 9));
  // Payload that begins like the field is told from it at the first byte that differs, even at a chunk's
  // short end.
  Bytes alike(44, 9);
  alike[0] = 0x01;
  alike[1] = 0x02;
  Reading close = read(join({head, part, type3(4), part, type3(4), alike}));
  REQUIRE(close.messages.size() == 1);
  CHECK(close.messages[0].payload.back() == 9);
  CHECK(close.messages[0].payload[256] == 0x01);
}

TEST_CASE("a chunk shorter than what was peeked at gives the rest back to the next header") {
  uint32_t time = 0x01020304;
  // 129 bytes: the second chunk carries one byte, and the next header follows where a field might be.
  Bytes wire = join({type0(4, 0xFFFFFF, 129), u32(time), Bytes(128, 9), type3(4), {0x01}, type0(6, 7), kOne});
  Reading reading = read(wire);
  REQUIRE(reading.result);
  REQUIRE(reading.messages.size() == 2);
  CHECK(reading.messages[0].payload[128] == 0x01);
  CHECK(reading.messages[1].timestamp == 7);
}

TEST_CASE("an extended field is a delta for types 1 and 2") {
  CHECK(times(read(join({type0(4, 100), kOne, type1(4, 0xFFFFFF), u32(0x01000000), kOne}))) ==
        std::vector<uint32_t>{100, 0x01000064});
}

TEST_CASE("Abort drops the beginning of a message") {
  Bytes wire = join({type0(4, 1, 256), Bytes(128, 1), type0(2, 0, 4, kAbort), u32(4), type0(4, 2), kOne});
  Reading reading = read(wire);
  REQUIRE(reading.result);
  CHECK(times(reading) == std::vector<uint32_t>{2});
}

TEST_CASE("a chunk size of zero or above 31 bits is refused, and one beyond any message is taken") {
  auto with = [](uint32_t size) {
    return join({type0(2, 0, 4, kSetChunkSize), u32(size), type0(4, 0, 200), Bytes(200, 1)});
  };
  CHECK_FALSE(read(with(0)).result);
  CHECK_FALSE(read(with(0x80000000)).result);
  CHECK(read(with(0x7FFFFFFF)).messages.size() == 1);
  CHECK_FALSE(read(join({type0(2, 0, 2, kSetChunkSize), {0, 1}})).result);
}

TEST_CASE("a message that begins inside another on its chunk stream is refused") {
  CHECK_FALSE(read(join({type0(4, 1, 256), Bytes(128, 1), type0(4, 2, 256)})).result);
}

TEST_CASE("messages, unfinished messages and chunk streams are capped, and memory follows what arrived") {
  ChunkLimits limits{.message = 1000, .partial = 1500, .chunk_streams = 3};
  CHECK(read(join({type0(4, 0, 1001)}), limits).result.error().code == Errc::kLimit);
  CHECK(read(join({type0(3, 0), kOne, type0(4, 0), kOne, type0(5, 0), kOne, type0(6, 0), kOne}), limits)
            .result.error()
            .code == Errc::kLimit);
  ChunkReader reader(limits);
  auto ignore = [](const ChunkMessage&) -> Result<> { return {}; };
  Bytes set_size = join({type0(2, 0, 4, kSetChunkSize), u32(900)});
  REQUIRE(reader.feed(set_size, ignore));
  REQUIRE(reader.feed(join({type0(4, 0, 1000), Bytes(900, 1)}), ignore));
  CHECK(reader.partial_bytes() == 900);
  auto beyond = reader.feed(join({type0(5, 0, 1000), Bytes(700, 1)}), ignore);
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().code == Errc::kLimit);
  CHECK_FALSE(reader.feed(kOne, ignore));  // broken for good
}

TEST_CASE("a reader that is told to hold stops after that message") {
  ChunkReader reader;
  int seen = 0;
  Bytes wire = join({type0(4, 1), kOne, type0(4, 2), kOne});
  auto taken = reader.feed(wire, [&](const ChunkMessage&) -> Result<> {
    ++seen;
    reader.hold();
    return {};
  });
  REQUIRE(taken);
  CHECK(*taken == wire.size() / 2);
  CHECK(seen == 1);
}

TEST_CASE("message times go on past 32 bits, together for audio and video") {
  TimestampUnwrapper times;
  CHECK(times.unwrap(0xFFFFFFF0, true) == 0xFFFFFFF0);
  CHECK(times.unwrap(0x10, true) == 0x100000010);       // audio has wrapped
  CHECK(times.unwrap(0xFFFFFFF8, true) == 0xFFFFFFF8);  // video not yet
  CHECK(times.unwrap(0, false) == 0x100000000);         // metadata stamped 0 moves nothing
  CHECK(times.unwrap(0x20, true) == 0x100000020);
}

TEST_CASE("a step back stays a step back, and never goes before zero") {
  TimestampUnwrapper times;
  CHECK(times.unwrap(5000, true) == 5000);
  CHECK(times.unwrap(3000, true) == 3000);
  TimestampUnwrapper from_zero;
  CHECK(from_zero.unwrap(0, true) == 0);
  CHECK(from_zero.unwrap(3'000'000'000, true) == 3'000'000'000);  // headers at 0, then a wall-clock time
}
