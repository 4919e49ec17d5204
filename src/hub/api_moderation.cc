// What moderators do: claims, decisions, bans, the room's settings, and the institution's word lists
// (docs/ROOM.md).
#include <algorithm>
#include "hub/api.h"

#include "base/text.h"
#include "hub/api_bodies.h"
#include "hub/room_json.h"

namespace openday::hub {

using account::Act;
using account::Right;
using engage::Archive;
using engage::CommentState;

namespace {

constexpr size_t kMostIds = 200;
constexpr size_t kMostClaims = 50;
constexpr int64_t kMostBanMinutes = 7 * 24 * 60;
constexpr int64_t kMostId = int64_t{1} << 53;

/// Whole numbers under `key`, at most `most`.
std::vector<int64_t> ids_in(Fields& fields, const char* key, size_t most) {
  std::vector<int64_t> ids;
  const Json* list = fields.array(key, most);
  if (list == nullptr) {
    fields.complain(Errc::kInvalid, key, "is missing");
    return ids;
  }
  for (const Json& one : *list) {
    if (!one.is_number_integer() || one.get<int64_t>() < 1 || one.get<int64_t>() > kMostId) {
      fields.complain(Errc::kInvalid, key, "must hold ids of comments");
      return ids;
    }
    ids.push_back(one.get<int64_t>());
  }
  return ids;
}

Result<std::vector<engage::Order>> orders_in(const Json& body, std::string& reason, std::string& note) {
  Fields fields(body);
  std::vector<engage::Order> orders;
  const Json* list = fields.array("decisions", kMostIds);
  reason = fields.need("reason", fields.text("reason"));
  note = fields.text("note").value_or("");
  if (list == nullptr) fields.complain(Errc::kInvalid, "decisions", "is missing");
  std::vector<std::string> states;
  states.reserve(engage::kCommentStates.size());
  for (const auto& [state, name] : engage::kCommentStates) states.emplace_back(name);
  for (size_t at = 0; list != nullptr && at < list->size(); ++at) {
    Fields one((*list)[at], "decisions");
    engage::Order order;
    order.id = one.need("id", one.integer("id", 1, kMostId));
    auto from = one.choice("from", states);
    auto to = one.choice("state", states);
    if (!from) one.complain(Errc::kInvalid, "from", "is missing");
    if (!to) one.complain(Errc::kInvalid, "state", "is missing");
    OPENDAY_CHECK_OK(one.finish());
    order.from = engage::kCommentStates[*from].first;
    order.to = engage::kCommentStates[*to].first;
    orders.push_back(order);
  }
  OPENDAY_CHECK_OK(fields.finish());
  return orders;
}

}  // namespace

engage::Decider Api::decider(const Act& act) const {
  return {act, name_of_person(act.by)};
}

std::string Api::name_of_person(const std::string& id) const {
  auto person = parts_.rolls.roll().person(id);
  return person ? person->name : id;
}

void Api::answer_decided(const std::string& id, const engage::Decided& decided,
                         const std::vector<engage::Refusal>& claimed, const Reply& reply) {
  auto room = parts_.rooms.room(id);
  if (!room) return reply.fail(room.error());
  (*room)->on_decided(decided.comments);
  parts_.rooms.forget_past(id);
  parts_.moderators.decided(id, decided.comments);
  Json items = Json::array();
  for (const auto& comment : decided.comments) items.push_back((*room)->item(comment));
  Json refused = Json::array();
  auto refuse = [&](const engage::Refusal& refusal) {
    Json one{{"id", refusal.id}, {"code", refusal.code}};
    if (refusal.present) {
      one["state"] = name_of(refusal.present->state);
      if (const auto& last = refusal.present->decision) {
        one["by"] = last->by;
        one["name"] = last->name;
      }
    }
    if (auto other = parts_.moderators.held_against(id, refusal.id, ""); refusal.code == "claimed" && other) {
      one["by"] = other->by;
      one["name"] = other->name;
    }
    refused.push_back(std::move(one));
  };
  for (const auto& refusal : claimed) refuse(refusal);
  for (const auto& refusal : decided.refused) refuse(refusal);
  reply.json(200, {{"decided", std::move(items)}, {"refused", std::move(refused)}});
}

template <class T>
void Api::commit_room(const Reply& reply, std::function<Result<T>(Archive&)> work,
                      std::function<void(T)> then) {
  auto made = std::make_shared<std::optional<T>>();
  parts_.archives.submit(
      [work = std::move(work), made](Archive& archive) -> Result<> {
        OPENDAY_TRY(*made, work(archive));
        return {};
      },
      [reply, made, then = std::move(then)](const Result<>& outcome) {
        if (!outcome) return reply.fail(outcome.error());
        then(std::move(**made));
      });
}

void Api::add_moderation_routes() {
  auto moderate = [this](Method method, const std::string& path, auto handler) {
    staff(Right::kModerate, method, kOne + path,
          [this, handler](const Request& request, const Act& act, const Reply& reply) {
            std::string id = id_in(request);
            if (auto room = parts_.rooms.room(id); !room) return reply.fail(room.error());
            handler(id, request, act, reply);
          });
  };

  moderate(Method::kGet, "/comments",
           [this](const std::string& id, const Request& request, const Act&, const Reply& reply) {
             engage::Filter filter;
             filter.broadcast = id;
             auto text = [&](const char* key) { return std::string(request.query.get(key).value_or("")); };
             if (std::string state = text("state"); !state.empty()) {
               filter.state = engage::named(engage::kCommentStates, state);
               if (!filter.state) {
                 return reply.fail({Errc::kInvalid, "state must be published, held, rejected or removed"});
               }
             }
             filter.rule = text("rule");
             filter.author = text("author");
             filter.reported = text("reported") == "1";
             auto before = request.query.integer("before");
             auto limit = request.query.integer("limit");
             if (!before) return reply.fail(before.error());
             if (!limit) return reply.fail(limit.error());
             filter.before = before->value_or(0);
             filter.limit = static_cast<int>(std::clamp<int64_t>(limit->value_or(50), 1, 200));
             auto found = parts_.archives.archive().comments(filter);
             if (!found) return reply.fail(found.error());
             auto room = parts_.rooms.room(id);
             Json items = Json::array();
             for (const auto& comment : *found) items.push_back((*room)->item(comment));
             reply.json(200, {{"comments", std::move(items)}});
           });
  for (bool claims : {true, false}) {
    moderate(
        Method::kPost, claims ? "/comments/claim" : "/comments/release",
        [this, claims](const std::string& id, const Request& request, const Act& act, const Reply& reply) {
          auto body = parse_body(request);
          if (!body) return reply.fail(body.error());
          Fields fields(*body);
          auto ids = ids_in(fields, "ids", kMostClaims);
          if (auto good = fields.finish(); !good) return reply.fail(good.error());
          auto now = claims ? parts_.moderators.claim(id, ids, act.by, decider(act).name)
                            : parts_.moderators.release(id, ids, act.by);
          reply.json(200, {{"claims", claims_json(now)}});
        });
  }
  moderate(Method::kPost, "/comments/decide",
           [this](const std::string& id, const Request& request, const Act& act, const Reply& reply) {
             auto body = parse_body(request);
             if (!body) return reply.fail(body.error());
             std::string reason;
             std::string note;
             auto orders = orders_in(*body, reason, note);
             if (!orders) return reply.fail(orders.error());
             std::vector<engage::Refusal> claimed;
             std::erase_if(*orders, [&](const engage::Order& order) {
               if (!parts_.moderators.held_against(id, order.id, act.by)) return false;
               claimed.push_back({order.id, "claimed", std::nullopt});
               return true;
             });
             commit_room<engage::Decided>(
                 reply,
                 [id, orders = *orders, reason, note, who = decider(act)](Archive& archive) {
                   return engage::decide(archive, id, orders, reason, note, who);
                 },
                 [this, id, claimed, reply](const engage::Decided& decided) {
                   answer_decided(id, decided, claimed, reply);
                 });
           });
  moderate(
      Method::kPost, "/comments/undo",
      [this](const std::string& id, const Request& request, const Act& act, const Reply& reply) {
        auto body = parse_body(request);
        if (!body) return reply.fail(body.error());
        Fields fields(*body);
        auto ids = ids_in(fields, "ids", kMostIds);
        if (auto good = fields.finish(); !good) return reply.fail(good.error());
        commit_room<engage::Decided>(
            reply,
            [id, ids, who = decider(act)](Archive& archive) { return engage::undo(archive, id, ids, who); },
            [this, id, reply](const engage::Decided& decided) { answer_decided(id, decided, {}, reply); });
      });
  moderate(Method::kGet, "/bans",
           [this](const std::string& id, const Request&, const Act& act, const Reply& reply) {
             auto bans = parts_.archives.archive().bans(id, act.at);
             if (!bans) return reply.fail(bans.error());
             Json list = Json::array();
             for (const auto& ban : *bans) list.push_back(ban_entry_json(ban, name_of_person(ban.person)));
             reply.json(200, {{"bans", std::move(list)}});
           });
  moderate(Method::kPost, "/bans",
           [this](const std::string& id, const Request& request, const Act& act, const Reply& reply) {
             auto body = parse_body(request);
             if (!body) return reply.fail(body.error());
             Fields fields(*body);
             engage::WantedBan wanted;
             wanted.comment = fields.need("comment", fields.integer("comment", 1, kMostId));
             auto minutes = body->find("minutes");
             if (minutes == body->end() || !minutes->is_null()) {
               wanted.minutes = fields.need("minutes", fields.integer("minutes", 1, kMostBanMinutes));
             } else {
               fields.known("minutes");
             }
             wanted.reason = fields.need("reason", fields.text("reason"));
             wanted.remove = fields.truth("remove").value_or(false);
             if (auto good = fields.finish(); !good) return reply.fail(good.error());
             commit_room<engage::Banned>(
                 reply,
                 [id, wanted, who = decider(act)](Archive& archive) {
                   return engage::ban(archive, id, wanted, who);
                 },
                 [this, id, reply](const engage::Banned& banned) {
                   auto room = parts_.rooms.room(id);
                   if (!room) return reply.fail(room.error());
                   (*room)->on_banned(banned.ban);
                   (*room)->on_decided(banned.removed);
                   parts_.rooms.forget_past(id);
                   parts_.moderators.decided(id, banned.removed);
                   reply.json(201, ban_entry_json(banned.ban, name_of_person(banned.ban.person)));
                 });
           });
  moderate(Method::kDelete, "/bans/{n}",
           [this](const std::string& id, const Request& request, const Act& act, const Reply& reply) {
             int64_t number = decimal<int64_t>(request.param("n")).value_or(0);
             commit_room<engage::Ban>(
                 reply,
                 [id, number, who = decider(act)](Archive& archive) {
                   return engage::lift(archive, id, number, who);
                 },
                 [this, id, reply](const engage::Ban& lifted) {
                   if (auto room = parts_.rooms.room(id)) (*room)->on_lifted(lifted);
                   reply.nothing();
                 });
           });
  moderate(Method::kPatch, "/room",
           [this](const std::string& id, const Request& request, const Act& act, const Reply& reply) {
             auto body = parse_body(request);
             if (!body) return reply.fail(body.error());
             Fields fields(*body);
             engage::RoomChanges changes;
             std::vector<std::string> modes;
             modes.reserve(engage::kModes.size());
             for (const auto& [mode, name] : engage::kModes) modes.emplace_back(name);
             if (auto mode = fields.choice("mode", modes)) changes.mode = engage::kModes[*mode].first;
             if (auto slow = fields.integer("slow_s", 0, engage::kMostSlow))
               changes.slow_s = static_cast<int>(*slow);
             auto pinned = body->find("pinned");
             if (pinned != body->end() && pinned->is_null()) {
               fields.known("pinned");
               changes.pinned = 0;
             } else {
               changes.pinned = fields.integer("pinned", 1, kMostId);
             }
             if (auto good = fields.finish(); !good) return reply.fail(good.error());
             commit_room<engage::RoomSettings>(
                 reply,
                 [id, changes, who = decider(act)](Archive& archive) {
                   return engage::set_room(archive, id, changes, who);
                 },
                 [this, id, reply](const engage::RoomSettings& settings) {
                   auto room = parts_.rooms.room(id);
                   if (!room) return reply.fail(room.error());
                   (*room)->on_settings(settings);
                   reply.json(200, (*room)->json());
                 });
           });
}

}  // namespace openday::hub
