// What the API answers: domain values as the JSON of docs/API.md. Pure.
#pragma once

#include "broadcast/json.h"
#include "broadcast/values.h"
#include "broadcast/venues.h"
#include "hub/api_json.h"

namespace openday::hub {

/// What a broadcast's JSON needs beyond the broadcast.
struct Surroundings {
  int64_t dvr_window_s = 0;
  bool has_poster = false;
};

Json public_json(const broadcast::Broadcast& broadcast, const Surroundings& around);
Json broadcast_json(const broadcast::Broadcast& broadcast, const std::vector<broadcast::Target>& targets,
                    const Surroundings& around);
Json venue_json(const broadcast::Venue& venue, bool has_key);
Json target_json(const broadcast::Target& target);
Json scene_json(const broadcast::SavedScene& scene);
Json withdrawal_json(const broadcast::Withdrawal& withdrawal);
Json audit_json(const broadcast::AuditEntry& entry);

/// Addresses that encoders are given. Ports of 0 are off.
struct IngestAddresses {
  std::string host;
  int rtmp_port = 0;
  int rtmps_port = 0;
  int srt_port = 0;
};
Json key_json(const IngestAddresses& at, const std::string& venue, const broadcast::IngestSecrets& secrets);

/// Text that any JSON parser takes; invalid UTF-8 (which no rule lets in) becomes U+FFFD.
std::string dump(const Json& json);
/// The same, to be sent to many.
SharedBytes shared_text(const Json& json);

}  // namespace openday::hub
