#include "broadcast/text_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/egress.h"
#include "base/text.h"

namespace openday::broadcast {
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

Result<> check_language(std::string_view tag) {
  size_t subtag = 0;
  size_t index = 0;
  bool good = !tag.empty() && tag.size() <= 35;
  for (size_t i = 0; good && i <= tag.size(); ++i) {
    if (i == tag.size() || tag[i] == '-') {
      good = index == 0 ? subtag >= 2 && subtag <= 3 : subtag >= 2 && subtag <= 8;
      subtag = 0;
      ++index;
    } else {
      auto c = static_cast<unsigned char>(tag[i]);
      good = c < 0x80 && (index == 0 ? std::isalpha(c) != 0 : std::isalnum(c) != 0);
      ++subtag;
    }
  }
  if (good) return {};
  return fail(Errc::kInvalid, "language must be a tag such as zh-CN or en");
}

std::string shown(std::string_view text) {
  auto url = parse_url(text);
  if (!url) return "***";
  // Tokens and passphrases travel in queries under many names, so none of them is shown.
  if (!url->query.empty()) url->query = "***";
  if (size_t colon = url->user_info.find(':'); colon != std::string::npos) {
    url->user_info.replace(colon + 1, std::string::npos, "***");
  }
  return url->text();
}

}  // namespace openday::broadcast
