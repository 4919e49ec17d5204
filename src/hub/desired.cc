#include "hub/desired.h"

#include <algorithm>
#include <functional>

#include "broadcast/life_cycle.h"

namespace openday::hub {
namespace {

using namespace broadcast;  // NOLINT(google-build-using-namespace): its values fill this file

Json slots_json(const Broadcast& broadcast) {
  Json slots = Json::array();
  for (const auto& seat : broadcast.seats) {
    slots.push_back({{"slot", seat.slot}, {"venue", seat.venue}, {"name", seat.name}});
  }
  return slots;
}

Json targets_json(const Active& active, const Rules& rules, std::vector<std::string>* trouble) {
  Json targets = Json::array();
  if (active.broadcast.state != State::kLive) return targets;
  auto plain = [&](const Bytes& sealed, const std::string& otherwise) -> Result<std::string> {
    return sealed.empty() ? otherwise : rules.vault.open(sealed);
  };
  for (const auto& target : active.targets) {
    auto url = plain(target.sealed_url, target.url);
    auto key = plain(target.sealed_key, "");
    if (!url || !key) {
      const Error& error = url ? key.error() : url.error();
      if (trouble != nullptr) trouble->push_back("target " + target.id + ": " + error.message);
      continue;
    }
    targets.push_back({{"id", target.id},
                       {"url", *url},
                       {"key", *key},
                       {"rendition", target.rendition},
                       {"enabled", target.enabled}});
  }
  return targets;
}

std::string below(const std::string& folder, const std::string& path) {
  return folder.empty() || folder.ends_with('/') ? folder + path : folder + "/" + path;
}

Result<Json> source_json(const Venue& venue, const HouseSettings& settings, const Rules& rules) {
  switch (venue.source.kind) {
    case SourceKind::kIngest: return Json{{"kind", "gateway"}};
    case SourceKind::kPull: {
      OPENDAY_TRY(std::string url, rules.vault.open(venue.source.sealed_url));
      return Json{{"kind", "pull"}, {"url", url}, {"options", Json::object()}};
    }
    case SourceKind::kFile:
      return Json{{"kind", "file"},
                  {"path", below(settings.egress.value("media_root", ""), venue.source.path)}};
    case SourceKind::kTest:
      // Any number that tells this venue's pattern from the others', the same at each start.
      return Json{{"kind", "test"}, {"seed", std::hash<std::string>()(venue.id) % 1'000'000}};
  }
  return fail(Errc::kInternal, "unknown source kind");
}

// Where a rehearsal ended on the program's clock: whatever the wall's says now, a program goes on behind it.
ProgramTime not_before(const Broadcast& broadcast) {
  if (!broadcast.public_from) return {};
  return std::max(ProgramTime{}, *broadcast.public_from + -broadcast::kEngineStops);
}

}  // namespace

std::string media_folder(const HouseSettings& settings, const std::string& broadcast) {
  return below(settings.store.value("dir", ""), broadcast);
}

Json configuration(const Active& active, const Rules& rules) {
  return {{"slots", slots_json(active.broadcast)},
          {"targets", targets_json(active, rules, nullptr)},
          {"title", active.broadcast.title},
          {"live", active.broadcast.state == State::kLive}};
}

Desired desired_state(const std::vector<Active>& all, const HouseSettings& settings, const Rules& rules) {
  Desired desired;
  Json engines = Json::array();
  Json feeds = Json::array();
  for (const auto& active : all) {
    const Broadcast& broadcast = active.broadcast;
    Json store = settings.store;
    store["dir"] = media_folder(settings, broadcast.id);
    engines.push_back({{"id", broadcast.id},
                       {"config",
                        {{"broadcast", broadcast.id},
                         {"title", broadcast.title},
                         {"live", broadcast.state == State::kLive},
                         {"not_before_ms", not_before(broadcast).ms},
                         {"house", to_json(broadcast.house)},
                         {"ladder", settings.ladder},
                         {"preset", settings.preset},
                         {"slots", slots_json(broadcast)},
                         {"scene", to_json(broadcast.scene)},
                         {"targets", targets_json(active, rules, &desired.trouble)},
                         {"mix", to_json(broadcast.mix)},
                         {"store", std::move(store)},
                         {"institution", settings.institution},
                         {"pipelines", settings.pipelines},
                         {"egress", settings.egress}}}});
    for (const auto& seat : broadcast.seats) {
      auto venue = active.venues.find(seat.venue);
      if (venue == active.venues.end()) continue;
      auto source = source_json(venue->second, settings, rules);
      if (!source) {
        desired.trouble.push_back("venue " + seat.venue + ": " + source.error().message);
        continue;
      }
      std::string id = broadcast.id + "/" + seat.venue;
      if (venue->second.source.kind == SourceKind::kIngest) desired.routes[seat.venue] = id;
      feeds.push_back({{"id", id},
                       {"engine", broadcast.id},
                       {"slot", seat.slot},
                       {"config",
                        {{"venue", seat.venue},
                         {"source", std::move(*source)},
                         {"house", to_json(broadcast.house)},
                         {"jitter_ms", venue->second.jitter_ms},
                         {"av_offset_ms", venue->second.av_offset_ms},
                         {"egress", settings.egress}}}});
    }
  }
  desired.fields = {{"engines", std::move(engines)}, {"feeds", std::move(feeds)}};
  return desired;
}

}  // namespace openday::hub
