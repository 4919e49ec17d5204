// Who may use the control side: people with their accounts, and programs with the admin token.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "account/people.h"
#include "base/log.h"
#include "base/loop_worker.h"
#include "hub/api_json.h"
#include "hub/http.h"
#include "hub/throttle.h"

namespace openday::hub {

/// What only a person's own password opens. The gate tells it whenever it has one at hand. Home thread: the
/// loop's.
class PersonalKeys {
 public:
  virtual ~PersonalKeys() = default;

  /// The password is right: what it opens is open for this session, or made. `done` gets what kept it from
  /// that.
  virtual void open(const account::Person& person, const std::string& session, std::string password,
                    std::function<void(Result<>)> done) = 0;
  /// The part of the unit of work that gives somebody another password of their own.
  using Also = std::function<Result<>(account::Roll&)>;
  virtual void change(const account::Act& act, const account::Person& person, std::string present,
                      std::string chosen, std::function<void(Result<Also>)> done) = 0;
  /// Nobody else is logged in.
  virtual void keep_only(const std::map<std::string, account::Session>& sessions) = 0;
};

/// Home thread: the loop's.
///
/// Programs show the token itself (Authorization: Bearer) and have an admin's rights. People log in with name
/// and password and get a cookie; with a cookie, anything but reading must come from a page of ours: the
/// Origin must be this host's, and X-Openday must be 1.
/// WebSockets with a cookie count as more than reading. Who has a password that somebody else gave them may
/// change it, and nothing else.
class Gate {
 public:
  static constexpr auto kLifetime = std::chrono::hours(12);      // since it was last renewed
  static constexpr auto kRenewAfter = std::chrono::hours(1);     // a session in use is renewed so often
  static constexpr auto kForgetEvery = std::chrono::minutes(1);  // what is over, with all that it let in
  /// After the first wrong password, all that came until then are noted in the audit log: one entry for each
  /// person that was tried, however often, and one for all names that are nobody's.
  static constexpr auto kNoteRefusedAfter = std::chrono::minutes(1);
  static constexpr size_t kMaxSessions = 1000;
  static constexpr size_t kTriesAMinute = 5;        // of one address, whatever the name
  static constexpr size_t kOfANetworkAMinute = 60;  // of an IPv4 /24 or IPv6 /48: many addresses, one line
  // Of one name, from wherever. Then addresses that have tried it in vain wait, and nobody else: however many
  // strangers try a name, whose it is gets in.
  static constexpr size_t kTriesAQuarterHour = 300;
  static constexpr size_t kVainTries = 3;  // of one address with one name in a quarter of an hour, then
  static constexpr size_t kOwnTriesAQuarterHour = 20;  // of somebody logged in, with their own password
  static constexpr size_t kMostHashes = 16;            // passwords that wait for their tenth of a second

  Gate(const std::string& token, account::Rolls& rolls, Loop& loop, Log log);
  ~Gate();
  Gate(const Gate&) = delete;

  /// From now on; they outlive this, or are taken back (null).
  void use(PersonalKeys* keys) { keys_ = keys; }

  /// Takes up the people and sessions of before a restart. Also after every commit about people.
  Result<> load();

  struct Visitor {
    account::Act act;
    account::Roles roles;
    std::optional<account::Person> person;  // none: the token
    std::string session;                    // its digest
  };
  /// Who asks, if they have the right. A refusal is a whole answer: 401 or 403.
  std::expected<Visitor, Response> admit(const Request& request, account::Right right, bool changes);

  /// What is admitted once and goes on, like a socket; kept by whom it concerns. `end` is called at most
  /// once: when the session has ended, or its person has lost the right, or goes by other roles or another
  /// name.
  struct Stay {
    std::string session;
    account::Right right;
    account::Roles roles;
    std::string name;
    std::function<void()> end;
  };
  /// Null for the token, which is good for as long as the hub runs.
  std::shared_ptr<const Stay> stay(const Visitor& visitor, account::Right right, std::function<void()> end);
  /// The route for those who have the right; their sockets are closed with 1008 when their stay ends.
  WebSocketRoute guard(account::Right right, WebSocketRoute route);

  void login(const Request& request, Responder responder);
  void logout(const Request& request, Responder responder);
  /// One's own: the old one must be right.
  void change_password(const Request& request, const Visitor& visitor, Responder responder);
  /// One's own password again, for what it opens: that is lost when the hub restarts.
  void unlock(const Request& request, const Visitor& visitor, Responder responder);
  /// Hashes beside the loop. kBusy at once when too many wait.
  void hash(std::string password, std::function<void(Result<std::string>)> then);

 private:
  void forget_expired();
  std::expected<Visitor, Response> identify(const Request& request, bool changes);
  /// Whether the password is this person's as they are now; also takes its time when there is nobody of the
  /// name.
  void check(const std::string& person, std::string password, std::function<void(Result<bool>)> then);
  void open_session(const Request& request, const std::string& person, const std::string& password,
                    Responder responder);
  /// At once here; `done` when it is gone from the store, too. Until then a load() does not bring it back.
  void remove_session(
      const std::string& digest, std::function<void(Result<>)> done = [](const Result<>&) {},
      std::optional<account::AuditEntry> entry = {});
  /// Somebody gave a wrong password for this name.
  void count_refused(const std::string& name);
  void note_refused();
  /// After a change of sessions or people: what was open by them closes.
  void settle();
  [[nodiscard]] bool holds(const Stay& stay) const;
  [[nodiscard]] bool is_token(std::string_view presented) const;
  static std::string cookie_name(const Request& request);

  const std::string token_digest_;
  account::Rolls& rolls_;
  Loop& loop_;
  const Clock& clock_;
  const Log log_;
  Throttle by_address_;
  Throttle by_network_;
  Throttle by_name_;
  Throttle in_vain_;    // by address and name
  Throttle by_person_;  // who is logged in already: strangers do not count against them
  std::map<std::string, account::Person> people_;     // by id
  std::map<std::string, account::Session> sessions_;  // by digest
  std::set<std::string> removing_;                    // digests that are gone, and not yet from the store
  std::vector<std::weak_ptr<const Stay>> stays_;
  PersonalKeys* keys_ = nullptr;
  std::map<std::string, int64_t> refused_;  // tries by person, not noted yet; "" is nobody's name
  Loop::TimerId noting_ = 0;                // 0: there are none
  LoopWorker worker_;
  Loop::TimerId forgetting_;
};

/// The answer to who must wait.
Response too_often(const std::string& request_id, Duration wait);

/// What others may see of a person.
Json person_json(const account::Person& person);

}  // namespace openday::hub
