// Housekeeping in the media store that needs no engine: deleted broadcasts, retention and withdrawals after
// the end.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "output/recorder_writer.h"

namespace openday::app {

/// Any thread may ask; only remove() and discard() wait for the disk. The work is done on a thread of its
/// own, for a long recording is thousands of files, one request after the other. At most kBound wait; what is
/// refused or not finished at the end is logged, and made good after the next start (deletions) or by the
/// next round (retention).
class MediaJanitor {
 public:
  static constexpr size_t kBound = 1000;

  /// `root`: the folder of all media, a folder for each broadcast.
  MediaJanitor(std::string root, const output::RetentionPolicy& policy, const Clock& clock, Log log);
  /// Finishes the file at hand.
  ~MediaJanitor();
  MediaJanitor(const MediaJanitor&) = delete;

  /// The broadcast's media goes. Its folder is renamed before this returns, so that a new broadcast of the
  /// same name finds nothing there. What fails is logged, too.
  Result<> remove(const std::string& broadcast);
  /// The same for a folder inside the root, by its path.
  Result<> discard(const std::string& folder);
  /// Writes the withdrawal of [from, to) into the store's index and deletes its thumbnails, unless an engine
  /// holds the store: then that does it. The sealed recording keeps its segments until retention takes them.
  void withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to);
  /// Deletes what the policy does not keep: all that is too old, and then the oldest until all of the root is
  /// within the policy's bytes. What engines record at `recording` counts and stays (they keep the policy for
  /// themselves), what rests goes, and not the youngest first. `emptied` is called on the janitor's thread
  /// for every resting broadcast of which nothing is left.
  void expire(std::vector<std::string> resting, std::vector<std::string> recording,
              std::function<void(const std::string& broadcast)> emptied);

  [[nodiscard]] std::string folder_of(const std::string& broadcast) const { return root_ + "/" + broadcast; }

 private:
  using Job = std::function<void(const std::stop_token& stop)>;
  // Of a store whose index has this size. It changes with every line, so nothing is read twice for the same.
  struct Surveyed {
    uintmax_t index_bytes = 0;
    output::StoreSurvey survey;
  };

  void ask(const char* what, const std::string& of, Job job);
  void sweep(const std::stop_token& stop);
  void delete_folder(const std::string& folder, const std::stop_token& stop) const;
  [[nodiscard]] output::StoreSurvey survey(const std::string& broadcast);
  void expire_one(const std::string& broadcast, uint64_t most_bytes,
                  const std::function<void(const std::string& broadcast)>& emptied) const;
  void expire_all(const std::vector<std::string>& resting, const std::vector<std::string>& recording,
                  const std::function<void(const std::string& broadcast)>& emptied,
                  const std::stop_token& stop);

  const std::string root_;
  const output::RetentionPolicy policy_;
  const Clock& clock_;
  const Log log_;
  const std::unique_ptr<output::Disk> disk_;
  std::map<std::string, Surveyed> surveyed_;  // the thread's
  BoundedQueue<Job> queue_;
  std::jthread thread_;
};

}  // namespace openday::app
