// Officers' key pairs: made and opened with their passwords, kept open for their sessions.
#pragma once

#include <map>
#include <string>

#include "base/loop_worker.h"
#include "desk/roster.h"
#include "hub/gate.h"

namespace openday::hub {

/// Home thread: the loop's; derivations run beside it, at most kMostWaiting wait. An open pair is in this
/// process's locked memory only, so it is lost when the hub restarts: the officer gives the password again.
class OfficerKeys final : public PersonalKeys {
 public:
  static constexpr size_t kMostWaiting = 16;

  OfficerKeys(account::Rolls& rolls, Loop& loop);

  /// Who may not read tips, or has a password that others know, has no pair, and gets none.
  void open(const account::Person& person, const std::string& session, std::string password,
            std::function<void(Result<>)> done) override;
  /// The pair stays: when the present password does not open it, or there is no memory for that now, there is
  /// an error and no change. A password that the admin gave opens none: then there is a new pair, for which
  /// nobody has vouched.
  void change(const account::Act& act, const account::Person& person, std::string present, std::string chosen,
              std::function<void(Result<Also>)> done) override;
  void keep_only(const std::map<std::string, account::Session>& sessions) override;

  /// The pair that is open for this session; null: none is.
  [[nodiscard]] desk::Pair of(const std::string& session) const;
  /// What is stored of this person's; nothing when they have none.
  [[nodiscard]] Result<std::optional<account::Keys>> stored(const std::string& person) const;

  /// Whenever one was opened.
  std::function<void(const desk::Pair&)> on_open;

 private:
  void make(const account::Person& person, const std::string& session, const std::string& password,
            std::function<void(Result<>)> done);
  void keep(const std::string& session, const std::string& person, const desk::Pair& pair);

  struct Open {
    std::string person;
    desk::Pair pair;
  };

  account::Rolls& rolls_;
  const Clock& clock_;
  std::map<std::string, Open> open_;  // by session
  LoopWorker worker_;
};

}  // namespace openday::hub
