// libsodium's primitives as this project uses them: hashes, message authentication and sealing under one
// secret key. Every function may be called from any thread.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::sodium {

/// 32 secret bytes, wiped from memory when they go.
class SecretKey {
 public:
  static constexpr size_t kSize = 32;
  static SecretKey random();
  /// kInvalid unless `bytes` are exactly kSize.
  static Result<SecretKey> from(ByteView bytes);

  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  [[nodiscard]] ByteView bytes() const { return ByteView(bytes_, kSize); }
  /// An independent key for one purpose (crypto_kdf), so that no key serves two algorithms. `context`: 8
  /// letters.
  [[nodiscard]] SecretKey derive(uint64_t number, std::string_view context) const;

 private:
  SecretKey() = default;
  uint8_t bytes_[kSize] = {};
};

/// SHA-256, 32 bytes.
Bytes sha256(ByteView data);
/// HMAC-SHA-256, 32 bytes.
Bytes hmac_sha256(const SecretKey& key, ByteView data);
/// The same over two parts one after the other, under a key of any length (for protocols whose keys are
/// public).
using Digest = std::array<uint8_t, 32>;
Digest hmac_sha256(ByteView key, ByteView first, ByteView second);

/// XSalsa20-Poly1305 under a random nonce, which stands in front.
Bytes seal(const SecretKey& key, ByteView plain);
/// kInvalid when `sealed` was not made by seal() with this key, or was changed.
Result<Bytes> open(const SecretKey& key, ByteView sealed);

/// Argon2id, 64 MiB and two passes (libsodium's INTERACTIVE): takes about a tenth of a second, so not on a
/// thread that others wait for. The text holds salt and costs, fit for a database.
Result<std::string> hash_password(std::string_view password);
bool matches_password(const std::string& hash, std::string_view password);

/// Overwrites in a way the compiler keeps.
void wipe(Bytes& bytes);
void wipe(std::string& text);

}  // namespace openday::sodium
