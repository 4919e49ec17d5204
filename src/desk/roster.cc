#include "desk/roster.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/random.h"
#include "base/text.h"
#include "wrap/sodium/keys.h"

namespace openday::desk {
namespace {

using account::Keys;
using account::Person;

// Every part with its length before it, so that no two statements read the same.
void add(Bytes& statement, ByteView part) {
  ByteWriter writer(statement);
  writer.u32(static_cast<uint32_t>(part.size()));
  writer.append(part);
}

Bytes statement_of(std::string_view purpose, std::string_view person, ByteView public_half) {
  Bytes statement;
  add(statement, as_bytes(purpose));
  add(statement, as_bytes(person));
  add(statement, public_half);
  return statement;
}

constexpr std::string_view kOfficer = "openday desk officer 1";
constexpr std::string_view kRecovery = "openday desk recovery 1";
constexpr std::string_view kRoot = "openday desk root 1";

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // Crockford's base 32
constexpr size_t kRecoveryBytes = 20;
constexpr size_t kRecoveryDigits = kRecoveryBytes * 8 / 5;
constexpr size_t kCheckDigits = 4;

std::string in_digits(ByteView bytes, size_t count) {
  std::string text;
  uint32_t pending = 0;
  int bits = 0;
  for (uint8_t byte : bytes) {
    pending = pending << 8 | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += kDigits[pending >> bits & 31u];
      if (text.size() == count) return text;
    }
    pending &= (1u << bits) - 1;
  }
  return text;
}

Bytes of_digits(std::string_view text) {
  Bytes bytes;
  uint32_t pending = 0;
  int bits = 0;
  for (char digit : text) {
    pending = pending << 5 | static_cast<uint32_t>(kDigits.find(digit));
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<uint8_t>(pending >> bits));
    pending &= (1u << bits) - 1;
  }
  return bytes;
}

std::string check_digits(ByteView secret) {
  return in_digits(sodium::sha256(secret), kCheckDigits);
}

Pair pair_of_recovery(Bytes secret) {
  Bytes seed = statement_of(kRecovery, "", secret);
  sodium::wipe(secret);
  auto key = sodium::SecretKey::from(sodium::sha256(seed));
  sodium::wipe(seed);
  return sodium::KeyPair::of_seed(*key);
}

}  // namespace

HouseKeys::HouseKeys(std::unique_ptr<const sodium::SecretKey> roots, Bytes salt)
    : roots_(std::move(roots)), salt_(std::move(salt)) {}
HouseKeys::HouseKeys(HouseKeys&&) noexcept = default;
HouseKeys& HouseKeys::operator=(HouseKeys&&) noexcept = default;
HouseKeys::~HouseKeys() = default;

Result<HouseKeys> HouseKeys::with_key(ByteView server_key) {
  OPENDAY_TRY(auto key, sodium::SecretKey::from(server_key));
  auto salt = key.derive(4, "receipts");
  return HouseKeys(std::make_unique<const sodium::SecretKey>(key.derive(3, "deskroot")),
                   Bytes(salt.bytes().begin(), salt.bytes().begin() + sodium::kSaltSize));
}

Bytes HouseKeys::code(const Root& root) const {
  Bytes statement = statement_of(kRoot, root.person, root.public_half);
  add(statement, root.recovery);
  add(statement, root.recovery_signature);
  return sodium::hmac_sha256(*roots_, statement);
}

Root make_root(const HouseKeys& house, const std::string& person, const Pair& pair, const Pair& recovery) {
  Root root{person, pair->public_half(), recovery->public_half(), {}, {}};
  root.recovery_signature = pair->sign(statement_of(kRecovery, "", root.recovery));
  root.code = house.code(root);
  return root;
}

Certificate certify(const std::string& person, const Bytes& public_half, const Pair& signer) {
  return {person, public_half, signer->public_half(),
          signer->sign(statement_of(kOfficer, person, public_half))};
}

