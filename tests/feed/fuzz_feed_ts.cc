// MPEG-TS bytes, any of them, through the demuxer.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "wrap/av_decode/demuxer.h"

using namespace openday;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool quiet = (wrap::warm_up_libraries(), true);
  (void)quiet;
  size_t at = 0;
  auto demuxer = wrap::Demuxer::open_ts([&](uint8_t* into, size_t room) {
    size_t count = std::min({room, size - at, size_t{1316}});
    std::memcpy(into, data + at, count);
    at += count;
    return count;
  });
  for (int i = 0; demuxer && i < 10'000; ++i) {
    auto unit = demuxer->read();
    if (!unit) break;
    if (!unit->data || !unit->setup || unit->data->empty()) __builtin_trap();
  }
  return 0;
}
