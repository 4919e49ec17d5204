// Both sides of the handshake: any bytes, in pieces.
#include <cstdlib>

#include "rtmp/handshake.h"

using namespace openday;
using namespace openday::rtmp;

namespace {

template <class Side>
void run(Side side, ByteView input, size_t piece) {
  Bytes out;
  for (size_t at = 0; at < input.size(); at += piece) {
    ByteView part = input.subspan(at, std::min(piece, input.size() - at));
    auto taken = side.feed(part, out);
    if (!taken) return;
    if (*taken > part.size() || out.size() > 1 + 2 * kHandshakeSize) std::abort();
    if (*taken < part.size() && !side.done()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto noise = [](size_t count) { return Bytes(count, 7); };
  for (size_t piece : {size_t{1}, size_t{1000}, size_t{100'000}}) {
    run(ServerHandshake(noise), {data, size}, piece);
    run(ClientHandshake(noise), {data, size}, piece);
  }
  return 0;
}
