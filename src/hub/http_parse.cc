#include "hub/http_parse.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include "base/text.h"

namespace openday::hub {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

/// q=0, q=0.0, q=0.000: "not acceptable".
bool is_zero_weight(std::string_view parameters) {
  while (!parameters.empty()) {
    size_t semicolon = parameters.find(';');
    std::string_view one = trim_blanks(parameters.substr(0, semicolon));
    parameters = semicolon == std::string_view::npos ? std::string_view() : parameters.substr(semicolon + 1);
    if (one.size() < 3 || (one[0] != 'q' && one[0] != 'Q') || one[1] != '=') continue;
    std::string_view weight = trim_blanks(one.substr(2));
    return weight.starts_with('0') && weight.find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

std::optional<std::array<uint8_t, 16>> to_binary(std::string_view address) {
  if (address.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  char text[INET6_ADDRSTRLEN] = {};
  std::memcpy(text, address.data(), address.size());
  std::array<uint8_t, 16> out{};
  if (inet_pton(AF_INET6, text, out.data()) == 1) return out;
  out[10] = out[11] = 0xff;
  if (inet_pton(AF_INET, text, out.data() + 12) == 1) return out;
  return std::nullopt;
}

}  // namespace

Result<std::string> percent_decode(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      if (i + 2 >= raw.size()) return fail(Errc::kInvalid, "a percent escape is cut off");
      int high = hex_digit(raw[i + 1]);
      int low = hex_digit(raw[i + 2]);
      if (high < 0 || low < 0) return fail(Errc::kInvalid, "a percent escape is not hexadecimal");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return fail(Errc::kInvalid, "a control character in the request target");
    }
    out.push_back(c);
  }
  if (!is_valid_utf8(out)) return fail(Errc::kInvalid, "the request target is not UTF-8");
  return out;
}

Result<std::string> parse_path(std::string_view raw) {
  if (raw.size() > kMaxPath) return fail(Errc::kLimit, "the path is too long");
  if (!raw.starts_with('/')) return fail(Errc::kInvalid, "the path does not start with '/'");
  std::string path;
  for (size_t begin = 1; begin <= raw.size();) {
    size_t end = std::min(raw.find('/', begin), raw.size());
    // A copy of the string would set off g++ 12's maybe-uninitialized in release builds.
    auto segment = percent_decode(raw.substr(begin, end - begin));
    if (!segment) return std::unexpected(std::move(segment).error());
    bool last = end == raw.size();
    if (*segment == "." || *segment == "..") return fail(Errc::kInvalid, "the path has a dot segment");
    if (segment->empty() && !last) return fail(Errc::kInvalid, "the path has an empty segment");
    if (segment->find_first_of("/\\") != std::string::npos) {
      return fail(Errc::kInvalid, "the path has an encoded separator");
    }
    path += '/';
    path += *segment;
    begin = end + 1;
  }
  return path;
}

RangeAnswer parse_range(std::string_view header, uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (header.size() < kUnit.size() || !equal_ignoring_case(header.substr(0, kUnit.size()), kUnit)) return {};
  std::string_view spec = trim_blanks(header.substr(kUnit.size()));
  size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return {};
  std::string_view first_text = trim_blanks(spec.substr(0, dash));
  std::string_view last_text = trim_blanks(spec.substr(dash + 1));

  if (first_text.empty()) {  // the last n bytes
    auto suffix = decimal<uint64_t>(last_text);
    if (!suffix) return {};
    if (*suffix == 0 || size == 0) return {RangeKind::kUnsatisfiable, {}};
    uint64_t length = std::min(*suffix, size);
    return {RangeKind::kPartial, {size - length, length}};
  }
  auto first = decimal<uint64_t>(first_text);
  if (!first) return {};
  uint64_t last = size == 0 ? 0 : size - 1;
  if (!last_text.empty()) {
    auto given = decimal<uint64_t>(last_text);
    if (!given || *given < *first) return {};
    last = std::min(last, *given);
  }
  if (*first >= size) return {RangeKind::kUnsatisfiable, {}};
  return {RangeKind::kPartial, {*first, last - *first + 1}};
}

bool accepts_coding(std::string_view list, std::string_view coding) {
  bool any = false;
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    size_t semicolon = item.find(';');
    std::string_view name = trim_blanks(item.substr(0, semicolon));
    bool refused = semicolon != std::string_view::npos && is_zero_weight(item.substr(semicolon + 1));
    if (equal_ignoring_case(name, coding)) return !refused;  // the exact name beats '*'
    if (name == "*") any = !refused;
  }
  return any;
}

bool etag_matches(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view item = trim_blanks(list.substr(0, comma));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    if (item == "*") return true;
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == etag) return true;
  }
  return false;
}

std::string http_date(int64_t seconds) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto when = static_cast<time_t>(seconds);
  tm parts{};
  gmtime_r(&when, &parts);
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

Result<Network> Network::parse(std::string_view text) {
  size_t slash = text.find('/');
  std::string_view address = text.substr(0, slash);
  auto binary = to_binary(address);
  if (!binary) return fail(Errc::kInvalid, fmt::format("'{}' is not an address or network", text));
  bool v4 = address.find(':') == std::string_view::npos;
  Network network;
  std::memcpy(network.bytes_, binary->data(), 16);
  if (slash != std::string_view::npos) {
    auto prefix = decimal<uint64_t>(text.substr(slash + 1));
    uint64_t most = v4 ? 32 : 128;
    if (!prefix || *prefix > most)
      return fail(Errc::kInvalid, fmt::format("'{}' has a bad prefix length", text));
    network.prefix_ = static_cast<int>(*prefix) + (v4 ? 96 : 0);
  }
  return network;
}

bool Network::contains(std::string_view address) const {
  auto binary = to_binary(address);
  if (!binary) return false;
  int whole = prefix_ / 8;
  if (std::memcmp(binary->data(), bytes_, static_cast<size_t>(whole)) != 0) return false;
  int rest = prefix_ % 8;
  if (rest == 0) return true;
  int mask = 0xff << (8 - rest) & 0xff;
  return ((*binary)[static_cast<size_t>(whole)] & mask) == (bytes_[whole] & mask);
}

bool is_address(std::string_view text) {
  return to_binary(text).has_value();
}

bool is_loopback(std::string_view address) {
  auto binary = to_binary(address);
  if (!binary) return false;
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(binary->data(), kMapped, 12) == 0) return (*binary)[12] == 127;
  static constexpr uint8_t kOne[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return std::memcmp(binary->data(), kOne, 16) == 0;
}

}  // namespace openday::hub
