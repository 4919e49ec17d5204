// The server we push to, saying anything, from the handshake on or right after it.
#include <algorithm>

#include "rtmp/client_session.h"

using namespace openday;
using namespace openday::rtmp;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static const PushTarget target = parse_push_url("rtmp://cdn.example/app", "a-stream-key").value();
  ManualClock clock;
  ClientSession client(target, clock, [](size_t count) { return Bytes(count, 7); });
  client.start();
  bool shaken = (data[0] & 1) != 0;
  size_t step = data[0] / 2 + size_t{1};
  Result<> fed;
  if (shaken) {
    Bytes answer(1 + 2 * kHandshakeSize, 0);
    answer[0] = 3;
    fed = client.feed(answer);
    if (!fed) __builtin_trap();
  }
  ByteView bytes(data + 1, size - 1);
  for (size_t at = 0; fed && at < bytes.size(); at += step) {
    fed = client.feed(bytes.subspan(at, std::min(step, bytes.size() - at)));
    (void)client.take_output();
  }
  if (client.live()) (void)client.send_video(0, bytes.first(std::min<size_t>(bytes.size(), 64)));
  clock.advance(seconds(11));
  if (fed && !client.live() && client.state() != ClientSession::State::kEnded && client.tick())
    __builtin_trap();
  return 0;
}
