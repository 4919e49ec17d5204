// A UDP wire that a test can cut: forwards one client's packets to a server and back.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "base/address.h"
#include "base/fd.h"

namespace openday {

class UdpRelay {
 public:
  /// `from`: the address that the server sees.
  explicit UdpRelay(const SocketAddress& server, const std::string& from = "127.0.0.1")
      : front_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
        back_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
        stop_(::eventfd(0, EFD_CLOEXEC)) {
    auto any = *SocketAddress::parse("127.0.0.1", 0);
    REQUIRE(::bind(front_.get(), any.raw(), any.size()) == 0);
    auto outside = *SocketAddress::parse(from, 0);
    REQUIRE(::bind(back_.get(), outside.raw(), outside.size()) == 0);
    REQUIRE(::connect(back_.get(), server.raw(), server.size()) == 0);
    address_ = *SocketAddress::local_of(front_.get());
    thread_ = std::thread([this] { run(); });
  }
  ~UdpRelay() {
    uint64_t one = 1;
    [[maybe_unused]] auto put = ::write(stop_.get(), &one, sizeof one);
    thread_.join();
  }
  UdpRelay(const UdpRelay&) = delete;
  UdpRelay& operator=(const UdpRelay&) = delete;

  [[nodiscard]] SocketAddress address() const { return address_; }
  /// From now on both ends hear nothing of each other.
  void cut() { cut_ = true; }
  void mend() { cut_ = false; }

 private:
  void run() {
    pollfd waits[] = {{front_.get(), POLLIN, 0}, {back_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    char packet[2048];
    while (::poll(waits, 3, -1) >= 0 && waits[2].revents == 0) {
      if (waits[0].revents != 0) {
        size_ = sizeof client_;
        auto got =
            ::recvfrom(front_.get(), packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&client_), &size_);
        if (got > 0 && !cut_) ::send(back_.get(), packet, static_cast<size_t>(got), 0);
      }
      if (waits[1].revents != 0) {
        auto got = ::recv(back_.get(), packet, sizeof packet, 0);
        if (got > 0 && !cut_) {
          ::sendto(front_.get(), packet, static_cast<size_t>(got), 0, reinterpret_cast<sockaddr*>(&client_),
                   size_);
        }
      }
    }
  }

  UniqueFd front_;
  UniqueFd back_;
  UniqueFd stop_;
  SocketAddress address_;
  sockaddr_storage client_{};
  socklen_t size_ = 0;
  std::atomic<bool> cut_{false};
  std::thread thread_;
};

}  // namespace openday
