// Venues and their keys, push targets, and the small pictures of the control page.
#include "broadcast/venues.h"

#include "base/random.h"
#include "broadcast/targets.h"
#include "hub/api.h"
#include "hub/api_bodies.h"

namespace openday::hub {

using account::Right;
using broadcast::Act;
using broadcast::Ledger;
using broadcast::Target;
using broadcast::Venue;

namespace {

std::string text_of(const Request& request, const char* name) {
  return std::string(request.param(name));
}

// The name a request was sent to, without its port.
std::string host_of(const Request& request) {
  std::string_view host = request.header("host");
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

}  // namespace

void Api::add_venue_routes() {
  const std::string one = "/api/v1/admin/venues/{v}";
  auto shown = [this](const Venue& venue) {
    return venue_json(venue, parts_.books.view().ingest_key(venue.id).has_value());
  };
  auto answer = [this, shown](int status, const Reply& reply) {
    return [this, shown, status, reply](Result<Venue> venue) {
      if (!venue) return reply.fail(venue.error());
      forget_cached();
      parts_.conductor.venues_changed();
      reply.json(status, shown(*venue));
    };
  };
  staff(Right::kManageVenues, Method::kGet, "/api/v1/admin/venues",
        [this, shown](const Request&, const Act&, const Reply& reply) {
          auto all = parts_.books.view().venues();
          if (!all) return reply.fail(all.error());
          Json list = Json::array();
          for (const auto& venue : *all) list.push_back(shown(venue));
          reply.json(200, {{"venues", std::move(list)}});
        });
  staff(Right::kManageVenues, Method::kPost, "/api/v1/admin/venues",
        [this, answer](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          auto wanted = body ? read_new_venue(*body) : std::unexpected(body.error());
          if (!wanted) return reply.fail(wanted.error());
          if (wanted->id.empty()) wanted->id = "v-" + random_name(4);
          broadcast::submit<Venue>(
              parts_.books,
              [wanted = *wanted, act, &rules = parts_.rules](Ledger& ledger) {
                return create_venue(ledger, wanted, rules, act);
              },
              answer(201, reply));
        });
  staff(Right::kManageVenues, Method::kGet, one,
        [this, shown](const Request& request, const Act&, const Reply& reply) {
          auto found = parts_.books.view().venue(text_of(request, "v"));
          if (!found) return reply.fail(found.error());
          reply.json(200, shown(*found));
        });
  staff(Right::kManageVenues, Method::kPatch, one,
        [this, answer](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          auto changes = body ? read_venue_changes(*body) : std::unexpected(body.error());
          if (!changes) return reply.fail(changes.error());
          broadcast::submit<Venue>(
              parts_.books,
              [id = text_of(request, "v"), changes = *changes, act, &rules = parts_.rules](Ledger& ledger) {
                return edit_venue(ledger, id, changes, rules, act);
              },
              answer(200, reply));
        });
  staff(Right::kManageVenues, Method::kDelete, one,
        [this](const Request& request, const Act& act, const Reply& reply) {
          std::string id = text_of(request, "v");
          parts_.books.submit([id, act](Ledger& ledger) { return remove_venue(ledger, id, act); },
                              [this, id, reply](Result<> outcome) {
                                if (!outcome) return reply.fail(outcome.error());
                                parts_.publishers.kick(id, "the venue was deleted");
                                reply.nothing();
                              });
        });
  staff(Right::kManageVenues, Method::kPost, one + "/key",
        [this](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request, /*may_be_empty=*/true);
          auto fields = body ? read_nothing(*body) : std::unexpected(body.error());
          if (!fields) return reply.fail(fields.error());
          rotate_key(text_of(request, "v"), host_of(request), act, reply);
        });
}

void Api::rotate_key(const std::string& venue, const std::string& host, const Act& act, const Reply& reply) {
  broadcast::IngestSecrets fresh{random_name(16), random_name(16)};
  IngestAddresses at = settings_.ingest;
  if (at.host.empty()) at.host = host;
  parts_.books.submit([venue, fresh, act, &rules = parts_.rules](
                          Ledger& ledger) { return broadcast::rotate_key(ledger, venue, fresh, rules, act); },
                      [this, venue, fresh, at, reply](Result<> outcome) {
                        if (!outcome) return reply.fail(outcome.error());
                        parts_.publishers.kick(venue, "the venue's key was changed");
                        reply.json(201, key_json(at, venue, fresh));
                      });
}

void Api::add_target_routes() {
  const std::string all = "/api/v1/admin/broadcasts/{b}/targets";
  auto answer = [](int status, const Reply& reply) {
    return [status, reply](const Target& target) { reply.json(status, target_json(target)); };
  };
  staff(Right::kRunBroadcasts, Method::kGet, all,
        [this](const Request& request, const Act&, const Reply& reply) {
          auto broadcast = parts_.books.view().broadcast(text_of(request, "b"));
          if (!broadcast) return reply.fail(broadcast.error());
          auto targets = parts_.books.view().targets(broadcast->id);
          if (!targets) return reply.fail(targets.error());
          Json list = Json::array();
          for (const auto& target : *targets) list.push_back(target_json(target));
          reply.json(200, {{"targets", std::move(list)}});
        });
  staff(Right::kRunBroadcasts, Method::kPost, all,
        [this, answer](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          auto wanted = body ? read_new_target(*body) : std::unexpected(body.error());
          if (!wanted) return reply.fail(wanted.error());
          if (wanted->id.empty()) wanted->id = "t-" + random_name(4);
          std::string id = text_of(request, "b");
          commit_part<Target>(
              id, reply,
              [id, wanted = *wanted, act, &rules = parts_.rules](Ledger& ledger) {
                return add_target(ledger, id, wanted, rules, act);
              },
              answer(201, reply));
        });
  staff(Right::kRunBroadcasts, Method::kPatch, all + "/{t}",
        [this, answer](const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          auto changes = body ? read_target_changes(*body) : std::unexpected(body.error());
          if (!changes) return reply.fail(changes.error());
          std::string id = text_of(request, "b");
          commit_part<Target>(
              id, reply,
              [id, target = text_of(request, "t"), changes = *changes, act, &rules = parts_.rules](
                  Ledger& ledger) { return edit_target(ledger, id, target, changes, rules, act); },
              answer(200, reply));
        });
  staff(Right::kRunBroadcasts, Method::kDelete, all + "/{t}",
        [this](const Request& request, const Act& act, const Reply& reply) {
          std::string id = text_of(request, "b");
          parts_.books.submit([id, target = text_of(request, "t"),
                               act](Ledger& ledger) { return remove_target(ledger, id, target, act); },
                              [this, id, reply](Result<> outcome) {
                                if (!outcome) return reply.fail(outcome.error());
                                tell_changed(id);
                                reply.nothing();
                              });
        });
}

void Api::add_picture_routes() {
  auto send = [](const Engines::Thumbnail* picture, const Reply& reply) {
    if (picture == nullptr) return reply.fail({Errc::kNotFound, "there is no picture yet"});
    reply.send(Response::bytes(200, "image/jpeg", picture->jpeg).with("Cache-Control", "no-store"));
  };
  staff(Right::kSeeBroadcasts, Method::kGet, "/api/v1/admin/venues/{v}/thumbnail.jpg",
        [this, send](const Request& request, const Act&, const Reply& reply) {
          send(parts_.engines.venue_thumbnail(text_of(request, "v")), reply);
        });
  staff(Right::kSeeBroadcasts, Method::kGet, "/api/v1/admin/broadcasts/{b}/program.jpg",
        [this, send](const Request& request, const Act&, const Reply& reply) {
          send(parts_.engines.thumbnail(text_of(request, "b"), ""), reply);
        });
}

}  // namespace openday::hub
