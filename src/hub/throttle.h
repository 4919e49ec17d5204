// How often somebody may try.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"

namespace openday::hub {

/// At most `most` events a key within `window`. Keys are addresses; they are kept hashed under a salt that
/// changes every hour, in memory only. At most `keys_bound` of them: when more knock at once, newcomers are
/// refused.
class Throttle {
 public:
  Throttle(const Clock& clock, size_t most, Duration window, size_t keys_bound = 10'000);

  /// Nothing when the event may happen (it is then counted), else how long to wait. `with`: the address is
  /// counted for each of these apart.
  std::optional<Duration> ask(std::string_view address, std::string_view with = {});
  /// As ask(), but nothing is counted.
  [[nodiscard]] std::optional<Duration> look(std::string_view address, std::string_view with = {}) const;
  /// What was counted is not.
  void forgive(std::string_view address, std::string_view with = {});

  /// What is older than the window. Otherwise that is noticed when somebody asks.
  void forget();

 private:
  [[nodiscard]] std::string key_of(std::string_view address, std::string_view with) const;
  void tidy(HouseTime now);
  void forget_old(HouseTime now);

  const Clock& clock_;
  const size_t most_;
  const Duration window_;
  const size_t keys_bound_;
  std::string salt_;
  HouseTime salted_;
  std::map<std::string, std::deque<HouseTime>> seen_;
};

/// The IPv4 /24 or IPv6 /48 around an address, as a key: one line at home may have 256 networks of /64.
std::string network_of(std::string_view address);

/// ask() of the network, then of the address in it: what has many addresses cannot fill `addresses`, and an
/// address that may not any more takes nothing from its neighbours.
std::optional<Duration> ask_within(Throttle& networks, Throttle& addresses, std::string_view address);

}  // namespace openday::hub
