// What state a push target is in, when it tries again, and whether its connection still moves: rules without
// a socket.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/clock.h"

namespace openday::output {

enum class TargetState { kOff, kConnecting, kLive, kStalled, kBackoff };
/// As LINK.md spells them.
const char* name_of(TargetState state);

/// A number in [0, 1).
using Chance = std::function<double()>;
double chance_of_kernel();

struct Pacing {
  Duration first = seconds(1);  // after the first failure; then twice as long each time
  Duration most = seconds(60);
  double jitter = 0.3;  // each wait is off by up to this share, so that targets do not come back in step
  Duration steady = seconds(10);   // live for that long: the next failure counts as the first
  Duration stalled = seconds(2);   // without progress: shown as stalled
  Duration wedged = seconds(5);    // without progress: given up
  Duration resolve = seconds(10);  // to find the addresses of a name
  Duration connect = seconds(5);   // to reach one address
};

enum class Pulse { kMoving, kStalled, kWedged };

/// Judges a connection by the bytes the other end confirms, not by the absence of errors: a target that
/// accepts and then hangs reports none. One thread.
class Liveness {
 public:
  Liveness(const Clock& clock, const Pacing& pacing) : clock_(clock), pacing_(pacing), moved_(clock.now()) {}
  /// `acked` only ever rises. `open`: bytes given to the connection that are not confirmed; without any there
  /// is nothing to wait for.
  Pulse look(uint64_t acked, uint64_t open);

 private:
  const Clock& clock_;
  const Pacing pacing_;
  HouseTime moved_;
  uint64_t acked_ = 0;
};

/// off → connecting → live ⇄ stalled → backoff → connecting …  One thread.
class Lifecycle {
 public:
  Lifecycle(const Clock& clock, const Pacing& pacing, Chance chance)
      : clock_(clock), pacing_(pacing), chance_(std::move(chance)), since_(clock.wall()) {}

  void connecting();
  void live();
  void pulse(Pulse pulse);
  /// Returns how long to wait before the next attempt.
  Duration failed(std::string why);
  void off(std::string why);

  [[nodiscard]] TargetState state() const { return state_; }
  /// Of the last failure; empty once live.
  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] ProgramTime since() const { return since_; }
  /// Times it became live again after the first.
  [[nodiscard]] uint64_t reconnects() const { return lives_ > 0 ? lives_ - 1 : 0; }

 private:
  void enter(TargetState state);

  const Clock& clock_;
  const Pacing pacing_;
  const Chance chance_;
  TargetState state_ = TargetState::kOff;
  std::string why_;
  ProgramTime since_;
  HouseTime live_at_;
  int failures_ = 0;  // in a row
  uint64_t lives_ = 0;
};

}  // namespace openday::output
