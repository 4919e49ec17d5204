#include "base/clock.h"

#include <fmt/format.h>
#include <time.h>

#include <cstdio>

namespace openday {
namespace {

int64_t read_clock(clockid_t id) {
  timespec at{};
  clock_gettime(id, &at);
  return static_cast<int64_t>(at.tv_sec) * 1'000'000'000 + at.tv_nsec;
}

}  // namespace

HouseTime SystemClock::now() const {
  return {read_clock(CLOCK_MONOTONIC)};
}
ProgramTime SystemClock::wall() const {
  return {read_clock(CLOCK_REALTIME) / 1'000'000};
}

std::string to_rfc3339(ProgramTime at) {
  time_t whole = at.ms / 1000;
  int64_t millis = at.ms % 1000;
  if (millis < 0) {
    millis += 1000;
    --whole;
  }
  tm parts{};
  gmtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, millis);
}

int64_t parse_rfc3339(const std::string& text) {
  tm parts{};
  int consumed = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                  &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &consumed) != 6) {
    return -1;
  }
  if (parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 || parts.tm_mday > 31 ||
      parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60 || parts.tm_year < 1970) {
    return -1;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  size_t at = static_cast<size_t>(consumed);
  int64_t millis = 0;
  if (at < text.size() && text[at] == '.') {
    int64_t scale = 100;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
      millis += (text[at] - '0') * scale;
    }
  }
  int64_t offset_minutes = 0;
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
  } else {
    int hours = 0;
    int minutes = 0;
    char sign = at < text.size() ? text[at] : ' ';
    if ((sign != '+' && sign != '-') ||
        std::sscanf(text.c_str() + at + 1, "%2d:%2d%n", &hours, &minutes, &consumed) != 2) {
      return -1;
    }
    offset_minutes = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
    at += 1 + static_cast<size_t>(consumed);
  }
  if (at != text.size()) return -1;
  return (static_cast<int64_t>(timegm(&parts)) - offset_minutes * 60) * 1000 + millis;
}

}  // namespace openday
