#include "base/loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace openday {
namespace {

uint32_t epoll_bits(uint32_t interest) {
  return (interest & Loop::kRead ? EPOLLIN : 0u) | (interest & Loop::kWrite ? EPOLLOUT : 0u);
}

}  // namespace

Loop::Loop(const Clock& clock, size_t mailbox_bound) : clock_(clock), mailbox_bound_(mailbox_bound) {}
Loop::~Loop() = default;

Result<std::unique_ptr<Loop>> Loop::create(const Clock& clock, size_t mailbox_bound) {
  std::unique_ptr<Loop> loop(new Loop(clock, mailbox_bound));
  loop->epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  loop->wake_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!loop->epoll_ || !loop->wake_) return std::unexpected(errno_error("epoll"));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = 0;  // serial 0 is the mailbox
  if (::epoll_ctl(loop->epoll_.get(), EPOLL_CTL_ADD, loop->wake_.get(), &event) != 0) {
    return std::unexpected(errno_error("epoll_ctl"));
  }
  return loop;
}

Result<> Loop::watch(int fd, uint32_t interest, OnReady on_ready) {
  uint64_t serial = next_serial_++ << 32 | static_cast<uint32_t>(fd);
  epoll_event event{};
  event.events = epoll_bits(interest);
  event.data.u64 = serial;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0)
    return std::unexpected(errno_error("epoll_ctl"));
  watches_[fd] = {serial, std::make_shared<OnReady>(std::move(on_ready))};
  return {};
}

Result<> Loop::change(int fd, uint32_t interest) {
  auto found = watches_.find(fd);
  if (found == watches_.end()) return fail(Errc::kNotFound, "descriptor is not watched");
  epoll_event event{};
  event.events = epoll_bits(interest);
  event.data.u64 = found->second.serial;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0)
    return std::unexpected(errno_error("epoll_ctl"));
  return {};
}

void Loop::unwatch(int fd) {
  if (watches_.erase(fd) > 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

Loop::TimerId Loop::after(Duration delay, Task task) {
  TimerId id = next_timer_++;
  timers_[id] = std::make_shared<Timer>(Timer{Duration(0), std::move(task)});
  due_.emplace(clock_.now() + delay, id);
  return id;
}

Loop::TimerId Loop::every(Duration period, Task task) {
  TimerId id = next_timer_++;
  timers_[id] = std::make_shared<Timer>(Timer{std::max(period, Duration(1)), std::move(task)});
  due_.emplace(clock_.now() + period, id);
  return id;
}

void Loop::cancel(TimerId id) {
  timers_.erase(id);
}  // its entry in due_ is skipped when it comes up

bool Loop::post(Task task) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || mailbox_.size() >= mailbox_bound_) return false;
    mailbox_.push_back(std::move(task));
  }
  wake();
  return true;
}

void Loop::wake() {
  uint64_t one = 1;
  [[maybe_unused]] ssize_t put = ::write(wake_.get(), &one, sizeof one);
}

void Loop::stop() {
  stopping_ = true;
  wake();
}

void Loop::run_due_timers() {
  HouseTime now = clock_.now();
  while (!due_.empty() && due_.begin()->first <= now && !stopping_) {
    auto [at, id] = *due_.begin();
    due_.erase(due_.begin());
    auto found = timers_.find(id);
    if (found == timers_.end()) continue;
    auto timer = found->second;  // keeps the task alive if it cancels itself
    if (timer->period.count() > 0) {
      due_.emplace(std::max(at + timer->period, now), id);
    } else {
      timers_.erase(found);
    }
    timer->task();
  }
}

void Loop::drain_mailbox() {
  uint64_t count = 0;
  [[maybe_unused]] ssize_t got = ::read(wake_.get(), &count, sizeof count);
  std::vector<Task> tasks;
  {
    std::lock_guard lock(mutex_);
    tasks.swap(mailbox_);
  }
  for (auto& task : tasks) task();
}

int Loop::next_timeout_ms() const {
  if (due_.empty()) return -1;
  int64_t wait_ns = due_.begin()->first.ns - clock_.now().ns;
  if (wait_ns <= 0) return 0;
  return static_cast<int>(std::min<int64_t>((wait_ns + 999'999) / 1'000'000, 60'000));
}

bool Loop::round(int timeout_ms) {
  std::array<epoll_event, 64> events{};
  int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms);
  if (count < 0 && errno != EINTR) return false;
  for (int i = 0; i < count && !stopping_; ++i) {
    const auto& event = events[static_cast<size_t>(i)];
    if (event.data.u64 == 0) {
      drain_mailbox();
      continue;
    }
    // The serial tells a descriptor from a later one with the same number, closed and reused within this
    // batch.
    auto found = watches_.find(static_cast<int>(event.data.u64 & 0xFFFFFFFFu));
    if (found == watches_.end() || found->second.serial != event.data.u64) continue;
    uint32_t ready = 0;
    if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) ready |= kRead;
    if (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) ready |= kWrite;
    auto on_ready = found->second.on_ready;
    (*on_ready)(ready);
  }
  run_due_timers();
  return true;
}

void Loop::run() {
  while (!stopping_ && round(next_timeout_ms())) {
  }
  drain_mailbox();
}

}  // namespace openday
