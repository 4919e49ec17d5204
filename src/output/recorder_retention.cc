// What the store does not keep.
#include <algorithm>
#include <set>

#include "output/recorder_writer.h"

namespace openday::output {

void StoreWriter::retain(int64_t always_kept) {
  if (lock_ == nullptr || stored_.empty()) return;
  int64_t newest_kept = stored_.rbegin()->first - always_kept;
  ProgramTime oldest_kept{policy_.most_age.count() > 0 ? clock_.wall().ms - policy_.most_age.count() : 0};
  uint64_t bytes = status_.bytes;
  int64_t before = 0;
  ProgramTime from{};
  for (const auto& [msn, segment] : stored_) {
    bool too_old = segment.at.ms + static_cast<int64_t>(segment.duration * 1000) < oldest_kept.ms;
    bool too_much = policy_.most_bytes > 0 && bytes > policy_.most_bytes;
    // Whole numbers go: all renditions of a moment, or none.
    if (msn >= before && ((!too_old && !too_much) || msn > newest_kept)) {
      from = segment.at;
      break;
    }
    before = msn + 1;
    bytes -= segment.bytes;
  }
  if (before > 0) drop_before(before, from);
}

/// First the index says that they are gone, then they go: who reads it never looks for a file that is not
/// there.
void StoreWriter::drop_before(int64_t msn, ProgramTime from) {
  if (auto written = append_index(DroppedBefore{msn}); !written) {
    trouble("index", written.error());
    return;
  }
  dropped_before_ = msn;
  std::set<std::string> folders;
  while (!stored_.empty() && stored_.begin()->first < msn) {
    const media::StoredSegment& segment = stored_.begin()->second;
    auto removed = disk_.remove(full(segment_path(segment.run, segment.rendition, segment.msn)));
    if (!removed && removed.error().code != Errc::kNotFound) trouble("retention", removed.error());
    folders.insert(segment.run + "/" + segment.rendition);
    status_.bytes -= segment.bytes;
    stored_.erase(stored_.begin());
  }
  for (const auto& [number, segment] : stored_) folders.erase(segment.run + "/" + segment.rendition);
  for (const auto& [name, rendition] : renditions_) folders.erase(rendition.init.run + "/" + name);
  for (const std::string& folder : folders) {  // runs that have nothing left
    (void)disk_.remove(full(folder + "/init.mp4"));
    (void)disk_.remove(full(folder));
    (void)disk_.remove(full(folder.substr(0, folder.find('/'))));  // with its last rendition
  }
  if (stored_.empty()) {
    remove_thumbnails([](int64_t) { return true; });
    (void)disk_.remove(full("thumb"));
  }
  if (from.ms > 0) remove_thumbnails([&](int64_t at) { return at + kThumbnailMs <= from.ms; });
}

Result<bool> expire_store(const std::string& store, const RetentionPolicy& policy, Disk& disk,
                          const Clock& clock, const Log& log) {
  StoreWriter writer(store, policy, disk, clock, log);
  OPENDAY_CHECK_OK(writer.open_if_free());
  writer.retain(0);
  return writer.empty();
}

}  // namespace openday::output
