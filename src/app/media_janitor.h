// Housekeeping in the media store that needs no engine: deleted broadcasts, retention and withdrawals after
// the end.
#pragma once

#include <functional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "output/recorder_writer.h"

namespace openday::app {

/// Any thread may ask; nothing waits. The work is done on a thread of its own, for a long recording is
/// thousands of files, one request after the other. At most kBound wait; what is refused or not finished at
/// the end is logged, and made good after the next start (deletions) or by the next round (retention).
class MediaJanitor {
 public:
  static constexpr size_t kBound = 1000;

  /// `root`: the folder of all media, a folder for each broadcast.
  MediaJanitor(std::string root, const output::RetentionPolicy& policy, const Clock& clock, Log log);
  /// Finishes the file at hand.
  ~MediaJanitor();
  MediaJanitor(const MediaJanitor&) = delete;

  /// The broadcast's media goes. Its folder is renamed before this returns, so that a new broadcast of the
  /// same name finds nothing there.
  void remove(const std::string& broadcast);
  /// Writes the withdrawal of [from, to) into the store's index and deletes its thumbnails, unless an engine
  /// holds the store: then that does it. The sealed recording keeps its segments until retention takes them.
  void withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to);
  /// Deletes what the policy does not keep. `emptied` is called on the janitor's thread when nothing is left.
  void expire(const std::string& broadcast, std::function<void()> emptied);

  [[nodiscard]] std::string folder_of(const std::string& broadcast) const { return root_ + "/" + broadcast; }

 private:
  using Job = std::function<void(const std::stop_token& stop)>;

  void ask(const char* what, const std::string& broadcast, Job job);
  void delete_folder(const std::string& folder, const std::stop_token& stop) const;

  const std::string root_;
  const output::RetentionPolicy policy_;
  const Clock& clock_;
  const Log log_;
  const std::unique_ptr<output::Disk> disk_;
  BoundedQueue<Job> queue_;
  std::jthread thread_;
};

}  // namespace openday::app
