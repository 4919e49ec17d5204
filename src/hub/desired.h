// What the supervisor shall run, derived from the books: `desired` and `configure` of docs/LINK.md. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "broadcast/json.h"
#include "broadcast/rules.h"

namespace openday::hub {

using Json = nlohmann::json;

/// The parts of the configuration that are handed on, as they came.
struct HouseSettings {
  Json ladder = Json::array();  // empty: the engine chooses
  std::string preset = "superfast";
  Json store = Json::object();  // "dir" is the folder of all media
  Json institution = Json::object();
  std::string pipelines;
  Json egress = Json::object();
};

/// A broadcast with what belongs to it.
struct Active {
  broadcast::Broadcast broadcast;
  std::vector<broadcast::Target> targets;
  std::map<std::string, broadcast::Venue> venues;  // of its seats; one that is missing gets no feed
};

struct Desired {
  Json fields;                                // of `desired`
  std::map<std::string, std::string> routes;  // venue → feed, for the gateway
  std::vector<std::string> trouble;           // what could not be opened with the server key
};

Desired desired_state(const std::vector<Active>& active, const HouseSettings& settings,
                      const broadcast::Rules& rules);
/// `configure` for a running engine. Targets are pushed to only while live: a rehearsal leaves the house for
/// nobody.
Json configuration(const Active& active, const broadcast::Rules& rules);
/// Where a broadcast's media lies.
std::string media_folder(const HouseSettings& settings, const std::string& broadcast);

}  // namespace openday::hub
