// The officers' side of the desk: keys, roster, tips.
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/text.h"
#include "hub/api.h"
#include "hub/api_bodies.h"
#include "wrap/sodium/keys.h"

namespace openday::hub {
namespace {

using account::Right;
using Opened = DeskOffice::Opened;

constexpr int kMostListed = 50;
constexpr size_t kExcerpt = 200;  // characters

/// The first characters of a text, not cut inside one.
std::string excerpt_of(std::string_view text) {
  size_t end = 0;
  for (size_t left = kExcerpt; left > 0 && end < text.size(); --left) {
    ++end;
    while (end < text.size() && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) ++end;
  }
  return std::string(text.substr(0, end)) + (end < text.size() ? "…" : "");
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json verdict_json(desk::Verdict verdict) {
  return verdict == desk::Verdict::kNone ? Json(nullptr) : Json(desk::name_of(verdict));
}

const std::string kTips = "/api/v1/desk/tips";
const std::string kPlaylist = "/clip/clip.m3u8";

/// Whether the tipster has written since the last answer, or at all after the tip itself.
bool wrote_again(const std::vector<desk::Entry>& timeline) {
  for (auto entry = timeline.rbegin(); entry != timeline.rend(); ++entry) {
    if (entry->deed == desk::Deed::kWrote) return true;
    if (entry->deed == desk::Deed::kAnswered || entry->deed == desk::Deed::kClosed) return false;
  }
  return false;
}

/// `clips` may be null.
Json tip_json(const Opened& opened, const Clips* clips) {
  const auto& tip = opened.tip;
  auto clip = clips != nullptr && !tip.clip.empty() ? clips->view(tip.clip)
                                                    : fail(Errc::kNotFound, "there is no clip");
  bool shows = clip && clip->duration_s > 0;
  bool lost = !tip.clip.empty() && !clip && clip.error().code == Errc::kNotFound;
  return {{"id", tip.id},
          {"state", desk::name_of(tip.state)},
          {"verdict", verdict_json(tip.verdict)},
          {"received_at", to_rfc3339(tip.received)},
          {"changed_at", to_rfc3339(tip.changed)},
          {"broadcast", text_or_null(tip.broadcast)},
          {"minute", tip.moment ? Json(to_rfc3339(*tip.moment)) : Json(nullptr)},
          {"clip", !tip.clip.empty()},
          {"clip_hls", shows ? Json(kTips + "/" + tip.id + kPlaylist) : Json(nullptr)},
          {"clip_complete", lost || (clip && clip->complete)},
          {"photos", tip.photos},
          {"wrote_again", wrote_again(opened.timeline)},
          {"readable", opened.readable}};
}

Json listed_json(const Opened& opened, const Clips* clips) {
  Json json = tip_json(opened, clips);
  json["kind"] = text_or_null(opened.content.kind);
  json["excerpt"] = opened.readable ? Json(excerpt_of(opened.content.text)) : Json(nullptr);
  return json;
}

Json whole_json(const Opened& opened, const Clips* clips) {
  Json json = tip_json(opened, clips);
  json["content"] = nullptr;
  if (opened.readable) {
    const auto& content = opened.content;
    json["content"] = {{"kind", content.kind},
                       {"text", content.text},
                       {"contact", text_or_null(content.contact)},
                       {"moment", content.moment ? Json(to_rfc3339(*content.moment)) : Json(nullptr)}};
  }
  json["timeline"] = Json::array();
  for (size_t i = 0; i < opened.timeline.size(); ++i) {
    const auto& entry = opened.timeline[i];
    json["timeline"].push_back({{"number", entry.number},
                                {"at", to_rfc3339(entry.at)},
                                {"by", text_or_null(entry.by)},
                                {"deed", desk::name_of(entry.deed)},
                                {"verdict", verdict_json(entry.verdict)},
                                {"text", text_or_null(opened.words[i])}});
  }
  return json;
}

Json officer_json(const DeskOffice::Officer& officer) {
  const char* state = officer.root        ? "root"
                      : officer.on_roster ? "countersigned"
                      : officer.keys      ? "waiting"
                                          : "no_key";
  return {{"id", officer.person.id},
          {"name", officer.person.name},
          {"state", state},
          {"fingerprint", officer.keys ? Json(desk::fingerprint(officer.keys->public_half)) : Json(nullptr)}};
}

Json days_or_null(const std::optional<std::chrono::days>& days) {
  return days ? Json(days->count()) : Json(nullptr);
}

Json retention_json(const desk::Retention& keep) {
  return {{"received", days_or_null(keep.received)},
          {"triaged", days_or_null(keep.triaged)},
          {"answered", days_or_null(keep.answered)},
          {"closed", days_or_null(keep.closed)},
          {"spam", days_or_null(keep.spam)}};
}

Result<DeskOffice::State> founded(Result<DeskOffice::State> state) {
  if (state && !state->founded) return fail(Errc::kConflict, "the desk has not been founded");
  return state;
}

std::string tip_in(const Request& request) {
  return std::string(request.param("t"));
}

Result<int> number_in(std::string_view text) {
  auto number = decimal<int>(text);
  if (!number) return fail(Errc::kNotFound, "there is no such photo");
  return *number;
}

}  // namespace

void Api::officer(Method method, const std::string& pattern, OfficerHandler handler, Key key) {
  visitor(Right::kReadTips, method, pattern,
          [this, key, handler = std::move(handler)](const Request& request, const Gate::Visitor& who,
                                                    Responder responder) {
            desk::Pair pair = parts_.officer_keys->of(who.session);
            if (!pair) {
              return responder.send(Response::error(
                  423, "locked", "give your password again: POST /api/v1/desk/unlock", request.id));
            }
            if (key == Key::kOnRoster) {
              auto vouched = parts_.desk->check_on_roster(who.act.by, pair);
              if (!vouched) return responder.send(Response::error(vouched.error(), request.id));
            }
            handler(request, {pair, who.session, who.act}, std::move(responder));
          });
}

void Api::unlocked(Method method, const std::string& pattern, DeskHandler handler, Key key) {
  officer(
      method, pattern,
      [handler = std::move(handler)](const Request& request, const Officer& who, Responder responder) {
        handler(request, who, Reply(std::move(responder), request.id));
      },
      key);
}

void Api::desk_changed(const Reply& reply, const Result<>& outcome) {
  if (!outcome) return reply.fail(outcome.error());
  parts_.desk_room->tell("", {{"t", "changed"}}, WebSocket::Loss::kMustNot);
  reply.nothing();
}

void Api::add_desk_routes() {
  if (parts_.desk == nullptr) return;
  const std::string all = "/api/v1/desk";
  visitor(Right::kReadTips, Method::kGet, all,
          [this](const Request& request, const Gate::Visitor& who, Responder responder) {
            Reply reply(std::move(responder), request.id);
            auto state = parts_.desk->state();
            auto counts = parts_.desk->counts();
            if (!state) return reply.fail(state.error());
            if (!counts) return reply.fail(counts.error());
            Json json = {{"founded", state->founded},
                         {"open", parts_.officer_keys->of(who.session) != nullptr}};
            json["recovery_fingerprint"] =
                state->founded ? Json(desk::fingerprint(state->recovery)) : Json(nullptr);
            json["me"] = nullptr;
            json["counts"] = nullptr;
            json["officers"] = Json::array();
            for (const auto& officer : state->officers) {
              json["officers"].push_back(officer_json(officer));
              if (!who.person || officer.person.id != who.person->id) continue;
              json["me"] = officer_json(officer);
              if (!officer.on_roster) continue;
              for (const auto& [tip_state, count] : *counts) json["counts"][desk::name_of(tip_state)] = count;
            }
            json["keep_days"] = retention_json(parts_.desk->retention());
            reply.json(200, json);
          });
  visitor(Right::kReadTips, Method::kPost, all + "/unlock",
          [this](const Request& request, const Gate::Visitor& who, Responder responder) {
            parts_.gate.unlock(request, who, std::move(responder));
          });
  socket(Right::kReadTips, all + "/events", parts_.desk_room->route("openday-desk-1"));
  add_roster_routes();
  add_tip_routes();
  if (parts_.clips != nullptr) add_clip_routes();
}

void Api::add_roster_routes() {
  const std::string all = "/api/v1/desk";
  unlocked(
      Method::kPost, all + "/found",
      [this](const Request& request, const Officer& who, const Reply& reply) {
        auto body = parse_body(request, /*may_be_empty=*/true);
        auto fields = body ? read_nothing(*body) : std::unexpected(body.error());
        if (!fields) return reply.fail(fields.error());
        parts_.desk->found(who.pair, who.act, [reply](const Result<std::string>& recovery) {
          recovery ? reply.json(200, {{"recovery_key", *recovery}}) : reply.fail(recovery.error());
        });
      },
      Key::kAny);
  unlocked(Method::kPost, all + "/officers/{p}/countersign",
           [this](const Request& request, const Officer& who, const Reply& reply) {
             auto body = parse_body(request);
             auto wanted = body ? read_countersign(*body) : std::unexpected(body.error());
             if (!wanted) return reply.fail(wanted.error());
             parts_.desk->countersign(std::string(request.param("p")), wanted->fingerprint, who.pair, who.act,
                                      [this, reply](const Result<>& done) { desk_changed(reply, done); });
           });
  // With the printed key instead of a colleague: for oneself, or for another.
  unlocked(
      Method::kPost, all + "/recover",
      [this](const Request& request, const Officer& who, const Reply& reply) {
        auto body = parse_body(request);
        auto wanted = body ? read_recover(*body) : std::unexpected(body.error());
        if (!wanted) return reply.fail(wanted.error());
        if (auto wait = recoveries_.ask(who.act.by)) {
          return reply.send(too_often(reply.id(), *wait));
        }
        auto state = founded(parts_.desk->state());
        if (!state) return reply.fail(state.error());
        auto pair = desk::read_recovery(wanted->key);
        if (!pair) return reply.fail(pair.error());
        if ((*pair)->public_half() != state->recovery) {
          return reply.fail({Errc::kRefused, "this is not this desk's recovery key"});
        }
        parts_.desk->countersign(wanted->person.value_or(who.act.by), wanted->fingerprint, *pair, who.act,
                                 [this, reply](const Result<>& done) { desk_changed(reply, done); });
      },
      Key::kAny);
}

void Api::add_tip_routes() {
  const std::string one = kTips + "/{t}";
  unlocked(Method::kGet, kTips, [this](const Request& request, const Officer& who, const Reply& reply) {
    desk::Listing listing;
    auto offset = request.query.integer("offset");
    if (!offset) return reply.fail(offset.error());
    listing.offset = static_cast<int>(std::min<int64_t>(offset->value_or(0), 1'000'000));
    listing.limit = kMostListed;
    if (auto name = request.query.get("state")) {
      listing.state = desk::value_named(desk::kStates, *name);
      if (!listing.state) return reply.fail({Errc::kInvalid, "there is no such state"});
    }
    parts_.desk->list(listing, who.pair, [this, reply](const Result<std::vector<Opened>>& tips) {
      if (!tips) return reply.fail(tips.error());
      Json list = Json::array();
      for (const auto& tip : *tips) list.push_back(listed_json(tip, parts_.clips));
      reply.json(200, {{"tips", std::move(list)}});
    });
  });
  unlocked(Method::kGet, one, [this](const Request& request, const Officer& who, const Reply& reply) {
    parts_.desk->open_by(who, tip_in(request),
                         [this, id = tip_in(request), pair = who.pair, reply](const Result<>& noted) {
                           if (!noted) return reply.fail(noted.error());
                           parts_.desk->read(id, pair, [this, reply](const Result<Opened>& tip) {
                             tip ? reply.json(200, whole_json(*tip, parts_.clips)) : reply.fail(tip.error());
                           });
                         });
  });
  unlocked(Method::kGet, one + "/photos/{n}",
           [this](const Request& request, const Officer& who, const Reply& reply) {
             auto number = number_in(request.param("n"));
             if (!number) return reply.fail(number.error());
             auto send = [reply](Result<Bytes> image) {
               if (!image) return reply.fail(image.error());
               auto response =
                   Response::bytes(200, "image/jpeg", std::make_shared<const Bytes>(*std::move(image)));
               reply.send(std::move(response.with("Cache-Control", "no-store")));
             };
             parts_.desk->open_by(who, tip_in(request),
                                  [this, id = tip_in(request), number = *number, pair = who.pair, reply,
                                   send](const Result<>& noted) {
                                    if (!noted) return reply.fail(noted.error());
                                    parts_.desk->photo(id, number, pair, send);
                                  });
           });
  unlocked(Method::kPost, one + "/triage",
           [this](const Request& request, const Officer& who, const Reply& reply) {
             auto body = parse_body(request);
             auto verdict = body ? read_verdict(*body) : std::unexpected(body.error());
             if (!verdict) return reply.fail(verdict.error());
             parts_.desk->triage(tip_in(request), *verdict, who.pair, who.act,
                                 [this, reply](const Result<>& done) { desk_changed(reply, done); });
           });
  unlocked(Method::kPost, one + "/answer",
           [this](const Request& request, const Officer& who, const Reply& reply) {
             auto body = parse_body(request);
             auto wanted = body ? read_answer(*body) : std::unexpected(body.error());
             if (!wanted) return reply.fail(wanted.error());
             parts_.desk->answer(tip_in(request), wanted->text, wanted->after, who.pair, who.act,
                                 [this, reply](const Result<>& done) { desk_changed(reply, done); });
           });
  unlocked(Method::kPost, one + "/close",
           [this](const Request& request, const Officer& who, const Reply& reply) {
             auto body = parse_body(request);
             auto after = body ? read_close(*body) : std::unexpected(body.error());
             if (!after) return reply.fail(after.error());
             parts_.desk->close(tip_in(request), *after, who.pair, who.act,
                                [this, reply](const Result<>& done) { desk_changed(reply, done); });
           });
}

void Api::add_clip_routes() {
  const std::string one = kTips + "/{t}";
  using Serve = std::function<void(const std::string& clip, const Request&, Responder)>;
  auto clip_route = [this](const std::string& pattern, Serve serve) {
    officer(
        Method::kGet, pattern,
        [this, serve = std::move(serve)](const Request& request, const Officer& who, Responder responder) {
          auto clip = parts_.desk->clip_of(tip_in(request));
          if (!clip) return responder.send(Response::error(clip.error(), request.id));
          auto answer = std::make_shared<Responder>(std::move(responder));
          parts_.desk->open_by(who, tip_in(request),
                               [serve, clip = *clip, request, answer](const Result<>& noted) {
                                 if (!noted) return answer->send(Response::error(noted.error(), request.id));
                                 serve(clip, request, std::move(*answer));
                               });
        });
  };
  clip_route(one + kPlaylist, [this](const std::string& clip, const Request& request, Responder responder) {
    parts_.clips->serve_playlist(clip, request, std::move(responder));
  });
  // The playlist's own addresses: init.mp4 and segments beside it.
  clip_route(one + "/clip/{path...}",
             [this](const std::string& clip, const Request& request, Responder responder) {
               parts_.clips->serve_media(clip, request.param("path"), request, std::move(responder));
             });
}

}  // namespace openday::hub
