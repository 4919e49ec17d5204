// What clients send, read into what the rules take. Pure; every body of docs/API.md is read here.
#pragma once

#include "broadcast/life_cycle.h"
#include "broadcast/targets.h"
#include "broadcast/venues.h"
#include "hub/api_json.h"

namespace openday::hub {

/// Ids that are not given are left empty: the caller makes one up.
Result<broadcast::NewBroadcast> read_new_broadcast(const Json& body, const media::HouseFormat& house);
Result<broadcast::BroadcastChanges> read_broadcast_changes(const Json& body,
                                                           const media::HouseFormat& present);
Result<broadcast::NewVenue> read_new_venue(const Json& body);
Result<broadcast::VenueChanges> read_venue_changes(const Json& body);
Result<broadcast::NewTarget> read_new_target(const Json& body);
Result<broadcast::TargetChanges> read_target_changes(const Json& body);
Result<broadcast::Scene> read_scene(const Json& body, const std::string& where = {});

/// {"saved": name}
Result<std::string> read_saved(const Json& body);

struct NamedScene {
  std::string name;
  broadcast::Scene scene;
};
Result<NamedScene> read_named_scene(const Json& body);

/// `present` fills in what a venue's entry leaves out.
Result<std::map<std::string, broadcast::Mix>> read_mix(const Json& body,
                                                       const std::map<std::string, broadcast::Mix>& present);

struct WithdrawBody {
  ProgramTime from;
  ProgramTime to;
  std::string reason;
};
Result<WithdrawBody> read_withdraw(const Json& body);

/// {"on": bool}; `otherwise` when it may be absent and is.
Result<bool> read_switch(const Json& body, std::optional<bool> otherwise = std::nullopt);
/// {}
Result<> read_nothing(const Json& body);
/// {"confirm": text}
Result<std::string> read_confirm(const Json& body);
/// {"token": text}
Result<std::string> read_token(const Json& body);

}  // namespace openday::hub
