#include "hub/api.h"

#include "hub/api_bodies.h"

namespace openday::hub {

using broadcast::Act;
using broadcast::Broadcast;

void Reply::fail(const Error& error) const {
  responder_->send(error_response(error, id_));
}

Api::Api(Parts parts, ApiSettings settings) : parts_(std::move(parts)), settings_(std::move(settings)) {}

void Api::add_routes() {
  add_public_routes();
  add_session_routes();
  add_broadcast_routes();
  add_life_routes();
  add_program_routes();
  add_withdrawal_routes();
  add_scene_routes();
  add_target_routes();
  add_venue_routes();
  add_picture_routes();
  parts_.router.websocket("/api/v1/admin/broadcasts/{b}/events", parts_.room.route());
}

void Api::admin(Method method, const std::string& pattern, AdminHandler handler) {
  admin_routes_.push_back({method, pattern});
  parts_.router.add(method, pattern,
                    [this, handler = std::move(handler)](const Request& request, Responder responder) {
                      auto act = parts_.gate.admit(request, request.method != Method::kGet);
                      if (!act) return responder.send(std::move(act).error());
                      handler(request, *act, Reply(std::move(responder), request.id));
                    });
}

void Api::tell_changed(const std::string& id) {
  forget_cached();
  auto broadcast = parts_.books.view().broadcast(id);
  if (broadcast) parts_.conductor.changed(*broadcast);
}

void Api::commit_broadcast(int status, const Reply& reply,
                           std::function<Result<Broadcast>(broadcast::Ledger&)> work) {
  broadcast::submit<Broadcast>(parts_.books, std::move(work),
                               [this, status, reply](Result<Broadcast> outcome) {
                                 if (!outcome) return reply.fail(outcome.error());
                                 forget_cached();
                                 parts_.conductor.changed(*outcome);
                                 reply.json(status, parts_.conductor.full_json(*outcome));
                               });
}

void Api::add_session_routes() {
  parts_.router.add(Method::kPost, "/api/v1/session", [this](const Request& request, Responder responder) {
    parts_.gate.login(request, std::move(responder));
  });
  parts_.router.add(Method::kDelete, "/api/v1/session", [this](const Request& request, Responder responder) {
    parts_.gate.logout(request, std::move(responder));
  });
  admin(Method::kGet, "/api/v1/session", [](const Request&, const Act& act, const Reply& reply) {
    reply.json(200, {{"role", act.by}, {"via", act.via}});
  });
  admin(Method::kGet, "/api/v1/admin/layouts",
        [this](const Request&, const Act&, const Reply& reply) { reply.json(200, settings_.layouts); });
  admin(Method::kGet, "/api/v1/admin/audit", [this](const Request& request, const Act&, const Reply& reply) {
    auto before = request.query.integer("before");
    auto limit = request.query.integer("limit");
    if (!before) return reply.fail(before.error());
    if (!limit) return reply.fail(limit.error());
    int64_t most = limit->value_or(100);
    if (most < 1 || most > 500) return reply.fail({Errc::kInvalid, "limit must be from 1 to 500"});
    auto entries = parts_.books.view().audit(before->value_or(0), static_cast<int>(most));
    if (!entries) return reply.fail(entries.error());
    Json list = Json::array();
    for (const auto& entry : *entries) list.push_back(audit_json(entry));
    reply.json(200, {{"entries", std::move(list)}});
  });
}

}  // namespace openday::hub
