// The recorded segments of one rendition: DVR while live, replay afterwards. Pure, like timeline.h.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "media/media.h"
#include "package/playlist.h"

namespace openday::package {

/// Home thread: its owner's. Knows what is whole in the media store, across all runs, and what was withdrawn
/// from it.
///
/// The DVR playlist is live and positional (a segment's number is its place), so a withdrawn or never
/// recorded segment stays in it as a GAP without media. The replay playlist is rendered when nothing moves
/// any more: there they are left out, and a discontinuity stands in their place. The DVR playlist begins
/// behind the last hole of more than kLongestHole numbers: nobody reads through an hour of gaps.
class Archive {
 public:
  struct Options {
    std::string rendition;
    std::string media_prefix = "/media/";
  };
  static constexpr int64_t kLongestHole = 1800;

  explicit Archive(Options options);

  /// A run's init segment is in the store. `data` is not needed.
  void begin(const media::InitSegment& init);
  /// In any order; repeats are ignored. kConflict: the number is taken by another run. kNotFound: begin() is
  /// missing.
  Result<> add(const media::StoredSegment& segment);
  /// Retention has removed everything below `msn`.
  void drop_before(int64_t msn);
  /// Segments that overlap [from, to), present and future, are not public any more.
  void withdraw(ProgramTime from, ProgramTime to);

  [[nodiscard]] uint64_t revision() const { return revision_; }
  [[nodiscard]] size_t size() const { return segments_.size(); }
  /// Seconds of media that may be played.
  [[nodiscard]] double duration() const { return static_cast<double>(playable_.count()) / 1e6; }
  /// Whether this segment may be served.
  [[nodiscard]] bool is_public(std::string_view run, int64_t msn) const;
  [[nodiscard]] bool is_withdrawn(ProgramTime from, ProgramTime to) const;
  /// Segments that overlap [from, to), public or not.
  [[nodiscard]] size_t count(ProgramTime from, ProgramTime to) const;
  [[nodiscard]] const media::InitSegment* init() const { return runs_.empty() ? nullptr : &runs_.back(); }

  /// The newest `window` seconds (0: everything). Cached until something changes. Null when there is nothing
  /// to play.
  [[nodiscard]] std::shared_ptr<const std::string> dvr(double window, bool ended);
  /// Variants list the same numbers (RFC 8216bis 6.2.4): what one of `others` cannot play is left out, unless
  /// nothing at all was recorded of that run there. `others`: the same each time, or more.
  [[nodiscard]] std::shared_ptr<const std::string> replay(std::span<const Archive* const> others = {});

 private:
  struct Entry {
    size_t run = 0;  // index in runs_
    ProgramTime at;
    double duration = 0;
    bool withdrawn = false;
  };
  struct Cached {
    uint64_t revision = 0;
    double window = 0;
    bool ended = false;
    std::shared_ptr<const std::string> text;
  };

  [[nodiscard]] std::string render_dvr(double window, bool ended) const;
  [[nodiscard]] std::string render_replay(std::span<const Archive* const> others) const;
  [[nodiscard]] bool has_recorded(std::string_view run) const;
  [[nodiscard]] PlaylistSegment listed(int64_t msn, const Entry& entry) const;

  const Options options_;
  std::vector<media::InitSegment> runs_;  // as they began
  std::vector<int64_t> numbers_;          // their discontinuity numbers; −1: nothing recorded yet
  std::map<int64_t, Entry> segments_;
  microseconds playable_{0};  // duration()'s sum; whole numbers, as what is added must go again without rest
  std::vector<std::pair<ProgramTime, ProgramTime>> withdrawn_;
  uint64_t revision_ = 1;
  Cached dvr_;
  Cached replay_;
};

}  // namespace openday::package
