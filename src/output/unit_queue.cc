#include "output/unit_queue.h"

#include <algorithm>
#include <utility>

namespace openday::output {
namespace {

size_t size_of(const media::AccessUnit& unit) {
  return unit.data != nullptr ? unit.data->size() : 0;
}

}  // namespace

Duration time_of(const media::AccessUnit& unit) {
  // Split so that a run of years does not overflow.
  int64_t rate = unit.kind == media::Kind::kVideo ? 90'000 : media::HouseFormat::kSampleRate;
  return seconds(unit.dts / rate) + Duration(unit.dts % rate * 1'000'000'000 / rate);
}

UnitQueue::UnitQueue(bool with_video, bool with_audio, const Bounds& bounds)
    : with_video_(with_video), with_audio_(with_audio), bounds_(bounds) {}

void UnitQueue::open() {
  std::lock_guard lock(mutex_);
  open_ = true;
  wait_for_key_ = with_video_;
  started_ = !with_video_;
}

void UnitQueue::close() {
  std::lock_guard lock(mutex_);
  open_ = false;
  video_.clear();
  audio_.clear();
  bytes_ = 0;
}

void UnitQueue::push(media::AccessUnit unit) {
  std::lock_guard lock(mutex_);
  bool video = unit.kind == media::Kind::kVideo;
  if (!open_ || !(video ? with_video_ : with_audio_)) return;
  if (video && wait_for_key_) {
    if (!unit.key) {
      if (started_) ++dropped_;
      return;
    }
    wait_for_key_ = false;
    // The encoders of sound are ahead of those of pictures, so that the key frame's sound is here already.
    drop_audio_before(time_of(unit));
    started_ = true;
  }
  bytes_ += size_of(unit);
  (video ? video_ : audio_).push_back(std::move(unit));
  trim();
}

std::optional<media::AccessUnit> UnitQueue::pop() {
  std::lock_guard lock(mutex_);
  if (wait_for_key_ && video_.empty()) return std::nullopt;
  Units* from = nullptr;
  if (!video_.empty() && !audio_.empty()) {
    from = time_of(audio_.front()) < time_of(video_.front()) ? &audio_ : &video_;
  } else if (!video_.empty() && (!with_audio_ || span(video_) >= bounds_.patience)) {
    from = &video_;
  } else if (!audio_.empty() && (!with_video_ || span(audio_) >= bounds_.patience)) {
    from = &audio_;
  }
  if (from == nullptr) return std::nullopt;
  std::optional<media::AccessUnit> unit(std::move(from->front()));
  from->pop_front();
  bytes_ -= size_of(*unit);
  return unit;
}

uint64_t UnitQueue::dropped() const {
  std::lock_guard lock(mutex_);
  return dropped_;
}

Duration UnitQueue::span(const Units& units) {
  return units.empty() ? Duration(0) : time_of(units.back()) - time_of(units.front());
}

void UnitQueue::drop_front(Units& units) {
  bytes_ -= size_of(units.front());
  units.pop_front();
  if (started_) ++dropped_;  // what stands before the start is not lost
}

void UnitQueue::drop_audio_before(Duration time) {
  while (!audio_.empty() && time_of(audio_.front()) < time) drop_front(audio_);
}

void UnitQueue::trim() {
  auto too_much = [&] {
    return bytes_ > bounds_.bytes || span(video_) > bounds_.span || span(audio_) > bounds_.span;
  };
  if (!too_much()) return;
  if (!video_.empty()) {
    auto key = std::find_if(video_.rbegin(), video_.rend(), [](const auto& unit) { return unit.key; });
    bool later_key = key != video_.rend() && std::next(key) != video_.rend();
    const media::AccessUnit* keep = later_key ? &*key : nullptr;
    while (!video_.empty() && &video_.front() != keep) drop_front(video_);
    if (keep != nullptr) drop_audio_before(time_of(*keep));
    wait_for_key_ = keep == nullptr;
  }
  // Sound alone is too much only where pictures have stopped, or have not begun.
  while (!audio_.empty() && video_.empty() && too_much()) drop_front(audio_);
}

}  // namespace openday::output
