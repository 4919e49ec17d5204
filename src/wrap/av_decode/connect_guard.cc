#include "wrap/av_decode/connect_guard.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace openday::wrap {
namespace {

enum Mode { kOff, kPublicOnly, kPrivateToo };
std::atomic<Mode> g_mode{kOff};

}  // namespace

void guard_connections(const EgressPolicy& policy) {
  g_mode = policy.allow_private ? kPrivateToo : kPublicOnly;
}

}  // namespace openday::wrap

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  using namespace openday;
  if (auto mode = wrap::g_mode.load(); mode != wrap::kOff) {
    auto target = SocketAddress::from(address, size);
    if (!target || !is_allowed(*target, {.allow_private = mode == wrap::kPrivateToo})) {
      errno = EACCES;
      return -1;
    }
  }
  return static_cast<int>(::syscall(SYS_connect, fd, address, size));
}
