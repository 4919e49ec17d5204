// What the media stores say, for a thread that must not wait for a disk: one may take long, or for ever.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop_worker.h"
#include "output/store_index.h"

namespace openday::hub {

/// Home thread: the loop's. Stores are read one after the other; at most `bound` reads wait.
class StoreFollower {
 public:
  explicit StoreFollower(Loop& loop, size_t bound = 1024) : worker_(loop, bound) {}

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
  LoopWorker worker_;
};

}  // namespace openday::hub
