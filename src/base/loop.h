// One thread's event loop: descriptors, timers and a bounded mailbox.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace openday {

/// Home thread: the one that calls run(). Everything but post() and stop() is called on it (or before run()).
class Loop {
 public:
  enum Interest : uint32_t { kRead = 1, kWrite = 2 };
  /// `ready` holds the Interest bits that are ready; a hang-up or error counts as both.
  using OnReady = std::function<void(uint32_t ready)>;
  using Task = std::function<void()>;
  using TimerId = uint64_t;

  static Result<std::unique_ptr<Loop>> create(const Clock& clock, size_t mailbox_bound = 4096);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Result<> watch(int fd, uint32_t interest, OnReady on_ready);
  Result<> change(int fd, uint32_t interest);
  /// Safe inside the descriptor's own callback. The caller closes the descriptor, after this.
  void unwatch(int fd);

  TimerId after(Duration delay, Task task);
  /// Repeats until cancelled; a late loop skips beats rather than bunching them.
  TimerId every(Duration period, Task task);
  void cancel(TimerId id);

  /// Any thread. False when the mailbox is full or the loop has ended; the task is then not run.
  bool post(Task task);

  void run();
  /// One round of run(), without waiting: what is ready and due now. For who drives the loop by hand.
  void run_ready() { round(0); }
  /// Any thread, and signal-safe: run() returns after the present callback.
  void stop();

  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  explicit Loop(const Clock& clock, size_t mailbox_bound);
  bool round(int timeout_ms);
  void run_due_timers();
  void drain_mailbox();
  [[nodiscard]] int next_timeout_ms() const;
  void wake();

  struct Timer {
    Duration period{0};  // zero: once
    Task task;
  };
  struct Watch {
    uint64_t serial;
    std::shared_ptr<OnReady> on_ready;
  };

  const Clock& clock_;
  UniqueFd epoll_;
  UniqueFd wake_;
  std::unordered_map<int, Watch> watches_;
  uint64_t next_serial_ = 1;
  std::multimap<HouseTime, TimerId> due_;
  std::unordered_map<TimerId, std::shared_ptr<Timer>> timers_;
  TimerId next_timer_ = 1;

  const size_t mailbox_bound_;
  std::mutex mutex_;
  std::vector<Task> mailbox_;
  std::atomic<bool> stopping_{false};
};

}  // namespace openday
