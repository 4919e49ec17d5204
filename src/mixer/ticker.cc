#include "mixer/ticker.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace openday::mixer {
namespace {

constexpr int kRealtimePriority = 10;  // above every ordinary thread, below the kernel's own
constexpr int kNicer = -10;

// True: the thread has real-time priority. Without the permission it gets what nice allows, or nothing.
bool raise_priority() {
  sched_param parameters{};
  parameters.sched_priority = kRealtimePriority;
  if (::pthread_setschedparam(::pthread_self(), SCHED_FIFO | SCHED_RESET_ON_FORK, &parameters) == 0)
    return true;
  ::setpriority(PRIO_PROCESS, 0, kNicer);  // Linux: of the calling thread
  return false;
}

void sleep_until(HouseTime at) {
  timespec deadline{at.ns / 1'000'000'000, at.ns % 1'000'000'000};
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr) == EINTR) {
  }
}

}  // namespace

DueTicks due_ticks(media::Tick next, media::Tick due, int bound) {
  DueTicks ticks;
  ticks.dropped_from = next;
  ticks.repeat_from = std::max(next, due - bound);
  ticks.compose = due;
  return ticks;
}

struct Ticker::Impl {
  Mixer& mixer;
  const Clock& clock;
  std::function<void(const media::ProgramFrame&)> frame;
  Log log;

  mutable std::mutex mutex;  // guards what follows
  std::vector<double> late;  // ms, of the last second's ticks; a ring
  size_t next_late = 0;
  uint64_t repeated = 0;
  uint64_t dropped = 0;
  bool realtime = false;

  std::jthread thread;  // last: it uses all of the above

  void run(const std::stop_token& stop) {
    bool raised = raise_priority();
    {
      std::lock_guard lock(mutex);
      realtime = raised;
    }
    log.info("ticker_started", {{"realtime", raised}, {"fps", mixer.house().fps}});
    int bound = mixer.house().fps * kMakeUpSeconds;
    media::Tick next = 0;
    while (!stop.stop_requested()) {
      sleep_until(mixer.time_of(next));
      HouseTime now = clock.now();
      media::Tick due = std::max(next, last_due(now, next));
      record(duration_cast<microseconds>(now - mixer.time_of(next)));
      DueTicks ticks = due_ticks(next, due, bound);
      for (media::Tick tick = ticks.repeat_from; tick < ticks.compose; ++tick) frame(mixer.repeat(tick));
      frame(mixer.compose(ticks.compose));
      if (ticks.compose > next) {
        std::lock_guard lock(mutex);
        dropped += static_cast<uint64_t>(ticks.repeat_from - ticks.dropped_from);
        repeated += static_cast<uint64_t>(ticks.compose - ticks.repeat_from);
      }
      next = ticks.compose + 1;
    }
  }

  [[nodiscard]] media::Tick last_due(HouseTime now, media::Tick next) const {
    media::Tick due = next + (now - mixer.time_of(next)) / mixer.house().tick_duration();
    while (due > next && mixer.time_of(due) > now) --due;  // a tick's length is not a whole number of ns
    return due;
  }

  void record(microseconds lateness) {
    std::lock_guard lock(mutex);
    late[next_late] = std::max(0.0, static_cast<double>(lateness.count()) / 1000);
    next_late = (next_late + 1) % late.size();
  }
};

Ticker::Ticker(Mixer& mixer, const Clock& clock, std::function<void(const media::ProgramFrame&)> frame,
               Log log)
    : impl_(new Impl{mixer,
                     clock,
                     std::move(frame),
                     std::move(log),
                     {},
                     std::vector<double>(static_cast<size_t>(mixer.house().fps)),
                     0,
                     0,
                     0,
                     false,
                     {}}) {
  impl_->thread = std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run(stop); });
}

Ticker::~Ticker() {
  impl_->thread.request_stop();
  impl_->thread.join();
}

TickerStats Ticker::stats() const {
  std::lock_guard lock(impl_->mutex);
  TickerStats stats;
  stats.late_ms = *std::max_element(impl_->late.begin(), impl_->late.end());
  stats.repeated_ticks = impl_->repeated;
  stats.dropped_ticks = impl_->dropped;
  stats.realtime = impl_->realtime;
  return stats;
}

}  // namespace openday::mixer
