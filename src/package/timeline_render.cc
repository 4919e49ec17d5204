// What the live playlist lists of a timeline.
#include "package/cadence.h"
#include "package/timeline.h"

namespace openday::package {
namespace {

/// RFC 8216bis 4.4.4.9: parts should not stay listed beyond three target durations from the live edge. So:
/// the open segment (or the one that is hinted) and two before it.
constexpr size_t kSegmentsWithParts = 2;

}  // namespace

std::shared_ptr<const std::string> Timeline::live(std::span<const RenditionReport> reports) {
  if (text_ == nullptr) text_ = std::make_shared<const std::string>(render_live(reports));
  return text_;
}

PlaylistSegment Timeline::listed(const Entry& entry, bool with_parts) const {
  PlaylistSegment out;
  const std::string& run = entry.run->run;
  out.uri = segment_uri(options_.media_prefix, run, options_.rendition, entry.msn);
  out.duration = entry.duration;
  out.at = entry.at;
  out.gap = entry.gap;
  out.open = entry.open;
  if (!with_parts) return out;
  for (size_t i = 0; i < entry.parts.size(); ++i) {
    const media::Part& part = entry.parts[i];
    out.parts.push_back(
        {.uri = part_uri(options_.media_prefix, run, options_.rendition, {entry.msn, static_cast<int>(i)}),
         .duration = part.duration,
         .independent = part.independent,
         .gap = part.data == nullptr});
  }
  return out;
}

std::string Timeline::render_live(std::span<const RenditionReport> reports) const {
  MediaPlaylist playlist;
  playlist.target_duration = kTargetDuration;
  playlist.ended = ended_;
  LowLatency low_latency;
  low_latency.part_target = part_target_;
  low_latency.part_hold_back = options_.part_hold_back;
  low_latency.reports.assign(reports.begin(), reports.end());
  size_t begin = window_begin();
  for (size_t i = begin; i < segments_.size(); ++i) {
    const Entry& entry = segments_[i];
    size_t behind = segments_.size() - 1 - i;  // segments after this one, the open one among them
    PlaylistSegment segment = listed(entry, behind < kSegmentsWithParts + (segments_.back().open ? 1 : 0));
    bool new_run = i == begin || segments_[i - 1].run != entry.run;
    // The tag of the first segment is counted in EXT-X-DISCONTINUITY-SEQUENCE (4.4.3.3).
    segment.discontinuity = i > begin && segments_[i - 1].discontinuity != entry.discontinuity;
    if (new_run) segment.map_uri = init_uri(options_.media_prefix, entry.run->run, options_.rendition);
    playlist.segments.push_back(std::move(segment));
  }
  if (begin < segments_.size()) {
    playlist.media_sequence = segments_[begin].msn;
    playlist.discontinuity_sequence = segments_[begin].discontinuity;
  }
  std::optional<Position> hint = next();
  // The first part of a new run needs another EXT-X-MAP than the one in force: it cannot be hinted.
  if (hint && !segments_.empty() && segments_.back().run == runs_.back()) {
    low_latency.preload_hint = part_uri(options_.media_prefix, runs_.back()->run, options_.rendition, *hint);
  }
  playlist.low_latency = std::move(low_latency);
  return render(playlist);
}

}  // namespace openday::package
