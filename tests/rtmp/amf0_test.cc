#include "rtmp/amf0.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::rtmp;

namespace {

Result<std::vector<AmfValue>> decode(std::initializer_list<uint8_t> bytes, const AmfLimits& limits = {}) {
  return decode_amf0(Bytes(bytes), limits);
}

Bytes nested(int depth, bool closed = true) {
  Bytes bytes;
  for (int i = 0; i < depth; ++i) bytes.insert(bytes.end(), {0x03, 0, 1, 'a'});
  bytes.push_back(0x05);
  for (int i = 0; closed && i < depth; ++i) bytes.insert(bytes.end(), {0, 0, 9});
  return bytes;
}

}  // namespace

TEST_CASE("every kind of value that is written is read back") {
  AmfValue tree = AmfValue::object({{"number", 0.25},
                                    {"flag", true},
                                    {"text", "天平"},
                                    {"long", std::string(70000, 'x')},
                                    {"nothing", AmfNull()},
                                    {"unknown", AmfUndefined()},
                                    {"date", AmfDate{1.7e12}},
                                    {"list", AmfArray{{1, "two", AmfNull()}}},
                                    {"map", AmfValue::ecma_array({{"width", 1280}})}});
  AmfLimits limits;
  limits.text = 100'000;
  auto values = decode_amf0(encode_amf0({"connect", 1, tree}), limits);
  REQUIRE(values);
  REQUIRE(values->size() == 3);
  CHECK((*values)[2] == tree);
  CHECK((*values)[2].text_of("text") == "天平");
  CHECK(*(*values)[2].member("map")->member("width")->number() == 1280);
  CHECK((*values)[2].member("missing") == nullptr);
}

TEST_CASE("the bytes on the wire are those of the AMF0 specification") {
  CHECK(encode_amf0({1.0}) == Bytes{0x00, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0});
  CHECK(encode_amf0({AmfValue::object({{"a", true}})}) == Bytes{0x03, 0, 1, 'a', 0x01, 1, 0, 0, 0x09});
  CHECK(encode_amf0({AmfValue::ecma_array({{"a", "b"}})}) ==
        Bytes{0x08, 0, 0, 0, 1, 0, 1, 'a', 0x02, 0, 1, 'b', 0, 0, 0x09});
}

TEST_CASE("an ECMA array ends at its end marker, whatever count it declares") {
  auto values = decode({0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1, 'a', 0x05, 0, 0, 0x09});
  REQUIRE(values);
  CHECK((*values)[0].object()->members.size() == 1);
}

TEST_CASE("a declared count or length allocates nothing and fails where the bytes end") {
  CHECK(decode({0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x05}).error().code == Errc::kInvalid);
  CHECK(decode({0x0C, 0xFF, 0xFF, 0xFF, 0xFF, 'x'}).error().code == Errc::kLimit);
  CHECK(decode({0x02, 0x00, 0x05, 'x'}).error().code == Errc::kInvalid);
}

TEST_CASE("depth, number of values and length of strings are capped") {
  CHECK(decode_amf0(nested(8)));
  CHECK(decode_amf0(nested(9)).error().code == Errc::kLimit);
  CHECK(decode_amf0(nested(100'000, false)).error().code == Errc::kLimit);  // no stack is used up
  Bytes many(2000, 0x05);
  CHECK(decode_amf0(many).error().code == Errc::kLimit);
  Bytes text = encode_amf0({std::string(20'000, 'x')});
  CHECK(decode_amf0(text).error().code == Errc::kLimit);
}

TEST_CASE("types that no publisher sends are refused, and the harmless rare ones are read") {
  CHECK_FALSE(decode({0x11, 0x0A}));                              // AMF3
  CHECK_FALSE(decode({0x0E}));                                    // record set
  CHECK_FALSE(decode({0x03, 0, 1, 'a'}));                         // cut short
  CHECK(decode({0x07, 0, 1}));                                    // reference
  CHECK(decode({0x10, 0, 1, 'C', 0, 1, 'a', 0x05, 0, 0, 0x09}));  // typed object
}
