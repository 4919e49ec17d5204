#include "base/address.h"

#include <arpa/inet.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "base/fd.h"

namespace openday {
namespace {

constexpr std::array<uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0,    0,
                                                0, 0, 0, 0, 0xFF, 0xFF};  // RFC 4291 2.5.5.2

template <class T>
T as(const sockaddr_storage& storage) {
  T out;
  std::memcpy(&out, &storage, sizeof out);
  return out;
}

std::string format(int family, const void* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(family, bytes, text, sizeof text);
  return text;
}

bool is_mapped(const in6_addr& ip) {
  return std::memcmp(&ip, kMappedPrefix.data(), kMappedPrefix.size()) == 0;
}

}  // namespace

SocketAddress::SocketAddress() {
  storage_.ss_family = AF_INET;
}

Result<SocketAddress> SocketAddress::parse(const std::string& ip, uint16_t port) {
  SocketAddress out;
  sockaddr_in v4{};
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&out.storage_, &v4, sizeof v4);
    return out;
  }
  bool bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
  sockaddr_in6 v6{};
  if (inet_pton(AF_INET6, (bracketed ? ip.substr(1, ip.size() - 2) : ip).c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&out.storage_, &v6, sizeof v6);
    return out;
  }
  return fail(Errc::kInvalid, "not an IP address: " + ip);
}

Result<SocketAddress> SocketAddress::from(const sockaddr* address, socklen_t size) {
  if (address == nullptr || size < sizeof(sa_family_t)) return fail(Errc::kInvalid, "no address");
  if (address->sa_family != AF_INET && address->sa_family != AF_INET6) {
    return fail(Errc::kUnsupported, "not an internet address");
  }
  SocketAddress out;
  out.storage_.ss_family = address->sa_family;
  if (size < out.size()) return fail(Errc::kInvalid, "short address");
  std::memcpy(&out.storage_, address, out.size());
  return out;
}

Result<SocketAddress> SocketAddress::local_of(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) {
    return std::unexpected(errno_error("getsockname"));
  }
  return from(reinterpret_cast<const sockaddr*>(&storage), size);
}

uint16_t SocketAddress::port() const {
  return family() == AF_INET6 ? ntohs(as<sockaddr_in6>(storage_).sin6_port)
                              : ntohs(as<sockaddr_in>(storage_).sin_port);
}

void SocketAddress::set_port(uint16_t port) {
  // The port stands at the same place in both forms (RFC 3493 3.3).
  static_assert(offsetof(sockaddr_in, sin_port) == offsetof(sockaddr_in6, sin6_port));
  uint16_t wire = htons(port);
  std::memcpy(reinterpret_cast<char*>(&storage_) + offsetof(sockaddr_in, sin_port), &wire, sizeof wire);
}

std::string SocketAddress::ip() const {
  if (family() == AF_INET) {
    auto v4 = as<sockaddr_in>(storage_);
    return format(AF_INET, &v4.sin_addr);
  }
  auto v6 = as<sockaddr_in6>(storage_);
  if (is_mapped(v6.sin6_addr)) return format(AF_INET, v6.sin6_addr.s6_addr + 12);
  return format(AF_INET6, &v6.sin6_addr);
}

std::string SocketAddress::text() const {
  std::string host = ip();
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return host + ":" + std::to_string(port());
}

std::string SocketAddress::caller() const {
  if (family() == AF_INET) return ip();
  auto v6 = as<sockaddr_in6>(storage_);
  if (is_mapped(v6.sin6_addr)) return ip();
  std::memset(v6.sin6_addr.s6_addr + 8, 0, 8);
  return format(AF_INET6, &v6.sin6_addr) + "/64";
}

}  // namespace openday
