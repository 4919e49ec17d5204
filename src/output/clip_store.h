// Stretches of broadcasts that are kept beyond their recording, as files.
//
//   <root>/<id>/clip.jsonl                      what it is of, and what it has; replaced as a whole
//   <root>/<id>/<run>/<rendition>/init.mp4      second names of the media store's files (copies on another
//   disk) <root>/<id>/<run>/<rendition>/<msn>.m4s
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "media/media.h"
#include "output/recorder_disk.h"
#include "output/store_index.h"

namespace openday::output {

/// What a clip is to show: everything public of [from, to), in whole segments.
struct ClipWish {
  std::string broadcast;
  ProgramTime public_from;  // nothing that begins before it was aired (a rehearsal)
  ProgramTime from;
  ProgramTime to;
  bool operator==(const ClipWish&) const = default;
};

struct Clip {
  ClipWish wish;
  bool complete = false;                       // nothing more will come
  std::vector<media::InitSegment> runs;        // without their data; of each run its tallest rendition
  std::vector<media::StoredSegment> segments;  // rising; each whole in its file
};

/// A clip's id: 32 hexadecimal digits, so that it becomes a path and is not guessed.
bool is_clip_id(std::string_view id);

/// One thread. Invariant: a clip's list names no segment that is not whole in its file. Clips of the same
/// time are second names of the same files, on another disk too.
class ClipStore {
 public:
  struct Options {
    std::string root;
    std::function<std::string(const std::string& broadcast)> store_of;  // the folder of its media store
    uint64_t most_bytes = uint64_t{20} << 30;  // of all clips together; what several have counts once
    uint64_t reserve_bytes = 512ull << 20;     // nothing is added when less would stay free
    // A clip is complete when something behind its end was recorded, or this long after that end.
    milliseconds patience{120'000};
  };
  static constexpr milliseconds kLongest{10 * 60'000};

  ClipStore(Options options, Disk& disk, const Clock& clock, Log log);

  /// What is there, by id. Removes what crashes have left.
  Result<std::map<std::string, Clip>> load();
  /// A new clip, durable when this returns, and empty. kInvalid: an empty stretch, one longer than kLongest,
  /// or one that ends later than that from now. kConflict: the id exists. kLimit: no room for another clip.
  Result<> create(const std::string& id, const ClipWish& wish);
  /// Adds what has been recorded meanwhile; the value is the clip as it is now. After a failure (kLimit: no
  /// room) it is as it was or has some of it, and this may be tried again.
  Result<Clip> advance(const std::string& id);
  /// Takes what overlaps [from, to) out of all clips of the broadcast, and never takes it in again. Goes
  /// through all of them; the failure is the first one's.
  Result<> withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to);
  /// kNotFound: no such clip.
  Result<> remove(const std::string& id);

 private:
  // A broadcast's media store as far as it was read.
  struct Source {
    IndexReader reader;
    std::map<std::string, media::InitSegment> tallest;  // by run
    std::map<int64_t, media::StoredSegment> segments;   // by msn, of the tallest
    std::vector<Withdrawn> withdrawn;
  };

  Result<Source*> source(const std::string& broadcast);
  /// What the clip has, and had before, in holders_ and bytes_.
  void tally(const std::string& id, const Clip* before, const Clip* after);
  static void apply(Source& source, const IndexFact& fact);
  [[nodiscard]] bool is_withdrawn(const std::string& broadcast, const Source& source,
                                  const media::StoredSegment& segment) const;
  Result<> take(const std::string& id, Clip& clip, const Source& source, const media::StoredSegment& segment);
  Result<> write(const std::string& id, const Clip& clip);
  Result<Clip> read(const std::string& id);
  void reconcile(const std::string& id, Clip& clip);
  void remove_files(const std::string& folder);
  [[nodiscard]] std::string folder_of(const std::string& id) const { return options_.root + "/" + id; }

  const Options options_;
  Disk& disk_;
  const Clock& clock_;
  const Log log_;
  std::map<std::string, Clip> clips_;
  // By broadcast and path: the clips that have this segment.
  std::map<std::string, std::set<std::string>> holders_;
  uint64_t bytes_ = 0;                                       // of their segments, each once
  std::map<std::string, std::vector<Withdrawn>> withdrawn_;  // by broadcast; what withdraw() was told
  std::map<std::string, Source> sources_;                    // at most kMostSources
};

}  // namespace openday::output
