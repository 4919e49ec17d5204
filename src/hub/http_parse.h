// The pure parsers of what a client sends: paths, queries, ranges, lists of codings. No state, no thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace openday::hub {

inline constexpr size_t kMaxPath = 1024;
inline constexpr size_t kMaxQuery = 4096;

/// "%41" becomes "A". kInvalid: a broken escape, a NUL or other control character, or invalid UTF-8.
Result<std::string> percent_decode(std::string_view raw);

/// A request target's path, decoded once and checked: starts with '/', at most kMaxPath bytes, no empty
/// segment but the last, no "." or ".." (nothing is resolved: such paths are refused), no encoded '/' or '\'.
Result<std::string> parse_path(std::string_view raw);

struct ByteRange {
  uint64_t first = 0;
  uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

enum class RangeKind {
  kWhole,         // no Range, not in bytes, malformed or several ranges: RFC 9110 14.2 lets us ignore it
  kPartial,       // `range` is what to send, with 206
  kUnsatisfiable  // 416 with "Content-Range: bytes */size"
};
struct RangeAnswer {
  RangeKind kind = RangeKind::kWhole;
  ByteRange range;
};
RangeAnswer parse_range(std::string_view header, uint64_t size);

/// RFC 9110 12.5.3, for one coding: listed (or '*') with q > 0.
bool accepts_coding(std::string_view accept_encoding, std::string_view coding);

/// If-None-Match against one entity tag (with its quotes); weak comparison, '*' matches.
bool etag_matches(std::string_view if_none_match, std::string_view etag);

/// "Sun, 06 Nov 1994 08:49:37 GMT" of seconds since 1970 (RFC 9110 5.6.7).
std::string http_date(int64_t seconds);

/// An IPv4 or IPv6 network, "10.0.0.0/8" or a single address. IPv4-mapped IPv6 addresses count as IPv4.
class Network {
 public:
  static Result<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(std::string_view address) const;

 private:
  uint8_t bytes_[16] = {};  // IPv4 as ::ffff:a.b.c.d
  int prefix_ = 128;
};

/// "127.0.0.1", "::1" and their like.
bool is_loopback(std::string_view address);

/// The last address of an X-Forwarded-For list that is not itself a trusted proxy, given a test for that;
/// empty when there is none that is an address.
template <class Trusted>
std::string_view forwarded_client(std::string_view list, const Trusted& trusted);

bool is_address(std::string_view text);

template <class Trusted>
std::string_view forwarded_client(std::string_view list, const Trusted& trusted) {
  std::string_view client;
  while (!list.empty()) {
    size_t comma = list.rfind(',');
    std::string_view item = comma == std::string_view::npos ? list : list.substr(comma + 1);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (!is_address(item)) return client;  // whatever stands before was not vouched for
    client = item;
    if (!trusted(item)) return client;
  }
  return client;
}

}  // namespace openday::hub
