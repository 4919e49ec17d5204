// Files of the media store as answers.
//
// A disk may take long; the hub thread must not. A file is opened and its first stretch read into the page
// cache on a thread of its own, then sent from there by sendfile. The queue holds `bound` requests; beyond it
// the answer is 503.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>

#include "base/loop.h"
#include "base/queue.h"
#include "hub/http.h"

namespace openday::hub {

/// Home thread: the loop's. Requests still in the queue at its end are dropped (their Responders answer 500).
class MediaFiles {
 public:
  explicit MediaFiles(Loop& loop, size_t bound = 1024);
  ~MediaFiles();
  MediaFiles(const MediaFiles&) = delete;
  MediaFiles& operator=(const MediaFiles&) = delete;

  struct Wanted {
    std::string path;  // made of checked parts by the caller
    std::string content_type;
    std::string cache_control;
    std::string range;  // the Range header
  };
  /// 200, 206 or 416 with the file, 404 when there is none; `done` hears the status.
  void serve(Wanted wanted, Responder responder, std::function<void(int status)> done = {});

 private:
  struct Job {
    uint64_t id = 0;
    std::string path;
    std::string range;
  };
  struct Pending {
    Wanted wanted;
    Responder responder;
    std::function<void(int)> done;
  };
  struct Opened;
  void work(const std::stop_token& stop);
  void finish(uint64_t id, const Opened& opened);

  Loop& loop_;
  std::unordered_map<uint64_t, Pending> pending_;  // Responders never leave the loop's thread
  uint64_t next_id_ = 0;
  BoundedQueue<Job> queue_;
  std::shared_ptr<bool> alive_;  // posts that come late find it false; its value is the loop's thread's
  std::jthread thread_;
};

}  // namespace openday::hub
