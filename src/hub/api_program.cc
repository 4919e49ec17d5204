// The program: takes, the slate, the mix, saved scenes, and what is withdrawn from it.
//
// What is on air must not wait for a disk: a take, a mix or a withdrawal is carried out first and written
// down then, and a database in trouble is reported by /readyz and the log, not by a producer who cannot cut.
// One that takes long is waited for a moment, so that who asks next finds what was written; then the answer
// goes.
#include "broadcast/scenes.h"

#include <algorithm>

#include "broadcast/life_cycle.h"
#include "hub/api.h"
#include "hub/api_bodies.h"

namespace openday::hub {

using account::Right;
using broadcast::Act;
using broadcast::Broadcast;
using broadcast::Ledger;
using broadcast::SavedScene;
using broadcast::Scene;

namespace {

constexpr Duration kDiskPatience = seconds(3);

Result<Broadcast> on_the_way(Result<Broadcast> broadcast) {
  if (broadcast && !is_active(broadcast->state)) {
    bool over = broadcast->state == broadcast::State::kEnded;
    return fail(Errc::kConflict, "broadcast " + broadcast->id + " is " + name_of(broadcast->state) +
                                     (over ? " for good" : "; rehearse it or go live first"));
  }
  return broadcast;
}

// The scene that the body draws, or the saved one that it names.
Result<Scene> scene_to_take(const Json& body, const std::string& broadcast, broadcast::LedgerView& view) {
  if (!body.contains("saved")) return read_scene(body);
  OPENDAY_TRY(std::string name, read_saved(body));
  OPENDAY_TRY(auto scenes, view.scenes(broadcast));
  auto found = std::find_if(scenes.begin(), scenes.end(), [&](auto& one) { return one.name == name; });
  if (found == scenes.end()) return fail(Errc::kNotFound, "there is no saved scene " + name);
  return found->scene;
}

}  // namespace

void Api::add_program_routes() {
  staff(Right::kRunBroadcasts, Method::kPost, kOne + "/take",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto broadcast = on_the_way(parts_.books.view().broadcast(id_in(request)));
          if (!broadcast) return reply.fail(broadcast.error());
          auto body = parse_body(request);
          auto scene =
              body ? scene_to_take(*body, broadcast->id, parts_.books.view()) : std::unexpected(body.error());
          if (!scene) return reply.fail(scene.error());
          if (auto fits = check_scene(*scene, *broadcast, parts_.rules); !fits)
            return reply.fail(fits.error());
          take(broadcast->id, *scene, act, reply);
        });
  staff(Right::kRunBroadcasts, Method::kPost, kOne + "/slate",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto broadcast = on_the_way(parts_.books.view().broadcast(id_in(request)));
          if (!broadcast) return reply.fail(broadcast.error());
          auto body = parse_body(request);
          auto on = body ? read_switch(*body) : std::unexpected(body.error());
          if (!on) return reply.fail(on.error());
          // The scene before stays in the slate's scene, so that switching it off returns there.
          Scene scene = parts_.engines.scene(broadcast->id).value_or(broadcast->scene);
          scene.slate = *on;
          take(broadcast->id, scene, act, reply);
        });
  staff(Right::kRunBroadcasts, Method::kPatch, kOne + "/mix",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          if (!body) return reply.fail(body.error());
          change_mix(id_in(request), *body, act, reply);
        });
}

void Api::take(const std::string& id, const Scene& scene, const Act& act, const Reply& reply) {
  parts_.engines.take(id, scene, [this, id, act, reply](Result<Taken> taken) {
    if (!taken) return reply.fail(taken.error());
    Json answer = {
        {"ok", true}, {"at", taken->at.ms}, {"tick", taken->tick}, {"scene", to_json(taken->scene)}};
    reply.at_latest(kDiskPatience, Response::json(200, dump(answer)));
    broadcast::submit<Broadcast>(
        parts_.books,
        [id, scene = taken->scene, act](Ledger& ledger) { return note_scene(ledger, id, scene, act); },
        [this, id, reply, answer](Result<Broadcast> noted) {
          if (!noted) parts_.log.error("take_not_noted", {{"broadcast", id}, {"why", noted.error().message}});
          reply.json(200, answer);
        });
  });
}

void Api::change_mix(const std::string& id, const Json& body, const Act& act, const Reply& reply) {
  auto broadcast = parts_.books.view().broadcast(id);
  if (!broadcast) return reply.fail(broadcast.error());
  if (broadcast->state == broadcast::State::kEnded) {
    return reply.fail({Errc::kConflict, "broadcast " + id + " is ended"});
  }
  auto changes = read_mix(body, broadcast->mix);
  if (!changes) return reply.fail(changes.error());
  if (auto fits = check_mix(*changes, *broadcast); !fits) return reply.fail(fits.error());
  auto mix = broadcast->mix;
  for (const auto& [venue, one] : *changes) mix[venue] = one;
  auto write_down = [this, id, act, reply, changes = *changes, mix] {
    broadcast::submit<Broadcast>(
        parts_.books,
        [id, changes, act](Ledger& ledger) { return broadcast::change_mix(ledger, id, changes, act); },
        [this, id, reply, mix](Result<Broadcast> noted) {
          if (!noted) {
            parts_.log.error("mix_not_noted", {{"broadcast", id}, {"why", noted.error().message}});
          } else {
            parts_.conductor.changed(*noted);
          }
          reply.json(200, {{"venues", to_json(noted ? noted->mix : mix)}});
        });
  };
  if (!is_active(broadcast->state)) return write_down();
  parts_.engines.mix(id, *changes, [reply, write_down, mix](Result<> done) {
    if (!done) return reply.fail(done.error());
    reply.at_latest(kDiskPatience, Response::json(200, dump({{"venues", to_json(mix)}})));
    write_down();
  });
}

