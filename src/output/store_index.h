// The media store of one broadcast, as its files tell it. The engine alone writes it (recorder.h); hub and
// tools read.
//
//   <store>/index.jsonl               append-only; a line a fact, in the order they became true
//   <store>/lock                      held by the engine that writes
//   <store>/<run>/<rendition>/init.mp4
//   <store>/<run>/<rendition>/<msn>.m4s
//   <store>/thumb/<at>.jpg            the program at the 10 s that begin at <at> (program clock, ms)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/fd.h"
#include "media/media.h"
#include "output/recorder_disk.h"

namespace openday::output {

/// Segments below `msn` are gone, of all renditions.
struct DroppedBefore {
  int64_t msn = 0;
};

/// Media that overlaps [from, to) must not be shown again.
struct Withdrawn {
  ProgramTime from;
  ProgramTime to;
  bool operator==(const Withdrawn&) const = default;
};

/// InitSegment: a rendition of a run exists (its `data` is in init.mp4). StoredSegment: that segment is
/// whole.
using IndexFact = std::variant<media::InitSegment, media::StoredSegment, DroppedBefore, Withdrawn>;

/// One line, with its newline.
std::string to_line(const IndexFact& fact);
/// kInvalid: torn, not JSON, or a field is missing or wrong. `line` is without newline.
Result<IndexFact> fact_from(std::string_view line);

std::string index_path(const std::string& store);
/// "<run>/<rendition>/<msn>.m4s", as the link's `segment` message gives it.
std::string segment_path(std::string_view run, std::string_view rendition, int64_t msn);
/// Of an init segment, in bytes: more is not one.
inline constexpr uint64_t kMostInit = 1 << 20;
std::string init_path(std::string_view run, std::string_view rendition);
/// "thumb/<at>.jpg" of the 10 s that hold `at`.
std::string thumbnail_path(ProgramTime at);
inline constexpr int64_t kThumbnailMs = 10'000;

/// Follows an index that another process appends to. One thread.
class IndexReader {
 public:
  explicit IndexReader(const std::string& store);

  struct News {
    bool afresh = false;  // the index was rewritten (or read for the first time): forget what it said before
    std::vector<IndexFact> facts;
    uint64_t unreadable = 0;  // lines that said nothing
  };
  /// What was added since the last call; whole lines only. An index that does not exist yet has no news.
  Result<News> read();

 private:
  const std::string path_;
  UniqueFd file_;
  uint64_t at_ = 0;
  uint64_t inode_ = 0;
};

/// What an engine must know before it begins a run.
struct StoreSummary {
  int64_t next_msn = 0;  // above every segment that is there in any form
  int runs = 0;          // with segments: the discontinuity number of the next run
  ProgramTime end;       // of the newest segment that the index names; 0: it names none
};
/// Changes nothing. An empty or missing store: zeros.
Result<StoreSummary> summarize_store(Disk& disk, const std::string& store);

/// What retention must know of a store, by its index alone.
struct StoreSurvey {
  uint64_t bytes = 0;                 // of segments, all renditions
  std::optional<ProgramTime> oldest;  // end of the first segment; nothing: no segments
};
/// Changes nothing. A missing index: nothing.
Result<StoreSurvey> survey_store(const std::string& store);

}  // namespace openday::output
