// Who can read tips: officers whose keys somebody on the roster has vouched for.
//
// The first officer's pair is the root. Beside it stands the recovery key, which is printed and put away; the
// root signs its public half. Every other pair counts only once a key that counts has signed for it, and the
// chain is checked each time something is sealed. So an officer that the admin invents, in the accounts or in
// the database, is told nothing: nobody vouched for them. The root itself is tied to this installation by a
// code under the server key, which is not in the database.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "account/people.h"
#include "base/bytes.h"
#include "base/result.h"

namespace openday::sodium {
class KeyPair;
class SecretKey;
}  // namespace openday::sodium

namespace openday::desk {

using Pair = std::shared_ptr<const sodium::KeyPair>;

struct Root {
  std::string person;
  Bytes public_half;
  Bytes recovery;            // its public half
  Bytes recovery_signature;  // the root's
  Bytes code;                // HouseKeys::code() of all of the above
  bool operator==(const Root&) const = default;
};

/// "These are the keys of this person", said by who has the signing key. Never removed: whom a former officer
/// vouched for stays.
struct Certificate {
  std::string person;
  Bytes public_half;
  Bytes signer;  // public half
  Bytes signature;
  bool operator==(const Certificate&) const = default;
};

/// What this installation alone knows. Immutable; any thread.
class HouseKeys {
 public:
  /// `server_key`: 32 secret bytes, kept outside the database.
  static Result<HouseKeys> with_key(ByteView server_key);
  HouseKeys(HouseKeys&&) noexcept;
  HouseKeys& operator=(HouseKeys&&) noexcept;
  ~HouseKeys();

  [[nodiscard]] Bytes code(const Root& root) const;
  /// Of receipts.
  [[nodiscard]] const Bytes& salt() const { return salt_; }

 private:
  explicit HouseKeys(std::unique_ptr<const sodium::SecretKey> roots, Bytes salt);
  std::unique_ptr<const sodium::SecretKey> roots_;
  Bytes salt_;
};

Root make_root(const HouseKeys& house, const std::string& person, const Pair& pair, const Pair& recovery);
Certificate certify(const std::string& person, const Bytes& public_half, const Pair& signer);

/// Everything is checked: the root's code, its signature of the recovery key, every link of every chain.
class Roster {
 public:
  /// Nobody is on it when there is no root. kRefused: the root is not this installation's, or its recovery
  /// key is not what it signed.
  static Result<Roster> of(const std::optional<Root>& root, const std::vector<Certificate>& certificates,
                           const std::vector<account::Keys>& keys, const std::vector<account::Person>& people,
                           const HouseKeys& house);

  [[nodiscard]] bool founded() const { return founded_; }
  /// Officers with their keys, by id; without those whose password the admin gave.
  [[nodiscard]] const std::vector<account::Keys>& officers() const { return officers_; }
  [[nodiscard]] const Bytes& recovery() const { return recovery_; }
  [[nodiscard]] bool has(const std::string& person, const Bytes& public_half) const;

 private:
  bool founded_ = false;
  std::vector<account::Keys> officers_;
  Bytes recovery_;
};

/// What people compare: 128 bits of the public half's hash as "1a2b 3c4d …", eight groups.
std::string fingerprint(ByteView public_half);

/// The recovery key as it is printed: 160 random bits in 32 characters and a checksum in 4, by fours. No
/// letter that looks like a digit.
struct Recovery {
  std::string printed;
  Pair pair;
};
Recovery make_recovery();
/// Spaces, dashes and case do not matter; O is 0, I and L are 1. kInvalid: not one, or mistyped.
Result<Pair> read_recovery(std::string_view typed);

}  // namespace openday::desk
