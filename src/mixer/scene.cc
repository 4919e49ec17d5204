#include "mixer/scene.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace openday::mixer {
namespace {

Result<> read_bool(const Json& json, const char* key, bool& into) {
  auto found = json.find(key);
  if (found == json.end()) return {};
  if (!found->is_boolean()) return fail(Errc::kInvalid, fmt::format("scene.{}: expected true or false", key));
  into = found->get<bool>();
  return {};
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<> read_venues(const Json& json, std::vector<std::string>& into) {
  auto found = json.find("venues");
  if (found == json.end()) return {};
  if (!found->is_array()) return fail(Errc::kInvalid, "scene.venues: expected a list of venue ids");
  if (found->size() > kMaxVenues) {
    return fail(Errc::kLimit,
                fmt::format("scene.venues: at most {} venues, not {}", kMaxVenues, found->size()));
  }
  for (size_t i = 0; i < found->size(); ++i) {
    const Json& venue = (*found)[i];
    if (!venue.is_string() || !is_slug(venue.get_ref<const std::string&>())) {
      return fail(Errc::kInvalid, fmt::format("scene.venues[{}]: expected a venue id", i));
    }
    const auto& id = venue.get_ref<const std::string&>();
    if (std::find(into.begin(), into.end(), id) != into.end()) {
      return fail(Errc::kInvalid, fmt::format("scene.venues[{}]: \"{}\" is already in this scene", i, id));
    }
    into.push_back(id);
  }
  return {};
}

}  // namespace

Result<Scene> parse_scene(const Json& json) {
  if (!json.is_object()) return fail(Errc::kInvalid, "scene: expected an object");
  Scene scene;
  if (auto layout = json.find("layout"); layout != json.end()) {
    if (!layout->is_string() || !is_slug(layout->get_ref<const std::string&>())) {
      return fail(Errc::kInvalid, "scene.layout: expected the name of a layout");
    }
    scene.layout = layout->get<std::string>();
  }
  OPENDAY_CHECK_OK(read_venues(json, scene.venues));
  OPENDAY_CHECK_OK(read_bool(json, "slate", scene.slate));
  OPENDAY_CHECK_OK(read_bool(json, "follow_audio", scene.follow_audio));
  if (auto title = json.find("title"); title != json.end() && !title->is_null()) {
    if (!title->is_string()) return fail(Errc::kInvalid, "scene.title: expected text");
    scene.title = title->get<std::string>();
    if (scene.title.size() > kMaxTitleBytes) {
      return fail(Errc::kLimit,
                  fmt::format("scene.title: at most {} bytes, not {}", kMaxTitleBytes, scene.title.size()));
    }
    if (!is_valid_utf8(scene.title) || has_control_character(scene.title)) {
      return fail(Errc::kInvalid, "scene.title: expected one line of UTF-8 text");
    }
  }
  return scene;
}

Json to_json(const Scene& scene) {
  return {{"layout", scene.layout},
          {"venues", scene.venues},
          {"slate", scene.slate},
          {"follow_audio", scene.follow_audio},
          {"title", scene.title}};
}

}  // namespace openday::mixer
