// What the tip site's forms send, read. Pure; the local time zone is the process's (TZ, else the machine's).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace openday::hub {

/// Fields by name; of one that is sent twice the first. Line breaks are '\n'.
struct TipFields {
  std::map<std::string, std::string, std::less<>> texts;

  [[nodiscard]] std::string text(std::string_view name) const {
    auto found = texts.find(name);
    return found == texts.end() ? std::string() : found->second;
  }
};

/// application/x-www-form-urlencoded (WHATWG URL 5.1). kInvalid: a broken escape or not UTF-8; kLimit: more
/// than 16 fields.
Result<TipFields> read_form(std::string_view body);

/// "2026-12-01T09:30:05" (as <input type=datetime-local> sends it; seconds may be missing, a space may stand
/// for the T), and back. kInvalid: not a time.
Result<ProgramTime> read_local_time(std::string_view text);
std::string local_time(ProgramTime at);
/// "2026-12-01 09:30", to the minute.
std::string local_minute(ProgramTime at);
/// The offset of local time then: "UTC", "UTC+8", "UTC-3:30".
std::string local_zone(ProgramTime at);

}  // namespace openday::hub
