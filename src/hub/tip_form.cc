#include "hub/tip_form.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>

#include "base/text.h"

namespace openday::hub {
namespace {

constexpr size_t kMostFields = 16;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Unlike a path or query, a form may hold line breaks.
Result<std::string> form_decode(std::string_view raw) {
  std::string out;
  for (size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '+') {
      c = ' ';
    } else if (c == '%') {
      int high = i + 2 < raw.size() ? hex_digit(raw[i + 1]) : -1;
      int low = i + 2 < raw.size() ? hex_digit(raw[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(Errc::kInvalid, "the form has a broken escape");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c != '\r') out += c;  // browsers send line breaks as CR LF
  }
  if (!is_valid_utf8(out)) return fail(Errc::kInvalid, "the form is not UTF-8");
  return out;
}

tm local(ProgramTime at) {
  auto seconds = static_cast<time_t>(at.ms / 1000);
  tm parts{};
  ::localtime_r(&seconds, &parts);
  return parts;
}

}  // namespace

Result<TipFields> read_form(std::string_view body) {
  TipFields fields;
  while (!body.empty()) {
    size_t end = std::min(body.find('&'), body.size());
    std::string_view one = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (one.empty()) continue;
    if (fields.texts.size() == kMostFields) return fail(Errc::kLimit, "the form has too many fields");
    size_t equals = std::min(one.find('='), one.size());
    OPENDAY_TRY(std::string name, form_decode(one.substr(0, equals)));
    OPENDAY_TRY(std::string value, form_decode(one.substr(std::min(equals + 1, one.size()))));
    fields.texts.emplace(std::move(name), std::move(value));
  }
  return fields;
}

Result<ProgramTime> read_local_time(std::string_view text) {
  // YYYY-MM-DDThh:mm[:ss[.fff]]
  auto wrong = fail(Errc::kInvalid, "a time is written as 2026-12-01 09:30:05");
  static constexpr std::string_view kForm = "0000-00-00T00:00:00";
  std::string_view head = text.substr(0, kForm.size());
  if (head.size() != kForm.size() && head.size() != kForm.size() - 3) return wrong;
  for (size_t i = 0; i < head.size(); ++i) {
    bool digit = head[i] >= '0' && head[i] <= '9';
    bool fits = kForm[i] == '0' ? digit : head[i] == kForm[i] || (kForm[i] == 'T' && head[i] == ' ');
    if (!fits) return wrong;
  }
  if (text.size() > head.size() && (text[head.size()] != '.' || text.size() > head.size() + 4)) return wrong;
  auto number = [&](size_t at, size_t size) { return *decimal<int>(head.substr(at, size)); };
  tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(5, 2) - 1;
  parts.tm_mday = number(8, 2);
  parts.tm_hour = number(11, 2);
  parts.tm_min = number(14, 2);
  parts.tm_sec = head.size() == kForm.size() ? number(17, 2) : 0;
  parts.tm_isdst = -1;
  tm wanted = parts;
  time_t seconds = ::mktime(&parts);
  // mktime() makes the 1st of May of the 31st of April.
  if (seconds < 0 || parts.tm_mon != wanted.tm_mon || parts.tm_mday != wanted.tm_mday ||
      wanted.tm_hour > 23 || wanted.tm_min > 59 || wanted.tm_sec > 59) {
    return wrong;
  }
  return ProgramTime{static_cast<int64_t>(seconds) * 1000};
}

std::string local_time(ProgramTime at) {
  tm t = local(at);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                     t.tm_hour, t.tm_min, t.tm_sec);
}

std::string local_minute(ProgramTime at) {
  tm t = local(at);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                     t.tm_min);
}

std::string local_zone(ProgramTime at) {
  int64_t minutes = local(at).tm_gmtoff / 60;
  if (minutes == 0) return "UTC";
  std::string zone = fmt::format("UTC{}{}", minutes < 0 ? '-' : '+', std::abs(minutes) / 60);
  return minutes % 60 == 0 ? zone : fmt::format("{}:{:02}", zone, std::abs(minutes) % 60);
}

}  // namespace openday::hub
