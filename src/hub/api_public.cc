// What anybody may ask: the list of broadcasts, one of them, the time.
#include "hub/api.h"

namespace openday::hub {
namespace {

constexpr int kMaxShown = 50;
constexpr auto kCacheFor = seconds(1);

std::shared_ptr<const SharedResponse> rendered(const Json& json) {
  std::string text = dump(json);
  return std::make_shared<const SharedResponse>(
      200, std::vector<Header>{{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
      std::make_shared<const Bytes>(text.begin(), text.end()));
}

}  // namespace

void Api::add_public_routes() {
  parts_.router.get("/api/v1/broadcasts", [this](const Request& request, Responder responder) {
    send_public_list(Reply(std::move(responder), request.id));
  });
  parts_.router.get("/api/v1/broadcasts/{b}", [this](const Request& request, Responder responder) {
    send_public(std::string(request.param("b")), Reply(std::move(responder), request.id));
  });
  parts_.router.get("/api/v1/time", [this](const Request& request, Responder responder) {
    ProgramTime now = parts_.clock.wall();
    Reply(std::move(responder), request.id).json(200, {{"now", to_rfc3339(now)}, {"ms", now.ms}});
  });
  // For who has no scripts, and so no page that could ask where it is.
  parts_.router.get("/tips", [this](const Request& request, Responder responder) {
    std::string url = settings_.site.value("tips", "");
    if (url.empty()) {
      return responder.send(Response::error({Errc::kNotFound, "no tips are taken here"}, request.id));
    }
    Response response = Response::empty(302).with("Location", url);
    responder.send(std::move(response.with("Cache-Control", "no-store")));
  });
}

void Api::send_public_list(const Reply& reply) {
  HouseTime now = parts_.clock.now();
  auto& cached = cached_[""];
  if (!cached.response || cached.until <= now) {
    auto broadcasts = parts_.books.view().public_broadcasts(kMaxShown);
    if (!broadcasts) return reply.fail(broadcasts.error());
    Json list = Json::array();
    for (const auto& one : *broadcasts) list.push_back(parts_.conductor.viewer_json(one));
    cached = {rendered({{"site", settings_.site}, {"broadcasts", std::move(list)}}), now + kCacheFor};
  }
  reply.send(Response::shared(cached.response));
}

void Api::send_public(const std::string& id, const Reply& reply) {
  HouseTime now = parts_.clock.now();
  auto cached = cached_.find(id);
  if (cached != cached_.end() && !id.empty() && cached->second.until > now) {
    return reply.send(Response::shared(cached->second.response));
  }
  auto broadcast = parts_.books.view().broadcast(id);
  if (!broadcast) return reply.fail(broadcast.error());
  Json shown = parts_.conductor.viewer_json(*broadcast);
  shown["site"] = settings_.site;
  auto response = rendered(shown);
  if (cached_.size() >= kMaxCached) cached_.clear();
  cached_[id] = {response, now + kCacheFor};
  reply.send(Response::shared(response));
}

}  // namespace openday::hub
