#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "hub/http_upload.h"

namespace openday::hub {
namespace {

struct Endpoint {
  Handler handler;
  RouteOptions options;
  std::optional<UploadRoute> upload;
};

void take_whole(const UploadRoute& route, const Request& request, Responder responder) {
  auto sink = route.accept(request, UploadFlow({}));
  if (!sink) return responder.send(std::move(sink.error()));
  if (!request.body.empty()) {
    auto taken = (*sink)->take(request.body);
    if (!taken) return responder.send(std::move(taken.error()));
  }
  (*sink)->finish(std::move(responder));
}

/// "/a/b/" → "a", "b", "": a trailing slash is a segment of its own.
std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> out;
  size_t begin = path.starts_with('/') ? 1 : 0;
  while (true) {
    size_t end = path.find('/', begin);
    out.push_back(path.substr(begin, end == std::string_view::npos ? end : end - begin));
    if (end == std::string_view::npos) return out;
    begin = end + 1;
  }
}

std::string list_of(const std::vector<Method>& methods) {
  std::string out;
  for (Method method : methods) {
    out += name_of(method);
    out += ", ";
    if (method == Method::kGet) out += "HEAD, ";
  }
  return out + "OPTIONS";
}

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> fixed;
  std::unique_ptr<Node> one;   // {name}
  std::unique_ptr<Node> rest;  // {name...}
  std::string name;            // of this node's own placeholder
  std::map<Method, Endpoint> endpoints;
  std::optional<WebSocketRoute> websocket;

  [[nodiscard]] bool ends_here() const { return !endpoints.empty() || websocket; }

  Node& child(std::string_view segment) {
    bool placeholder = segment.size() > 2 && segment.starts_with('{') && segment.ends_with('}');
    if (!placeholder) {
      auto& slot = fixed[std::string(segment)];
      if (!slot) slot = std::make_unique<Node>();
      return *slot;
    }
    std::string_view inner = segment.substr(1, segment.size() - 2);
    bool takes_rest = inner.ends_with("...");
    if (takes_rest) inner.remove_suffix(3);
    auto& slot = takes_rest ? rest : one;
    if (!slot) slot = std::make_unique<Node>();
    assert(slot->name.empty() ||
           slot->name == inner);  // one name per place, or params would depend on the method
    slot->name = inner;
    return *slot;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(Method method, std::string_view pattern, Handler handler, RouteOptions options) {
  Node* node = root_.get();
  for (std::string_view segment : segments_of(pattern)) node = &node->child(segment);
  bool added = node->endpoints.emplace(method, Endpoint{std::move(handler), options, {}}).second;
  assert(added);
  static_cast<void>(added);
}

void Router::upload(Method method, std::string_view pattern, UploadRoute route) {
  Node* node = root_.get();
  for (std::string_view segment : segments_of(pattern)) node = &node->child(segment);
  RouteOptions options;
  options.any_origin = route.any_origin;
  bool added = node->endpoints.emplace(method, Endpoint{{}, options, std::move(route)}).second;
  assert(added);
  static_cast<void>(added);
}

void Router::websocket(std::string_view pattern, WebSocketRoute route) {
  Node* node = root_.get();
  for (std::string_view segment : segments_of(pattern)) node = &node->child(segment);
  assert(!node->websocket);
  node->websocket = std::move(route);
}

void Router::otherwise(Handler handler) {
  otherwise_ = std::move(handler);
}

std::vector<std::string> Router::routes() const {
  std::vector<std::string> found;
  auto collect = [&](auto& self, const Node& node, const std::string& pattern) -> void {
    for (const auto& [method, endpoint] : node.endpoints) {
      found.push_back(fmt::format("{} {}", name_of(method), pattern));
    }
    if (node.websocket) found.push_back("WEBSOCKET " + pattern);
    for (const auto& [segment, child] : node.fixed) {
      self(self, *child, fmt::format("{}/{}", pattern, segment));
    }
    if (node.one) self(self, *node.one, fmt::format("{}/{{{}}}", pattern, node.one->name));
    if (node.rest) self(self, *node.rest, fmt::format("{}/{{{}...}}", pattern, node.rest->name));
  };
  collect(collect, *root_, "");
  if (otherwise_) found.emplace_back("OTHERWISE");
  std::ranges::sort(found);
  return found;
}

Router::Match Router::match(Method method, std::string_view path) const {
  using Params = std::map<std::string, std::string, std::less<>>;
  std::vector<std::string_view> segments = segments_of(path);
  Params params;
  // Depth first in order of precedence; a pattern is a few segments long, so is the recursion.
  auto find = [&](auto& self, const Node& node, size_t at) -> const Node* {
    if (at == segments.size()) return node.ends_here() ? &node : nullptr;
    if (auto fixed = node.fixed.find(segments[at]); fixed != node.fixed.end()) {
      if (const Node* found = self(self, *fixed->second, at + 1)) return found;
    }
    if (node.one && !segments[at].empty()) {
      if (const Node* found = self(self, *node.one, at + 1)) {
        params[node.one->name] = segments[at];
        return found;
      }
    }
    if (node.rest && node.rest->ends_here()) {
      params[node.rest->name] = path.substr(static_cast<size_t>(segments[at].data() - path.data()));
      return node.rest.get();
    }
    return nullptr;
  };
  Match match;
  const Node* node = find(find, *root_, 0);
  if (!node) return match;
  match.params = std::move(params);
  if (node->websocket) match.websocket = &*node->websocket;
  for (const auto& [known, endpoint] : node->endpoints) {
    match.allow.push_back(known);
    match.options = endpoint.options;  // for errors; the exact one below
  }
  if (node->endpoints.empty()) match.allow.push_back(Method::kGet);  // the upgrade request
  if (method == Method::kHead) method = Method::kGet;
  if (auto found = node->endpoints.find(method); found != node->endpoints.end()) {
    if (found->second.handler) match.handler = &found->second.handler;
    if (found->second.upload) match.upload = &*found->second.upload;
    match.options = found->second.options;
  }
  return match;
}

void Router::dispatch(Request request, Responder responder) const {
  Match found = match(request.method, request.path);
  dispatch(found, std::move(request), std::move(responder));
}

void Router::dispatch(const Match& found, Request request, Responder responder) const {
  request.params = found.params;
  if (found.handler) return (*found.handler)(request, std::move(responder));
  if (found.upload) return take_whole(*found.upload, request, std::move(responder));
  if (found.allow.empty()) {
    if (otherwise_) return otherwise_(request, std::move(responder));
    return responder.send(Response::error(404, "not_found", "there is nothing at this address", request.id));
  }
  std::string allow = list_of(found.allow);
  if (request.method == Method::kOptions) {
    Response response = Response::empty(204);
    response.with("Allow", allow);
    if (found.options.any_origin) {
      response.with("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
          .with("Access-Control-Allow-Headers", "Range")
          .with("Access-Control-Max-Age", "86400");
    }
    return responder.send(std::move(response));
  }
  if (found.websocket && request.method == Method::kGet) {
    Response response =
        Response::error(426, "invalid", "this address takes WebSocket connections", request.id);
    return responder.send(std::move(response.with("Upgrade", "websocket")));
  }
  Response response = Response::error(405, "invalid", "this address does not take this method", request.id);
  responder.send(std::move(response.with("Allow", allow)));
}

}  // namespace openday::hub
