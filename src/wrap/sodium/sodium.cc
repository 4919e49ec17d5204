#include "wrap/sodium/sodium.h"

#include <sodium.h>

#include <cstdlib>
#include <cstring>

namespace openday::sodium {
namespace {

// sodium_init() may be called often and from any thread; without it the library refuses to be trusted.
void ensure_ready() {
  if (sodium_init() < 0) std::abort();
}

}  // namespace

SecretKey SecretKey::random() {
  ensure_ready();
  SecretKey key;
  randombytes_buf(key.bytes_, kSize);
  return key;
}

Result<SecretKey> SecretKey::from(ByteView bytes) {
  if (bytes.size() != kSize) return fail(Errc::kInvalid, "a secret key has 32 bytes");
  ensure_ready();
  SecretKey key;
  std::memcpy(key.bytes_, bytes.data(), kSize);
  return key;
}

SecretKey::~SecretKey() {
  sodium_memzero(bytes_, kSize);
}

SecretKey SecretKey::derive(uint64_t number, std::string_view context) const {
  static_assert(kSize == crypto_kdf_KEYBYTES && kSize <= crypto_kdf_BYTES_MAX);
  char label[crypto_kdf_CONTEXTBYTES] = {};
  std::memcpy(label, context.data(), std::min(context.size(), sizeof label));
  SecretKey key;
  crypto_kdf_derive_from_key(key.bytes_, kSize, number, label, bytes_);
  return key;
}

Result<std::string> hash_password(std::string_view password) {
  ensure_ready();
  char text[crypto_pwhash_STRBYTES];
  if (crypto_pwhash_str(text, password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                        crypto_pwhash_MEMLIMIT_INTERACTIVE) != 0) {
    return fail(Errc::kIo, "there is no memory to hash a password");
  }
  return std::string(text);
}

bool matches_password(const std::string& hash, std::string_view password) {
  ensure_ready();
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

Bytes sha256(ByteView data) {
  Bytes digest(crypto_hash_sha256_BYTES);
  crypto_hash_sha256(digest.data(), data.data(), data.size());
  return digest;
}

Bytes hmac_sha256(const SecretKey& key, ByteView data) {
  static_assert(SecretKey::kSize == crypto_auth_hmacsha256_KEYBYTES);
  Bytes code(crypto_auth_hmacsha256_BYTES);
  crypto_auth_hmacsha256(code.data(), data.data(), data.size(), key.bytes().data());
  return code;
}

Digest hmac_sha256(ByteView key, ByteView first, ByteView second) {
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, key.data(), key.size());
  crypto_auth_hmacsha256_update(&state, first.data(), first.size());
  crypto_auth_hmacsha256_update(&state, second.data(), second.size());
  Digest code;
  static_assert(code.size() == crypto_auth_hmacsha256_BYTES);
  crypto_auth_hmacsha256_final(&state, code.data());
  return code;
}

Bytes seal(const SecretKey& key, ByteView plain) {
  static_assert(SecretKey::kSize == crypto_secretbox_KEYBYTES);
  Bytes sealed(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + plain.size());
  randombytes_buf(sealed.data(), crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(sealed.data() + crypto_secretbox_NONCEBYTES, plain.data(), plain.size(),
                        sealed.data(), key.bytes().data());
  return sealed;
}

Result<Bytes> open(const SecretKey& key, ByteView sealed) {
  if (sealed.size() < crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES) {
    return fail(Errc::kInvalid, "sealed value is too short");
  }
  Bytes plain(sealed.size() - crypto_secretbox_NONCEBYTES - crypto_secretbox_MACBYTES);
  if (crypto_secretbox_open_easy(plain.data(), sealed.data() + crypto_secretbox_NONCEBYTES,
                                 sealed.size() - crypto_secretbox_NONCEBYTES, sealed.data(),
                                 key.bytes().data()) != 0) {
    return fail(Errc::kInvalid, "sealed value does not open with the server key");
  }
  return plain;
}

void wipe(Bytes& bytes) {
  sodium_memzero(bytes.data(), bytes.size());
  bytes.clear();
}

void wipe(std::string& text) {
  sodium_memzero(text.data(), text.size());
  text.clear();
}

}  // namespace openday::sodium
