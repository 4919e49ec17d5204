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
  explicit StoreFollower(Loop& loop, size_t bound = 1024) : clock_(loop.clock()), worker_(loop, bound) {}

  struct Listing {
    std::vector<std::string> runs;        // the store's folders
    std::vector<ProgramTime> thumbnails;  // the moments they begin at, rising
  };
  struct News {
    std::optional<Result<output::IndexReader::News>> index;
    std::optional<Listing> listing;
  };
  /// Reads on in the index, which nobody else touches meanwhile, unless it is null, and lists the folder
  /// `list`, unless that is empty. `done` runs on the loop's thread. False: too much waits already.
  bool read(std::shared_ptr<output::IndexReader> index, std::string list, std::function<void(News)> done);

  [[nodiscard]] bool idle() const { return asked_ == 0; }
  /// How long the read at hand has taken; those that wait for their turn do not count.
  [[nodiscard]] Duration busy_for() const { return idle() ? Duration(0) : clock_.now() - begun_; }
  /// False: the read at hand takes so long that nobody should wait for it.
  [[nodiscard]] bool answers() const { return busy_for() < kPatience; }
  [[nodiscard]] bool is_full() const { return worker_.is_full(); }

 private:
  static constexpr Duration kPatience = seconds(2);  // with a disk, for one read

  const Clock& clock_;
  size_t asked_ = 0;  // the one at hand and those that wait
  HouseTime begun_;   // the one at hand
  LoopWorker worker_;
};

}  // namespace openday::hub
