// Who may connect at all: caps on connections, and a limit on wrong keys, both by network address.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "ingest/publisher_sink.h"

namespace openday::ingest {

/// What counts as one address: SocketAddress::caller(), or the text itself where it is none.
std::string network_of(const std::string& address);

/// Caps on open connections. One thread; places may be let go of after this object's end.
class ConnectionCaps {
 public:
  ConnectionCaps(size_t total, size_t per_address);
  /// kBusy: a cap is reached.
  Result<Admission> admit(const std::string& address);
  [[nodiscard]] size_t open() const;

 private:
  struct State {
    size_t total = 0;
    std::map<std::string, size_t> by_network;
  };
  const size_t total_;
  const size_t per_address_;
  std::shared_ptr<State> state_;
};

/// Remembers wrong keys for a minute. One thread. Bound: `addresses` networks; beyond it the one whose last
/// failure is oldest is forgotten.
class FailureLimiter {
 public:
  FailureLimiter(const Clock& clock, size_t per_minute, size_t addresses = 4096);
  void failed(const std::string& address);
  /// `per_minute` failures lie within the last minute.
  [[nodiscard]] bool blocked(const std::string& address);
  [[nodiscard]] size_t addresses() const { return failures_.size(); }

 private:
  void forget_old(std::deque<HouseTime>& times) const;

  const Clock& clock_;
  const size_t per_minute_;
  const size_t addresses_;
  std::map<std::string, std::deque<HouseTime>> failures_;
};

}  // namespace openday::ingest
