// What the media stores say, for a thread that must not wait for a disk: one may take long, or for ever.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "base/queue.h"
#include "output/store_index.h"

namespace openday::hub {

/// Home thread: the loop's. Stores are read one after the other on a thread of its own; at most `bound` reads
/// wait. What is not finished at the end is dropped.
class StoreFollower {
 public:
  explicit StoreFollower(Loop& loop, size_t bound = 1024);
  ~StoreFollower();
  StoreFollower(const StoreFollower&) = delete;
  StoreFollower& operator=(const StoreFollower&) = delete;

  struct Listing {
    std::vector<std::string> runs;        // the store's folders
    std::vector<ProgramTime> thumbnails;  // the moments they begin at, rising
  };
  struct News {
    Result<output::IndexReader::News> index;
    std::optional<Listing> listing;
  };
  /// Reads on in the index, which nobody else touches meanwhile, and lists the folder `list`, unless that is
  /// empty. `done` runs on the loop's thread. False: too much waits already.
  bool read(std::shared_ptr<output::IndexReader> index, std::string list, std::function<void(News)> done);

 private:
  struct Job {
    std::shared_ptr<output::IndexReader> index;
    std::string list;
    std::function<void(News)> done;
  };
  void work(const std::stop_token& stop);

  Loop& loop_;
  BoundedQueue<Job> queue_;
  std::shared_ptr<bool> alive_;  // posts that come late find it false; its value is the loop's thread's
  std::jthread thread_;
};

}  // namespace openday::hub
