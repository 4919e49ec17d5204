#include "base/loop_worker.h"

namespace openday {

LoopWorker::LoopWorker(Loop& loop, size_t bound)
    : loop_(loop),
      bound_(bound),
      queue_(bound, WhenFull::kRefuse),
      alive_(std::make_shared<bool>(true)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

LoopWorker::~LoopWorker() {
  *alive_ = false;
  queue_.close();
  thread_.request_stop();
  thread_.join();
}

void LoopWorker::run(const std::stop_token& stop) {
  while (auto piece = queue_.pop(stop)) {
    if (stop.stop_requested()) return;
    piece->work(stop);
    auto tell = [this, alive = alive_, id = piece->id] {
      if (*alive) finish(id);
    };
    // The loop may be too busy to take mail; there is nothing better to do than to try again.
    while (!loop_.post(tell) && !stop.stop_requested()) std::this_thread::sleep_for(milliseconds(1));
  }
}

void LoopWorker::finish(uint64_t id) {
  auto asked = asked_.extract(id);
  if (!asked.empty()) asked.mapped()();
}

}  // namespace openday
