// How much a shared thread may wait for others.
#pragma once

#include <algorithm>

#include "base/clock.h"

namespace openday::ingest {

/// libsrt asks who may come in on the thread that receives all packets of the port, so each wait for an
/// answer holds up every publisher. This budget keeps that to `share` of the time whatever callers do: each
/// question costs the time that it took, and `least` at least; the budget fills up again with time. One
/// thread.
class StallBudget {
 public:
  StallBudget(const Clock& clock, Duration most, double share, Duration least)
      : clock_(clock), most_(most), share_(share), least_(least), left_(most), at_(clock.now()) {}

  /// How long the next question may wait; zero: do not ask.
  Duration available() {
    HouseTime now = clock_.now();
    auto earned = Duration(static_cast<int64_t>(static_cast<double>((now - at_).count()) * share_));
    left_ = std::min(most_, left_ + earned);
    at_ = now;
    return left_ < least_ ? Duration(0) : left_;
  }
  void spend(Duration waited) { left_ -= std::max(waited, least_); }

 private:
  const Clock& clock_;
  const Duration most_;
  const double share_;
  const Duration least_;
  Duration left_;
  HouseTime at_;
};

}  // namespace openday::ingest
