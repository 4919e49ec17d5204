#include "link/message.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::link;

namespace {

Bytes whole(const Message& message) {
  Bytes bytes = encode_front(message).value();
  if (message.body) bytes.insert(bytes.end(), message.body->begin(), message.body->end());
  return bytes;
}

struct Fed {
  Result<> result;
  std::vector<Message> messages;
};

Fed feed(ByteView bytes) {
  Decoder decoder;
  Fed fed;
  std::vector<size_t> fds;
  fed.result = decoder.feed(bytes, fed.messages, fds);
  return fed;
}

}  // namespace

TEST_CASE("messages survive being cut anywhere") {
  auto body = std::make_shared<const Bytes>(Bytes{1, 2, 3, 4, 5});
  Bytes stream = whole(make_message("part", {{"msn", 7}}, body));
  Bytes second = whole(make_message("ready"));
  stream.insert(stream.end(), second.begin(), second.end());
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    Decoder decoder;
    std::vector<Message> messages;
    std::vector<size_t> fds;
    REQUIRE(decoder.feed(ByteView(stream).first(cut), messages, fds));
    REQUIRE(decoder.feed(ByteView(stream).subspan(cut), messages, fds));
    REQUIRE(messages.size() == 2);
    CHECK(messages[0].type() == "part");
    CHECK(messages[0].head["msn"] == 7);
    CHECK(*messages[0].body == *body);
    CHECK(messages[1].type() == "ready");
    CHECK_FALSE(messages[1].body);
  }
}

TEST_CASE("a header that lies about lengths is refused before anything is allocated") {
  Bytes good = whole(make_message("x"));
  auto with = [&](size_t at, uint8_t value) {
    Bytes bad = good;
    bad[at] = value;
    return feed(bad).result;
  };
  CHECK(with(0, 'X').error().code == Errc::kInvalid);  // magic
  CHECK(with(5, 9).error().code == Errc::kLimit);      // descriptors
  CHECK(with(6, 1).error().code == Errc::kInvalid);    // reserved
  CHECK(with(8, 0x7F).error().code == Errc::kLimit);   // head of 2 GB
  CHECK(with(12, 0x7F).error().code == Errc::kLimit);  // body of 2 GB
}

TEST_CASE("a head must be an object with a type, not too deep, in valid JSON") {
  auto raw = [](std::string head) {
    Bytes bytes;
    ByteWriter out(bytes);
    out.append("ODL1");
    out.u32(0);
    out.u32(static_cast<uint32_t>(head.size()));
    out.u32(0);
    out.append(head);
    return feed(bytes).result;
  };
  CHECK(raw(R"({"t":"a"})"));
  CHECK_FALSE(raw(R"({"x":1})"));
  CHECK_FALSE(raw(R"(["t"])"));
  CHECK_FALSE(raw(R"({"t":1})"));
  CHECK_FALSE(raw(R"({"t":"a")"));
  CHECK(raw(R"({"t":"a","x":)" + std::string(15, '[') + std::string(15, ']') + "}"));
  CHECK(raw(R"({"t":"a","x":)" + std::string(16, '[') + std::string(16, ']') + "}").error().code ==
        Errc::kLimit);
  CHECK(raw(R"({"t":"a[[[[[[[[[[[[[[[[[[[[[[[[[\""})"));  // brackets inside a text are no depth
}

TEST_CASE("what is larger than the protocol allows is not sent") {
  Message message = make_message("x", {{"text", std::string(kMaxHead, 'a')}});
  CHECK(encode_front(message).error().code == Errc::kLimit);
}
