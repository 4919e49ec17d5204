// An RTMP server that behaves, or misbehaves, as told. For one test.
#pragma once

#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/loop.h"
#include "rtmp/server_session.h"
#include "wrap/ssl/tls.h"

namespace openday::test {

enum class Manners {
  kTake,              // publishes and reads
  kSilent,            // accepts the connection and reads nothing
  kHangAfterPublish,  // accepts the publisher and reads nothing more
  kCloseAfterPublish,
  kRefusePublish
};

/// For threads other than the test's, on which Catch must not be used.
inline void must(bool ok) {
  if (!ok) std::abort();
}

/// Waiting for what happens on other threads.
class Signal {
 public:
  void notify() {
    std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  template <class Condition>
  bool wait(Condition condition, Duration patience = seconds(40)) {
    auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {  // asked without the lock: it may take others
      if (std::chrono::steady_clock::now() > deadline) return false;
      // Some conditions (statistics) notify nobody, hence the short waits.
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, milliseconds(10));
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

class RtmpServer {
 public:
  explicit RtmpServer(Manners manners, const wrap::TlsContext* tls = nullptr) : manners_(manners), tls_(tls) {
    listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int small = 4096;  // inherited: who does not read takes little
    if (manners != Manners::kTake) ::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    auto any = *SocketAddress::parse("127.0.0.1", 0);
    REQUIRE(::bind(listener_.get(), any.raw(), any.size()) == 0);
    REQUIRE(::listen(listener_.get(), 16) == 0);
    port_ = SocketAddress::local_of(listener_.get())->port();
    loop_ = *Loop::create(clock_);
    REQUIRE(loop_->watch(listener_.get(), Loop::kRead, [this](uint32_t) { accept(); }));
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~RtmpServer() {
    loop_->stop();
    thread_.join();
  }
  RtmpServer(const RtmpServer&) = delete;
  RtmpServer& operator=(const RtmpServer&) = delete;

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(const std::string& scheme = "rtmp",
                                const std::string& host = "127.0.0.1") const {
    return scheme + "://" + host + ":" + std::to_string(port_) + "/app";
  }
  void behave(Manners manners) { manners_ = manners; }

  [[nodiscard]] int accepted() const { return accepted_; }
  [[nodiscard]] int publishes() const { return publishes_; }
  [[nodiscard]] int ends() const { return ends_; }
  std::vector<rtmp::MediaMessage> media() {
    std::lock_guard lock(mutex_);
    return media_;
  }
  size_t media_count() {
    std::lock_guard lock(mutex_);
    return media_.size();
  }
  std::string stream() {
    std::lock_guard lock(mutex_);
    return stream_;
  }
  Signal changed;

 private:
  struct Connection {
    UniqueFd socket;
    std::unique_ptr<wrap::TlsSession> tls;
    std::unique_ptr<rtmp::ServerSession> session;
    bool asked = false;
    bool deaf = false;
  };

  void accept() {
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket) return;
    ++accepted_;
    int fd = socket.get();
    auto& connection = connections_[fd];
    connection = {};
    connection.socket = std::move(socket);
    if (tls_ != nullptr)
      connection.tls = std::make_unique<wrap::TlsSession>(*wrap::TlsSession::accept(*tls_));
    connection.session = std::make_unique<rtmp::ServerSession>(
        clock_, rtmp::ServerLimits{},
        [this, &connection](rtmp::ServerEvent event) { on_event(connection, std::move(event)); });
    if (manners_ != Manners::kSilent) {
      must(loop_->watch(fd, Loop::kRead, [this, fd](uint32_t) { read(fd); }).has_value());
    }
    changed.notify();
  }
  void read(int fd) {
    auto& connection = connections_[fd];
    uint8_t buffer[65536];
    ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    bool ok = got > 0;
    Bytes plain;
    if (ok && connection.tls) {
      ok = connection.tls->receive(ByteView(buffer, static_cast<size_t>(got)), plain).has_value();
    } else if (ok) {
      plain.assign(buffer, buffer + got);
    }
    ok = ok && connection.session->feed(plain);
    if (ok && connection.asked) {
      connection.asked = false;
      if (manners_ == Manners::kRefusePublish) {
        connection.session->refuse_publish("the stream key " + stream() + " is unknown here");
      } else {
        ok = connection.session->accept_publish().has_value();
        ++publishes_;
      }
      changed.notify();
    }
    send(connection);
    if (connection.session->state() == rtmp::ServerSession::State::kPublishing) {
      if (manners_ == Manners::kCloseAfterPublish) ok = false;
      if (manners_ == Manners::kHangAfterPublish) {
        loop_->unwatch(fd);
        connection.deaf = true;
        return;
      }
    }
    if (!ok) {
      loop_->unwatch(fd);
      connections_.erase(fd);
    }
  }
  void send(Connection& connection) {
    Bytes out = connection.session->take_output();
    if (connection.tls) {
      if (!out.empty()) must(connection.tls->send(out).has_value());
      out = connection.tls->take_wire();
    }
    if (!out.empty()) must(::send(connection.socket.get(), out.data(), out.size(), MSG_NOSIGNAL) >= 0);
  }
  void on_event(Connection& connection, rtmp::ServerEvent event) {
    std::lock_guard lock(mutex_);
    if (auto* request = std::get_if<rtmp::PublishRequest>(&event)) {
      connection.asked = true;
      stream_ = request->stream;
    } else if (auto* media = std::get_if<rtmp::MediaMessage>(&event)) {
      media_.push_back(std::move(*media));
    } else {
      ++ends_;
    }
    changed.notify();
  }

  SystemClock clock_;
  std::atomic<Manners> manners_;
  const wrap::TlsContext* tls_;
  UniqueFd listener_;
  uint16_t port_ = 0;
  std::unique_ptr<Loop> loop_;
  std::map<int, Connection> connections_;
  std::atomic<int> accepted_{0};
  std::atomic<int> publishes_{0};
  std::atomic<int> ends_{0};
  std::mutex mutex_;
  std::vector<rtmp::MediaMessage> media_;
  std::string stream_;
  std::thread thread_;
};

}  // namespace openday::test
