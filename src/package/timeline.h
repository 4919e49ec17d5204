// What of one rendition is published right now: the hub's model behind live playlists and media URLs. Pure:
// no thread, no clock, no sockets; the hub feeds it the engine's messages and asks it questions.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "media/media.h"
#include "package/playlist.h"

namespace openday::package {

/// A place in the stream: part `part` of segment `msn`.
struct Position {
  int64_t msn = 0;
  int part = 0;
  auto operator<=>(const Position&) const = default;
};

/// What to do with a blocking playlist request.
enum class Readiness {
  kNow,    // the present playlist answers it (also for what has left the window long ago)
  kWait,   // hold it until the revision that contains it
  kTooFar  // 400: nobody who follows the playlist asks this (RFC 8216bis 6.2.5.2)
};

/// What to do with a request for media.
struct MediaAnswer {
  enum class State { kReady, kWait, kGone, kUnknown };
  State state = State::kUnknown;
  std::vector<SharedBytes> data;  // kReady: send them one after the other
};

/// Media URLs are "<media_prefix><run>/<rendition>/<msn>[.<part>].m4s" and ".../init.mp4".
std::string init_uri(std::string_view media_prefix, std::string_view run, std::string_view rendition);
std::string segment_uri(std::string_view media_prefix, std::string_view run, std::string_view rendition,
                        int64_t msn);
std::string part_uri(std::string_view media_prefix, std::string_view run, std::string_view rendition,
                     Position at);

/// Home thread: its owner's. Invariants: media sequence numbers and the discontinuity sequence never go back,
/// the part target of the first run is the target for life, and what a playlist lists (gaps apart) find()
/// has.
///
/// Everything fed may come twice (a snapshot after a reconnect repeats what is known) or with holes (messages
/// were dropped, a run was killed): repeats are ignored; a missing part becomes a GAP part, a missing segment
/// a GAP segment.
class Timeline {
 public:
  struct Options {
    std::string rendition;
    std::string media_prefix = "/media/";
    int live_segments = 6;      // in the live playlist, besides the open one
    int kept_segments = 6;      // behind the window, still served to those who have an older playlist (6.2.2)
    double part_hold_back = 0;  // seconds; at least 3 × PART-TARGET is used
  };

  explicit Timeline(Options options);

  /// A run begins, or is told again. kConflict: its part target differs, or its numbers would go back; the
  /// run is then not taken, and all of it that follows is refused too.
  Result<> begin(const media::InitSegment& init);
  /// kNotFound: of a run that is not the present one.
  Result<> add(const std::string& run, const media::Part& part);
  Result<> add(const std::string& run, const media::Segment& segment);
  /// Segments that overlap [from, to), present and future, become gaps and their media is forgotten.
  void withdraw(ProgramTime from, ProgramTime to);
  /// The broadcast is over: the open segment is closed as it is and the playlist gets its EXT-X-ENDLIST.
  void end();

  /// Counts up whenever live() would change.
  [[nodiscard]] uint64_t revision() const { return revision_; }
  [[nodiscard]] bool empty() const { return segments_.empty(); }
  [[nodiscard]] bool ended() const { return ended_; }
  /// The newest part; nothing before the first.
  [[nodiscard]] std::optional<Position> newest() const;
  /// The part that is expected next, as the preload hint announces it.
  [[nodiscard]] std::optional<Position> next() const;
  /// Program clock at the end of the newest part: moments are clamped to it.
  [[nodiscard]] std::optional<ProgramTime> edge() const;

  [[nodiscard]] Readiness ask(const BlockingRequest& request) const;
  /// The live playlist. Rendered once a revision, with the reports given first; empty() must be false.
  [[nodiscard]] std::shared_ptr<const std::string> live(std::span<const RenditionReport> reports);
  /// How other playlists report this one. `uri` is of its live playlist.
  [[nodiscard]] std::optional<RenditionReport> report(std::string uri) const;

  [[nodiscard]] MediaAnswer find_part(std::string_view run, Position at) const;
  [[nodiscard]] MediaAnswer find_segment(std::string_view run, int64_t msn) const;
  [[nodiscard]] SharedBytes find_init(std::string_view run) const;
  /// The newest run's init segment: what the multivariant playlist says about this rendition.
  [[nodiscard]] const media::InitSegment* init() const {
    return runs_.empty() ? nullptr : runs_.back().get();
  }

 private:
  using Run = std::shared_ptr<const media::InitSegment>;
  struct Entry {
    int64_t msn = 0;
    Run run;
    int64_t discontinuity = 0;
    std::vector<media::Part> parts;
    double duration = 0;
    ProgramTime at;
    bool open = true;
    bool gap = false;
  };

  [[nodiscard]] const Entry* entry(int64_t msn) const;
  Entry& entry_for(int64_t msn, ProgramTime at);
  void fill_gaps_up_to(int64_t msn);
  void close_open();
  void close(Entry& entry);
  void blank(Entry& entry);
  [[nodiscard]] bool is_withdrawn(const Entry& entry) const;
  [[nodiscard]] size_t window_begin() const;
  [[nodiscard]] PlaylistSegment listed(const Entry& entry, bool with_parts) const;
  [[nodiscard]] std::string render_live(std::span<const RenditionReport> reports) const;
  void trim();
  void changed();

  const Options options_;
  std::vector<Run> runs_;       // those that have entries, and the newest
  std::deque<Entry> segments_;  // consecutive msns
  std::vector<std::pair<ProgramTime, ProgramTime>> withdrawn_;
  double part_target_ = 0;
  bool ended_ = false;
  uint64_t revision_ = 0;
  std::shared_ptr<const std::string> text_;  // of revision_
};

}  // namespace openday::package
