#include "base/random.h"

#include <sys/random.h>

#include <cstdlib>

namespace openday {

Bytes random_bytes(size_t count) {
  Bytes bytes(count);
  size_t filled = 0;
  while (filled < count) {
    ssize_t got = ::getrandom(bytes.data() + filled, count - filled, 0);
    if (got > 0) {
      filled += static_cast<size_t>(got);
    } else if (errno != EINTR) {
      std::abort();  // a kernel without randomness: no name or key made here could be trusted
    }
  }
  return bytes;
}

std::string random_name(size_t bytes) {
  return to_hex(random_bytes(bytes));
}

}  // namespace openday
