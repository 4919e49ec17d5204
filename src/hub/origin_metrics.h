// What the origin counts. Plain numbers for whoever renders them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace openday::hub {

/// Classes of requests, for counting.
enum class OriginClass {
  kMultivariant,
  kLivePlaylist,     // answered at once
  kBlockedPlaylist,  // had to wait
  kDvrPlaylist,
  kReplayPlaylist,
  kInit,
  kPart,
  kBlockedPart,  // hinted, and had to wait
  kSegment,      // from memory
  kStoredSegment,
  kThumbnail,
  kCount
};
constexpr const char* name_of(OriginClass of) {
  constexpr const char* kNames[] = {
      "multivariant", "live_playlist", "blocked_playlist", "dvr_playlist",   "replay_playlist", "init",
      "part",         "blocked_part",  "segment",          "stored_segment", "thumbnail"};
  return kNames[static_cast<size_t>(of)];
}

/// Since start.
struct OriginCounters {
  /// By class and hundreds of the status: [class][2] are its 2xx.
  std::array<std::array<uint64_t, 6>, static_cast<size_t>(OriginClass::kCount)> requests{};
  uint64_t waits_timed_out = 0;
  uint64_t waits_refused = 0;  // the origin was full
  uint64_t renders = 0;        // playlists made
  uint64_t render_ns = 0;
  uint64_t passes = 0;  // parts that somebody waited for
  uint64_t pass_ns = 0;
  uint64_t slowest_pass_ns = 0;
  uint64_t messages_refused = 0;
};

struct OriginBroadcastMetrics {
  std::string id;
  uint64_t viewers = 0;
  uint64_t waiters = 0;
  double edge_age_s = -1;  // wall clock minus the edge of the newest part; -1: none
  double dvr_s = 0;
};

struct OriginMetrics {
  OriginCounters counters;
  uint64_t waiters = 0;
  std::vector<OriginBroadcastMetrics> broadcasts;
};

}  // namespace openday::hub
