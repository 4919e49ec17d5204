// What a loop's thread must not wait for, disks above all: done on a thread beside it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/loop.h"
#include "base/queue.h"

namespace openday {

/// Home thread: the loop's. Work is done in the order it was asked for; at most `bound` pieces wait.
/// At its end the piece that runs is asked to stop and waited for; those that wait are dropped, and nobody is
/// told of either.
class LoopWorker {
 public:
  LoopWorker(Loop& loop, size_t bound);
  ~LoopWorker();
  LoopWorker(const LoopWorker&) = delete;
  LoopWorker& operator=(const LoopWorker&) = delete;

  /// Nothing can be asked just now. What this thread found to be free, no other takes away.
  [[nodiscard]] bool is_full() const { return queue_.size() >= bound_; }
  /// `work(stop)` runs on the worker's thread; `then` gets what it returned, and neither runs on nor is
  /// destroyed by another thread than the loop's. False, with both dropped: is_full().
  template <class Work, class Then>
  bool ask(Work work, Then then) {
    auto result = std::make_shared<std::optional<std::invoke_result_t<Work&, const std::stop_token&>>>();
    uint64_t id = next_++;
    bool taken = queue_.push({id, [work = std::move(work), result](const std::stop_token& stop) mutable {
                                result->emplace(work(stop));
                              }});
    if (taken) {
      asked_.emplace(
          id, [then = std::move(then), result = std::move(result)]() mutable { then(std::move(**result)); });
    }
    return taken;
  }

 private:
  struct Piece {
    uint64_t id = 0;
    std::move_only_function<void(const std::stop_token&)> work;
  };
  void run(const std::stop_token& stop);
  void finish(uint64_t id);

  Loop& loop_;
  const size_t bound_;
  uint64_t next_ = 0;
  std::unordered_map<uint64_t, std::move_only_function<void()>> asked_;
  BoundedQueue<Piece> queue_;
  std::shared_ptr<bool> alive_;  // posts that come late find it false; its value is the loop's thread's
  std::jthread thread_;
};

}  // namespace openday
