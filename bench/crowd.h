// An audience without pages: thousands of sockets in a room that count what they get, driven by one thread.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace openday::bench {

/// Delays, half a millisecond wide each; all beyond 20 s are one.
class Delays {
 public:
  void add(int64_t ns) {
    auto bin = static_cast<size_t>(std::max<int64_t>(ns, 0) / kWidth);
    ++bins_[std::min(bin, bins_.size() - 1)];
    ++count_;
  }
  [[nodiscard]] uint64_t count() const { return count_; }
  /// The upper edge of the bin, in ms; 0 without any.
  [[nodiscard]] double percentile(double p) const;

 private:
  static constexpr int64_t kWidth = 500'000;
  std::vector<uint64_t> bins_ = std::vector<uint64_t>(40'000);
  uint64_t count_ = 0;
};

struct CrowdPlan {
  int port = 0;
  size_t sockets = 10'000;
  std::string path;
  std::string subprotocol;  // empty: none is asked for
  std::string headers;      // more of the upgrade's, each with its CRLF
  bool room = true;         // speaks docs/ROOM.md; else what a socket says is what all are to get
  size_t per_address = 15;  // sockets that share one of this machine's addresses 127.1.x.y; 0: one for all
  std::string tls_certificate;  // PEM to trust; empty: no TLS
  bool sleeps = true;           // else it polls, and no server pays for waking it
};

struct Heard {
  double took_s = 0;
  uint64_t said = 0;
  uint64_t published = 0;  // acknowledged as
  uint64_t held = 0;       // acknowledged as
  uint64_t refused = 0;
  uint64_t deliveries = 0;  // comments, over all sockets
  uint64_t removals = 0;    // the same of removals
  uint64_t frames = 0;      // with events
  uint64_t bytes = 0;       // as they come from the sockets
  uint64_t missing = 0;     // deliveries that should have come within kPatience of the last word
  uint64_t disorder = 0;    // messages that did not go on where the one before ended
  uint64_t closed = 0;      // sockets
  std::string trouble;      // the first one, in words
  Delays delay;             // from the comment's send() to its receipt, over all sockets
  Delays ack;
  Delays removal;  // from asked_at() to its receipt, over all sockets
};

/// One thread. Needs RLIMIT_NOFILE raised (raise_files()).
class Crowd {
 public:
  static constexpr Duration kPatience = seconds(10);

  explicit Crowd(CrowdPlan plan);
  ~Crowd();
  Crowd(const Crowd&) = delete;

  /// Connects all and joins; the seconds until the last one had its welcome and the history.
  Result<double> join();
  /// Says `per_second` comments of kCommentBytes, evenly, each by the next socket, for so long; then waits
  /// until all have got all. `shown`: every comment comes to every socket, and what does not is missing.
  Heard talk(double per_second, Duration length, bool shown = true);

  /// When the removal of this comment was asked for, CLOCK_MONOTONIC; to be set before talk().
  std::function<std::optional<int64_t>(int64_t id)> asked_at;
  /// A comment was acknowledged as published.
  std::function<void(int64_t id)> on_published;

  static constexpr size_t kCommentBytes = 150;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

int64_t now_ns();
/// As many descriptors as are permitted; the value is their number.
size_t raise_files();
/// Binds all threads of a process, and those it will start, to a core.
void hold_to_core(pid_t process, int core);

}  // namespace openday::bench
