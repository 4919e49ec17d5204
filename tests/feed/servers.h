// Small servers that a feed pulls from: HTTP and RTSP, one thread per connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"

namespace openday::test {

/// One accepted connection. Blocking; every wait ends when the server stops.
class Peer {
 public:
  Peer(UniqueFd fd, const std::atomic<bool>& stopping) : fd_(std::move(fd)), stopping_(stopping) {}

  bool send(ByteView bytes) {
    while (!bytes.empty()) {
      ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes = bytes.subspan(static_cast<size_t>(put));
    }
    return true;
  }
  bool send(const std::string& text) { return send(as_bytes(text)); }
  /// Up to and with the empty line; empty: the peer is gone.
  std::string request() {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos) {
      if (!wait_readable(milliseconds(100))) {
        if (stopping_) return {};
        continue;
      }
      char byte = 0;
      if (::recv(fd_.get(), &byte, 1, 0) != 1) return {};
      text += byte;
    }
    return text;
  }
  /// False: the server stops, or the peer is gone.
  bool wait_until(HouseTime at) {
    while (clock_.now() < at && !stopping_) {
      if (!wait_readable(std::min<Duration>(at - clock_.now(), milliseconds(20)))) continue;
      char byte = 0;
      if (::recv(fd_.get(), &byte, 1, 0) <= 0) return false;  // what it says meanwhile does not matter
    }
    return !stopping_;
  }
  [[nodiscard]] HouseTime now() const { return clock_.now(); }

 private:
  bool wait_readable(Duration most) {
    pollfd poll{fd_.get(), POLLIN, 0};
    // A moment that has passed meanwhile is no reason to wait for ever.
    return ::poll(&poll, 1, static_cast<int>(std::max<int64_t>(0, most.count() / 1'000'000))) > 0;
  }

  UniqueFd fd_;
  const std::atomic<bool>& stopping_;
  SystemClock clock_;
};

class TcpServer {
 public:
  using Serve = std::function<void(Peer&)>;
  explicit TcpServer(Serve serve)
      : serve_(std::move(serve)), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(fd_.get(), 16) == 0);
    REQUIRE(::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TcpServer() {
    stopping_ = true;
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
  }
  TcpServer(const TcpServer&) = delete;
  TcpServer& operator=(const TcpServer&) = delete;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept_all() {
    while (!stopping_) {
      pollfd poll{fd_.get(), POLLIN, 0};
      if (::poll(&poll, 1, 50) <= 0) continue;
      UniqueFd peer(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!peer) continue;
      ++connections_;
      threads_.emplace_back([this, fd = peer.release()] {
        Peer one(UniqueFd(fd), stopping_);
        serve_(one);
      });
    }
  }

  const Serve serve_;
  UniqueFd fd_;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// Answers GET by path.
class HttpServer {
 public:
  using Handler = std::function<void(Peer&)>;
  HttpServer() : server_([this](Peer& peer) { serve(peer); }) {}

  void route(const std::string& path, Handler handler) {
    std::lock_guard lock(mutex_);
    routes_[path] = std::move(handler);
  }
  void file(const std::string& path, Bytes content) {
    route(path, [content](Peer& peer) {
      peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(content.size()) +
                "\r\n\r\n");
      peer.send(content);
    });
  }
  void redirect(const std::string& path, const std::string& to) {
    route(path, [to](Peer& peer) {
      peer.send("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: " + to +
                "\r\n\r\n");
    });
  }
  [[nodiscard]] std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + path;
  }
  [[nodiscard]] int connections() const { return server_.connections(); }

 private:
  void serve(Peer& peer) {
    std::string request = peer.request();
    size_t begin = request.find(' ');
    size_t end = request.find_first_of(" ?", begin + 1);
    if (begin == std::string::npos || end == std::string::npos) return;
    Handler handler;
    {
      std::lock_guard lock(mutex_);
      auto found = routes_.find(request.substr(begin + 1, end - begin - 1));
      if (found != routes_.end()) handler = found->second;
    }
    if (handler) {
      handler(peer);
    } else {
      peer.send("HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    }
  }

  std::mutex mutex_;
  std::map<std::string, Handler> routes_;
  TcpServer server_;  // last: it calls what is above
};

}  // namespace openday::test
