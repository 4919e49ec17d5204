#include "package/playlist.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace openday::package {
namespace {

/// EXT-X-MAP without I-frames-only asks for 6 (RFC 8216bis 8); 9 is what low-latency players are tested with.
constexpr int kVersion = 9;

std::string seconds(double value) {
  return fmt::format("{:.5f}", value);
}

/// The next multiple of 10^-decimals: a target may never be below what it must cover.
double rounded_up(double value, int decimals) {
  double scale = std::pow(10.0, decimals);
  return std::ceil(value * scale - 1e-6) / scale;
}

class Writer {
 public:
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  std::string take() { return std::move(text_); }
  void reserve(size_t size) { text_.reserve(size); }

 private:
  std::string text_;
};

void write_part(Writer& out, const PlaylistPart& part) {
  out.line("#EXT-X-PART:DURATION={},URI=\"{}\"{}{}", seconds(part.duration), part.uri,
           part.independent && !part.gap ? ",INDEPENDENT=YES" : "", part.gap ? ",GAP=YES" : "");
}

void write_segment(Writer& out, const PlaylistSegment& segment) {
  if (segment.discontinuity) out.line("#EXT-X-DISCONTINUITY");
  if (!segment.map_uri.empty()) out.line("#EXT-X-MAP:URI=\"{}\"", segment.map_uri);
  if (segment.at) out.line("#EXT-X-PROGRAM-DATE-TIME:{}", to_rfc3339(*segment.at));
  if (segment.gap && !segment.open) out.line("#EXT-X-GAP");
  for (const PlaylistPart& part : segment.parts) write_part(out, part);
  if (segment.open) return;
  out.line("#EXTINF:{},", seconds(segment.duration));
  out.line("{}", segment.uri);
}

}  // namespace

std::string render(const MediaPlaylist& playlist) {
  Writer out;
  out.reserve(512 + playlist.segments.size() * 96);
  out.line("#EXTM3U");
  out.line("#EXT-X-VERSION:{}", kVersion);
  out.line("#EXT-X-TARGETDURATION:{}", playlist.target_duration);
  if (playlist.kind == PlaylistKind::kVod) out.line("#EXT-X-PLAYLIST-TYPE:VOD");
  if (playlist.low_latency) {
    const LowLatency& ll = *playlist.low_latency;
    double part_target = rounded_up(ll.part_target, 5);
    double hold_back = rounded_up(std::max(ll.part_hold_back, 3 * part_target), 3);
    out.line("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={:.3f}", hold_back);
    out.line("#EXT-X-PART-INF:PART-TARGET={}", seconds(part_target));
  }
  out.line("#EXT-X-MEDIA-SEQUENCE:{}", playlist.media_sequence);
  if (playlist.discontinuity_sequence > 0) {
    out.line("#EXT-X-DISCONTINUITY-SEQUENCE:{}", playlist.discontinuity_sequence);
  }
  out.line("#EXT-X-INDEPENDENT-SEGMENTS");
  for (const PlaylistSegment& segment : playlist.segments) write_segment(out, segment);
  bool complete = playlist.ended || playlist.kind == PlaylistKind::kVod;
  if (playlist.low_latency && !complete) {
    const LowLatency& ll = *playlist.low_latency;
    if (!ll.preload_hint.empty()) out.line("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{}\"", ll.preload_hint);
    for (const RenditionReport& report : ll.reports) {
      out.line("#EXT-X-RENDITION-REPORT:URI=\"{}\",LAST-MSN={},LAST-PART={}", report.uri, report.last_msn,
               report.last_part);
    }
  }
  if (complete) out.line("#EXT-X-ENDLIST");
  return out.take();
}

std::string render_multivariant(const std::vector<Variant>& variants) {
  Writer out;
  out.line("#EXTM3U");
  out.line("#EXT-X-VERSION:{}", kVersion);
  out.line("#EXT-X-INDEPENDENT-SEGMENTS");
  for (const Variant& variant : variants) {
    std::string attributes = fmt::format("BANDWIDTH={}", variant.bandwidth);
    if (variant.average_bandwidth > 0) {
      attributes += fmt::format(",AVERAGE-BANDWIDTH={}", variant.average_bandwidth);
    }
    attributes += fmt::format(",CODECS=\"{}\"", variant.codecs);
    if (variant.width > 0) attributes += fmt::format(",RESOLUTION={}x{}", variant.width, variant.height);
    if (variant.fps > 0) attributes += fmt::format(",FRAME-RATE={}.000", variant.fps);
    out.line("#EXT-X-STREAM-INF:{}", attributes);
    out.line("{}", variant.uri);
  }
  return out.take();
}

}  // namespace openday::package
