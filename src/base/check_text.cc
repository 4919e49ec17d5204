#include "base/check_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace openday {
namespace {

size_t characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_control(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

Result<> check_length(std::string_view what, std::string_view text, size_t least, size_t most) {
  if (!is_valid_utf8(text)) return fail(Errc::kInvalid, fmt::format("{} is not valid UTF-8", what));
  size_t length = characters(text);
  if (length < least) {
    return fail(Errc::kInvalid,
                fmt::format("{} must have at least {} character{}", what, least, least == 1 ? "" : "s"));
  }
  if (length > most)
    return fail(Errc::kInvalid, fmt::format("{} may have at most {} characters", what, most));
  return {};
}

}  // namespace

Result<> check_id(std::string_view what, std::string_view id) {
  if (is_slug(id)) return {};
  return fail(Errc::kInvalid,
              fmt::format("{} must be 1 to 64 of a-z, 0-9, - and _, starting with a letter or digit", what));
}

Result<> check_line(std::string_view what, std::string_view text, size_t least, size_t most) {
  OPENDAY_CHECK_OK(check_length(what, text, least, most));
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return fail(Errc::kInvalid, fmt::format("{} must be one line without control characters", what));
  }
  // U+202D and U+202E show the letters behind them in another order than the one they were checked in.
  if (text.contains("\u202D") || text.contains("\u202E"))
    return fail(Errc::kInvalid, fmt::format("{} must not override the direction of writing", what));
  if (least > 0 && std::all_of(text.begin(), text.end(), [](char c) { return c == ' '; })) {
    return fail(Errc::kInvalid, fmt::format("{} must not be blank", what));
  }
  return {};
}

Result<> check_paragraph(std::string_view what, std::string_view text, size_t most) {
  OPENDAY_CHECK_OK(check_length(what, text, 0, most));
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return is_control(c) && c != '\n' && c != '\r' && c != '\t'; })) {
    return fail(Errc::kInvalid, fmt::format("{} must not have control characters", what));
  }
  return {};
}

}  // namespace openday
