// Control pages that watch a broadcast: one WebSocket each, told what changes (docs/API.md, control events).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "hub/api_json.h"
#include "hub/http.h"

namespace openday::hub {

/// Home thread: the hub's. A message is serialised once for all pages of a broadcast. What comes again soon
/// (status, levels) may be dropped for a slow page; what does not (broadcast, taken) is kept, or the page is
/// cut off and reconnects.
class ControlRoom {
 public:
  static constexpr size_t kMaxPages = 64;

  /// What a page is told first; nothing when there is no such broadcast.
  using Greeting = std::function<Result<std::vector<Json>>(const std::string& broadcast)>;

  explicit ControlRoom(Greeting greeting) : greeting_(std::move(greeting)) {}
  ControlRoom(const ControlRoom&) = delete;

  /// For a path with the parameter {b}; without one, all pages watch the same, which has an empty name. Lets
  /// anybody in: who may come is the gate's to say (Gate::guard).
  WebSocketRoute route(const std::string& subprotocol = "openday-control-1");

  [[nodiscard]] bool watched(const std::string& broadcast) const { return pages_.contains(broadcast); }
  [[nodiscard]] std::vector<std::string> watched() const;
  void tell(const std::string& broadcast, const Json& event, WebSocket::Loss loss);
  /// The broadcast is gone.
  void close(const std::string& broadcast);

 private:
  class Page;

  const Greeting greeting_;
  std::map<std::string, std::set<WebSocket*>> pages_;
};

}  // namespace openday::hub
