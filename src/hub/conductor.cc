#include "hub/conductor.h"

#include <algorithm>
#include <utility>

#include "broadcast/life_cycle.h"
#include "hub/api_values.h"

namespace openday::hub {
namespace {

using broadcast::Broadcast;
using broadcast::State;

Json event(const char* type, Json fields) {
  fields["t"] = type;
  return fields;
}

}  // namespace

Conductor::Conductor(Parts parts) : parts_(std::move(parts)) {
  beat_ = parts_.loop.every(seconds(1), [this] { every_second(); });
}

Conductor::~Conductor() {
  parts_.loop.cancel(beat_);
}

Result<> Conductor::begin() {
  OPENDAY_TRY(auto all, parts_.books.view().broadcasts());
  for (const auto& broadcast : all) parts_.audience.update(broadcast);
  for (const auto& broadcast : all) {
    OPENDAY_TRY(auto withdrawals, parts_.books.view().withdrawals(broadcast.id));
    for (const auto& one : withdrawals) parts_.audience.keep_withdrawn(broadcast.id, one.from, one.to);
  }
  // What ended shortly before this process began may have been recorded unheard.
  ProgramTime yesterday = parts_.loop.clock().wall() + -std::chrono::hours(24);
  for (const auto& broadcast : all) {
    if (broadcast.state == State::kEnded && !broadcast.recorded && broadcast.ended_at > yesterday)
      finishing_.insert(broadcast.id);
  }
  reconcile();
  return {};
}

Result<std::vector<Active>> Conductor::read_active() const {
  auto& view = parts_.books.view();
  OPENDAY_TRY(auto broadcasts, view.active_broadcasts());
  std::vector<Active> all;
  for (auto& broadcast : broadcasts) {
    Active one;
    OPENDAY_TRY(one.targets, view.targets(broadcast.id));
    for (const auto& seat : broadcast.seats) {
      auto venue = view.venue(seat.venue);
      if (venue) one.venues.emplace(seat.venue, std::move(*venue));
      if (!venue && venue.error().code != Errc::kNotFound) return std::unexpected(venue.error());
    }
    one.broadcast = std::move(broadcast);
    all.push_back(std::move(one));
  }
  return all;
}

void Conductor::reconcile() {
  auto active = read_active();
  if (!active) {
    // Better the house as it was than one torn down because the disk could not be read.
    parts_.log.error("books_unreadable", {{"why", active.error().message}});
    trouble_ = {active.error().message};
    return;
  }
  std::set<std::string> ids;
  for (const auto& one : *active) {
    ids.insert(one.broadcast.id);
    tracked_[one.broadcast.id] = one.broadcast;
  }
  Desired desired = desired_state(*active, parts_.settings, parts_.rules);
  if (desired.trouble != trouble_) {
    for (const auto& why : desired.trouble) parts_.log.error("cannot_be_run", {{"why", why}});
  }
  trouble_ = desired.trouble;
  parts_.engines.expect(ids);
  if (desired.fields != desired_sent_ && parts_.send_desired(desired.fields)) {
    desired_sent_ = std::move(desired.fields);
  }
  parts_.publishers.route(desired.routes);
  for (const auto& one : *active)
    parts_.engines.configure(one.broadcast.id, configuration(one, parts_.rules));
  std::erase_if(tracked_, [&](const auto& entry) {
    return !ids.contains(entry.first) && !parts_.engines.attached(entry.first);
  });
}

void Conductor::changed(const Broadcast& broadcast) {
  if (auto tracked = tracked_.find(broadcast.id); tracked != tracked_.end()) {
    if (broadcast.state == State::kEnded && !broadcast.recorded) finishing_.insert(broadcast.id);
    tracked->second = broadcast;
  }
  parts_.audience.update(broadcast);
  parts_.rooms.update(broadcast);
  reconcile();
  parts_.room.tell(broadcast.id, event("broadcast", full_json(broadcast)), WebSocket::Loss::kMustNot);
}

void Conductor::removed(const std::string& broadcast) {
  tracked_.erase(broadcast);
  finishing_.erase(broadcast);
  parts_.audience.remove(broadcast);
  parts_.room.close(broadcast);
  parts_.moderators.close(broadcast);
  parts_.rooms.remove(broadcast);
}

void Conductor::on_media(const std::string& broadcast, const link::Message& message) {
  if (message.type() != "segment") return;
  auto found = tracked_.find(broadcast);
  if (found == tracked_.end()) return;
  const Broadcast& known = found->second;
  if (known.recorded || !known.live_at || !known.public_from || link::text_in(message.head, "path").empty())
    return;
  if (link::integer_in(message.head, "at").value_or(0) >= known.public_from->ms) note_recorded(broadcast);
}

void Conductor::note_recorded(const std::string& broadcast) {
  if (!noting_recorded_.insert(broadcast).second) return;
  broadcast::submit<Broadcast>(
      parts_.books,
      [broadcast](broadcast::Ledger& ledger) { return broadcast::note_recorded(ledger, broadcast); },
      [this, broadcast](Result<Broadcast> noted) {
        noting_recorded_.erase(broadcast);  // the next segment tries again
        if (noted) {
          changed(*noted);
        } else {
          parts_.log.error("recording_not_noted", {{"broadcast", broadcast}, {"why", noted.error().message}});
        }
      });
}

/// An engine that is told to stop still finishes what it records, but nobody hears it any more: when it has
/// gone, the store tells. One that does not is asked again.
void Conductor::on_children(Json children) {
  children_ = std::move(children);
  if (!children_.is_array()) return;
  auto finished = std::exchange(finishing_, {});
  for (const Json& child : children_) {
    if (link::text_in(child, "role") == "engine")
      finishing_.insert(finished.extract(link::text_in(child, "id")));
  }
  for (const std::string& broadcast : finished) {
    parts_.audience.ask_recorded(broadcast, [this, broadcast](std::optional<bool> recorded) {
      if (!recorded) {
        finishing_.insert(broadcast);
      } else if (*recorded) {
        note_recorded(broadcast);
      }
    });
  }
}

void Conductor::on_engine_state(const std::string& broadcast) {
  // An engine that has just come, or that was too slow for the last one, gets its configuration.
  if (tracked_.contains(broadcast)) reconcile();
}

void Conductor::on_taken(const std::string& broadcast, const Taken& taken) {
  Json fields = {{"scene", to_json(taken.scene)}, {"at", taken.at.ms}, {"tick", taken.tick}};
  parts_.room.tell(broadcast, event("taken", std::move(fields)), WebSocket::Loss::kMustNot);
}

void Conductor::on_levels(const std::string& broadcast, const Json& levels) {
  if (parts_.room.watched(broadcast)) {
    parts_.room.tell(broadcast, event("levels", levels), WebSocket::Loss::kMayDrop);
  }
}

void Conductor::on_thumbnail(const std::string& broadcast, const std::string& venue, int64_t number) {
  Json fields = {{"venue", venue.empty() ? Json(nullptr) : Json(venue)}, {"n", number}};
  parts_.room.tell(broadcast, event("thumbnail", std::move(fields)), WebSocket::Loss::kMayDrop);
}

void Conductor::every_second() {
  if (desired_sent_.is_null()) reconcile();
  for (const auto& broadcast : parts_.room.watched()) {
    parts_.room.tell(broadcast, event("status", status(broadcast)), WebSocket::Loss::kMayDrop);
  }
}

std::optional<ProgramTime> Conductor::edge(const std::string& broadcast) const {
  auto edge = parts_.audience.edge(broadcast);
  // Of an engine that has gone: time went on, unless the wall clock was set back.
  return edge && !parts_.engines.attached(broadcast) ? std::max(*edge, parts_.loop.clock().wall()) : edge;
}

Json Conductor::status(const std::string& broadcast) const {
  const Json* stats = parts_.engines.stats(broadcast);
  Json json = stats != nullptr ? *stats : Json::object();
  json["engine"] = parts_.engines.state(broadcast);
  json["processes"] = children_.is_array() ? children_ : Json::array();
  Viewers viewers = parts_.audience.viewers(broadcast);
  json["viewers"] = viewers.count;
  json["viewers_at_least"] = viewers.at_least;
  json["now"] = parts_.loop.clock().wall().ms;
  json["publishers"] = Json::array();
  auto tracked = tracked_.find(broadcast);
  if (tracked == tracked_.end()) return json;
  for (const auto& seat : tracked->second.seats) {
    auto publisher = parts_.publishers.publishers().find(seat.venue);
    if (publisher == parts_.publishers.publishers().end()) continue;
    json["publishers"].push_back({{"venue", seat.venue},
                                  {"state", publisher->second.state},
                                  {"protocol", publisher->second.protocol},
                                  {"since_ms", publisher->second.since.ms}});
  }
  return json;
}

Json Conductor::full_json(const Broadcast& broadcast) const {
  auto targets = parts_.books.view().targets(broadcast.id);
  Broadcast shown = broadcast;
  if (auto scene = parts_.engines.scene(broadcast.id)) shown.scene = *scene;
  return broadcast_json(shown, targets ? *targets : std::vector<broadcast::Target>(),
                        {parts_.dvr_window_s, parts_.audience.has_poster(broadcast.id)});
}

Json Conductor::viewer_json(const Broadcast& broadcast) const {
  return public_json(broadcast, {parts_.dvr_window_s, parts_.audience.has_poster(broadcast.id)});
}

Result<std::vector<Json>> Conductor::greeting(const std::string& broadcast) const {
  OPENDAY_TRY(auto found, parts_.books.view().broadcast(broadcast));
  return std::vector<Json>{event("broadcast", full_json(found)), event("status", status(broadcast))};
}

std::vector<std::string> Conductor::active() const {
  std::vector<std::string> ids;
  for (const auto& [id, tracked] : tracked_) {
    if (is_active(tracked.state)) ids.push_back(id);
  }
  return ids;
}

}  // namespace openday::hub
