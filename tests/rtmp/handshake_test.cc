#include "rtmp/handshake.h"

#include <catch2/catch.hpp>

#include "wrap/sodium/sodium.h"

using namespace openday;
using namespace openday::rtmp;
using sodium::Digest;
using sodium::hmac_sha256;

namespace {

constexpr std::string_view kPlayer = "Genuine Adobe Flash Player 001";
constexpr std::string_view kServer = "Genuine Adobe Flash Media Server 001";

Bytes noise(size_t count) {
  Bytes bytes(count);
  for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<uint8_t>(i * 31 + 7);
  return bytes;
}

// Where the scheme's digest lies: 0 looks at bytes 772 …, 1 at bytes 8 ….
size_t digest_at(ByteView packet, int scheme) {
  size_t base = scheme == 0 ? 772 : 8;
  return (packet[base] + packet[base + 1] + packet[base + 2] + packet[base + 3]) % 728 + base + 4;
}

Bytes digested_c1(int scheme) {
  Bytes c1 = noise(kHandshakeSize);
  c1[4] = 9;
  size_t at = digest_at(c1, scheme);
  Digest digest = hmac_sha256(as_bytes(kPlayer), ByteView(c1).first(at), ByteView(c1).subspan(at + 32));
  std::ranges::copy(digest, c1.begin() + static_cast<ptrdiff_t>(at));
  return c1;
}

// S1 and S2 as the server answers C0 and C1.
std::pair<Bytes, Bytes> answer(ServerHandshake& server, const Bytes& c1) {
  Bytes c0c1 = {3};
  c0c1.insert(c0c1.end(), c1.begin(), c1.end());
  Bytes out;
  REQUIRE(server.feed(c0c1, out).value() == c0c1.size());
  REQUIRE(out.size() == 1 + 2 * kHandshakeSize);
  CHECK(out[0] == 3);
  return {Bytes(out.begin() + 1, out.begin() + 1 + kHandshakeSize),
          Bytes(out.begin() + 1 + kHandshakeSize, out.end())};
}

}  // namespace

TEST_CASE("HMAC over two parts, under a key of any length, gives the published test values") {
  CHECK(to_hex(hmac_sha256(Bytes(20, 0x0B), as_bytes("Hi "), as_bytes("There"))) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");  // RFC 4231, 4.2
  CHECK(to_hex(hmac_sha256(Bytes(131, 0xAA),
                           as_bytes("Test Using Larger Than Block-Size Key - Hash Key First"), {})) ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");  // RFC 4231, 4.7
}

TEST_CASE("a plain C1 is echoed") {
  ServerHandshake server(noise);
  Bytes c1 = noise(kHandshakeSize);
  std::fill(c1.begin() + 4, c1.begin() + 8, uint8_t{0});
  auto [s1, s2] = answer(server, c1);
  CHECK(s2 == c1);
  CHECK_FALSE(server.digested());
}

TEST_CASE("a C1 with a version but no valid digest is echoed") {
  ServerHandshake server(noise);
  Bytes c1 = digested_c1(0);
  c1[100] ^= 1;
  auto [s1, s2] = answer(server, c1);
  CHECK(s2 == c1);
}

TEST_CASE("a digest of either scheme is answered in kind") {
  for (int scheme : {0, 1}) {
    ServerHandshake server(noise);
    Bytes c1 = digested_c1(scheme);
    auto [s1, s2] = answer(server, c1);
    CHECK(server.digested());
    size_t at = digest_at(s1, scheme);
    Digest expected = hmac_sha256(as_bytes(kServer), ByteView(s1).first(at), ByteView(s1).subspan(at + 32));
    CHECK(std::ranges::equal(ByteView(s1).subspan(at, 32), expected));
    CHECK(s2 != c1);
  }
}

TEST_CASE("whatever comes as C2 is taken, in whatever pieces, and nothing beyond it") {
  ServerHandshake server(noise);
  Bytes bytes = {3};
  bytes.resize(1 + kHandshakeSize + kHandshakeSize + 10, 0xAB);
  Bytes out;
  size_t taken = 0;
  for (uint8_t byte : bytes) taken += server.feed(Bytes{byte}, out).value();
  CHECK(server.done());
  CHECK(taken == bytes.size() - 10);
}

TEST_CASE("another protocol is recognised by its first byte") {
  ServerHandshake server(noise);
  Bytes out;
  CHECK(server.feed(Bytes{6}, out).error().code == Errc::kUnsupported);  // encrypted RTMP
  CHECK(ServerHandshake(noise).feed(Bytes{0x16, 3, 1}, out).error().code == Errc::kUnsupported);  // TLS
  CHECK(out.empty());
}

TEST_CASE("a client and a server shake hands") {
  ClientHandshake client(noise);
  ServerHandshake server(noise);
  Bytes up;
  Bytes down;
  client.start(up);
  REQUIRE(server.feed(up, down));
  up.clear();
  REQUIRE(client.feed(down, up));
  CHECK(client.done());
  REQUIRE(server.feed(up, down));
  CHECK(server.done());
}
