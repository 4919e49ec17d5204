// WebSocket frames, whole and in two pieces: both ways must agree, and nothing may grow beyond its bound.
#include <cstdlib>

#include "base/text.h"
#include "hub/websocket_frame.h"

using namespace openday;
using namespace openday::hub;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  constexpr size_t kMost = 300;
  ByteView bytes(data + 1, size - 1);
  size_t cut = bytes.empty() ? 0 : data[0] % bytes.size();
  WsDecoder whole(kMost);
  std::vector<WsEvent> at_once;
  auto one = whole.feed(bytes, at_once);
  WsDecoder halves(kMost);
  std::vector<WsEvent> in_two;
  auto two = halves.feed(bytes.first(cut), in_two);
  if (two) two = halves.feed(bytes.subspan(cut), in_two);
  if (one.has_value() != two.has_value() || at_once.size() != in_two.size()) std::abort();
  if (!one && one.error().code != two.error().code) std::abort();
  for (size_t i = 0; i < at_once.size(); ++i) {
    const WsEvent& event = at_once[i];
    if (event.payload != in_two[i].payload || event.payload.size() > kMost) std::abort();
    if (event.kind == WsKind::kText && !is_valid_utf8(as_text(event.payload))) std::abort();
  }
  return 0;
}
