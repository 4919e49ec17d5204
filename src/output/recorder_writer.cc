#include "output/recorder_writer.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/text.h"
#include "output/recorder_recovery.h"

namespace openday::output {
namespace {

constexpr int kIndexSyncLines = 16;
constexpr size_t kMostPending = 1 << 20;
constexpr seconds kReopen{10};
constexpr const char* kTooSlow = "the disk did not keep up: a part was lost";

}  // namespace

const char* name_of(RecordingState state) {
  switch (state) {
    case RecordingState::kOff: return "off";
    case RecordingState::kRecording: return "recording";
    case RecordingState::kFull: return "full";
    case RecordingState::kFailed: return "failed";
  }
  return "failed";
}

StoreWriter::StoreWriter(std::string store, RetentionPolicy policy, Disk& disk, const Clock& clock, Log log)
    : store_(std::move(store)), policy_(policy), disk_(disk), clock_(clock), log_(std::move(log)) {}

StoreWriter::~StoreWriter() {
  // A segment without its end stays as it is: the next recovery takes what is whole of it.
  if (index_ != nullptr) (void)index_->sync();
}

Result<> StoreWriter::open() {
  auto opened = try_open();
  if (!opened) trouble("open", opened.error());
  return opened;
}

Result<> StoreWriter::open_if_free() {
  auto opened = try_open();
  if (!opened && opened.error().code != Errc::kBusy) trouble("open", opened.error());
  return opened;
}

Result<> StoreWriter::try_open() {
  if (lock_ != nullptr) return {};
  tried_open_ = clock_.now();
  OPENDAY_CHECK_OK(disk_.make_folder(store_));
  OPENDAY_TRY(auto lock, disk_.lock(full("lock")));
  OPENDAY_TRY(auto recovered, recover_store(disk_, store_));
  OPENDAY_TRY(index_, disk_.open(index_path(store_)));
  lock_ = std::move(lock);
  index_size_ = recovered.index_size;
  for (const IndexFact& fact : recovered.facts) {
    if (const auto* segment = std::get_if<media::StoredSegment>(&fact)) remember(*segment);
    if (const auto* withdrawn = std::get_if<Withdrawn>(&fact)) withdrawn_.push_back(*withdrawn);
    if (const auto* dropped = std::get_if<DroppedBefore>(&fact)) {
      dropped_before_ = std::max(dropped_before_, dropped->msn);
      while (!stored_.empty() && stored_.begin()->first < dropped->msn) {
        status_.bytes -= stored_.begin()->second.bytes;
        stored_.erase(stored_.begin());
      }
    }
  }
  if (recovered.cut_back + recovered.removed + recovered.lost + recovered.orphans + recovered.unreadable >
      0) {
    log_.warn("store_recovered", {{"cut_back", recovered.cut_back},
                                  {"removed", recovered.removed},
                                  {"lost", recovered.lost},
                                  {"orphan_runs", recovered.orphans},
                                  {"unreadable_lines", recovered.unreadable}});
  }
  if (auto room = disk_.free_space(store_)) status_.free_bytes = *room;
  return {};
}

void StoreWriter::begin(const media::InitSegment& init) {
  Rendition& rendition = renditions_[init.rendition];
  rendition = Rendition{};
  rendition.init = init;
  if (open()) {
    if (auto stored = store_init(rendition); !stored) trouble("init", stored.error());
  }
}

Result<> StoreWriter::store_init(Rendition& rendition) {
  const media::InitSegment& init = rendition.init;
  OPENDAY_CHECK_OK(disk_.make_folder(full(init.run + "/" + init.rendition)));
  OPENDAY_CHECK_OK(disk_.replace(full(init_path(init.run, init.rendition)), *init.data));
  OPENDAY_CHECK_OK(append_index(init));
  rendition.init_stored = true;
  return {};
}

void StoreWriter::add(const media::Part& part) {
  auto found = renditions_.find(part.rendition);
  if (found == renditions_.end()) return;
  Rendition& rendition = found->second;
  if (part.msn != rendition.msn) {
    if (rendition.file != nullptr) {  // its end was lost in the queue, and counted there
      abandon(rendition, "segment", {Errc::kLimit, kTooSlow});
    }
    rendition.msn = part.msn;
    rendition.parts = 0;
    rendition.bytes = 0;
    if (part.index != 0) return;  // its beginning was lost in the queue
    if (auto started = start_segment(rendition, part); !started) {
      rendition.failing = true;
      trouble("segment", started.error());
      return;
    }
  }
  if (rendition.file == nullptr) return;
  if (part.index != rendition.parts) {
    abandon(rendition, "segment", {Errc::kLimit, kTooSlow});
    return;
  }
  ++rendition.parts;
  if (part.data == nullptr) return;
  if (auto written = rendition.file->append(*part.data); !written) {
    abandon(rendition, "part", written.error());
    return;
  }
  rendition.bytes += part.data->size();
}

Result<> StoreWriter::start_segment(Rendition& rendition, const media::Part& part) {
  if (lock_ == nullptr) {
    if (tried_open_ && clock_.now() - *tried_open_ < kReopen) return fail(Errc::kIo, status_.why);
    OPENDAY_CHECK_OK(open());
  }
  OPENDAY_CHECK_OK(check_room());
  if (!rendition.init_stored) OPENDAY_CHECK_OK(store_init(rendition));
  rendition.path = segment_path(rendition.init.run, part.rendition, part.msn);
  OPENDAY_TRY(rendition.file, disk_.open(full(rendition.path)));
  if (auto cut = rendition.file->cut_to(0); !cut) {
    rendition.file.reset();
    return cut;
  }
  return {};
}

Result<> StoreWriter::check_room() {
  OPENDAY_TRY(status_.free_bytes, disk_.free_space(store_));
  if (status_.free_bytes >= policy_.reserve_bytes) return {};
  // What the policy promises to keep stays, even if the recording has to stop for it; what has grown too old
  // meanwhile goes, though nothing is being finished that would let it go.
  retain();
  OPENDAY_TRY(status_.free_bytes, disk_.free_space(store_));
  if (status_.free_bytes >= policy_.reserve_bytes) return {};
  return fail(Errc::kLimit, "less than the reserve of " + std::to_string(policy_.reserve_bytes >> 20) +
                                " MiB is free; remove recordings or lower the retention");
}

std::string StoreWriter::finish(const media::Segment& segment) {
  auto found = renditions_.find(segment.rendition);
  if (found == renditions_.end()) return {};
  Rendition& rendition = found->second;
  if (segment.bytes == 0) {  // a gap: there is nothing to record
    if (rendition.file != nullptr) (void)disk_.remove(full(rendition.path));
    rendition.file.reset();
    return {};
  }
  if (rendition.file == nullptr || rendition.msn != segment.msn) {
    ++status_.dropped;
    return {};
  }
  if (segment.msn < dropped_before_) {  // retention was faster than the encoder
    rendition.file.reset();
    (void)disk_.remove(full(rendition.path));
    return {};
  }
  if (rendition.parts != segment.parts || rendition.bytes != segment.bytes) {
    abandon(rendition, "segment", {Errc::kLimit, kTooSlow});
    ++status_.dropped;
    return {};
  }
  media::StoredSegment stored;
  stored.run = rendition.init.run;
  stored.rendition = segment.rendition;
  stored.msn = segment.msn;
  stored.at = segment.at;
  stored.duration = segment.duration;
  stored.bytes = segment.bytes;
  stored.discontinuity = segment.discontinuity;
  if (auto synced = rendition.file->sync(); !synced) {
    abandon(rendition, "sync", synced.error());
    ++status_.dropped;
    return {};
  }
  rendition.file.reset();
  remember(stored);
  auto indexed = append_index(stored);
  if (!indexed) {  // the line waits in memory, or the next recovery writes it
    rendition.failing = true;
    trouble("index", indexed.error());
    ++status_.dropped;
    return {};
  }
  ++status_.stored;
  rendition.failing = false;
  if (std::ranges::none_of(renditions_, [](const auto& item) { return item.second.failing; })) {
    if (status_.state != RecordingState::kRecording) log_.info("recording", {{"store", store_}});
    status_.state = RecordingState::kRecording;
    status_.why.clear();
  }
  if (++unsynced_lines_ >= kIndexSyncLines) {
    unsynced_lines_ = 0;
    if (auto synced = index_->sync(); !synced) trouble("index", synced.error());
  }
  retain();
  return rendition.path;
}

Result<> StoreWriter::append_index(const IndexFact& fact) {
  pending_ += to_line(fact);
  if (pending_.size() > kMostPending) pending_.erase(0, pending_.find('\n') + 1);
  if (index_ == nullptr) return fail(Errc::kIo, "the store is not open");
  if (auto written = index_->append(as_bytes(pending_)); !written) {
    (void)index_->cut_to(
        index_size_);  // no torn line among whole ones; if this fails too, the next append says so
    return written;
  }
  index_size_ += pending_.size();
  pending_.clear();
  return {};
}

void StoreWriter::abandon(Rendition& rendition, const char* what, const Error& why) {
  rendition.file.reset();
  rendition.failing = true;
  (void)disk_.remove(
      full(rendition.path));  // a full disk needs the room; if it stays, the next recovery removes it
  trouble(what, why);
}

void StoreWriter::trouble(const char* what, const Error& why) {
  RecordingState state = why.code == Errc::kLimit ? RecordingState::kFull : RecordingState::kFailed;
  if (state != status_.state || why.message != status_.why) {
    log_.error("recording_stopped", {{"at", what}, {"state", name_of(state)}, {"why", why.message}});
  }
  status_.state = state;
  status_.why = why.message;
}

void StoreWriter::remember(const media::StoredSegment& segment) {
  stored_.emplace(segment.msn, segment);
  status_.bytes += segment.bytes;
}

void StoreWriter::thumbnail(ProgramTime at, const Bytes& jpeg) {
  int64_t slot = at.ms / kThumbnailMs;
  if (lock_ == nullptr || slot == last_thumbnail_) return;
  ProgramTime from{slot * kThumbnailMs};
  ProgramTime to{from.ms + kThumbnailMs};
  if (std::ranges::any_of(withdrawn_,
                          [&](const Withdrawn& range) { return from < range.to && range.from < to; }))
    return;
  last_thumbnail_ = slot;
  Result<> done = check_room();
  if (done) done = disk_.make_folder(full("thumb"));
  if (done) done = disk_.replace(full(thumbnail_path(at)), jpeg);
  if (!done) log_.debug("thumbnail_not_stored", {{"why", done.error().message}});
}

void StoreWriter::withdraw(ProgramTime from, ProgramTime to) {
  withdrawn_.push_back({from, to});
  if (auto written = append_index(Withdrawn{from, to}); !written) trouble("index", written.error());
  remove_thumbnails([&](int64_t at) { return at < to.ms && from.ms < at + kThumbnailMs; });
}

void StoreWriter::remove_thumbnails(const std::function<bool(int64_t at)>& is_unwanted) {
  for (const std::string& name : disk_.list(full("thumb")).value_or(std::vector<std::string>())) {
    auto at = decimal<int64_t>(std::string_view(name).substr(0, name.find('.')));
    if (at && is_unwanted(*at)) (void)disk_.remove(full("thumb/" + name));
  }
}

}  // namespace openday::output
