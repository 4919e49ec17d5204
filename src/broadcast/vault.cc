#include "broadcast/vault.h"

#include "wrap/sodium/sodium.h"

namespace openday::broadcast {

struct Vault::Keys {
  sodium::SecretKey ingest;
  sodium::SecretKey secrets;
};

Vault::Vault(std::unique_ptr<const Keys> keys) : keys_(std::move(keys)) {}
Vault::Vault(Vault&&) noexcept = default;
Vault& Vault::operator=(Vault&&) noexcept = default;
Vault::~Vault() = default;

Result<Vault> Vault::with_key(ByteView server_key) {
  OPENDAY_TRY(auto key, sodium::SecretKey::from(server_key));
  return Vault(std::make_unique<const Keys>(Keys{key.derive(1, "ingest"), key.derive(2, "secrets")}));
}

Bytes Vault::ingest_digest(std::string_view stream_key) const {
  return sodium::hmac_sha256(keys_->ingest, as_bytes(stream_key));
}

Bytes Vault::seal(std::string_view plain) const {
  return sodium::seal(keys_->secrets, as_bytes(plain));
}

Result<std::string> Vault::open(const Bytes& sealed) const {
  OPENDAY_TRY(Bytes plain, sodium::open(keys_->secrets, sealed));
  return std::string(as_text(plain));
}

std::string sha256_hex(std::string_view text) {
  return to_hex(sodium::sha256(as_bytes(text)));
}

}  // namespace openday::broadcast
