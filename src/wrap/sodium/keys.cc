#include "wrap/sodium/keys.h"

#include <sodium.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

namespace openday::sodium {
namespace {

constexpr size_t kPiece = 64 * 1024;
constexpr size_t kLeast = 4 * 1024;
constexpr size_t kOverhead = crypto_secretstream_xchacha20poly1305_ABYTES;
constexpr size_t kHeader = crypto_secretstream_xchacha20poly1305_HEADERBYTES;

// One byte at least marks the end of what is inside (ISO/IEC 7816-4).
size_t filled_size(size_t size) {
  size_t needed = std::max(size + 1, kLeast);
  if (needed <= kPiece) return std::bit_ceil(needed);
  return (needed + kPiece - 1) / kPiece * kPiece;
}

}  // namespace

struct KeyPair::Secrets {
  uint8_t seed[SecretKey::kSize];
  uint8_t box[crypto_box_SECRETKEYBYTES];
  uint8_t sign[crypto_sign_SECRETKEYBYTES];
};

Result<SecretKey> password_key(std::string_view password, ByteView salt) {
  static_assert(kSaltSize == crypto_pwhash_SALTBYTES);
  if (salt.size() != kSaltSize) return fail(Errc::kInvalid, "a salt has 16 bytes");
  if (sodium_init() < 0) std::abort();
  uint8_t out[SecretKey::kSize];
  if (crypto_pwhash(out, sizeof out, password.data(), password.size(), salt.data(),
                    crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE,
                    crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return fail(Errc::kIo, "there is no memory to derive a key from a password");
  }
  auto key = SecretKey::from(out);
  sodium_memzero(out, sizeof out);
  return key;
}

KeyPair::KeyPair() : secrets_(nullptr), public_(kPublicSize) {
  if (sodium_init() < 0) std::abort();
  secrets_ = static_cast<Secrets*>(sodium_malloc(sizeof(Secrets)));
  if (secrets_ == nullptr) std::abort();  // as operator new would
}

KeyPair::~KeyPair() {
  sodium_free(secrets_);
}

std::shared_ptr<const KeyPair> KeyPair::random() {
  return of_seed(SecretKey::random());
}

std::shared_ptr<const KeyPair> KeyPair::of_seed(const SecretKey& seed) {
  static_assert(kPublicSize == crypto_box_PUBLICKEYBYTES + crypto_sign_PUBLICKEYBYTES);
  static_assert(crypto_box_SEEDBYTES == SecretKey::kSize && crypto_sign_SEEDBYTES == SecretKey::kSize);
  std::shared_ptr<KeyPair> pair(new KeyPair());
  std::memcpy(pair->secrets_->seed, seed.bytes().data(), SecretKey::kSize);
  crypto_box_seed_keypair(pair->public_.data(), pair->secrets_->box,
                          seed.derive(1, "pairseal").bytes().data());
  crypto_sign_seed_keypair(pair->public_.data() + crypto_box_PUBLICKEYBYTES, pair->secrets_->sign,
                           seed.derive(2, "pairsign").bytes().data());
  return pair;
}

Result<std::shared_ptr<const KeyPair>> KeyPair::unwrap(const SecretKey& key, ByteView wrapped) {
  OPENDAY_TRY(Bytes seed, sodium::open(key, wrapped));
  auto opened = SecretKey::from(seed);
  wipe(seed);
  if (!opened) return std::unexpected(opened.error());
  return of_seed(*opened);
}

Bytes KeyPair::wrapped(const SecretKey& key) const {
  return seal(key, ByteView(secrets_->seed, sizeof secrets_->seed));
}

Result<Bytes> KeyPair::open(ByteView sealed) const {
  if (sealed.size() < crypto_box_SEALBYTES) return fail(Errc::kInvalid, "a sealed box is too short");
  Bytes plain(sealed.size() - crypto_box_SEALBYTES);
  if (crypto_box_seal_open(plain.data(), sealed.data(), sealed.size(), public_.data(), secrets_->box) != 0) {
    return fail(Errc::kInvalid, "a sealed box was not meant for this key");
  }
  return plain;
}

Bytes KeyPair::sign(ByteView message) const {
  Bytes signature(crypto_sign_BYTES);
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secrets_->sign);
  return signature;
}

Result<Bytes> seal_to(ByteView public_half, ByteView plain) {
  if (public_half.size() != KeyPair::kPublicSize) return fail(Errc::kInvalid, "a public half has 64 bytes");
  if (sodium_init() < 0) std::abort();
  Bytes sealed(plain.size() + crypto_box_SEALBYTES);
  if (crypto_box_seal(sealed.data(), plain.data(), plain.size(), public_half.data()) != 0) {
    return fail(Errc::kInvalid, "nothing can be sealed to this public half");
  }
  return sealed;
}

bool is_signed_by(ByteView public_half, ByteView message, ByteView signature) {
  if (public_half.size() != KeyPair::kPublicSize || signature.size() != crypto_sign_BYTES) return false;
  return crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     public_half.data() + crypto_box_PUBLICKEYBYTES) == 0;
}

