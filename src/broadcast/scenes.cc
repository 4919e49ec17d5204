#include "broadcast/scenes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"
#include "broadcast/json.h"
#include "broadcast/text_rules.h"

namespace openday::broadcast {
namespace {

bool seated(const Broadcast& broadcast, const std::string& venue) {
  return std::any_of(broadcast.seats.begin(), broadcast.seats.end(),
                     [&](const Seat& s) { return s.venue == venue; });
}

}  // namespace

Result<> check_scene(const Scene& scene, const Broadcast& broadcast, const Rules& rules) {
  auto layout = rules.layouts.find(scene.layout);
  if (layout == rules.layouts.end()) {
    std::vector<std::string> names;
    for (const auto& [name, counts] : rules.layouts) names.push_back(name);
    std::string near = nearest(scene.layout, names);
    return fail(Errc::kInvalid, fmt::format("there is no layout {}{}", scene.layout,
                                            near.empty() ? "" : "; did you mean " + near + "?"));
  }
  auto count = static_cast<int>(scene.venues.size());
  if (count > 0 && !layout->second.contains(count)) {
    return fail(Errc::kInvalid, fmt::format("layout {} takes {} venues, not {}", scene.layout,
                                            fmt::join(layout->second, ", "), count));
  }
  std::set<std::string> seen;
  for (const auto& venue : scene.venues) {
    if (!seated(broadcast, venue)) {
      return fail(Errc::kInvalid, fmt::format("venue {} is not in broadcast {}", venue, broadcast.id));
    }
    if (!seen.insert(venue).second)
      return fail(Errc::kInvalid, fmt::format("venue {} is in the scene twice", venue));
  }
  return check_line("title", scene.title, 0, kMaxSceneTitle);
}

Scene opening_scene(const std::vector<Seat>& seats, const Rules& rules) {
  Scene scene;
  size_t count = std::min<size_t>(seats.size(), 1);
  if (auto grid = rules.layouts.find("grid"); seats.size() > 1 && grid != rules.layouts.end()) {
    auto more = grid->second.upper_bound(static_cast<int>(seats.size()));
    if (more != grid->second.begin()) {
      scene.layout = grid->first;
      count = static_cast<size_t>(*std::prev(more));
    }
  }
  for (size_t i = 0; i < count; ++i) scene.venues.push_back(seats[i].venue);
  return scene;
}

Result<Broadcast> note_scene(Ledger& ledger, const std::string& id, const Scene& scene, const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  broadcast.scene = scene;
  OPENDAY_CHECK_OK(ledger.put(broadcast));
  OPENDAY_CHECK_OK(ledger.append({0, act.at, act.by, act.via, "program.take", id, to_json(scene).dump()}));
  return broadcast;
}

Result<> check_mix(const std::map<std::string, Mix>& changes, const Broadcast& broadcast) {
  for (const auto& [venue, mix] : changes) {
    if (!seated(broadcast, venue)) {
      return fail(Errc::kInvalid, fmt::format("venue {} is not in broadcast {}", venue, broadcast.id));
    }
    if (!std::isfinite(mix.gain_db) || mix.gain_db < -60 || mix.gain_db > 12) {
      return fail(Errc::kInvalid, "gain_db must be from -60 to 12");
    }
  }
  return {};
}

Result<Broadcast> change_mix(Ledger& ledger, const std::string& id, const std::map<std::string, Mix>& changes,
                             const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  OPENDAY_CHECK_OK(check_mix(changes, broadcast));
  for (const auto& [venue, mix] : changes) broadcast.mix[venue] = mix;
  OPENDAY_CHECK_OK(ledger.put(broadcast));
  OPENDAY_CHECK_OK(ledger.append({0, act.at, act.by, act.via, "program.mix", id, to_json(changes).dump()}));
  return broadcast;
}

Result<SavedScene> save_scene(Ledger& ledger, const std::string& id, const SavedScene& scene, bool replace,
                              const Rules& rules, const Act& act) {
  OPENDAY_CHECK_OK(check_id("name", scene.name));
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  OPENDAY_CHECK_OK(check_scene(scene.scene, broadcast, rules));
  OPENDAY_TRY(auto present, ledger.scenes(id));
  bool known =
      std::any_of(present.begin(), present.end(), [&](const auto& one) { return one.name == scene.name; });
  if (known && !replace) return fail(Errc::kConflict, fmt::format("there is a scene {} already", scene.name));
  if (!known && present.size() >= kMaxSavedScenes) {
    return fail(Errc::kLimit, fmt::format("a broadcast has at most {} saved scenes", kMaxSavedScenes));
  }
  OPENDAY_CHECK_OK(ledger.put(id, scene));
  OPENDAY_CHECK_OK(
      ledger.append({0, act.at, act.by, act.via, "scene.save", id, Json{{"name", scene.name}}.dump()}));
  return scene;
}

Result<> remove_scene(Ledger& ledger, const std::string& id, const std::string& name, const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  OPENDAY_CHECK_OK(ledger.remove_scene(id, name));
  return ledger.append({0, act.at, act.by, act.via, "scene.delete", id, Json{{"name", name}}.dump()});
}

Result<> check_withdrawal(const Broadcast& broadcast, ProgramTime from, ProgramTime to,
                          const std::string& reason) {
  if (!broadcast.live_at) {
    return fail(Errc::kConflict,
                fmt::format("broadcast {} has not been live; there is nothing to withdraw", broadcast.id));
  }
  OPENDAY_CHECK_OK(check_line("reason", reason, 1, 500));
  if (to <= from) return fail(Errc::kInvalid, "to must be later than from");
  if (to - from > std::chrono::hours(24))
    return fail(Errc::kLimit, "at most 24 hours can be withdrawn at once");
  // On the program's clock, as the range is: the wall's may have been set meanwhile.
  if (to <= broadcast.public_from.value_or(*broadcast.live_at))
    return fail(Errc::kInvalid, "the range ends before the broadcast went live");
  return {};
}

Result<Withdrawal> withdraw(Ledger& ledger, const std::string& id, ProgramTime from, ProgramTime to,
                            const std::string& reason, const Act& act) {
  OPENDAY_TRY(Broadcast broadcast, ledger.broadcast(id));
  OPENDAY_CHECK_OK(check_withdrawal(broadcast, from, to, reason));
  Withdrawal withdrawal{0, id, from, to, reason, act.at};
  OPENDAY_TRY(withdrawal.id, ledger.add(withdrawal));
  Json detail = {{"from", to_rfc3339(from)}, {"to", to_rfc3339(to)}, {"reason", reason}};
  OPENDAY_CHECK_OK(ledger.append({0, act.at, act.by, act.via, "broadcast.withdraw", id, detail.dump()}));
  return withdrawal;
}

}  // namespace openday::broadcast
