// Playlists as text: RFC 8216bis (draft-pantos-hls-rfc8216bis). Pure values in, text out; what is in them is
// decided by timeline.h and archive.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace openday::package {

struct PlaylistPart {
  std::string uri;
  double duration = 0;
  bool independent = false;
  bool gap = false;
};

struct PlaylistSegment {
  std::string uri;
  double duration = 0;
  std::optional<ProgramTime> at;  // EXT-X-PROGRAM-DATE-TIME before it
  bool discontinuity = false;
  bool gap = false;     // EXT-X-GAP: listed to keep the numbering, must not be loaded
  std::string map_uri;  // not empty: EXT-X-MAP before it
  std::vector<PlaylistPart> parts;
  bool open = false;  // only parts so far; last of the playlist
};

struct RenditionReport {
  std::string uri;
  int64_t last_msn = 0;
  int last_part = 0;
};

struct LowLatency {
  double part_target = 0;
  double part_hold_back = 0;  // rendered as at least 3 × part_target (RFC 8216bis 4.4.3.8)
  std::string preload_hint;   // URI of the next part; empty: none
  std::vector<RenditionReport> reports;
};

enum class PlaylistKind {
  kLive,  // slides, is reloaded
  kVod    // complete and unchanging: EXT-X-PLAYLIST-TYPE:VOD and EXT-X-ENDLIST
};

struct MediaPlaylist {
  PlaylistKind kind = PlaylistKind::kLive;
  int target_duration = 0;
  int64_t media_sequence = 0;
  int64_t discontinuity_sequence = 0;
  std::optional<LowLatency> low_latency;
  std::vector<PlaylistSegment> segments;
  bool ended = false;  // EXT-X-ENDLIST on a live playlist
};

struct Variant {
  std::string uri;
  std::string codecs;
  int bandwidth = 0;          // bits/s, peak
  int average_bandwidth = 0;  // 0: not given
  int width = 0;
  int height = 0;
  int fps = 0;
};

std::string render(const MediaPlaylist& playlist);
/// In the given order; players start with the first they can play.
std::string render_multivariant(const std::vector<Variant>& variants);

/// A delivery directive of a low-latency client (RFC 8216bis 6.2.5.2): wait until the playlist holds this.
struct BlockingRequest {
  int64_t msn = 0;
  std::optional<int> part;  // none: the whole segment
  bool operator==(const BlockingRequest&) const = default;
};

/// Reads `_HLS_msn` and `_HLS_part` from a query ("a=1&b=2", without "?"). Nothing when there is no
/// `_HLS_msn`; other parameters are ignored. kInvalid: not plain decimal digits, given twice, out of range,
/// or a part without an msn.
Result<std::optional<BlockingRequest>> parse_blocking_query(std::string_view query);

}  // namespace openday::package
