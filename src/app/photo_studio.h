// Photos of strangers, decoded where it cannot hurt: each in a confined process of its own, which ends with
// it.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <string>

#include "app/process.h"
#include "base/minute_log.h"
#include "hub/photo_cleaner.h"

namespace openday::app {

/// Home thread: the loop's. A photo stays in memory and sockets, and nobody's photo is ever in the process
/// that has seen another's.
class PhotoStudio final : public hub::PhotoCleaner {
 public:
  struct Options {
    size_t at_once = 2;               // processes
    size_t most_waiting = 8;          // photos, 12 MB each at most; beyond: kBusy
    Duration patience = seconds(10);  // from the start of its process; then it is killed
    std::string role = "photo";       // of the process
  };

  PhotoStudio(Loop& loop, Log log, Options options);
  /// Photos that wait or are being worked on are dropped, and nobody is told.
  ~PhotoStudio() override;

  void clean(SharedBytes photo, std::function<void(Result<Bytes>)> then) override;

  [[nodiscard]] size_t working() const { return working_.size(); }
  [[nodiscard]] size_t waiting() const { return waiting_.size(); }

 private:
  struct Job {
    SharedBytes photo;
    std::function<void(Result<Bytes>)> then;
  };
  struct Work {
    Job job;
    std::unique_ptr<Process> process;
    Loop::TimerId timer = 0;
    std::optional<Result<Bytes>> result;  // delivered when the process is gone
  };
  using Place = std::list<Work>::iterator;

  void start(Job job);
  void on_message(Place work, const link::Message& message);
  void on_exit(Place work, const std::string& how);
  void later(std::function<void(Result<Bytes>)> then, Error error);

  Loop& loop_;
  MinuteLog log_;  // not at the moment somebody sends a photo
  const Options options_;
  std::deque<Job> waiting_;
  std::list<Work> working_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace openday::app
