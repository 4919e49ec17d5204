// WebSockets: accepting them and speaking on them. What one page is told is queued with send(); what
// thousands are told alike is offered to each as one frame that they share (hub/fanout.h).
#pragma once

#include <memory>
#include <string>

#include "hub/http_connection.h"
#include "hub/lean_queue.h"
#include "hub/websocket_frame.h"

namespace openday::hub {

struct AcceptedWebSocket {
  std::string answer;  // the 101, to be sent first
  std::unique_ptr<Protocol> protocol;
};

/// Checks version, key, subprotocol, the room left and that a browser's page is of this host; then asks the
/// route.
std::expected<AcceptedWebSocket, Response> accept_websocket(
    Connection& connection, const WebSocketRoute& route, Request& request,
    const std::map<std::string, std::string, std::less<>>& params);

/// Hub thread, owned by its connection. The queue is bounded by the route's queue_bytes: beyond it kMayDrop
/// messages go, oldest first (dropped() counts them), and a kMustNot one that still does not fit closes the
/// socket.
class alignas(64) WebSocketProtocol final : public Protocol, public WebSocket {
 public:
  WebSocketProtocol(Connection& connection, const WebSocketRoute& route,
                    std::unique_ptr<WebSocketHandler> handler);
  ~WebSocketProtocol() override;

  bool send(SharedBytes text, Loss loss) override;
  size_t offer(std::span<const SharedBytes> frames) override;
  void expect_offer() const override { __builtin_prefetch(&connection_.transport()); }
  void close(uint16_t code, std::string_view reason) override;
  [[nodiscard]] size_t queued_bytes() const override { return queued_; }
  [[nodiscard]] uint64_t dropped() const override { return dropped_; }

  void on_bytes(ByteView bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_tick(HouseTime now) override;
  [[nodiscard]] Duration quiet_for() const override;
  void on_closed() override;
  void on_drain() override { close(1001, "the server is restarting"); }
  [[nodiscard]] bool wants_bytes() const override { return !closing_; }

 private:
  struct Waiting {
    SharedBytes text;
    Loss loss = Loss::kMayDrop;
  };
  void pump();
  void say(Bytes frame);

  // What offer() looks at is in the first 64 bytes: in a full room these are in no cache.
  Connection& connection_;
  bool closing_ = false;
  bool refused_ = false;  // an offer; to be told when another one is worth it
  LeanQueue<Waiting> queue_;

  bool opened_ = false;
  bool inside_ = false;
  const size_t queue_bytes_;
  std::unique_ptr<WebSocketHandler> handler_;
  WsDecoder decoder_;
  size_t queued_ = 0;
  uint64_t dropped_ = 0;
  HouseTime opened_at_;
  bool spoke_ = false;
  HouseTime heard_;
  HouseTime pinged_;
  const WebSocketRoute* route_;
};

}  // namespace openday::hub
