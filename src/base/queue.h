// A bounded queue between threads: the bound, what is dropped and the counter that says so are all visible.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/clock.h"

namespace openday {

enum class WhenFull {
  kRefuse,     // push() returns false and the item stays with the caller
  kDropOldest  // the oldest item goes; dropped() counts it
};

/// Thread-safe, any number of producers and consumers. Waits end on close() and on a stop request.
template <class T>
class BoundedQueue {
 public:
  BoundedQueue(size_t bound, WhenFull policy) : bound_(bound), policy_(policy) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  /// False when closed, or full under kRefuse. Never waits.
  bool push(T item) {
    {
      std::lock_guard lock(mutex_);
      if (closed_) return false;
      if (items_.size() >= bound_) {
        ++dropped_;
        if (policy_ == WhenFull::kRefuse) return false;
        items_.pop_front();
      }
      items_.push_back(std::move(item));
    }
    ready_.notify_one();
    return true;
  }

  /// Waits for an item; nothing once stopped, or closed and empty.
  std::optional<T> pop(std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, std::move(stop), [&] { return closed_ || !items_.empty(); });
    return take();
  }

  std::optional<T> pop_for(Duration patience, std::stop_token stop = {}) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, std::move(stop), patience, [&] { return closed_ || !items_.empty(); });
    return take();
  }

  std::optional<T> try_pop() {
    std::lock_guard lock(mutex_);
    return take();
  }

  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  [[nodiscard]] size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }
  /// Items refused or dropped since construction.
  [[nodiscard]] uint64_t dropped() const {
    std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  std::optional<T> take() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

  mutable std::mutex mutex_;
  std::condition_variable_any ready_;
  std::deque<T> items_;
  const size_t bound_;
  const WhenFull policy_;
  bool closed_ = false;
  uint64_t dropped_ = 0;
};

}  // namespace openday
