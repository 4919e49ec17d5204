#include "output/recorder.h"

#include <utility>

namespace openday::output {

Recorder::Recorder(std::string store, RetentionPolicy policy, Disk& disk, const Clock& clock, const Log& log,
                   OnOutcome on_outcome, size_t queue_bound)
    : writer_(std::move(store), policy, disk, clock, log),
      on_outcome_(std::move(on_outcome)),
      queue_(queue_bound, WhenFull::kRefuse),
      thread_([this] { run(); }) {}

Recorder::~Recorder() {
  queue_.close();
  thread_.join();
}

void Recorder::begin(media::InitSegment init) {
  give(std::move(init));
}

void Recorder::withdraw(ProgramTime from, ProgramTime to) {
  give(Withdrawn{from, to});
}

void Recorder::give(Order order) {
  {
    std::lock_guard lock(mutex_);
    orders_.push_back(std::move(order));
  }
  queue_.push(Nudge{});  // refused: what fills the queue wakes the thread too
}

bool Recorder::add(media::Part part) {
  return queue_.push(std::move(part));
}
bool Recorder::finish(media::Segment segment) {
  bool gap = segment.bytes == 0;
  if (queue_.push(std::move(segment))) return true;
  std::lock_guard lock(mutex_);
  if (!gap) ++refused_segments_;
  return false;
}
bool Recorder::thumbnail(ProgramTime at, SharedBytes jpeg) {
  return queue_.push(Thumbnail{at, std::move(jpeg)});
}
RecordingStatus Recorder::status() const {
  std::lock_guard lock(mutex_);
  RecordingStatus status = status_;
  status.dropped += refused_segments_;
  return status;
}

void Recorder::obey_orders() {
  std::vector<Order> orders;
  {
    std::lock_guard lock(mutex_);
    orders.swap(orders_);
  }
  for (const Order& order : orders) {
    if (const auto* init = std::get_if<media::InitSegment>(&order)) writer_.begin(*init);
    if (const auto* withdrawn = std::get_if<Withdrawn>(&order))
      writer_.withdraw(withdrawn->from, withdrawn->to);
  }
}

void Recorder::run() {
  (void)writer_.open();  // a failure is in its status, and tried again
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      status_ = writer_.status();
    }
    std::optional<Event> event = queue_.pop();
    obey_orders();
    if (!event) return;
    if (auto* part = std::get_if<media::Part>(&*event)) writer_.add(*part);
    if (auto* thumbnail = std::get_if<Thumbnail>(&*event)) writer_.thumbnail(thumbnail->at, *thumbnail->jpeg);
    if (auto* segment = std::get_if<media::Segment>(&*event)) {
      std::string path = writer_.finish(*segment);
      if (on_outcome_) on_outcome_(*segment, path);
    }
  }
}

}  // namespace openday::output
