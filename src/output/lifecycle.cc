#include "output/lifecycle.h"

#include <algorithm>

#include "base/random.h"

namespace openday::output {

const char* name_of(TargetState state) {
  switch (state) {
    case TargetState::kOff: return "off";
    case TargetState::kConnecting: return "connecting";
    case TargetState::kLive: return "live";
    case TargetState::kStalled: return "stalled";
    case TargetState::kBackoff: return "backoff";
  }
  return "off";
}

double chance_of_kernel() {
  auto bytes = random_bytes(4);
  return static_cast<double>(ByteReader(bytes).u32()) / 4294967296.0;
}

Pulse Liveness::look(uint64_t acked, uint64_t open) {
  HouseTime now = clock_.now();
  if (acked > acked_ || open == 0) moved_ = now;
  acked_ = std::max(acked, acked_);
  Duration still = now - moved_;
  return still >= pacing_.wedged    ? Pulse::kWedged
         : still >= pacing_.stalled ? Pulse::kStalled
                                    : Pulse::kMoving;
}

void Lifecycle::enter(TargetState state) {
  if (state_ == state) return;
  state_ = state;
  since_ = clock_.wall();
}

void Lifecycle::connecting() {
  enter(TargetState::kConnecting);
}

void Lifecycle::live() {
  enter(TargetState::kLive);
  live_at_ = clock_.now();
  why_.clear();
  ++lives_;
}

void Lifecycle::pulse(Pulse pulse) {
  if (state_ == TargetState::kLive && pulse == Pulse::kStalled) enter(TargetState::kStalled);
  if (state_ == TargetState::kStalled && pulse == Pulse::kMoving) enter(TargetState::kLive);
}

Duration Lifecycle::failed(std::string why) {
  bool was_live = state_ == TargetState::kLive || state_ == TargetState::kStalled;
  if (was_live && clock_.now() - live_at_ >= pacing_.steady) failures_ = 0;
  why_ = std::move(why);
  enter(TargetState::kBackoff);
  Duration wait = pacing_.first;
  for (int i = 0; i < failures_ && wait < pacing_.most; ++i) wait *= 2;
  ++failures_;
  double factor = 1 + pacing_.jitter * (2 * chance_() - 1);
  return Duration(static_cast<int64_t>(static_cast<double>(std::min(wait, pacing_.most).count()) * factor));
}

void Lifecycle::off(std::string why) {
  why_ = std::move(why);
  enter(TargetState::kOff);
}

}  // namespace openday::output
