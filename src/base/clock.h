// Time comes in through the constructor. Two clocks, two types; they never mix by accident.
#pragma once

#include <chrono>
#include <cmath>
#include <compare>
#include <cstdint>
#include <string>

namespace openday {

using Duration = std::chrono::nanoseconds;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// House time: CLOCK_MONOTONIC of this machine in ns. The same in every process; never shown to people.
struct HouseTime {
  int64_t ns = 0;

  auto operator<=>(const HouseTime&) const = default;
  HouseTime operator+(Duration d) const { return {ns + d.count()}; }
  HouseTime operator-(Duration d) const { return {ns - d.count()}; }
  Duration operator-(HouseTime other) const { return Duration(ns - other.ns); }
};

/// Later than everything.
inline constexpr HouseTime kNoTime{INT64_MAX};

/// Media durations are doubles in seconds; to the nearest millisecond.
inline milliseconds to_ms(double duration_s) {
  return milliseconds(std::llround(duration_s * 1000));
}

/// Program clock: UTC in ms since 1970. What EXT-X-PROGRAM-DATE-TIME says and what a moment is.
struct ProgramTime {
  int64_t ms = 0;

  auto operator<=>(const ProgramTime&) const = default;
  ProgramTime operator+(milliseconds d) const { return {ms + d.count()}; }
  milliseconds operator-(ProgramTime other) const { return milliseconds(ms - other.ms); }
};

/// "2026-11-21T08:30:00.250Z" (RFC 3339, always UTC, always three decimals).
std::string to_rfc3339(ProgramTime at);
/// Milliseconds since 1970 from RFC 3339 text; -1 when it is not one.
int64_t parse_rfc3339(const std::string& text);

/// The seam tests replace. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual HouseTime now() const = 0;
  [[nodiscard]] virtual ProgramTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] HouseTime now() const override;
  [[nodiscard]] ProgramTime wall() const override;
};

/// Stands still until told. Not thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(HouseTime start = {1'000'000'000}, ProgramTime wall = {1'700'000'000'000})
      : now_(start), wall_(wall) {}
  [[nodiscard]] HouseTime now() const override { return now_; }
  [[nodiscard]] ProgramTime wall() const override { return wall_; }
  void advance(Duration d) {
    now_ = now_ + d;
    wall_ns_ += d.count();
    wall_.ms += wall_ns_ / 1'000'000;
    wall_ns_ %= 1'000'000;
  }

 private:
  HouseTime now_;
  ProgramTime wall_;
  int64_t wall_ns_ = 0;
};

}  // namespace openday
