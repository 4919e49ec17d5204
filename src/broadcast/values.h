// The nouns of the institution's work: broadcasts, venues, scenes, targets. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "account/act.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "media/media.h"

namespace openday::broadcast {

using account::Act;
using account::AuditEntry;

/// scheduled → rehearsal → live → ended. A rehearsal may go back to scheduled; ended is final.
/// "replay" is not a state of its own: it is an ended broadcast that has recorded media.
enum class State { kScheduled, kRehearsal, kLive, kEnded };

constexpr const char* name_of(State state) {
  switch (state) {
    case State::kScheduled: return "scheduled";
    case State::kRehearsal: return "rehearsal";
    case State::kLive: return "live";
    case State::kEnded: return "ended";
  }
  return "ended";
}
/// An engine runs for it.
constexpr bool is_active(State state) {
  return state == State::kRehearsal || state == State::kLive;
}

/// What the program shows and lets hear (docs/LINK.md).
struct Scene {
  std::string layout = "full";
  std::vector<std::string> venues;  // in tile order
  bool slate = false;               // the emergency slate instead of everything; the rest is kept for its end
  bool follow_audio = true;         // the venues in the scene are heard
  std::string title;                // lower third, empty: none
  bool operator==(const Scene&) const = default;
};

struct Mix {
  double gain_db = 0;  // -60 … 12
  bool mute = false;
  bool operator==(const Mix&) const = default;
};

/// A venue in a broadcast: its slot in the mixer stays the same for as long as it is a member.
struct Seat {
  int slot = 0;  // 0 … kVenueSlots - 1
  std::string venue;
  std::string name;  // the venue's; after the end as it was then
  bool operator==(const Seat&) const = default;
};
inline constexpr int kVenueSlots = 8;
/// Of the active broadcasts together: an engine each, and a feed for every seat.
inline constexpr size_t kMostProcesses = 64;

struct Broadcast {
  std::string id;
  std::string title;
  std::string description;
  std::string language = "zh-CN";
  bool hidden = false;
  State state = State::kScheduled;
  ProgramTime created_at;
  std::optional<ProgramTime> starts_at;  // announced
  std::optional<ProgramTime> live_at;
  std::optional<ProgramTime> ended_at;
  media::HouseFormat house;
  std::vector<Seat> seats;  // in the order people see them
  Scene scene;              // the engine confirmed it, or begins with it
  std::map<std::string, Mix> mix;
  std::string preview;                     // unguessable name of the rehearsal's playlist
  std::optional<ProgramTime> public_from;  // on the program's clock: media before it is rehearsal
  bool recorded = false;                   // at least one segment of the live time is in the media store
  bool operator==(const Broadcast&) const = default;
};

enum class SourceKind { kIngest, kPull, kFile, kTest };
constexpr const char* name_of(SourceKind kind) {
  switch (kind) {
    case SourceKind::kIngest: return "ingest";
    case SourceKind::kPull: return "pull";
    case SourceKind::kFile: return "file";
    case SourceKind::kTest: return "test";
  }
  return "ingest";
}

struct Source {
  SourceKind kind = SourceKind::kIngest;
  std::string url;   // pull: as shown to people, a password in it replaced by ***
  Bytes sealed_url;  // pull: the whole of it, under the server key
  std::string path;  // file: below the media root
  bool operator==(const Source&) const = default;
};

struct Venue {
  std::string id;
  std::string name;
  Source source;
  int av_offset_ms = 0;  // audio later by this
  int jitter_ms = 120;   // how much unevenness of arrival the feed smooths away
  ProgramTime created_at;
  bool operator==(const Venue&) const = default;
};

/// What a venue's encoder proves itself with. The RTMP secret itself is not stored.
struct IngestKey {
  std::string venue;
  Bytes rtmp_digest;        // HMAC of the stream key
  Bytes sealed_passphrase;  // SRT must know it in plain
  ProgramTime created_at;
  bool operator==(const IngestKey&) const = default;
};

struct SavedScene {
  std::string name;
  Scene scene;
  bool operator==(const SavedScene&) const = default;
};

/// Where the program is pushed to, besides the viewers.
struct Target {
  std::string id;
  std::string broadcast;
  std::string name;
  std::string url;        // as shown: no stream key, and *** for a query
  Bytes sealed_url;       // the whole, if it has a query
  Bytes sealed_key;       // empty: none
  std::string rendition;  // empty: the best
  bool enabled = true;
  bool operator==(const Target&) const = default;
};

struct Withdrawal {
  int64_t id = 0;
  std::string broadcast;
  ProgramTime from;
  ProgramTime to;
  std::string reason;
  ProgramTime at;
  bool operator==(const Withdrawal&) const = default;
};

}  // namespace openday::broadcast
