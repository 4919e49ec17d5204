// One accepted connection and the protocol spoken on it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.h"
#include "hub/http.h"
#include "hub/http_exchange.h"
#include "hub/http_transport.h"

namespace openday::hub {

class Connection;
class Intake;

/// What connections need of their server. Hub thread.
class ServerCore {
 public:
  ServerCore(HttpOptions o, Loop& l) : options(std::move(o)), loop(l) {}
  virtual ~ServerCore() = default;

  const HttpOptions options;
  Loop& loop;
  Router router;
  HttpCounters counters;
  ProxyTrust trust;
  std::map<const WebSocketRoute*, size_t> sockets_of;  // open ones
  std::map<const UploadRoute*, size_t> uploads_of;     // open ones
  ReadSpace space;

  [[nodiscard]] HouseTime now() const { return loop.clock().now(); }
  /// 8 hexadecimal digits; unique enough to find a request in a log, no secret.
  virtual std::string next_request_id() = 0;
  /// The Date header of now.
  virtual const std::string& date() = 0;
  /// Calls the route's handler; what it throws is answered 500 and counted. `caller` may be null.
  void call(const Router::Match& match, Request request, std::shared_ptr<PendingExchange> exchange,
            const std::shared_ptr<Caller>& caller);
  /// The same when a body has come whole into its sink; `id` is the request's.
  void finish(Intake& intake, std::shared_ptr<PendingExchange> exchange,
              const std::shared_ptr<Caller>& caller, std::string_view id);
  /// Takes the connection out of the server's list; it lives on until its callers return.
  virtual void forget(Connection& connection) = 0;
  /// A deadline began: the connection's next tick is the server's next.
  virtual void look_soon(Connection& connection) = 0;
  /// Calls connection.resume() after the present callbacks: its turn comes, but not before others'.
  virtual void resume_later(const std::shared_ptr<Connection>& connection) = 0;

 private:
  bool admit(PendingExchange& exchange, const std::shared_ptr<Caller>& caller, std::string_view id) const;
};

/// HTTP/1.1, HTTP/2 or WebSocket on a connection that owns it. Callbacks come on the hub thread, none after
/// on_closed().
class Protocol {
 public:
  virtual ~Protocol() = default;
  virtual void on_bytes(ByteView bytes) = 0;
  /// The peer will send nothing more.
  virtual void on_end() = 0;
  /// All that was queued is out.
  virtual void on_drained() = 0;
  /// Checks deadlines, a few times a second.
  virtual void on_tick(HouseTime now) = 0;
  /// How long it need not do so again while nothing waits to be sent; 0: no longer than usual.
  [[nodiscard]] virtual Duration quiet_for() const { return Duration(0); }
  virtual void on_closed() = 0;
  /// The server is going: finish what is open, begin nothing new.
  virtual void on_drain() = 0;
  /// Whether bytes are welcome now; without, the peer has to wait (TCP sees to that).
  [[nodiscard]] virtual bool wants_bytes() const = 0;
  virtual void resume() {}
};

class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(ServerCore& server, UniqueFd socket, std::optional<wrap::TlsSession> tls, std::string peer);
  ~Connection();

  /// Watches the socket; false when that fails.
  bool start();
  /// At once. The protocol hears on_closed(). Safe to call twice and from its callbacks.
  void close();
  /// Sends what is queued, then the end, and discards what still comes for a while: closing with unread input
  /// would reset the connection and take the last answer with it (RFC 9112 9.6).
  void close_gently();
  /// Replaces the protocol once the present callback has returned, and gives `rest` to the new one.
  void switch_to(std::unique_ptr<Protocol> protocol, Bytes rest);
  /// Sends what is queued; may close. To be called after queueing on transport() outside of
  /// on_bytes()/on_drained().
  void flush();
  /// Checks deadlines; the value is as with Protocol::quiet_for().
  Duration tick(HouseTime now);
  void drain();
  void resume();

  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] ServerCore& server() { return server_; }
  [[nodiscard]] Transport& transport() { return transport_; }
  [[nodiscard]] const std::string& peer() const { return peer_; }
  [[nodiscard]] bool peer_is_proxy() const { return peer_is_proxy_; }

  size_t place = 0;                // in the server's list
  std::shared_ptr<Caller> caller;  // null: not bounded

 private:
  enum class Phase { kHandshake, kOpen, kFlushing, kLingering };

  void on_ready(uint32_t ready);
  void open();
  void read_some();
  void settle();
  void update_interest();
  void discard();
  void apply_switch();

  ServerCore& server_;
  Transport transport_;
  const std::string peer_;
  const bool peer_is_proxy_;
  Phase phase_;
  std::unique_ptr<Protocol> protocol_;
  std::unique_ptr<Protocol> next_protocol_;
  Bytes next_rest_;
  bool closed_ = false;
  bool peer_ended_ = false;
  uint32_t interest_ = 0;
  uint64_t counted_sent_ = 0;
  HouseTime deadline_{INT64_MAX};  // of the handshake, of lingering
  size_t discarded_ = 0;           // while lingering
  HouseTime progress_at_;          // of sending
  uint64_t progress_sent_ = 0;
};

}  // namespace openday::hub
