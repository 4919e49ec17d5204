#include "broadcast/json.h"

namespace openday::broadcast {

Json to_json(const Scene& scene) {
  return {{"layout", scene.layout},
          {"venues", scene.venues},
          {"slate", scene.slate},
          {"follow_audio", scene.follow_audio},
          {"title", scene.title}};
}

Result<Scene> scene_from(const Json& json) {
  if (!json.is_object()) return fail(Errc::kInvalid, "scene: not an object");
  Scene scene;
  for (const auto& [key, value] : json.items()) {
    if (key == "layout" && value.is_string()) {
      scene.layout = value.get<std::string>();
    } else if (key == "venues" && value.is_array()) {
      for (const auto& venue : value) {
        if (!venue.is_string()) return fail(Errc::kInvalid, "scene: venues must be names");
        scene.venues.push_back(venue.get<std::string>());
      }
    } else if (key == "slate" && value.is_boolean()) {
      scene.slate = value.get<bool>();
    } else if (key == "follow_audio" && value.is_boolean()) {
      scene.follow_audio = value.get<bool>();
    } else if (key == "title" && value.is_string()) {
      scene.title = value.get<std::string>();
    } else if (key == "layout" || key == "venues" || key == "slate" || key == "follow_audio" ||
               key == "title") {
      return fail(Errc::kInvalid, "scene: " + key + " has the wrong type");
    }
  }
  return scene;
}

Json to_json(const std::map<std::string, Mix>& mix) {
  Json json = Json::object();
  for (const auto& [venue, one] : mix) json[venue] = {{"gain_db", one.gain_db}, {"mute", one.mute}};
  return json;
}

Result<std::map<std::string, Mix>> mix_from(const Json& json) {
  if (!json.is_object()) return fail(Errc::kInvalid, "mix: not an object");
  std::map<std::string, Mix> mix;
  for (const auto& [venue, value] : json.items()) {
    if (!value.is_object()) return fail(Errc::kInvalid, "mix: not an object");
    Mix one;
    if (auto gain = value.find("gain_db"); gain != value.end() && gain->is_number())
      one.gain_db = gain->get<double>();
    if (auto mute = value.find("mute"); mute != value.end() && mute->is_boolean())
      one.mute = mute->get<bool>();
    mix[venue] = one;
  }
  return mix;
}

Json to_json(const media::HouseFormat& house) {
  return {{"width", house.width}, {"height", house.height}, {"fps", house.fps}};
}

}  // namespace openday::broadcast
