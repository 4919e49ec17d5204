// An internet address with its port, as a value.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/result.h"

namespace openday {

/// IPv4 or IPv6 with a port. Copies are plain bytes; never a name, so nothing here asks a resolver.
class SocketAddress {
 public:
  /// 0.0.0.0:0
  SocketAddress();
  /// "192.0.2.1", "::1" or "[::1]"; nothing that only a resolver would understand ("0x7f.1", "localhost").
  static Result<SocketAddress> parse(const std::string& ip, uint16_t port);
  /// kUnsupported for families other than AF_INET and AF_INET6, kInvalid for a short one.
  static Result<SocketAddress> from(const sockaddr* address, socklen_t size);
  /// What `fd` is bound to: the port that the kernel chose.
  static Result<SocketAddress> local_of(int fd);

  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  [[nodiscard]] socklen_t size() const {
    return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  }
  [[nodiscard]] int family() const { return storage_.ss_family; }
  [[nodiscard]] uint16_t port() const;
  void set_port(uint16_t port);
  /// Without port and brackets; an IPv4-mapped address in its IPv4 form.
  [[nodiscard]] std::string ip() const;
  /// "192.0.2.1:1935", "[2001:db8::1]:1935"
  [[nodiscard]] std::string text() const;
  /// What a limit per caller counts by: the IPv4 address, or the IPv6 /64, since one caller owns a whole /64.
  [[nodiscard]] std::string caller() const;

  bool operator==(const SocketAddress& other) const { return text() == other.text(); }

 private:
  sockaddr_storage storage_{};
};

}  // namespace openday
