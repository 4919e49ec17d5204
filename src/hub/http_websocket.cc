#include "hub/http_websocket.h"

#include <fmt/format.h>

#include <algorithm>

#include "wrap/ssl/digest.h"

namespace openday::hub {
namespace {

constexpr size_t kInFlight = 32 * 1024;  // handed to the socket at a time; the rest may still be dropped

bool offers(std::string_view list, std::string_view protocol) {
  while (!list.empty()) {
    size_t comma = list.find(',');
    std::string_view one = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    if (one == protocol) return true;
  }
  return false;
}

}  // namespace

std::expected<AcceptedWebSocket, Response> accept_websocket(
    Connection& connection, const WebSocketRoute& route, Request& request,
    const std::map<std::string, std::string, std::less<>>& params) {
  auto refuse = [&](int status, std::string_view code, std::string_view why) {
    return std::unexpected(Response::error(status, code, why, request.id));
  };
  if (request.header("sec-websocket-version") != "13") {
    auto refused = Response::error(426, "invalid", "only WebSocket version 13 is spoken", request.id);
    return std::unexpected(std::move(refused.with("Sec-WebSocket-Version", "13")));
  }
  std::string key(request.header("sec-websocket-key"));
  if (key.size() != 24 || !key.ends_with("==")) return refuse(400, "invalid", "Sec-WebSocket-Key is not one");
  if (!offers(request.header("sec-websocket-protocol"), route.subprotocol)) {
    return refuse(400, "invalid", fmt::format("the subprotocol here is {}", route.subprotocol));
  }
  // Browsers send cookies with WebSockets to any host but always say whose page it is; programs send no
  // Origin.
  if (!request.header("origin").empty() && !request.same_origin()) {
    return refuse(403, "refused", "pages of other hosts may not connect here");
  }
  size_t& open = connection.server().sockets_of[&route];
  if (open >= route.max_sockets) {
    auto refused = Response::error(503, "busy", "too many connections of this kind", request.id);
    return std::unexpected(std::move(refused.with("Retry-After", "5")));
  }
  request.params = params;
  auto handler = route.accept(request);
  if (!handler) return std::unexpected(std::move(handler.error()));
  // RFC 6455 4.2.2
  Bytes digest = wrap::sha1(as_bytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
  AcceptedWebSocket accepted;
  accepted.answer = fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
      "Upgrade\r\nSec-WebSocket-Accept: {}\r\n"
      "Sec-WebSocket-Protocol: {}\r\nX-Request-Id: {}\r\n\r\n",
      wrap::base64(digest), route.subprotocol, request.id);
  accepted.protocol = std::make_unique<WebSocketProtocol>(connection, route, std::move(*handler));
  if (route.send_buffer > 0) connection.transport().set_send_buffer(route.send_buffer);
  return accepted;
}

WebSocketProtocol::WebSocketProtocol(Connection& connection, const WebSocketRoute& route,
                                     std::unique_ptr<WebSocketHandler> handler)
    : connection_(connection),
      queue_bytes_(route.queue_bytes),
      handler_(std::move(handler)),
      decoder_(route.max_message),
      opened_at_(connection.server().now()),
      heard_(opened_at_),
      pinged_(heard_),
      route_(&route) {
  ++connection_.server().sockets_of[route_];
  ++connection_.server().counters.websockets_open;
}

WebSocketProtocol::~WebSocketProtocol() {
  --connection_.server().sockets_of[route_];
  --connection_.server().counters.websockets_open;
}

bool WebSocketProtocol::send(SharedBytes text, Loss loss) {
  if (closing_) return false;
  size_t size = text->size();
  if (queued_ + size > queue_bytes_) {
    for (auto it = queue_.begin(); it != queue_.end() && queued_ + size > queue_bytes_;) {
      if (it->loss == Loss::kMustNot) {
        ++it;
        continue;
      }
      queued_ -= it->text->size();
      ++dropped_;
      ++connection_.server().counters.websocket_dropped;
      it = queue_.erase(it);
    }
    if (queued_ + size > queue_bytes_) {
      ++dropped_;
      ++connection_.server().counters.websocket_dropped;
      if (loss == Loss::kMustNot) close(1013, "too slow");
      return false;
    }
  }
  queued_ += size;
  queue_.push_back({std::move(text), loss});
  if (!inside_) {
    pump();
    connection_.flush();
  }
  return true;
}

size_t WebSocketProtocol::offer(std::span<const SharedBytes> frames) {
  if (closing_) return 0;
  Transport& transport = connection_.transport();
  if (!queue_.empty() || !transport.idle()) {
    refused_ = true;
    return 0;
  }
  frames = frames.first(std::min(frames.size(), Transport::kMostNow));
  // What the socket does not take at once goes on with the loop, which also sees a broken one.
  if (!transport.send_now(frames)) connection_.flush();
  return frames.size();
}

void WebSocketProtocol::on_drained() {
  pump();
  if (!refused_ || !queue_.empty() || !connection_.transport().idle() || closing_) return;
  refused_ = false;
  handler_->on_writable(*this);
}

void WebSocketProtocol::pump() {
  Transport& transport = connection_.transport();
  while (!queue_.empty() && transport.queued_bytes() < kInFlight) {
    SharedBytes text = std::move(queue_.front().text);
    queue_.pop_front();
    queued_ -= text->size();
    transport.queue(std::make_shared<const Bytes>(ws_header(kWsText, text->size())));
    transport.queue(std::move(text));
  }
}

void WebSocketProtocol::say(Bytes frame) {
  connection_.transport().queue(std::make_shared<const Bytes>(std::move(frame)));
}

void WebSocketProtocol::close(uint16_t code, std::string_view reason) {
  if (closing_) return;
  closing_ = true;
  queue_.clear();
  queued_ = 0;
  say(ws_close_frame(code, reason));
  connection_.close_gently();
}

void WebSocketProtocol::on_bytes(ByteView bytes) {
  inside_ = true;
  if (!opened_) {
    opened_ = true;
    handler_->on_open(*this);
  }
  heard_ = connection_.server().now();
  std::vector<WsEvent> events;
  auto fed = decoder_.feed(bytes, events);
  for (WsEvent& event : events) {
    if (closing_) break;
    switch (event.kind) {
      case WsKind::kText:
        spoke_ = true;
        handler_->on_text(*this, as_text(event.payload));
        break;
      case WsKind::kPing: {
        // One pong is enough for pings that pile up behind a slow reader.
        if (connection_.transport().queued_bytes() > kInFlight) break;
        Bytes pong = ws_header(kWsPong, event.payload.size());
        pong.insert(pong.end(), event.payload.begin(), event.payload.end());
        say(std::move(pong));
        break;
      }
      case WsKind::kPong: break;
      case WsKind::kClose: close(event.close_code == 1005 ? 1000 : event.close_code, ""); break;
    }
  }
  if (!fed && !closing_) close(fed.error().code, fed.error().why);
  inside_ = false;
  pump();
}

void WebSocketProtocol::on_end() {
  connection_.close();
}

void WebSocketProtocol::on_tick(HouseTime now) {
  if (closing_) return;
  if (!spoke_ && route_->first_message > Duration(0) && now - opened_at_ > route_->first_message) {
    ++connection_.server().counters.timeouts;
    return close(1008, "nothing was said");
  }
  if (now - heard_ > route_->dead_after) {
    ++connection_.server().counters.timeouts;
    return connection_.close();
  }
  if (now - std::max(heard_, pinged_) > route_->ping_after) {
    pinged_ = now;
    say(ws_header(kWsPing, 0));
  }
}

Duration WebSocketProtocol::quiet_for() const {
  bool awaited = !spoke_ && route_->first_message > Duration(0);
  return awaited || closing_ ? Duration(0) : route_->ping_after / 4;
}

void WebSocketProtocol::on_closed() {
  closing_ = true;
  if (opened_) handler_->on_close(*this);
  opened_ = false;
}

}  // namespace openday::hub
