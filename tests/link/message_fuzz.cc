// The framing and the heads of the link protocol, fed in two pieces so that cuts inside a message are
// exercised.
#include "link/message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  openday::ByteView bytes(data + 1, size - 1);
  size_t cut = bytes.size() * data[0] / 256;
  openday::link::Decoder decoder;
  std::vector<openday::link::Message> messages;
  std::vector<size_t> fds;
  if (decoder.feed(bytes.first(cut), messages, fds)) (void)decoder.feed(bytes.subspan(cut), messages, fds);
  for (const auto& message : messages) {
    if (message.type().empty() || !openday::link::encode_front(message)) __builtin_trap();
  }
  return 0;
}
