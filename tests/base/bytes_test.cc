#include "base/bytes.h"

#include <catch2/catch.hpp>

using namespace openday;

TEST_CASE("a reader that runs dry says so and gives zeros from then on") {
  Bytes bytes = {1, 2, 3};
  ByteReader in(bytes);
  CHECK(in.u16() == 0x0102);
  CHECK(in.ok());
  CHECK(in.u16() == 0);
  CHECK_FALSE(in.ok());
  CHECK(in.u8() == 0);
  CHECK(in.remaining() == 0);
}

TEST_CASE("24-bit numbers keep their sign where it is asked for") {
  Bytes bytes = {0xFF, 0xFF, 0xFE, 0x00, 0x00, 0x05, 0xFF, 0xFF, 0xFE};
  ByteReader in(bytes);
  CHECK(in.s24() == -2);
  CHECK(in.s24() == 5);
  CHECK(in.u24() == 0xFFFFFE);
}

TEST_CASE("what a writer puts a reader takes") {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u8(7);
  out.u24(0x010203);
  out.u32le(0x0A0B0C0D);
  out.u64(0x1122334455667788ULL);
  out.append("ab");
  ByteReader in(bytes);
  CHECK(in.u8() == 7);
  CHECK(in.u24() == 0x010203);
  CHECK(in.u32le() == 0x0A0B0C0D);
  CHECK(in.u64() == 0x1122334455667788ULL);
  CHECK(as_text(in.take(2)) == "ab");
  CHECK(in.ok());
}

TEST_CASE("hexadecimal text goes there and back, and nonsense is refused") {
  Bytes bytes = {0x00, 0xAB, 0xFF};
  CHECK(to_hex(bytes) == "00abff");
  CHECK(from_hex("00ABff").value() == bytes);
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("0g"));
}
