// Secrets of the institution under the server key: what may be checked, what may be read back, what may not.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::broadcast {

/// Immutable after construction; any thread.
class Vault {
 public:
  /// `server_key`: 32 secret bytes, kept outside the database.
  static Result<Vault> with_key(ByteView server_key);
  Vault(Vault&&) noexcept;
  Vault& operator=(Vault&&) noexcept;
  ~Vault();

  /// What is stored of an ingest key: tells whether a presented one is right, and nothing else.
  [[nodiscard]] Bytes ingest_digest(std::string_view stream_key) const;
  /// For secrets that must be known in plain again (SRT passphrases, stream keys of targets).
  [[nodiscard]] Bytes seal(std::string_view plain) const;
  [[nodiscard]] Result<std::string> open(const Bytes& sealed) const;

 private:
  struct Keys;
  explicit Vault(std::unique_ptr<const Keys> keys);
  std::unique_ptr<const Keys> keys_;
};

/// SHA-256 as lower-case hex.
std::string sha256_hex(std::string_view text);

}  // namespace openday::broadcast
