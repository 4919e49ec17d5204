#include "rtmp/handshake.h"

#include <algorithm>
#include <optional>

#include "wrap/sodium/sodium.h"

namespace openday::rtmp {
namespace {

using sodium::Digest;
using sodium::hmac_sha256;

constexpr uint8_t kVersion = 3;

// The well-known keys: a sentence each, and 32 bytes that both share.
constexpr std::string_view kPlayerKey = "Genuine Adobe Flash Player 001";
constexpr std::string_view kServerKey = "Genuine Adobe Flash Media Server 001";
constexpr std::array<uint8_t, 32> kKeyTail = {
    0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0, 0xd1, 0x02, 0x9e, 0x7e, 0x57,
    0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80, 0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae};

// Where each scheme keeps the four bytes whose sum says where the digest is.
constexpr size_t kSchemeBase[] = {772, 8};

size_t digest_offset(ByteView packet, size_t scheme) {
  size_t base = kSchemeBase[scheme];
  size_t sum = size_t{packet[base]} + packet[base + 1] + packet[base + 2] + packet[base + 3];
  return sum % 728 + base + 4;
}

// The digest of a C1 or S1 covers all of it but itself.
Digest digest_of(ByteView packet, size_t offset, std::string_view key) {
  return hmac_sha256(as_bytes(key), packet.first(offset), packet.subspan(offset + 32));
}

std::optional<size_t> scheme_of(ByteView c1) {
  for (size_t scheme : {size_t{0}, size_t{1}}) {
    size_t offset = digest_offset(c1, scheme);
    Digest expected = digest_of(c1, offset, kPlayerKey);
    if (std::ranges::equal(c1.subspan(offset, 32), expected)) return scheme;
  }
  return std::nullopt;
}

void put_digest(Bytes& packet, size_t offset, const Digest& digest) {
  std::ranges::copy(digest, packet.begin() + static_cast<ptrdiff_t>(offset));
}

// Appends from `bytes` what is missing to `size`; returns the count.
size_t top_up(Bytes& into, ByteView bytes, size_t size) {
  size_t count = std::min(bytes.size(), size - into.size());
  into.insert(into.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
  return count;
}

}  // namespace

Result<size_t> ServerHandshake::feed(ByteView bytes, Bytes& out) {
  size_t taken = 0;
  if (c0c1_.size() < 1 + kHandshakeSize) {
    // The first byte alone tells strangers (TLS, HTTP, RTMPE) apart: no need to hear the rest of them.
    if (c0c1_.empty() && !bytes.empty() && bytes[0] != kVersion) {
      return fail(Errc::kUnsupported, "RTMP: the first byte is not 3, this is another protocol");
    }
    taken = top_up(c0c1_, bytes, 1 + kHandshakeSize);
    if (c0c1_.size() < 1 + kHandshakeSize) return taken;
    answer(out);
  }
  size_t count = std::min(c2_left_, bytes.size() - taken);
  c2_left_ -= count;
  return taken + count;
}

void ServerHandshake::answer(Bytes& out) {
  ByteView c1 = ByteView(c0c1_).subspan(1);
  Bytes s1(4);
  Bytes s2;
  // A version of zero is the plain form of the spec.
  bool plain = std::ranges::all_of(c1.subspan(4, 4), [](uint8_t byte) { return byte == 0; });
  std::optional<size_t> scheme;
  if (!plain) scheme = scheme_of(c1);
  digested_ = scheme.has_value();
  ByteWriter writer(s1);
  writer.u32(digested_ ? 0x04050001 : 0);  // a server version that knows digests, or the spec's zero
  writer.append(random_(kHandshakeSize - 8));
  if (digested_) {
    size_t offset = digest_offset(s1, *scheme);
    put_digest(s1, offset, digest_of(s1, offset, kServerKey));
    Bytes key(kServerKey.begin(), kServerKey.end());
    key.insert(key.end(), kKeyTail.begin(), kKeyTail.end());
    Digest session_key = hmac_sha256(key, c1.subspan(digest_offset(c1, *scheme), 32), {});
    s2 = random_(kHandshakeSize);
    size_t tail = kHandshakeSize - 32;
    put_digest(s2, tail, hmac_sha256(session_key, ByteView(s2).first(tail), {}));
  } else {
    s2.assign(c1.begin(), c1.end());
  }
  ByteWriter reply(out);
  reply.u8(kVersion);
  reply.append(s1);
  reply.append(s2);
}

void ClientHandshake::start(Bytes& out) {
  ByteWriter writer(out);
  writer.u8(kVersion);
  writer.u64(0);  // time and the spec's zero
  writer.append(random_(kHandshakeSize - 8));
}

Result<size_t> ClientHandshake::feed(ByteView bytes, Bytes& out) {
  size_t taken = 0;
  if (s0s1_.size() < 1 + kHandshakeSize) {
    if (s0s1_.empty() && !bytes.empty() && bytes[0] != kVersion) {
      return fail(Errc::kUnsupported, "RTMP: the server does not answer with version 3");
    }
    taken = top_up(s0s1_, bytes, 1 + kHandshakeSize);
    if (s0s1_.size() < 1 + kHandshakeSize) return taken;
    ByteWriter(out).append(ByteView(s0s1_).subspan(1));  // C2 echoes S1
  }
  size_t count = std::min(s2_left_, bytes.size() - taken);
  s2_left_ -= count;
  return taken + count;
}

}  // namespace openday::rtmp
