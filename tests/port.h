// Ports of this machine for servers that cannot be told "any".
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <stdexcept>

#include "base/fd.h"

namespace openday::test {

/// A port of 127.0.0.1. SOCK_STREAM: its holder's as long as this lives: the kernel gives it to nobody,
/// neither to listen on nor to connect from. It is bound and nobody listens on it, so a server that sets
/// SO_REUSEADDR, as all here do, can (socket(7)). Failures are std::runtime_error.
class HeldPort {
 public:
  explicit HeldPort(int type = SOCK_STREAM) : socket_(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    int on = 1;
    if (type == SOCK_STREAM) ::setsockopt(socket_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("no port is free");
    }
    number_ = ntohs(address.sin_port);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  UniqueFd socket_;
  int number_ = 0;
};

/// A UDP port that was free a moment ago: two sockets cannot share one.
inline int free_udp_port() {
  return HeldPort(SOCK_DGRAM).number();
}

}  // namespace openday::test
