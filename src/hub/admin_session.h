// Who may use the control side: the admin token, and the sessions of browsers that showed it.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "broadcast/ledger.h"
#include "hub/http.h"

namespace openday::hub {

/// At most `most` events a key within `window`. Keys are addresses; they are kept hashed under a salt that
/// changes every hour, in memory only. At most `keys_bound` of them: when more knock at once, newcomers are
/// refused.
class Throttle {
 public:
  Throttle(const Clock& clock, size_t most, Duration window, size_t keys_bound = 10'000);

  /// Nothing when the event may happen (it is then counted), else how long to wait.
  std::optional<Duration> ask(std::string_view address);

 private:
  void tidy(HouseTime now);

  const Clock& clock_;
  const size_t most_;
  const Duration window_;
  const size_t keys_bound_;
  std::string salt_;
  HouseTime salted_;
  std::map<std::string, std::deque<HouseTime>> seen_;
};

/// Home thread: the hub's.
///
/// Programs show the token itself (Authorization: Bearer). Browsers show it once and get a cookie; with a
/// cookie, anything but reading must come from a page of ours: the Origin must be this host's, and over
/// HTTP/1.1, where the transport can see it, X-Openday must be 1. WebSockets with a cookie count as more than
/// reading.
class AdminGate {
 public:
  static constexpr auto kLifetime = std::chrono::hours(12);   // since it was last renewed
  static constexpr auto kRenewAfter = std::chrono::hours(1);  // a session in use is renewed so often
  static constexpr size_t kMaxSessions = 200;
  static constexpr size_t kTriesAMinute = 5;

  AdminGate(const std::string& token, broadcast::Books& books, const Clock& clock, Log log);

  /// Takes up the sessions of before a restart.
  Result<> load();

  /// Who asks. A refusal is a whole answer: 401 or 403.
  std::expected<broadcast::Act, Response> admit(const Request& request, bool changes);

  void login(const Request& request, Responder responder);
  void logout(const Request& request, Responder responder);

 private:
  struct Live {
    ProgramTime created_at;
    ProgramTime expires_at;
  };
  [[nodiscard]] bool is_token(std::string_view presented) const;
  void forget_expired();
  static std::string cookie_name(const Request& request);

  const std::string token_digest_;
  broadcast::Books& books_;
  const Clock& clock_;
  const Log log_;
  Throttle throttle_;
  std::map<std::string, Live> sessions_;  // by digest of the cookie
};

}  // namespace openday::hub
