// HTTP/1.1 heads and chunked bodies, whole and in two pieces: both ways must agree.
#include <cstdlib>

#include "hub/http1_parser.h"

using namespace openday;
using namespace openday::hub;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  size_t cut = static_cast<size_t>(data[0] << 8 | data[1]) % (size - 1);
  std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  cut = std::min(cut, text.size());

  Http1Head whole;
  size_t scanned = 0;
  auto at_once = parse_http1_head(text, {}, scanned, whole);
  Http1Head pieces;
  scanned = 0;
  auto first = parse_http1_head(text.substr(0, cut), {}, scanned, pieces);
  auto second = first;
  if (first.kind == Http1HeadState::Kind::kIncomplete) second = parse_http1_head(text, {}, scanned, pieces);
  using Kind = Http1HeadState::Kind;
  if (first.kind == Kind::kIncomplete && second.kind != at_once.kind) std::abort();
  if (at_once.kind == Kind::kComplete) {
    if (at_once.consumed == 0 || at_once.consumed > text.size()) std::abort();
    if (second.kind == Kind::kComplete && whole.headers != pieces.headers) std::abort();
    if (whole.target.empty() || whole.method.empty()) std::abort();
  }
  if (at_once.kind == Kind::kBad && at_once.status < 400) std::abort();

  constexpr size_t kLimit = 1000;
  ChunkedDecoder decoder;
  Bytes body;
  auto used = decoder.feed(text.substr(0, cut), body, kLimit);
  if (used && !decoder.done()) used = decoder.feed(text.substr(cut), body, kLimit);
  if (body.size() > kLimit) std::abort();
  ChunkedDecoder again;
  Bytes body_again;
  auto used_again = again.feed(text, body_again, kLimit);
  if (used.has_value() != used_again.has_value()) std::abort();
  if (used && (body != body_again || decoder.done() != again.done())) std::abort();
  return 0;
}