Bytes seal_stream(const SecretKey& key, std::string_view purpose, ByteView plain) {
  static_assert(SecretKey::kSize == crypto_secretstream_xchacha20poly1305_KEYBYTES);
  Bytes filled(filled_size(plain.size()));
  std::ranges::copy(plain, filled.begin());
  filled[plain.size()] = 0x80;
  size_t pieces = (filled.size() + kPiece - 1) / kPiece;
  Bytes sealed(kHeader + filled.size() + pieces * kOverhead);
  crypto_secretstream_xchacha20poly1305_state state;
  crypto_secretstream_xchacha20poly1305_init_push(&state, sealed.data(), key.bytes().data());
  ByteView about = as_bytes(purpose);
  uint8_t* out = sealed.data() + kHeader;
  for (size_t at = 0; at < filled.size(); at += kPiece) {
    size_t size = std::min(kPiece, filled.size() - at);
    bool last = at + size == filled.size();
    crypto_secretstream_xchacha20poly1305_push(&state, out, nullptr, filled.data() + at, size, about.data(),
                                               about.size(),
                                               last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
                                                    : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
    out += size + kOverhead;
  }
  wipe(filled);
  sodium_memzero(&state, sizeof state);
  return sealed;
}

Result<Bytes> open_stream(const SecretKey& key, std::string_view purpose, ByteView sealed) {
  Error wrong{Errc::kInvalid, "sealed content does not open with this key, or was changed"};
  crypto_secretstream_xchacha20poly1305_state state;
  if (sealed.size() < kHeader + kOverhead ||
      crypto_secretstream_xchacha20poly1305_init_pull(&state, sealed.data(), key.bytes().data()) != 0) {
    return std::unexpected(wrong);
  }
  ByteView about = as_bytes(purpose);
  ByteView rest = sealed.subspan(kHeader);
  Bytes plain(rest.size());
  size_t size = 0;
  uint8_t tag = 0;
  while (!rest.empty()) {
    // Nothing may follow the piece that is marked as the last.
    size_t piece = std::min(rest.size(), kPiece + kOverhead);
    if (tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL || piece < kOverhead ||
        crypto_secretstream_xchacha20poly1305_pull(&state, plain.data() + size, nullptr, &tag, rest.data(),
                                                   piece, about.data(), about.size()) != 0) {
      return std::unexpected(wrong);
    }
    size += piece - kOverhead;
    rest = rest.subspan(piece);
  }
  sodium_memzero(&state, sizeof state);
  if (tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL) return std::unexpected(wrong);
  while (size > 0 && plain[size - 1] == 0) --size;
  if (size == 0 || plain[size - 1] != 0x80) return std::unexpected(wrong);
  plain.resize(size - 1);
  return plain;
}

}  // namespace openday::sodium
