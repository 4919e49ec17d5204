// Deletes the media of broadcasts that were deleted, on a thread of its own: a long recording is thousands of
// files. The folder is renamed first, so that a new broadcast of the same name finds nothing there.
#pragma once

#include <string>
#include <thread>

#include "base/log.h"
#include "base/queue.h"

namespace openday::app {

/// remove() from one thread, never waits. What is not finished at the end, or finds the queue full, is
/// finished after the next start.
class MediaJanitor {
 public:
  static constexpr size_t kBound = 1000;

  /// `root`: the folder of all media.
  MediaJanitor(std::string root, Log log);
  /// Finishes the folder at hand.
  ~MediaJanitor();
  MediaJanitor(const MediaJanitor&) = delete;

  void remove(const std::string& broadcast);

 private:
  void work(const std::stop_token& stop);

  const std::string root_;
  const Log log_;
  BoundedQueue<std::string> queue_;
  std::jthread thread_;
};

}  // namespace openday::app
