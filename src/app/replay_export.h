// The recording of an ended broadcast as one MP4, made when somebody first asks and kept beside the store.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/loop_worker.h"
#include "broadcast/ledger.h"
#include "hub/http.h"
#include "hub/media_files.h"
#include "output/export_mp4.h"

namespace openday::app {

/// Home thread: the loop's, which never waits for the disk; files are written on a thread of their own, one
/// after the other, and served with ranges.
///
/// A file's name holds what it was made of (rendition, size of the store's index, number of withdrawals):
/// when anything is withdrawn or expires, the name is another one, and what has the old name is deleted
/// before the new file is made. At most kBound exports wait.
///
/// The files are copies that can be made again, and whoever comes by may ask for them, so they yield to what
/// is recorded: together they hold no more than a tenth of what recordings may (or of the disk), one file
/// alone excepted; none is made that would leave less than twice the reserve free; and when there is less
/// than that for other reasons, they go, the longest unused first.
class ReplayExport {
 public:
  static constexpr size_t kBound = 8;

  struct Options {
    std::string root;                                        // folder of all media
    uint64_t most_bytes = 0;                                 // that recordings may hold; 0: the disk
    uint64_t reserve_bytes = 0;                              // of the disk, that recording leaves free
    std::function<void(const std::string& folder)> discard;  // a folder inside the root goes
  };

  /// What a recording consists of, by its index.
  struct Contents {
    std::map<std::string, uint64_t> bytes;  // by rendition
    std::string tallest;
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
    std::string suffix;  // of all files made from the present state of the recording
    output::ExportRequest request;
    std::shared_ptr<Progress> progress;
    [[nodiscard]] std::string path() const;  // of the file; with no rendition yet, what was asked for
  };
  struct Outcome {
    std::optional<Contents> contents;
    Result<> made;
  };
  struct Running {
    std::string broadcast;
    std::shared_ptr<Progress> progress;
  };

  [[nodiscard]] Result<broadcast::Broadcast> recorded(const hub::Request& request) const;
  void serve(const hub::Request& request, hub::Responder responder);
  void serve_state(const hub::Request& request, hub::Responder responder, uint64_t index_bytes);
  void prepare(const hub::Request& request, hub::Responder responder, const std::string& broadcast, Job job);
  [[nodiscard]] hub::Response preparing(const hub::Request& request, const Progress& progress) const;
  void watch();
  void finished(const std::string& key, const std::string& state, const Outcome& outcome);
  [[nodiscard]] std::string folder_of(const std::string& broadcast) const;
  [[nodiscard]] std::string store_of(const std::string& broadcast) const;
  Outcome make(Job& job) const;
  [[nodiscard]] Result<> make_room(uint64_t wanted) const;

  Loop& loop_;
  broadcast::LedgerView& ledger_;
  const Options options_;
  const Log log_;
  hub::MediaFiles files_;
  // By what was asked for: the path of the file, with no name of a rendition for the tallest.
  std::map<std::string, Running> running_;  // queued ones too
  std::map<std::string, std::pair<Error, HouseTime>> failed_;
  std::map<std::string, Contents> contents_;  // by folder and suffix: a state of a recording
  Loop::TimerId timer_ = 0;
  bool watching_ = false;  // a look at the disk is asked for
  LoopWorker look_;        // what is in the store just now
  LoopWorker maker_;
};

}  // namespace openday::app
