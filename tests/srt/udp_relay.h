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
        wake_(::eventfd(0, EFD_CLOEXEC)) {
    auto any = *SocketAddress::parse("127.0.0.1", 0);
    REQUIRE(::bind(front_.get(), any.raw(), any.size()) == 0);
    auto outside = *SocketAddress::parse(from, 0);
    REQUIRE(::bind(back_.get(), outside.raw(), outside.size()) == 0);
    REQUIRE(::connect(back_.get(), server.raw(), server.size()) == 0);
    address_ = *SocketAddress::local_of(front_.get());
    thread_ = std::thread([this] { run(); });
  }
  ~UdpRelay() {
    stopping_ = true;
    wake();
    thread_.join();
  }
  UdpRelay(const UdpRelay&) = delete;
  UdpRelay& operator=(const UdpRelay&) = delete;

  [[nodiscard]] SocketAddress address() const { return address_; }
  /// From now on both ends hear nothing of each other.
  void cut() { cut_ = true; }
  void mend() { cut_ = false; }
  /// From now on the client's last packet is sent again every 2 ms.
  void repeat() {
    repeating_ = true;
    wake();
  }

 private:
  void wake() {
    uint64_t one = 1;
    [[maybe_unused]] auto put = ::write(wake_.get(), &one, sizeof one);
  }
  void run() {
    pollfd waits[] = {{front_.get(), POLLIN, 0}, {back_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    char last[2048];  // of the client
    size_t last_size = 0;
    char packet[2048];
    while (!stopping_) {
      int ready = ::poll(waits, 3, repeating_ ? 2 : -1);
      if (ready < 0) return;
      if (ready == 0 && !cut_) ::send(back_.get(), last, last_size, 0);
      if (waits[2].revents != 0) {
        uint64_t times = 0;
        [[maybe_unused]] auto got = ::read(wake_.get(), &times, sizeof times);
      }
      if (waits[0].revents != 0) {
        size_ = sizeof client_;
        auto got =
            ::recvfrom(front_.get(), last, sizeof last, 0, reinterpret_cast<sockaddr*>(&client_), &size_);
        if (got > 0) last_size = static_cast<size_t>(got);
        if (got > 0 && !cut_) ::send(back_.get(), last, last_size, 0);
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
  UniqueFd wake_;
  SocketAddress address_;
  sockaddr_storage client_{};
  socklen_t size_ = 0;
  std::atomic<bool> cut_{false};
  std::atomic<bool> repeating_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace openday
