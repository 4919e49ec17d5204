#include "feed/decode_thread.h"

#include <utility>

namespace openday::feed {
namespace {

constexpr size_t kMaxUnits = 256;
constexpr size_t kMaxBytes = 8 * 1024 * 1024;
constexpr Duration kLongestSleep = seconds(1);

}  // namespace

/// Without a ring everything is thrown away: the engine has not come yet.
class DecodeThread::RingSink final : public Sink {
 public:
  void attach(link::RingWriter ring) { ring_.emplace(std::move(ring)); }
  void picture(int width, int height, HouseTime show_at, HouseTime arrival, int64_t source_pts,
               const Draw& draw) override {
    // Never larger than the house: the line keeps to it.
    if (ring_) (void)ring_->write_picture(width, height, show_at, arrival, source_pts, draw);
  }
  void audio(int64_t from, const float* samples, int64_t count) override {
    if (ring_) ring_->write_audio(from, samples, count);
  }
  void beat(HouseTime now) override {
    if (ring_) ring_->beat(now);
  }

 private:
  std::optional<link::RingWriter> ring_;
};

DecodeThread::DecodeThread(const Clock& clock, const MakeLine& make_line, std::function<void()> changed)
    : clock_(clock),
      changed_(std::move(changed)),
      sink_(std::make_unique<RingSink>()),
      line_(make_line(*sink_)),
      thread_([this] { work(); }) {}

DecodeThread::~DecodeThread() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void DecodeThread::attach(link::RingWriter ring) {
  post(std::move(ring));
}
void DecodeThread::want(const Want& want) {
  post(want);
}
void DecodeThread::restart() {
  post(Restart{});
}

void DecodeThread::push(Unit unit) {
  {
    std::lock_guard lock(mutex_);
    size_t size = unit.data ? unit.data->size() : 0;
    bool video = unit.kind == media::Kind::kVideo;
    if (units_ >= kMaxUnits || unit_bytes_ + size > kMaxBytes) {
      ++refused_;
      lost_ = lost_ || video;
      return;
    }
    if (video && std::exchange(lost_, false)) unit.after_loss = true;
    ++units_;
    unit_bytes_ += size;
    events_.emplace_back(std::move(unit));
  }
  ready_.notify_one();
}

void DecodeThread::post(Event event) {
  {
    std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
  }
  ready_.notify_one();
}

void DecodeThread::handle(Event event) {
  HouseTime now = clock_.now();
  if (auto* unit = std::get_if<Unit>(&event)) {
    line_->push(std::move(*unit), now);
  } else if (auto* wanted = std::get_if<Want>(&event)) {
    line_->want(*wanted, now);
  } else if (auto* ring = std::get_if<link::RingWriter>(&event)) {
    sink_->attach(std::move(*ring));
  } else {
    line_->restart();
  }
}

void DecodeThread::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    while (!events_.empty()) {
      Event event = std::move(events_.front());
      events_.pop_front();
      if (const auto* unit = std::get_if<Unit>(&event)) {
        --units_;
        unit_bytes_ -= unit->data ? unit->data->size() : 0;
      }
      lock.unlock();
      handle(std::move(event));
      lock.lock();
    }
    lock.unlock();
    HouseTime now = clock_.now();
    if (line_->next_due() <= now) line_->run(now);
    publish();
    HouseTime due = std::min(line_->next_due(), clock_.now() + kLongestSleep);
    lock.lock();
    using Steady = std::chrono::steady_clock;  // house time is its clock
    ready_.wait_until(lock, Steady::time_point(Duration(due.ns)),
                      [&] { return stopping_ || !events_.empty(); });
  }
}

void DecodeThread::publish() {
  Stats fresh = line_->stats(clock_.now());
  bool tell = false;
  {
    std::lock_guard lock(mutex_);
    fresh.dropped += refused_;
    tell = fresh.caught_up != published_.caught_up ||
           (fresh.last_output.ns != 0) != (published_.last_output.ns != 0) ||
           fresh.video != published_.video || fresh.audio != published_.audio;
    published_ = std::move(fresh);
  }
  if (tell && changed_) changed_();
}

Stats DecodeThread::stats() const {
  std::lock_guard lock(mutex_);
  return published_;
}

}  // namespace openday::feed
