#include "broadcast/life_cycle.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "broadcast/audit.h"
#include "broadcast/json.h"
#include "broadcast/scenes.h"
#include "broadcast/text_rules.h"

namespace openday::broadcast {
namespace {

std::unexpected<Error> wrong_state(const Broadcast& broadcast, std::string_view wish) {
  return fail(Errc::kConflict,
              fmt::format("broadcast {} is {}; it cannot {}", broadcast.id, name_of(broadcast.state), wish));
}

Result<> check_house(const media::HouseFormat& house) {
  if (house.width < 160 || house.width > 1920 || house.height < 90 || house.height > 1080 ||
      house.width % 2 != 0 || house.height % 2 != 0) {
    return fail(Errc::kInvalid, "house must be from 160x90 to 1920x1080 with even width and height");
  }
  if (house.fps != 25 && house.fps != 30) return fail(Errc::kInvalid, "house.fps must be 25 or 30");
  return {};
}

// Those who stay keep their slots; newcomers get the lowest free ones.
Result<std::vector<Seat>> seat(Ledger& ledger, const std::vector<std::string>& venues,
                               const std::vector<Seat>& before) {
  if (venues.size() > static_cast<size_t>(kVenueSlots)) {
    return fail(Errc::kLimit, fmt::format("a broadcast has at most {} venues", kVenueSlots));
  }
  std::set<int> taken;
  std::set<std::string> seen;
  std::vector<Seat> seats;
  for (const auto& id : venues) {
    if (!seen.insert(id).second) return fail(Errc::kInvalid, fmt::format("venue {} is named twice", id));
    auto venue = ledger.venue(id);
    if (!venue && venue.error().code == Errc::kNotFound) {
      return fail(Errc::kInvalid, fmt::format("there is no venue {}", id));
    }
    if (!venue) return std::unexpected(venue.error());
    Seat next{-1, id, venue->name};
    auto old = std::find_if(before.begin(), before.end(), [&](const Seat& s) { return s.venue == id; });
    if (old != before.end()) taken.insert(next.slot = old->slot);
    seats.push_back(std::move(next));
  }
  int free = 0;
  for (auto& one : seats) {
    if (one.slot >= 0) continue;
    while (taken.contains(free)) ++free;
    taken.insert(one.slot = free);
  }
  return seats;
}

size_t processes_of(const Broadcast& broadcast) {
  return 1 + broadcast.seats.size();
}

// An encoder publishes once: two engines cannot both have it. And the house runs only so many processes.
Result<> check_can_run(Ledger& ledger, const Broadcast& broadcast) {
  OPENDAY_TRY(auto active, ledger.active_broadcasts());
  size_t others = 0;
  size_t before = 0;
  for (const auto& other : active) {
    if (other.id == broadcast.id) {
      before = processes_of(other);
      continue;
    }
    others += processes_of(other);
    for (const auto& theirs : other.seats) {
      for (const auto& ours : broadcast.seats) {
        if (ours.venue == theirs.venue) {
          return fail(Errc::kConflict, fmt::format("venue {} is in use by broadcast {}, which is {}",
                                                   ours.venue, other.id, name_of(other.state)));
        }
      }
    }
  }
  size_t needed = processes_of(broadcast);
  if (needed > before && others + needed > kMostProcesses) {
    return fail(
        Errc::kConflict,
        fmt::format("broadcast {} needs {} processes (one, and one for each venue), and of the {} there "
                    "may be, {} serve other broadcasts; end one of those first",
                    broadcast.id, needed, kMostProcesses, others));
  }
  return {};
}

Result<> check_texts(const Broadcast& broadcast) {
  OPENDAY_CHECK_OK(check_line("title", broadcast.title, 1, 200));
  OPENDAY_CHECK_OK(check_paragraph("description", broadcast.description, 4000));
  OPENDAY_CHECK_OK(check_language(broadcast.language));
  return check_house(broadcast.house);
}

}  // namespace

Result<Broadcast> create(Ledger& ledger, const NewBroadcast& wanted, const Rules& rules, const Act& act) {
  OPENDAY_CHECK_OK(check_id("id", wanted.id));
  if (auto present = ledger.broadcast(wanted.id); present) {
    return fail(Errc::kConflict, fmt::format("there is a broadcast {} already", wanted.id));
  } else if (present.error().code != Errc::kNotFound) {
    return std::unexpected(present.error());
  }
  OPENDAY_TRY(auto doomed, ledger.doomed_media());
  if (std::ranges::find(doomed, wanted.id) != doomed.end()) {
    return fail(Errc::kConflict, fmt::format("media of a broadcast {} is still being deleted; try again in "
                                             "some minutes, or take another id",
                                             wanted.id));
  }
  Broadcast made;
  made.id = wanted.id;
  made.title = wanted.title;
  made.description = wanted.description;
  made.language = wanted.language;
  made.hidden = wanted.hidden;
  made.created_at = act.at;
  made.starts_at = wanted.starts_at;
  made.house = wanted.house;
  made.preview = wanted.preview;
  OPENDAY_CHECK_OK(check_texts(made));
  OPENDAY_TRY(made.seats, seat(ledger, wanted.venues, {}));
  made.scene = opening_scene(made.seats, rules);
  OPENDAY_CHECK_OK(ledger.put(made));
  OPENDAY_CHECK_OK(
      audit(ledger, act, "broadcast.create", made.id, {{"title", made.title}, {"venues", wanted.venues}}));
  for (const auto& target : wanted.targets) OPENDAY_CHECK_OK(add_target(ledger, made.id, target, rules, act));
  return made;
}

Result<Broadcast> edit(Ledger& ledger, const std::string& id, const BroadcastChanges& changes,
                       const Rules& rules, const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  Json detail = Json::object();
  if (changes.title) detail["title"] = broadcast.title = *changes.title;
  if (changes.description) {
    broadcast.description = *changes.description;
    detail["description"] = true;
  }
  if (changes.language) detail["language"] = broadcast.language = *changes.language;
  if (changes.starts_at) {
    broadcast.starts_at = *changes.starts_at;
    detail["starts_at"] = broadcast.starts_at ? Json(to_rfc3339(*broadcast.starts_at)) : Json(nullptr);
  }
  if (changes.hidden) detail["hidden"] = broadcast.hidden = *changes.hidden;
  if (changes.house && *changes.house != broadcast.house) {
    if (broadcast.state != State::kScheduled) return wrong_state(broadcast, "change its house format");
    broadcast.house = *changes.house;
    detail["house"] = to_json(broadcast.house);
  }
  std::vector<std::string> present;
  present.reserve(broadcast.seats.size());
  for (const auto& one : broadcast.seats) present.push_back(one.venue);
  if (changes.venues && *changes.venues != present) {
    if (broadcast.state == State::kEnded) return wrong_state(broadcast, "change its venues");
    bool scene_was_opening = broadcast.scene == opening_scene(broadcast.seats, rules);
    OPENDAY_TRY(broadcast.seats, seat(ledger, *changes.venues, broadcast.seats));
    auto seated = [&](const std::string& venue) {
      return std::any_of(broadcast.seats.begin(), broadcast.seats.end(),
                         [&](const Seat& s) { return s.venue == venue; });
    };
    std::erase_if(broadcast.mix, [&](const auto& entry) { return !seated(entry.first); });
    if (!is_active(broadcast.state)) {
      // Nothing is on air yet: keep what the producer arranged if it still holds, else begin with everybody.
      if (scene_was_opening || !check_scene(broadcast.scene, broadcast, rules)) {
        broadcast.scene = opening_scene(broadcast.seats, rules);
      }
    } else {
      OPENDAY_CHECK_OK(check_can_run(ledger, broadcast));
      for (const auto& venue : broadcast.scene.venues) {
        if (!seated(venue)) {
          return fail(Errc::kConflict,
                      fmt::format("venue {} is in the program; take it out of the scene first", venue));
        }
      }
    }
    detail["venues"] = *changes.venues;
  }
  OPENDAY_CHECK_OK(check_texts(broadcast));
  OPENDAY_CHECK_OK(ledger.put(broadcast));
  OPENDAY_CHECK_OK(audit(ledger, act, "broadcast.edit", id, detail));
  return broadcast;
}

Result<> remove(Ledger& ledger, const std::string& id, const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  if (is_active(broadcast.state)) return wrong_state(broadcast, "be deleted");
  OPENDAY_CHECK_OK(ledger.remove_broadcast(id));
  OPENDAY_CHECK_OK(ledger.doom_media(id));
  return audit(ledger, act, "broadcast.delete", id, {{"title", broadcast.title}});
}

Result<Broadcast> rehearse(Ledger& ledger, const std::string& id, const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  if (broadcast.state != State::kScheduled) return wrong_state(broadcast, "be rehearsed");
  OPENDAY_CHECK_OK(check_can_run(ledger, broadcast));
  broadcast.state = State::kRehearsal;
  OPENDAY_CHECK_OK(ledger.put(broadcast));
  OPENDAY_CHECK_OK(audit(ledger, act, "broadcast.rehearse", id));
  return broadcast;
}

Result<Broadcast> stop_rehearsal(Ledger& ledger, const std::string& id, std::optional<ProgramTime> edge,
                                 const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  if (broadcast.state != State::kRehearsal) return wrong_state(broadcast, "stop a rehearsal");
  broadcast.state = State::kScheduled;
  if (edge) broadcast.public_from = std::max(broadcast.public_from.value_or(*edge), *edge + kEngineStops);
  OPENDAY_CHECK_OK(ledger.put(broadcast));
  OPENDAY_CHECK_OK(audit(ledger, act, "broadcast.stop_rehearsal", id));
  return broadcast;
}

Result<Broadcast> go_live(Ledger& ledger, const std::string& id, std::optional<ProgramTime> edge,
                          const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  if (broadcast.state != State::kScheduled && broadcast.state != State::kRehearsal) {
    return wrong_state(broadcast, "go live");
  }
  if (broadcast.state == State::kScheduled) OPENDAY_CHECK_OK(check_can_run(ledger, broadcast));
  broadcast.state = State::kLive;
  broadcast.live_at = act.at;
  ProgramTime from = edge.value_or(act.at);
  broadcast.public_from = std::max(broadcast.public_from.value_or(from), from);
  OPENDAY_CHECK_OK(ledger.put(broadcast));
  OPENDAY_CHECK_OK(audit(ledger, act, "broadcast.go_live", id));
  return broadcast;
}

Result<Broadcast> end(Ledger& ledger, const std::string& id, const std::string& confirm, const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  if (broadcast.state != State::kLive) return wrong_state(broadcast, "end");
  if (confirm != broadcast.title && confirm != broadcast.id) {
    return fail(Errc::kInvalid, "confirm must be the broadcast's title or id");
  }
  broadcast.state = State::kEnded;
  broadcast.ended_at = act.at;
  OPENDAY_CHECK_OK(ledger.put(broadcast));
  OPENDAY_CHECK_OK(audit(ledger, act, "broadcast.end", id));
  return broadcast;
}

Result<Broadcast> note_recorded(Ledger& ledger, const std::string& id) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  if (!broadcast.live_at || broadcast.recorded) return broadcast;
  broadcast.recorded = true;
  OPENDAY_CHECK_OK(ledger.put(broadcast));
  return broadcast;
}

Result<Broadcast> note_recording_gone(Ledger& ledger, const std::string& id, const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  if (broadcast.state != State::kEnded || !broadcast.recorded) return broadcast;
  broadcast.recorded = false;
  OPENDAY_CHECK_OK(ledger.put(broadcast));
  OPENDAY_CHECK_OK(audit(ledger, act, "broadcast.recording_expired", id));
  return broadcast;
}

}  // namespace openday::broadcast
