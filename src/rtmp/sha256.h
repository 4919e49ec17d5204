// SHA-256 (FIPS 180-4) and HMAC (RFC 2104) for the RTMP handshake, whose keys are public: this guards
// nothing, and keeps the module free of a crypto library. Secrets are hashed with libsodium elsewhere.
#pragma once

#include <array>

#include "base/bytes.h"

namespace openday::rtmp {

using Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  Sha256& update(ByteView bytes);
  Digest finish();

 private:
  void block(const uint8_t* bytes);

  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> pending_{};
  size_t pending_size_ = 0;
  uint64_t total_ = 0;
};

/// HMAC over the two parts one after the other.
Digest hmac_sha256(ByteView key, ByteView first, ByteView second = {});

}  // namespace openday::rtmp
