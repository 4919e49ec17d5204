// The people who work with Openday, and the rules about them. No HTTP, no SQL, no clock.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "account/act.h"
#include "account/rights.h"
#include "base/bytes.h"
#include "base/result.h"

namespace openday::account {

struct Person {
  std::string id;    // the log-in name; never given to another
  std::string name;  // as colleagues see it
  Roles roles;
  std::string password;      // its Argon2id hash
  bool must_change = false;  // the password was given to them by somebody else
  bool disabled = false;     // cannot log in; their sessions have ended
  ProgramTime created_at;
  bool operator==(const Person&) const = default;
};

/// A key pair of somebody's own. Others seal to its public half and know their signatures by it; the rest
/// only their password opens, so nobody who may give passwords can use it.
struct Keys {
  std::string person;
  Bytes public_half;
  Bytes salt;     // of the key that their password makes
  Bytes wrapped;  // the secret half under that key
  ProgramTime made_at;
  bool operator==(const Keys&) const = default;
};

/// A browser somebody has logged in with. Only the hash of its cookie is kept.
struct Session {
  std::string digest;  // SHA-256 of the cookie, hex
  std::string person;
  ProgramTime created_at;
  ProgramTime expires_at;
  bool operator==(const Session&) const = default;
};

/// Reading. Unknown names are kNotFound with a message fit for people.
class RollView {
 public:
  virtual ~RollView() = default;
  virtual Result<Person> person(const std::string& id) = 0;
  /// By id.
  virtual Result<std::vector<Person>> people() = 0;
  virtual Result<std::vector<Session>> sessions() = 0;
  /// Of all who have some, by person.
  virtual Result<std::vector<Keys>> keys() = 0;
  /// Newest first, numbers below `before` only (0: from the newest).
  virtual Result<std::vector<AuditEntry>> audit(int64_t before, int limit) = 0;
};

/// Reading and writing inside one transaction.
class Roll : public RollView {
 public:
  virtual Result<> put(const Person& person) = 0;
  virtual Result<> add(const Session& session) = 0;
  /// One that is gone stays so.
  virtual Result<> renew(const std::string& digest, ProgramTime expires_at) = 0;
  virtual Result<> remove_session(const std::string& digest) = 0;
  /// All of a person's but `kept` (a digest; empty: none is kept).
  virtual Result<> remove_sessions(const std::string& person, const std::string& kept) = 0;
  /// In the place of those before. What was sealed to another public half of the person's goes.
  virtual Result<> put(const Keys& keys) = 0;
  /// With all that was sealed to them. Somebody without any is no error.
  virtual Result<> remove_keys(const std::string& person) = 0;
  /// Assigns the number; entries are never changed or removed.
  virtual Result<> append(const AuditEntry& entry) = 0;
};

/// Where units of work are queued, and what has been committed is read; as broadcast::Books.
class Rolls {
 public:
  using Work = std::function<Result<>(Roll&)>;
  using Done = std::function<void(Result<>)>;

  virtual ~Rolls() = default;
  /// `done` is called on the caller's thread once the outcome is durable. Work that fails changes nothing.
  /// Never waits: when the queue is full `done` gets kBusy.
  virtual void submit(Work work, Done done) = 0;
  virtual RollView& roll() = 0;
};

struct NewPerson {
  std::string id;
  std::string name;
  Roles roles;
  std::string password;  // its hash
  bool must_change = true;
};

struct PersonChanges {
  std::optional<std::string> name;
  std::optional<Roles> roles;
  std::optional<bool> disabled;
};

struct PasswordChange {
  std::string hash;          // of the new one
  bool must_change = false;  // it was given to them by somebody else
  std::string kept = {};     // the digest of the session that goes on; empty: none
  /// The hash that the present password was found right by. Nothing: whatever it is by now.
  std::optional<std::string> checked = {};
};

inline constexpr size_t kMostPeople = 1000;

/// What somebody may choose: 10 to 200 characters, and not the name they log in with. (NIST SP 800-63B 5.1.1:
/// length counts, rules of composition do not.)
Result<> check_password(const std::string& password, const std::string& id);

/// At most kMostPeople.
Result<Person> add_person(Roll& roll, const NewPerson& wanted, const Act& act);
/// One admin who can log in must remain. Who is disabled has no session any more; who is that, or may not
/// read tips any more, loses the keys they could be read with.
Result<Person> edit_person(Roll& roll, const std::string& id, const PersonChanges& changes, const Act& act);
/// Ends all their sessions but the one that is kept. kConflict: the password has changed since it was
/// checked.
Result<Person> set_password(Roll& roll, const std::string& id, const PasswordChange& change, const Act& act);

/// Keeps the key pair of somebody who may read tips, made or wrapped anew. kConflict: they may not, or their
/// password is not their own.
Result<> keep_keys(Roll& roll, const Keys& keys, const Act& act);

}  // namespace openday::account
