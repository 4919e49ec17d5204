// Venues and the keys their encoders publish with.
#pragma once

#include <string>

#include "broadcast/ledger.h"
#include "broadcast/rules.h"

namespace openday::broadcast {

struct NewSource {
  SourceKind kind = SourceKind::kIngest;
  std::string url;   // pull
  std::string path;  // file
};

struct NewVenue {
  std::string id;
  std::string name;
  NewSource source;
  int av_offset_ms = 0;
  int jitter_ms = 120;
};

struct VenueChanges {
  std::optional<std::string> name;
  std::optional<NewSource> source;
  std::optional<int> av_offset_ms;
  std::optional<int> jitter_ms;
};

inline constexpr size_t kMaxVenues = 1000;
// What a feed can hold back: its sound ring is 2.7 s long.
inline constexpr int kMaxAvOffsetMs = 1000;
inline constexpr int kMinJitterMs = 20;
inline constexpr int kMaxJitterMs = 1000;

Result<Venue> create_venue(Ledger& ledger, const NewVenue& wanted, const Rules& rules, const Act& act);
Result<Venue> edit_venue(Ledger& ledger, const std::string& id, const VenueChanges& changes,
                         const Rules& rules, const Act& act);
/// Not while a broadcast that has not ended counts on it.
Result<> remove_venue(Ledger& ledger, const std::string& id, const Act& act);

/// The secrets of a fresh ingest key, shown once. Each is 128 random bits in hexadecimal.
struct IngestSecrets {
  std::string stream_key;  // RTMP
  std::string passphrase;  // SRT
};
/// The old key stops working.
Result<> rotate_key(Ledger& ledger, const std::string& venue, const IngestSecrets& fresh, const Rules& rules,
                    const Act& act);

/// Whose stream key this is; kRefused when nobody's. Takes the same time for near misses as for far ones: the
/// lookup is by a keyed hash, which the caller cannot steer.
Result<std::string> venue_of_stream_key(LedgerView& ledger, std::string_view stream_key, const Rules& rules);

}  // namespace openday::broadcast
