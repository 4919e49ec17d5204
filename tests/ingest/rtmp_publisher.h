// A publisher on a real socket, one step at a time, blocking.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/fd.h"
#include "rtmp/client_session.h"
#include "wrap/ssl/tls.h"

namespace openday::test {

/// A blocking TCP connection to 127.0.0.1.
class Wire {
 public:
  explicit Wire(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto address = SocketAddress::parse("127.0.0.1", port).value();
    REQUIRE(::connect(fd_.get(), address.raw(), address.size()) == 0);
  }
  /// False when the other side has closed.
  bool send(ByteView bytes) const {
    while (!bytes.empty()) {
      ssize_t put = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes = bytes.subspan(static_cast<size_t>(put));
    }
    return true;
  }
  /// What comes next; empty: closed. Fails the test after `patience`.
  Bytes receive(Duration patience = seconds(20)) const {
    pollfd waiting{fd_.get(), POLLIN, 0};
    REQUIRE(::poll(&waiting, 1, static_cast<int>(duration_cast<milliseconds>(patience).count())) == 1);
    Bytes buffer(65536);
    ssize_t got = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    buffer.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return buffer;
  }
  /// Reads to the end; true if it comes within `patience` of each read.
  void until_closed(Duration patience = seconds(20)) const {
    while (!receive(patience).empty()) {
    }
  }
  void close() { fd_.reset(); }
  /// Closing will reset the connection, as a host does that has lost its state.
  void reset_on_close() const {
    linger now{1, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  UniqueFd fd_;
};

class Publisher {
 public:
  Publisher(uint16_t port, const std::string& key, const wrap::TlsContext* tls = nullptr)
      : wire_(port), session_(rtmp::parse_push_url("rtmp://127.0.0.1/live", key).value(), clock_) {
    if (tls != nullptr) tls_.emplace(wrap::TlsSession::connect(*tls, "127.0.0.1").value());
    session_.start();
    flush();
  }

  rtmp::ClientSession& session() { return session_; }
  Wire& wire() { return wire_; }

  /// Talks until live, refused or cut.
  Result<> go_live() {
    while (!session_.live()) OPENDAY_CHECK_OK(step());
    return {};
  }
  /// One read.
  Result<> step() {
    Bytes got = wire_.receive();
    if (got.empty()) return fail(Errc::kClosed, "the server closed");
    Bytes plain;
    if (tls_) {
      OPENDAY_CHECK_OK(tls_->receive(got, plain));
    } else {
      plain = std::move(got);
    }
    auto fed = session_.feed(plain);
    flush();
    return fed;
  }
  bool flush() {
    Bytes bytes = session_.take_output();
    if (tls_) {
      REQUIRE(tls_->send(bytes));
      bytes = tls_->take_wire();
    }
    return wire_.send(bytes);
  }

 private:
  SystemClock clock_;
  Wire wire_;
  std::optional<wrap::TlsSession> tls_;
  rtmp::ClientSession session_;
};

}  // namespace openday::test
