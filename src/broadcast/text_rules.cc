#include "broadcast/text_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

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

Result<UrlParts> parse_url(std::string_view what, std::string_view url) {
  auto wrong = [&](std::string_view why) { return fail(Errc::kInvalid, fmt::format("{} {}", what, why)); };
  if (url.size() > 2048) return wrong("is longer than 2048 characters");
  if (std::any_of(url.begin(), url.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F;
      })) {
    return wrong("must be ASCII without spaces (percent-encode the rest)");
  }
  size_t colon = url.find("://");
  if (colon == std::string_view::npos || colon == 0) return wrong("must start with a scheme such as rtmp://");
  UrlParts parts;
  for (char c : url.substr(0, colon)) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) return wrong("has a malformed scheme");
    parts.scheme += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  std::string_view after = url.substr(colon + 3);
  size_t end = std::min(after.find_first_of("/?#"), after.size());
  std::string_view authority = after.substr(0, end);
  parts.rest = after.substr(end);
  if (size_t at = authority.rfind('@'); at != std::string_view::npos) {
    parts.userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    size_t close = authority.find(']');
    if (close == std::string_view::npos) return wrong("has a malformed host");
    parts.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
  } else {
    size_t split = authority.find(':');
    parts.host = authority.substr(0, split);
    port = split == std::string_view::npos ? std::string_view() : authority.substr(split);
  }
  if (parts.host.empty()) return wrong("names no host");
  if (!std::all_of(parts.host.begin(), parts.host.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_' ||
               c == ':' || c == '%';
      })) {
    return wrong("has a malformed host");
  }
  if (!port.empty()) {
    const char* last = port.data() + port.size();
    auto [stop, error] = std::from_chars(port.data() + 1, last, parts.port);
    if (port[0] != ':' || error != std::errc() || stop != last || parts.port < 1 || parts.port > 65535) {
      return wrong("has a malformed port");
    }
  }
  return parts;
}

std::string redacted(std::string_view url) {
  std::string out(url);
  if (auto parts = parse_url("url", url); parts && parts->userinfo.find(':') != std::string::npos) {
    size_t start = out.find(parts->userinfo);
    size_t colon = start + parts->userinfo.find(':') + 1;
    out.replace(colon, start + parts->userinfo.size() - colon, "***");
  }
  // Tokens and passphrases travel in queries under many names, so none of them is shown.
  if (size_t query = out.find('?'); query != std::string::npos)
    out.replace(query + 1, std::string::npos, "***");
  return out;
}

}  // namespace openday::broadcast
