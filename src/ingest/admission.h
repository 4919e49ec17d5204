// Who may connect at all: caps on connections, and a pace for those who call often or with wrong keys, all by
// network address.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "ingest/publisher_sink.h"

namespace openday::ingest {

/// What counts as one address: SocketAddress::caller(), or the text itself where it is none.
std::string network_of(const std::string& address);

/// Caps on open connections. One thread; places may be let go of after this object's end.
///
/// A quarter of the places is kept for networks that have published before: strangers who connect and then
/// say nothing cannot keep a reconnecting encoder out.
class ConnectionCaps {
 public:
  ConnectionCaps(size_t total, size_t per_address);
  /// kBusy: there are too many connections; kLimit: from one address.
  Result<Admission> admit(const std::string& address);
  /// Somebody has published from there.
  void welcome(const std::string& address);
  [[nodiscard]] size_t open() const;

 private:
  struct State {
    size_t total = 0;
    std::map<std::string, size_t> by_network;
  };
  [[nodiscard]] bool knows(const std::string& network) const;
  [[nodiscard]] size_t strangers() const;

  const size_t total_;
  const size_t per_address_;
  std::shared_ptr<State> state_;
  std::deque<std::string> known_;  // networks, the newest first; bounded by kMostKnown
};

/// `burst` times at once, and `per_second` times a second for ever.
class Pace {
 public:
  constexpr Pace(int per_second, int burst)
      : each_(Duration(seconds(1)) / per_second), most_(each_ * burst), unused_(most_) {}
  /// True: once more, now.
  [[nodiscard]] bool take(HouseTime now);
  /// When take() was asked last.
  [[nodiscard]] HouseTime asked_at() const { return asked_at_; }

 private:
  Duration each_;
  Duration most_;
  Duration unused_;
  HouseTime asked_at_;
};

/// A pace for each network. One thread. Bound: `networks`; beyond it the one that asked longest ago is
/// forgotten.
class NetworkPace {
 public:
  NetworkPace(const Clock& clock, Pace pace, size_t networks = 256)
      : clock_(clock), fresh_(pace), networks_(networks) {}
  [[nodiscard]] bool take(const std::string& address);

 private:
  const Clock& clock_;
  const Pace fresh_;
  const size_t networks_;
  std::map<std::string, Pace> paces_;
};

/// A pace of its own for each key that has published from a network: neighbours behind the same address who
/// use up the network's do not keep it out. Any thread. Bound: `most` pairs of key and network, as digests;
/// beyond it the one that published longest ago is forgotten.
class RegularPace {
 public:
  RegularPace(const Clock& clock, Pace pace, size_t most = 256) : clock_(clock), fresh_(pace), most_(most) {}
  /// It has published; this counts until `grant` expires.
  void remember(const AuthRequest& request, std::weak_ptr<const void> grant);
  void forget(const AuthRequest& request);
  /// False also for those that are not remembered.
  [[nodiscard]] bool take(const AuthRequest& request);

 private:
  struct Regular {
    Bytes digest;
    std::weak_ptr<const void> grant;
    Pace pace;
  };

  const Clock& clock_;
  const Pace fresh_;
  const size_t most_;
  std::mutex mutex_;
  std::deque<Regular> regulars_;  // the newest first
};

/// Remembers wrong keys for a minute, and slows down who sends too many. One thread. Bound: `addresses`
/// networks; beyond it the one whose last failure is oldest is forgotten.
///
/// Nobody is locked out: keys are too long to be guessed at any pace, so this bounds what strangers cost, and
/// an encoder with an old key must not keep out the others of its house.
class FailureLimiter {
 public:
  /// Attempts a second of a network with too many failures.
  static constexpr int kPace = 5;

  FailureLimiter(const Clock& clock, size_t per_minute, size_t addresses = 4096);
  void failed(const std::string& address);
  /// Always true unless `per_minute` failures lie within the last minute, then kPace times a second.
  [[nodiscard]] bool may_try(const std::string& address);
  [[nodiscard]] size_t addresses() const { return failures_.size(); }

 private:
  struct Failures {
    std::deque<HouseTime> times;
    Pace pace{kPace, kPace};
  };
  void forget_old(std::deque<HouseTime>& times) const;

  const Clock& clock_;
  const size_t per_minute_;
  const size_t addresses_;
  std::map<std::string, Failures> failures_;
};

/// Remembers keys that were good, by their digests. One thread. Bound: `most` keys; beyond it the one that
/// was good longest ago is forgotten.
class GoodKeys {
 public:
  explicit GoodKeys(size_t most = 256) : most_(most) {}
  void remember(const AuthRequest& request);
  void forget(const AuthRequest& request);
  [[nodiscard]] bool contains(const AuthRequest& request) const;

 private:
  const size_t most_;
  std::deque<Bytes> digests_;  // the newest first
};

}  // namespace openday::ingest
