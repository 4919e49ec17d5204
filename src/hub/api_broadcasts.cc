// Broadcasts: list, make, change, delete, and the steps of their life.
#include <fmt/format.h>

#include "base/random.h"
#include "broadcast/life_cycle.h"
#include "hub/api.h"
#include "hub/api_bodies.h"

namespace openday::hub {

using account::Right;
using broadcast::Act;
using broadcast::Broadcast;
using broadcast::Ledger;

namespace {

constexpr size_t kMaxListed = 500;

}  // namespace

void Api::add_broadcast_routes() {
  staff(Right::kSeeBroadcasts, Method::kGet, "/api/v1/admin/broadcasts",
        [this](const Request&, const Act&, const Reply& reply) {
          auto all = parts_.books.view().broadcasts();
          if (!all) return reply.fail(all.error());
          if (all->size() > kMaxListed) all->resize(kMaxListed);
          Json list = Json::array();
          for (const auto& one : *all) list.push_back(parts_.conductor.full_json(one));
          reply.json(200, {{"broadcasts", std::move(list)}});
        });
  staff(Right::kRunBroadcasts, Method::kPost, "/api/v1/admin/broadcasts",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          auto wanted = body ? read_new_broadcast(*body, settings_.house) : std::unexpected(body.error());
          if (!wanted) return reply.fail(wanted.error());
          if (wanted->id.empty()) wanted->id = "b-" + random_name(4);
          for (auto& target : wanted->targets) {
            if (target.id.empty()) target.id = "t-" + random_name(4);
          }
          wanted->preview = "preview-" + random_name();
          commit_broadcast(201, reply, [wanted = *wanted, act, &rules = parts_.rules](Ledger& ledger) {
            return create(ledger, wanted, rules, act);
          });
        });
  staff(Right::kSeeBroadcasts, Method::kGet, kOne,
        [this](const Request& request, const Act&, const Reply& reply) {
          auto found = parts_.books.view().broadcast(id_in(request));
          if (!found) return reply.fail(found.error());
          reply.json(200, parts_.conductor.full_json(*found));
        });
  staff(Right::kRunBroadcasts, Method::kPatch, kOne,
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto present = parts_.books.view().broadcast(id_in(request));
          if (!present) return reply.fail(present.error());
          auto body = parse_body(request);
          auto changes = body ? read_broadcast_changes(*body, present->house) : std::unexpected(body.error());
          if (!changes) return reply.fail(changes.error());
          commit_broadcast(
              200, reply, [id = present->id, changes = *changes, act, &rules = parts_.rules](Ledger& ledger) {
                return edit(ledger, id, changes, rules, act);
              });
        });
  staff(Right::kRunBroadcasts, Method::kDelete, kOne,
        [this](const Request& request, const Act& act, const Reply& reply) {
          std::string id = id_in(request);
          parts_.books.submit(
              [id, act](Ledger& ledger) { return remove(ledger, id, act); },
              [this, id, reply](Result<> outcome) {
                if (!outcome) return reply.fail(outcome.error());
                forget_cached();
                parts_.conductor.removed(id);
                if (!parts_.delete_media) return reply.nothing();
                parts_.delete_media(id, [id, reply](const Result<>& gone) {
                  if (gone) return reply.nothing();
                  reply.fail({gone.error().code,
                              fmt::format("broadcast {} is deleted, its media not yet ({}); that is "
                                          "tried again until it is done",
                                          id, gone.error().message)});
                });
              });
        });
  staff(Right::kRunBroadcasts, Method::kGet, kOne + "/status",
        [this](const Request& request, const Act&, const Reply& reply) {
          auto found = parts_.books.view().broadcast(id_in(request));
          if (!found) return reply.fail(found.error());
          reply.json(200, parts_.conductor.status(found->id));
        });
}

void Api::add_life_routes() {
  staff(Right::kRunBroadcasts, Method::kPost, kOne + "/rehearse",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request, /*may_be_empty=*/true);
          auto on = body ? read_switch(*body, true) : std::unexpected(body.error());
          if (!on) return reply.fail(on.error());
          std::string id = id_in(request);
          commit_broadcast(200, reply, [id, on = *on, edge = parts_.conductor.edge(id), act](Ledger& ledger) {
            return on ? rehearse(ledger, id, act) : stop_rehearsal(ledger, id, edge, act);
          });
        });
  staff(Right::kRunBroadcasts, Method::kPost, kOne + "/go-live",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request, /*may_be_empty=*/true);
          auto fields = body ? read_nothing(*body) : std::unexpected(body.error());
          if (!fields) return reply.fail(fields.error());
          std::string id = id_in(request);
          commit_broadcast(200, reply, [id, edge = parts_.conductor.edge(id), act](Ledger& ledger) {
            return go_live(ledger, id, edge, act);
          });
        });
  staff(Right::kRunBroadcasts, Method::kPost, kOne + "/end",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          auto confirm = body ? read_confirm(*body) : std::unexpected(body.error());
          if (!confirm) return reply.fail(confirm.error());
          commit_broadcast(200, reply, [id = id_in(request), confirm = *confirm, act](Ledger& ledger) {
            return end(ledger, id, confirm, act);
          });
        });
}

}  // namespace openday::hub
