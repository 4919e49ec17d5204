// What the program shows: docs/LINK.md, "scene". Pure values.
#pragma once

#include <string>
#include <vector>

#include "mixer/layout.h"

namespace openday::mixer {

// Whatever the rules of broadcasts let through, which count characters: 100, each of at most four bytes.
inline constexpr size_t kMaxTitleBytes = 400;

struct Scene {
  std::string layout = "full";
  std::vector<std::string> venues{};  // in tile order; none: the program's slate
  bool slate = false;                 // the program's slate instead of everything, and silence
  bool follow_audio = true;  // the venues in the scene are heard; false: every venue that is not muted
  std::string title{};       // lower third; empty: none

  bool operator==(const Scene&) const = default;
};

/// kInvalid or kLimit names the key and what was expected. Missing keys keep their defaults; unknown ones are
/// ignored, as everywhere on the link.
Result<Scene> parse_scene(const Json& json);
Json to_json(const Scene& scene);

}  // namespace openday::mixer
