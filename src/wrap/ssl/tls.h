// TLS 1.2 and 1.3 (OpenSSL), server and client, without a socket: wire bytes in, plain bytes out, and the
// reverse.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::wrap {

/// Certificates and trust, made once and shared by sessions; a handle. Reading files (the trust store)
/// happens here and nowhere later, so make it before the sandbox closes. Thread-safe.
class TlsContext {
 public:
  /// `certificate_pem`: the server's, then its chain. kInvalid: not PEM, or the key does not belong to it.
  /// `protocols`: those to agree on by ALPN (RFC 7301), ours first; a client that offers only others is
  /// refused. Sessions keep the context they began with, so a new one may replace it at any time.
  static Result<TlsContext> server(std::string_view certificate_pem, std::string_view key_pem,
                                   const std::vector<std::string>& protocols = {});
  /// Trusts the system's authorities, and those in `more_authorities_pem`.
  static Result<TlsContext> client(std::string_view more_authorities_pem = {});

 private:
  friend class TlsSession;
  struct State;
  explicit TlsContext(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

/// One connection. One thread. After every call the owner sends what take_wire() returns.
class TlsSession {
 public:
  static Result<TlsSession> accept(const TlsContext& context);
  /// Checks that the certificate is for `host` (a name or an address); begins the handshake.
  static Result<TlsSession> connect(const TlsContext& context, const std::string& host);
  TlsSession(TlsSession&&) noexcept;
  TlsSession& operator=(TlsSession&&) noexcept;
  ~TlsSession();

  /// Bytes from the peer; appends what they say to `plain`. kInvalid: not TLS, a broken record, or a
  /// certificate that is not trusted; take_wire() may then still hold an alert for the peer.
  Result<> receive(ByteView wire, Bytes& plain);
  /// Encrypts. Before the handshake is done, up to 64 KiB wait for it; kLimit beyond.
  Result<> send(ByteView plain);
  /// Tells the peer that nothing more will come.
  void finish();

  [[nodiscard]] Bytes take_wire();
  [[nodiscard]] bool established() const;
  /// What ALPN agreed on ("h2"); empty without.
  [[nodiscard]] std::string_view protocol() const;
  /// The peer said that nothing more will come.
  [[nodiscard]] bool peer_finished() const;

 private:
  struct State;
  explicit TlsSession(std::unique_ptr<State> state);
  Result<> proceed();
  std::unique_ptr<State> state_;
};

}  // namespace openday::wrap
