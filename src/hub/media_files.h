// Files of the media store as answers.
//
// A disk may take long; the hub thread must not. A file is opened and its first stretch read into the page
// cache on a thread of its own, then sent from there by sendfile. The queue holds `bound` requests; beyond it
// the answer is 503.
#pragma once

#include <functional>
#include <string>

#include "base/loop_worker.h"
#include "hub/http.h"

namespace openday::hub {

/// Home thread: the loop's. Requests still in the queue at its end get 500 (their Responders do that).
class MediaFiles {
 public:
  explicit MediaFiles(Loop& loop, size_t bound = 1024) : worker_(loop, bound) {}

  struct Wanted {
    std::string path;  // made of checked parts by the caller
    std::string content_type;
    std::string cache_control;
    std::string range;   // the Range header
    bool touch = false;  // that somebody wanted it shows in its time of modification
  };
  /// 200, 206 or 416 with the file; `done` hears the status. Where there is none: 404, or `missing`.
  void serve(Wanted wanted, Responder responder, std::function<void(int status)> done = {},
             std::function<void(Responder)> missing = {});

 private:
  LoopWorker worker_;
};

}  // namespace openday::hub
