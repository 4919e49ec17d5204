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

// Not by nlohmann's conversion: that takes fractions, and what no integer holds is undefined.
Result<int64_t> whole(const char* what, const Json& of, const char* key, int64_t least, int64_t most,
                      std::optional<int64_t> otherwise = std::nullopt) {
  auto value = otherwise && of.is_object() && !of.contains(key) ? otherwise : link::integer_in(of, key);
  if (value && *value >= least && *value <= most) return *value;
  return fail(Errc::kInvalid, fmt::format("{}.{}: expected {} to {}", what, key, least, most));
}

Result<int> number(const char* what, const Json& of, const char* key, int least, int most) {
  OPENDAY_TRY(int64_t value, whole(what, of, key, least, most));
  return static_cast<int>(value);
}

}  // namespace

Result<std::vector<mixer::SlotAssignment>> parse_slots(const Json& slots) {
  std::vector<mixer::SlotAssignment> list;
  for (const auto& slot : slots) {
    OPENDAY_TRY(int index, number("slots", slot, "slot", 0, mixer::kSlots - 1));
    OPENDAY_TRY(auto assigned, guarded("slots", [&] {
                  return mixer::SlotAssignment{index, slot.at("venue").get<std::string>(),
                                               slot.at("name").get<std::string>()};
                }));
    list.push_back(std::move(assigned));
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
  media::HouseFormat out;
  OPENDAY_TRY(out.width, number("house", house, "width", 16, 4096));
  OPENDAY_TRY(out.height, number("house", house, "height", 16, 4096));
  OPENDAY_TRY(out.fps, number("house", house, "fps", 1, 60));
  return out;
}

Result<media::Rendition> parse_rung(const Json& rung) {
  OPENDAY_TRY(int width, number("ladder", rung, "width", 0, 4096));
  OPENDAY_TRY(int height, number("ladder", rung, "height", 0, 4096));
  OPENDAY_TRY(int video_kbps, number("ladder", rung, "video_kbps", 0, 1'000'000));
  OPENDAY_TRY(int audio_kbps, number("ladder", rung, "audio_kbps", 0, 10'000));
  return guarded("ladder", [&] {
    return media::Rendition{rung.at("name").get<std::string>(), width, height, video_kbps, audio_kbps};
  });
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
  std::vector<media::Rendition> ladder;
  const Json rungs = config.value("ladder", Json::array());
  for (const auto& rung : rungs) {
    OPENDAY_TRY(auto parsed, parse_rung(rung));
    ladder.push_back(std::move(parsed));
  }
  const Json store = config.value("store", Json::object());
  OPENDAY_TRY(int64_t retention_days, whole("store", store, "retention_days", 0, 100'000, 0));
  OPENDAY_TRY(int64_t max_bytes, whole("store", store, "max_bytes", 0, INT64_MAX, 0));
  OPENDAY_TRY(int64_t reserve_bytes, whole("store", store, "reserve_bytes", 0, INT64_MAX, 0));
  OPENDAY_TRY(int64_t not_before, whole("engine config", config, "not_before_ms", 0, INT64_MAX, 0));
  OPENDAY_TRY(auto parsed, guarded("engine config", [&] {
                EngineConfig out;
                out.broadcast = config.at("broadcast").get<std::string>();
                out.mixer.title = config.value("title", "");
                out.mixer.house = house;
                const Json institution = config.value("institution", Json::object());
                out.mixer.institution = {institution.value("name_zh", ""), institution.value("name_en", "")};
                out.preset = config.value("preset", "superfast");
                out.pipelines = config.at("pipelines").get<std::string>();
                out.store = {store.at("dir").get<std::string>(), static_cast<int>(retention_days), max_bytes,
                             reserve_bytes};
                out.not_before = {std::min(not_before, kLatestClock.ms)};
                out.targets = config.value("targets", Json::array());
                out.allow_private = config.value("egress", Json::object()).value("allow_private", false);
                return out;
              }));
  parsed.mixer.slots = std::move(slots);
  parsed.mix = std::move(mix);
  parsed.ladder = std::move(ladder);
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
  // All go on from here, and what comes of them has to pass package::init_from.
  checkpoint.msn = std::clamp<int64_t>(link::integer_in(json, "msn").value_or(-1), -1, kLargestMsn);
  checkpoint.runs =
      static_cast<int>(std::clamp<int64_t>(link::integer_in(json, "runs").value_or(0), 0, kMostRuns));
  checkpoint.clock.ms =
      std::clamp<int64_t>(link::integer_in(json, "clock_ms").value_or(0), 0, kLatestClock.ms);
  return checkpoint;
}

Json to_json(const Checkpoint& checkpoint) {
  return {{"scene", mixer::to_json(checkpoint.scene)},
          {"mix", to_json(checkpoint.mix)},
          {"msn", checkpoint.msn},
          {"runs", checkpoint.runs},
          {"clock_ms", checkpoint.clock.ms}};
}

}  // namespace openday::app
