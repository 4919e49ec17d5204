// The recorder without its thread: what each event does to the media store, and what every failure of the
// disk leads to.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "media/media.h"
#include "output/recorder_disk.h"
#include "output/store_index.h"

namespace openday::output {

struct RetentionPolicy {
  uint64_t most_bytes = 0;                // of segments, all renditions; 0: no limit
  milliseconds most_age{0};               // 0: no limit
  uint64_t reserve_bytes = 512ull << 20;  // recording stops when less than this would stay free
};

enum class RecordingState {
  kOff,  // nothing recorded yet
  kRecording,
  kFull,   // no room: stopped until there is
  kFailed  // the disk reports errors: tried again with every segment
};
const char* name_of(RecordingState state);

struct RecordingStatus {
  RecordingState state = RecordingState::kOff;
  uint64_t bytes = 0;  // of segments in the store
  uint64_t free_bytes = 0;
  uint64_t stored = 0;   // segments, since this engine began
  uint64_t dropped = 0;  // segments that were finished and not recorded
  std::string why;       // of kFull and kFailed
};

/// One thread. Invariants: the index never names a segment that is not whole in its file; a failure costs the
/// segments it touches and nothing else; the next segment is always tried.
///
/// Each part is written as it comes, so that a crash costs no more than a part. A finished segment is synced
/// before its line is written; lines are synced with every kIndexSyncLines, as recovery can make them again
/// from the files.
class StoreWriter {
 public:
  StoreWriter(std::string store, RetentionPolicy policy, Disk& disk, const Clock& clock, Log log);
  ~StoreWriter();
  StoreWriter(const StoreWriter&) = delete;

  /// Takes the lock and recovers. Called again by add() when it failed, at most every kReopen.
  Result<> open();
  /// The same for housekeeping: that an engine holds the store (kBusy) is no trouble.
  Result<> open_if_free();

  void begin(const media::InitSegment& init);
  void add(const media::Part& part);
  /// The segment's path in the store, or empty: it was not recorded.
  std::string finish(const media::Segment& segment);
  /// Kept if it is the first of its 10 s.
  void thumbnail(ProgramTime at, const Bytes& jpeg);
  void withdraw(ProgramTime from, ProgramTime to);
  /// Segment numbers that stay whatever the policy says while recording: other renditions of them may still
  /// be on their way.
  static constexpr int64_t kAlwaysKept = 3;
  /// Removes what the policy does not keep. finish() does it too.
  void retain(int64_t always_kept = kAlwaysKept);
  /// Nothing is stored (any more).
  [[nodiscard]] bool empty() const { return stored_.empty(); }

  [[nodiscard]] const RecordingStatus& status() const { return status_; }

 private:
  Result<> try_open();
  struct Rendition {
    media::InitSegment init;
    bool init_stored = false;
    std::unique_ptr<DiskFile> file;  // of the segment that is being written
    std::string path;
    int64_t msn = -1;
    int parts = 0;
    uint64_t bytes = 0;
    bool failing = false;  // its last segment was not recorded
  };

  Result<> start_segment(Rendition& rendition, const media::Part& part);
  Result<> store_init(Rendition& rendition);
  Result<> append_index(const IndexFact& fact);
  Result<> check_room();
  /// The segment will not be recorded: its file goes, and its other parts are not taken.
  void abandon(Rendition& rendition, const char* what, const Error& why);
  void trouble(const char* what, const Error& why);
  void remember(const media::StoredSegment& segment);
  void drop_before(int64_t msn, ProgramTime at);
  void remove_old_files(int64_t msn);
  void remove_thumbnails(const std::function<bool(int64_t at)>& is_unwanted);
  [[nodiscard]] std::string full(const std::string& path) const { return store_ + "/" + path; }

  const std::string store_;
  const RetentionPolicy policy_;
  Disk& disk_;
  const Clock& clock_;
  Log log_;
  RecordingStatus status_;

  std::unique_ptr<DiskLock> lock_;
  std::unique_ptr<DiskFile> index_;
  uint64_t index_size_ = 0;  // good bytes of it
  int unsynced_lines_ = 0;
  std::string pending_;  // lines that could not be written yet
  std::optional<HouseTime> tried_open_;

  std::map<std::string, Rendition> renditions_;
  std::multimap<int64_t, media::StoredSegment> stored_;  // by msn
  int64_t dropped_before_ = 0;
  std::vector<Withdrawn> withdrawn_;
  int64_t last_thumbnail_ = -1;
};

/// Retention for a broadcast that no engine records any more: the whole policy, down to nothing. True:
/// nothing is left. kBusy: an engine holds the store.
Result<bool> expire_store(const std::string& store, const RetentionPolicy& policy, Disk& disk,
                          const Clock& clock, const Log& log);

}  // namespace openday::output
