// The recording of an ended broadcast as one MP4, made when somebody first asks and kept beside the store.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "base/log.h"
#include "base/loop.h"
#include "base/queue.h"
#include "broadcast/ledger.h"
#include "hub/http.h"
#include "hub/media_files.h"
#include "output/export_mp4.h"

namespace openday::app {

/// Home thread: the loop's; files are written on a thread of its own, one after the other, and served with
/// ranges.
///
/// A file's name holds what it was made of (rendition, size of the store's index, number of withdrawals):
/// when anything is withdrawn or expires, the name is another one, and what has the old name is deleted
/// before the new file is made. At most kBound exports wait; a disk that would be left with less than its
/// reserve refuses.
class ReplayExport {
 public:
  static constexpr size_t kBound = 8;

  struct Options {
    std::string root;            // folder of all media
    uint64_t reserve_bytes = 0;  // of its disk, to be left free
  };

  ReplayExport(Loop& loop, broadcast::LedgerView& ledger, Options options, Log log);
  ~ReplayExport();
  ReplayExport(const ReplayExport&) = delete;

  /// GET /hls/{b}/replay.mp4?rendition=
  void add_routes(hub::Router& router);
  /// What was exported of this broadcast is not to be had any more: it was deleted, or something was
  /// withdrawn.
  void forget(const std::string& broadcast);

 private:
  struct Progress {
    std::atomic<double> share = 0;
    std::atomic<bool> cancelled = false;
  };
  struct Job {
    std::string folder;  // of the broadcast's exports
    std::string path;
    std::string suffix;  // of all files made from the present state of the recording
    uint64_t reserve_bytes = 0;
    output::ExportRequest request;
    std::shared_ptr<Progress> progress;
  };
  struct Running {
    std::string broadcast;
    std::shared_ptr<Progress> progress;
  };

  void serve(const hub::Request& request, hub::Responder responder);
  [[nodiscard]] hub::Response preparing(const hub::Request& request, const Progress& progress) const;
  void work(const std::stop_token& stop);
  void finished(const std::string& path, const Result<>& outcome);
  [[nodiscard]] std::string folder_of(const std::string& broadcast) const;
  static Result<> make(Job& job);

  Loop& loop_;
  broadcast::LedgerView& ledger_;
  const Options options_;
  const Log log_;
  hub::MediaFiles files_;
  std::map<std::string, Running> running_;                     // by path; queued ones too
  std::map<std::string, std::pair<Error, HouseTime>> failed_;  // by path
  BoundedQueue<Job> queue_;
  std::shared_ptr<bool> alive_;  // read and written on the loop's thread
  std::jthread thread_;
};

}  // namespace openday::app