void Api::add_withdrawal_routes() {
  staff(Right::kRunBroadcasts, Method::kPost, kOne + "/withdraw",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          if (!body) return reply.fail(body.error());
          withdraw(id_in(request), *body, act, reply);
        });
  staff(Right::kRunBroadcasts, Method::kGet, kOne + "/withdraw",
        [this](const Request& request, const Act&, const Reply& reply) {
          auto broadcast = parts_.books.view().broadcast(id_in(request));
          if (!broadcast) return reply.fail(broadcast.error());
          auto all = parts_.books.view().withdrawals(broadcast->id);
          if (!all) return reply.fail(all.error());
          Json list = Json::array();
          for (const auto& one : *all) list.push_back(withdrawal_json(one));
          reply.json(200, {{"withdrawals", std::move(list)}});
        });
}

void Api::withdraw(const std::string& id, const Json& body, const Act& act, const Reply& reply) {
  auto wanted = read_withdraw(body);
  if (!wanted) return reply.fail(wanted.error());
  auto broadcast = parts_.books.view().broadcast(id);
  if (!broadcast) return reply.fail(broadcast.error());
  auto fits = check_withdrawal(*broadcast, wanted->from, wanted->to, wanted->reason);
  if (!fits) return reply.fail(fits.error());
  // A name was said that must not be heard: it goes now, and is written down then.
  if (auto told = parts_.engines.withdraw(id, wanted->from, wanted->to); !told) {
    parts_.log.error("engine_not_told_of_withdrawal", {{"broadcast", id}, {"why", told.error().message}});
  }
  const Error unwritten{
      Errc::kIo,
      "it is withdrawn now but could not be written down; ask again, or it comes back with the next restart"};
  reply.at_latest(kDiskPatience, error_response(unwritten, reply.id()));
  auto counted = std::make_shared<std::optional<int64_t>>();
  auto written = std::make_shared<bool>(false);
  auto answer = [reply, counted, written] {
    if (*counted && *written) reply.json(200, {{"segments", **counted}});
  };
  parts_.audience.withdraw(id, wanted->from, wanted->to, [counted, answer](int64_t segments) {
    *counted = segments;
    answer();
  });
  broadcast::submit<broadcast::Withdrawal>(
      parts_.books,
      [id, wanted = *wanted, act](Ledger& ledger) {
        return broadcast::withdraw(ledger, id, wanted.from, wanted.to, wanted.reason, act);
      },
      [this, id, reply, unwritten, written, answer](Result<broadcast::Withdrawal> kept) {
        if (!kept) {
          parts_.log.error("withdrawal_not_noted", {{"broadcast", id}, {"why", kept.error().message}});
          return reply.fail(unwritten);
        }
        *written = true;
        answer();
      });
}

void Api::add_scene_routes() {
  const std::string all = kOne + "/scenes";
  staff(Right::kRunBroadcasts, Method::kGet, all,
        [this](const Request& request, const Act&, const Reply& reply) {
          auto broadcast = parts_.books.view().broadcast(id_in(request));
          if (!broadcast) return reply.fail(broadcast.error());
          auto scenes = parts_.books.view().scenes(broadcast->id);
          if (!scenes) return reply.fail(scenes.error());
          Json list = Json::array();
          for (const auto& one : *scenes) list.push_back(scene_json(one));
          reply.json(200, {{"scenes", std::move(list)}});
        });
  auto save = [this](const std::string& id, SavedScene scene, bool replace, const Act& act,
                     const Reply& reply) {
    commit_part<SavedScene>(
        id, reply,
        [id, scene = std::move(scene), replace, act, &rules = parts_.rules](Ledger& ledger) {
          return save_scene(ledger, id, scene, replace, rules, act);
        },
        [reply, replace](const SavedScene& saved) { reply.json(replace ? 200 : 201, scene_json(saved)); });
  };
  staff(Right::kRunBroadcasts, Method::kPost, all,
        [save](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          auto named = body ? read_named_scene(*body) : std::unexpected(body.error());
          if (!named) return reply.fail(named.error());
          save(id_in(request), {named->name, named->scene}, false, act, reply);
        });
  staff(Right::kRunBroadcasts, Method::kPut, all + "/{name}",
        [save](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          auto scene = body ? read_scene(*body) : std::unexpected(body.error());
          if (!scene) return reply.fail(scene.error());
          save(id_in(request), {std::string(request.param("name")), *scene}, true, act, reply);
        });
  staff(Right::kRunBroadcasts, Method::kDelete, all + "/{name}",
        [this](const Request& request, const Act& act, const Reply& reply) {
          parts_.books.submit(
              [id = id_in(request), name = std::string(request.param("name")), act](Ledger& ledger) {
                return remove_scene(ledger, id, name, act);
              },
              [reply](Result<> outcome) { outcome ? reply.nothing() : reply.fail(outcome.error()); });
        });
}

}  // namespace openday::hub
