#include "app/engine_config.h"

#include <fmt/format.h>

#include <algorithm>

namespace openday::app {
namespace {

using link::Json;

// nlohmann throws on a wrong type; this is the border where that stops.
template <class Parse>
auto guarded(const char* what, Parse parse) -> Result<decltype(parse())> {
  try {
    return parse();
  } catch (const Json::exception& error) {
    return fail(Errc::kInvalid, std::string(what) + ": " + error.what());
  }
}

}  // namespace

Result<std::vector<mixer::SlotAssignment>> parse_slots(const Json& slots) {
  OPENDAY_TRY(auto list, guarded("slots", [&] {
                std::vector<mixer::SlotAssignment> out;
                for (const auto& slot : slots) {
                  out.push_back({slot.at("slot").get<int>(), slot.at("venue").get<std::string>(),
                                 slot.at("name").get<std::string>()});
                }
                return out;
              }));
  for (const auto& slot : list) {
    if (slot.slot < 0 || slot.slot >= mixer::kSlots) return fail(Errc::kInvalid, "slots: slot out of range");
  }
  return list;
}

Result<std::map<std::string, mixer::VenueMix>> parse_mix(const Json& venues) {
  return guarded("mix", [&] {
    std::map<std::string, mixer::VenueMix> mix;
    if (!venues.is_object()) return mix;
    for (const auto& [venue, value] : venues.items()) {
      mix[venue] = {std::clamp(value.value("gain_db", 0.0), -60.0, 12.0), value.value("mute", false)};
    }
    return mix;
  });
}

Json to_json(const std::map<std::string, mixer::VenueMix>& mix) {
  Json json = Json::object();
  for (const auto& [venue, value] : mix) json[venue] = {{"gain_db", value.gain_db}, {"mute", value.mute}};
  return json;
}

namespace {

// Frame rings and encoders are made for no other.
Result<media::HouseFormat> parse_house(const Json& house) {
  auto whole = [&](const char* key, int64_t least, int64_t most) -> Result<int> {
    auto value = link::integer_in(house, key);
    if (value && *value >= least && *value <= most) return static_cast<int>(*value);
    return fail(Errc::kInvalid, fmt::format("house.{}: expected {} to {}", key, least, most));
  };
  media::HouseFormat out;
  OPENDAY_TRY(out.width, whole("width", 16, 4096));
  OPENDAY_TRY(out.height, whole("height", 16, 4096));
  OPENDAY_TRY(out.fps, whole("fps", 1, 60));
  return out;
}

}  // namespace

Result<EngineConfig> parse_engine_config(const Json& config) {
  if (!config.is_object()) return fail(Errc::kInvalid, "engine config: expected an object");
  OPENDAY_TRY(auto slots, parse_slots(config.value("slots", Json::array())));
  OPENDAY_TRY(auto mix, parse_mix(config.value("mix", Json::object())));
  mixer::Scene scene;
  if (auto found = config.find("scene"); found != config.end() && found->is_object()) {
    OPENDAY_TRY(scene, mixer::parse_scene(*found));
  }
  OPENDAY_TRY(auto house, parse_house(config.value("house", Json::object())));
  OPENDAY_TRY(auto parsed, guarded("engine config", [&] {
                EngineConfig out;
                out.broadcast = config.at("broadcast").get<std::string>();
                out.mixer.title = config.value("title", "");
                out.mixer.house = house;
                const Json institution = config.value("institution", Json::object());
                out.mixer.institution = {institution.value("name_zh", ""), institution.value("name_en", "")};
                for (const auto& rung : config.value("ladder", Json::array())) {
                  out.ladder.push_back({rung.at("name"), rung.at("width"), rung.at("height"),
                                        rung.at("video_kbps"), rung.at("audio_kbps")});
                }
                out.preset = config.value("preset", "superfast");
                out.pipelines = config.at("pipelines").get<std::string>();
                const Json& store = config.at("store");
                out.store = {store.at("dir"), store.value("retention_days", 0),
                             store.value("max_bytes", int64_t{0}), store.value("reserve_bytes", int64_t{0})};
                out.targets = config.value("targets", Json::array());
                out.allow_private = config.value("egress", Json::object()).value("allow_private", false);
                return out;
              }));
  parsed.mixer.slots = std::move(slots);
  parsed.mix = std::move(mix);
  parsed.scene = std::move(scene);
  return parsed;
}

Checkpoint parse_checkpoint(const Json& json) {
  Checkpoint checkpoint;
  if (!json.is_object()) return checkpoint;
  checkpoint.present = true;
  if (auto scene = json.find("scene"); scene != json.end()) {
    if (auto parsed = mixer::parse_scene(*scene)) checkpoint.scene = *parsed;
  }
  if (auto mix = parse_mix(json.value("mix", Json::object()))) checkpoint.mix = *mix;
  // Both are counted on from here, and what comes of them has to pass package::init_from.
  checkpoint.msn = std::clamp<int64_t>(link::integer_in(json, "msn").value_or(-1), -1, kLargestMsn);
  checkpoint.runs =
      static_cast<int>(std::clamp<int64_t>(link::integer_in(json, "runs").value_or(0), 0, kMostRuns));
  return checkpoint;
}

Json to_json(const Checkpoint& checkpoint) {
  return {{"scene", mixer::to_json(checkpoint.scene)},
          {"mix", to_json(checkpoint.mix)},
          {"msn", checkpoint.msn},
          {"runs", checkpoint.runs}};
}

}  // namespace openday::app
