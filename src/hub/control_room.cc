#include "hub/control_room.h"

#include "hub/api_values.h"

namespace openday::hub {
class ControlRoom::Page final : public WebSocketHandler {
 public:
  Page(ControlRoom& room, std::string broadcast, std::vector<Json> greeting)
      : room_(room), broadcast_(std::move(broadcast)), greeting_(std::move(greeting)) {}

  void on_open(WebSocket& socket) override {
    room_.pages_[broadcast_].insert(&socket);
    for (const auto& event : greeting_) socket.send(shared_text(event), WebSocket::Loss::kMustNot);
    greeting_.clear();
  }
  // Commands are requests; whatever a page says here is a mistake of its author.
  void on_text(WebSocket& socket, std::string_view) override {
    socket.close(1008, "nothing is expected from pages");
  }
  void on_close(WebSocket& socket) override {
    auto pages = room_.pages_.find(broadcast_);
    if (pages == room_.pages_.end()) return;
    pages->second.erase(&socket);
    if (pages->second.empty()) room_.pages_.erase(pages);
  }

 private:
  ControlRoom& room_;
  const std::string broadcast_;
  std::vector<Json> greeting_;
};

WebSocketRoute ControlRoom::route(const std::string& subprotocol) {
  WebSocketRoute route;
  route.subprotocol = subprotocol;
  route.max_message = 1024;
  route.queue_bytes = 256 * 1024;
  route.max_sockets = kMaxPages;
  route.accept =
      [this](const Request& request) -> std::expected<std::unique_ptr<WebSocketHandler>, Response> {
    std::string broadcast(request.param("b"));
    auto greeting = greeting_(broadcast);
    if (!greeting) return std::unexpected(Response::error(greeting.error(), request.id));
    return std::make_unique<Page>(*this, broadcast, std::move(*greeting));
  };
  return route;
}

std::vector<std::string> ControlRoom::watched() const {
  std::vector<std::string> found;
  found.reserve(pages_.size());
  for (const auto& [broadcast, pages] : pages_) found.push_back(broadcast);
  return found;
}

void ControlRoom::tell(const std::string& broadcast, const Json& event, WebSocket::Loss loss) {
  auto pages = pages_.find(broadcast);
  if (pages == pages_.end()) return;
  SharedBytes text = shared_text(event);
  auto present = pages->second;  // a socket that is closed for being too slow leaves the set
  for (WebSocket* socket : present) {
    auto again = pages_.find(broadcast);
    if (again != pages_.end() && again->second.contains(socket)) socket->send(text, loss);
  }
}

void ControlRoom::close(const std::string& broadcast) {
  auto pages = pages_.find(broadcast);
  if (pages == pages_.end()) return;
  auto present = pages->second;
  for (WebSocket* socket : present) {
    auto again = pages_.find(broadcast);
    if (again != pages_.end() && again->second.contains(socket))
      socket->close(1000, "the broadcast was deleted");
  }
}

}  // namespace openday::hub