Result<Roster> Roster::of(const std::optional<Root>& root, const std::vector<Certificate>& certificates,
                          const std::vector<Keys>& keys, const std::vector<Person>& people,
                          const HouseKeys& house) {
  Roster roster;
  if (!root) return roster;
  if (!equal_constant_time(as_text(root->code), as_text(house.code(*root)))) {
    return fail(Errc::kRefused, "the desk's root is not of this server");
  }
  if (!sodium::is_signed_by(root->public_half, statement_of(kRecovery, "", root->recovery),
                            root->recovery_signature)) {
    return fail(Errc::kRefused, "the recovery key is not the one that the desk's root signed");
  }
  roster.founded_ = true;
  roster.recovery_ = root->recovery;
  std::set<Bytes> known = {root->public_half, root->recovery};
  std::set<std::pair<std::string, Bytes>> vouched = {{root->person, root->public_half}};
  // A link may stand before the one it hangs on; every round finds at least one more, or is the last.
  std::vector<const Certificate*> open;
  open.reserve(certificates.size());
  for (const auto& one : certificates) open.push_back(&one);
  for (bool found = true; found;) {
    size_t before = open.size();
    std::erase_if(open, [&](const Certificate* one) {
      if (!known.contains(one->signer)) return false;
      if (sodium::is_signed_by(one->signer, statement_of(kOfficer, one->person, one->public_half),
                               one->signature)) {
        known.insert(one->public_half);
        vouched.emplace(one->person, one->public_half);
      }
      return true;
    });
    found = open.size() < before;
  }
  for (const auto& one : keys) {
    auto person = std::ranges::find(people, one.person, &Person::id);
    // Of a password that others know no pair has come yet, and the one before opens no more.
    bool officer = person != people.end() && !person->disabled && !person->must_change &&
                   account::may(person->roles, account::Right::kReadTips);
    if (officer && vouched.contains({one.person, one.public_half})) roster.officers_.push_back(one);
  }
  return roster;
}

bool Roster::has(const std::string& person, const Bytes& public_half) const {
  return std::ranges::any_of(
      officers_, [&](const Keys& one) { return one.person == person && one.public_half == public_half; });
}

std::string fingerprint(ByteView public_half) {
  std::string hex = to_hex(ByteView(sodium::sha256(public_half)).first(16));
  std::string shown;
  for (size_t at = 0; at < hex.size(); at += 4) {
    if (at > 0) shown += ' ';
    shown.append(hex, at, 4);
  }
  return shown;
}

Recovery make_recovery() {
  Bytes secret = random_bytes(kRecoveryBytes);
  std::string digits = in_digits(secret, kRecoveryDigits) + check_digits(secret);
  Recovery made;
  for (size_t at = 0; at < digits.size(); at += 4) {
    if (at > 0) made.printed += '-';
    made.printed.append(digits, at, 4);
  }
  sodium::wipe(digits);
  made.pair = pair_of_recovery(std::move(secret));
  return made;
}

Result<Pair> read_recovery(std::string_view typed) {
  std::string digits;
  for (char c : typed) {
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (c == ' ' || c == '-') continue;
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
    if (!kDigits.contains(c) || digits.size() == kRecoveryDigits + kCheckDigits) {
      return fail(Errc::kInvalid, "a recovery key has nine groups of four letters and digits");
    }
    digits += c;
  }
  if (digits.size() != kRecoveryDigits + kCheckDigits) {
    return fail(Errc::kInvalid, "a recovery key has nine groups of four letters and digits");
  }
  Bytes secret = of_digits(std::string_view(digits).substr(0, kRecoveryDigits));
  bool right = check_digits(secret) == digits.substr(kRecoveryDigits);
  sodium::wipe(digits);
  if (!right) return fail(Errc::kInvalid, "the recovery key is mistyped: its last group does not fit");
  return pair_of_recovery(std::move(secret));
}

}  // namespace openday::desk
