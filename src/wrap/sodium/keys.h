// Key pairs that a password opens, boxes only their owner opens, and signatures. Every function may be called
// from any thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "wrap/sodium/sodium.h"

namespace openday::sodium {

/// What a password opens: Argon2id over it and its own salt (libsodium's INTERACTIVE costs, as
/// hash_password()), so a tenth of a second and 64 MiB. `salt`: kSaltSize random bytes. kIo: no memory.
inline constexpr size_t kSaltSize = 16;
Result<SecretKey> password_key(std::string_view password, ByteView salt);

/// Two pairs from one seed: X25519 to be sealed to, Ed25519 to sign with. What is secret of them lies in
/// memory that is not swapped out (as far as the system lets this process lock any), stands between guard
/// pages and is wiped when it goes. Immutable.
class KeyPair {
 public:
  static constexpr size_t kPublicSize = 64;  // 32 to seal to, 32 to check signatures with

  static std::shared_ptr<const KeyPair> random();
  static std::shared_ptr<const KeyPair> of_seed(const SecretKey& seed);
  /// kInvalid when `wrapped` was not made by wrapped() with this key.
  static Result<std::shared_ptr<const KeyPair>> unwrap(const SecretKey& key, ByteView wrapped);
  KeyPair(const KeyPair&) = delete;
  ~KeyPair();

  [[nodiscard]] const Bytes& public_half() const { return public_; }
  /// The seed under another key.
  [[nodiscard]] Bytes wrapped(const SecretKey& key) const;
  /// What seal_to() sealed to this pair's public half, else kInvalid.
  [[nodiscard]] Result<Bytes> open(ByteView sealed) const;
  /// 64 bytes.
  [[nodiscard]] Bytes sign(ByteView message) const;

 private:
  struct Secrets;
  KeyPair();

  Secrets* secrets_;
  Bytes public_;
};

/// Anonymous: does not tell who sealed it. kInvalid unless `public_half` has KeyPair::kPublicSize bytes and
/// is one.
Result<Bytes> seal_to(ByteView public_half, ByteView plain);
bool is_signed_by(ByteView public_half, ByteView message, ByteView signature);

/// Any length under a content key (secretstream, XChaCha20-Poly1305 in pieces of 64 KiB), filled up before so
/// that its length tells little: to 4 KiB, then to the next power of two, from 64 KiB on to multiples of
/// that. `purpose` is bound to it: what was sealed for one does not open for another.
Bytes seal_stream(const SecretKey& key, std::string_view purpose, ByteView plain);
/// kInvalid when it was not sealed with this key for this purpose, was changed or cut.
Result<Bytes> open_stream(const SecretKey& key, std::string_view purpose, ByteView sealed);

}  // namespace openday::sodium
