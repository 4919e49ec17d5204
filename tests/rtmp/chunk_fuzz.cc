// The chunk stream and the server's session over it: any bytes, in any pieces, within the bounds that the
// session promises, and with the same outcome however they are cut.
#include <cstdlib>

#include "rtmp/server_session.h"

using namespace openday;
using namespace openday::rtmp;

namespace {

struct Outcome {
  bool ok = true;
  size_t events = 0;
  size_t media_bytes = 0;
};

// The first byte of the input chooses the pieces; `whole` ignores it.
Outcome run(ByteView input, size_t piece) {
  ManualClock clock;
  ServerLimits limits;
  Outcome outcome;
  ServerSession session(
      clock, limits,
      [&](ServerEvent event) {
        ++outcome.events;
        if (auto* media = std::get_if<MediaMessage>(&event)) {
          outcome.media_bytes += media->body.size();
          if (media->body.size() > limits.publishing.message) std::abort();
        }
      },
      [](size_t count) { return Bytes(count, 1); });
  Bytes handshake(1 + 2 * kHandshakeSize, 0);
  handshake[0] = 3;
  if (!session.feed(handshake)) std::abort();
  (void)session.take_output();
  Result<> result;
  for (size_t at = 0; at < input.size() && result; at += piece) {
    result = session.feed(input.subspan(at, std::min(piece, input.size() - at)));
    if (result && session.state() == ServerSession::State::kAsking) result = session.accept_publish();
    if (session.held_bytes() > limits.publishing.partial + limits.held) std::abort();
    if (result && session.pending() > limits.output + 4096) std::abort();
    (void)session.take_output();
  }
  outcome.ok = result.has_value();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  ByteView input(data + 1, size - 1);
  Outcome whole = run(input, std::max<size_t>(input.size(), 1));
  Outcome pieces = run(input, data[0] % 64 + size_t{1});
  // A whole input may break a bound on replies that pieces, whose replies are taken in between, do not.
  if (whole.ok && (!pieces.ok || whole.events != pieces.events || whole.media_bytes != pieces.media_bytes)) {
    std::abort();
  }
  return 0;
}
