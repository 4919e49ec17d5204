// The JSON shapes that the database, the link and the API share (docs/LINK.md, docs/API.md). Reading is
// lenient about what is missing and unknown, strict about types: for what our own processes wrote. The API's
// strict reading of what people wrote is the hub's.
#pragma once

#include <nlohmann/json.hpp>

#include "broadcast/values.h"

namespace openday::broadcast {

using Json = nlohmann::json;

Json to_json(const Scene& scene);
Result<Scene> scene_from(const Json& json);
Json to_json(const std::map<std::string, Mix>& mix);
Result<std::map<std::string, Mix>> mix_from(const Json& json);
Json to_json(const media::HouseFormat& house);

}  // namespace openday::broadcast
