// A broadcast, or a range of it, as one progressive MP4: nothing is encoded again, and no second copy is
// needed to serve it.
//
// The moof of every fragment tells its samples; from them the moov is made in memory, and what follows it is
// the media data of the store's files, one mdat behind the other. Such a plan can be read at any offset (HTTP
// ranges) or written to a file. Runs follow each other with continuous timestamps; where media is missing or
// withdrawn, the next follows at once, sound and picture in step.
#pragma once

#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "output/store_index.h"

namespace openday::output {

struct ExportRequest {
  std::string store;
  std::string rendition;
  // Segments that overlap [from, to) are taken whole: they begin with an IDR.
  ProgramTime from{0};
  ProgramTime to{std::numeric_limits<int64_t>::max()};
  std::vector<Withdrawn> withdrawn;  // besides those that the index names
};

/// Told now and then, on the caller's thread, with the share that is done (0 … 1). False cancels: kClosed.
using ExportProgress = std::function<bool(double share)>;

/// One thread at a time. The store's files stay where they are while it is used; if retention takes one,
/// read() fails.
class Mp4Plan {
 public:
  /// kNotFound: there is no such media.
  static Result<Mp4Plan> make(const ExportRequest& request, const ExportProgress& progress = {});

  [[nodiscard]] uint64_t size() const { return size_; }
  /// Seconds.
  [[nodiscard]] double duration() const { return duration_; }
  /// Fills `into` from `offset`; fewer bytes only at the end.
  Result<size_t> read(uint64_t offset, std::span<uint8_t> into);

 private:
  struct Extent {
    uint64_t at = 0;  // in the planned file
    uint64_t size = 0;
    uint64_t offset = 0;  // in the store's file
    size_t file = 0;      // index in files_
  };
  friend class Mp4Planner;

  Bytes head_;
  std::vector<std::string> files_;
  std::vector<Extent> extents_;  // by `at`, without holes, behind the head
  uint64_t size_ = 0;
  double duration_ = 0;
  UniqueFd open_;  // of files_[open_file_]
  size_t open_file_ = 0;
};

/// Plans and writes `path`: beside it first, then renamed, so that it is there whole or not at all.
Result<> export_mp4(const ExportRequest& request, const std::string& path,
                    const ExportProgress& progress = {});

}  // namespace openday::output
