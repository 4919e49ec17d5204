#include "ingest/stream_id.h"

#include <algorithm>

#include "base/text.h"

namespace openday::ingest {

Result<std::string> publish_key(std::string_view stream_id) {
  bool printable = std::ranges::none_of(
      stream_id, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (stream_id.empty() || !printable || !is_valid_utf8(stream_id))
    return fail(Errc::kInvalid, "malformed stream id");
  if (!stream_id.starts_with("#!")) return std::string(stream_id);
  if (!stream_id.starts_with("#!::"))
    return fail(Errc::kInvalid, "stream id: only the form #!::key=value,… is understood");
  std::string key;
  std::string_view rest = stream_id.substr(4);
  while (!rest.empty()) {
    size_t comma = rest.find(',');
    std::string_view pair = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return fail(Errc::kInvalid, "stream id: a part lacks its =");
    std::string_view name = pair.substr(0, equals);
    std::string_view value = pair.substr(equals + 1);
    if (name == "r") key = value;
    if (name == "m" && value != "publish") return fail(Errc::kUnsupported, "only m=publish is offered here");
    if (name == "t" && value != "stream") return fail(Errc::kUnsupported, "only t=stream is offered here");
  }
  if (key.empty()) return fail(Errc::kInvalid, "stream id: r is missing");
  return key;
}

}  // namespace openday::ingest
