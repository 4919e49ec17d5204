#include "hub/api.h"

#include "hub/api_bodies.h"

namespace openday::hub {

using account::Right;
using broadcast::Act;
using broadcast::Broadcast;

void Reply::fail(const Error& error) const {
  responder_->send(error_response(error, id_));
}

Api::Api(Parts parts, ApiSettings settings)
    : parts_(std::move(parts)), settings_(std::move(settings)), recoveries_(parts_.clock, 5, seconds(60)) {}

void Api::add_routes() {
  add_public_routes();
  add_session_routes();
  add_people_routes();
  add_broadcast_routes();
  add_life_routes();
  add_program_routes();
  add_withdrawal_routes();
  add_scene_routes();
  add_target_routes();
  add_venue_routes();
  add_picture_routes();
  add_moderation_routes();
  add_word_routes();
  add_desk_routes();
  socket(Right::kModerate, kOne + "/moderation", parts_.moderators.route());
  socket(Right::kRunBroadcasts, kOne + "/events", parts_.room.route());
}

void Api::socket(Right right, const std::string& pattern, WebSocketRoute route) {
  staff_sockets_.push_back({right, Method::kGet, pattern});
  parts_.router.websocket(pattern, parts_.gate.guard(right, std::move(route)));
}

void Api::staff(Right right, Method method, const std::string& pattern, StaffHandler handler,
                RouteOptions options) {
  visitor(
      right, method, pattern,
      [handler = std::move(handler)](const Request& request, const Gate::Visitor& who, Responder responder) {
        handler(request, who.act, Reply(std::move(responder), request.id));
      },
      options);
}

void Api::visitor(Right right, Method method, const std::string& pattern, VisitorHandler handler,
                  RouteOptions options) {
  staff_routes_.push_back({right, method, pattern});
  parts_.router.add(
      method, pattern,
      [this, right, handler = std::move(handler)](const Request& request, Responder responder) {
        auto who = parts_.gate.admit(request, right, request.method != Method::kGet);
        if (!who) return responder.send(std::move(who).error());
        handler(request, *who, std::move(responder));
      },
      options);
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
  visitor(Right::kOwnAccount, Method::kGet, "/api/v1/session",
          [](const Request&, const Gate::Visitor& who, Responder responder) {
            Json rights = Json::array();
            for (const auto& grant : account::kGrants) {
              if (who.roles.meet(grant.roles)) rights.push_back(grant.name);
            }
            Json session = {{"via", who.act.via}, {"rights", std::move(rights)}};
            session["person"] = who.person ? person_json(*who.person) : Json(nullptr);
            responder.send(Response::json(200, dump(session)));
          });
  visitor(Right::kOwnAccount, Method::kPut, "/api/v1/session/password",
          [this](const Request& request, const Gate::Visitor& who, Responder responder) {
            parts_.gate.change_password(request, who, std::move(responder));
          });
  staff(Right::kSeeBroadcasts, Method::kGet, "/api/v1/admin/layouts",
        [this](const Request&, const Act&, const Reply& reply) { reply.json(200, settings_.layouts); });
  staff(Right::kReadAudit, Method::kGet, "/api/v1/admin/audit",
        [this](const Request& request, const Act&, const Reply& reply) {
          auto before = request.query.integer("before");
          auto limit = request.query.integer("limit");
          if (!before) return reply.fail(before.error());
          if (!limit) return reply.fail(limit.error());
          int64_t most = limit->value_or(100);
          if (most < 1 || most > 500) return reply.fail({Errc::kInvalid, "limit must be from 1 to 500"});
          auto entries = parts_.rolls.roll().audit(before->value_or(0), static_cast<int>(most));
          if (!entries) return reply.fail(entries.error());
          Json list = Json::array();
          for (const auto& entry : *entries) list.push_back(audit_json(entry));
          reply.json(200, {{"entries", std::move(list)}});
        });
}

}  // namespace openday::hub
