#include "base/text.h"
#include "package/playlist.h"

namespace openday::package {
namespace {

/// Plain decimal digits, at most `most`; no sign, no space, nothing behind.
Result<int64_t> read_decimal(std::string_view name, std::string_view text, int64_t most) {
  auto value = text.size() <= 16 ? decimal<int64_t>(text) : std::nullopt;
  if (!value) return fail(Errc::kInvalid, std::string(name) + " must be decimal digits");
  if (*value > most) return fail(Errc::kInvalid, std::string(name) + " is out of range");
  return *value;
}

constexpr int64_t kLargestMsn = (int64_t{1} << 53) - 1;  // what a JavaScript player can count to
constexpr int64_t kLargestPart = 9999;

}  // namespace

Result<std::optional<BlockingRequest>> parse_blocking_query(std::string_view query) {
  std::optional<int64_t> msn;
  std::optional<int64_t> part;
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    size_t equals = pair.find('=');
    std::string_view name = pair.substr(0, equals);
    std::string_view value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    bool is_msn = name == "_HLS_msn";
    if (!is_msn && name != "_HLS_part") continue;
    std::optional<int64_t>& into = is_msn ? msn : part;
    if (into) return fail(Errc::kInvalid, std::string(name) + " is given twice");
    OPENDAY_TRY(into, read_decimal(name, value, is_msn ? kLargestMsn : kLargestPart));
  }
  if (!msn) {
    // RFC 8216bis 6.2.5.2: a client that sends _HLS_part must send _HLS_msn.
    if (part) return fail(Errc::kInvalid, "_HLS_part without _HLS_msn");
    return std::nullopt;
  }
  BlockingRequest request{.msn = *msn, .part = std::nullopt};
  if (part) request.part = static_cast<int>(*part);
  return request;
}

}  // namespace openday::package
