#include "encode/sound_framer.h"

#include <algorithm>

namespace openday::encode {

void SoundFramer::append(const float* samples, int64_t count, const Sink& sink) {
  auto whole = static_cast<size_t>(frame_) * 2;
  while (count > 0) {
    auto room = static_cast<int64_t>(whole - pending_.size()) / 2;
    int64_t part = std::min(room, count);
    if (samples != nullptr) {
      pending_.insert(pending_.end(), samples, samples + part * 2);
      samples += part * 2;
    } else {
      pending_.resize(pending_.size() + static_cast<size_t>(part) * 2, 0.0f);
    }
    next_ += part;
    count -= part;
    if (pending_.size() == whole) {
      sink(pending_.data(), next_ - frame_);
      pending_.clear();
    }
  }
}

void SoundFramer::add(media::Tick tick, const media::Samples& block, const Sink& sink) {
  int64_t at = tick * house_.samples_per_tick();
  if (next_ < 0) next_ = at;
  if (at < next_) return;  // ticks rise; what does not is no sound of ours
  if (int64_t gap = at - next_; gap > kLongestSilence) {
    finish(sink);
    next_ = at;
  } else if (gap > 0) {
    silenced_ += gap;
    append(nullptr, gap, sink);
  }
  append(block.data(), static_cast<int64_t>(block.size() / 2), sink);
}

void SoundFramer::finish(const Sink& sink) {
  if (!pending_.empty()) append(nullptr, frame_ - static_cast<int64_t>(pending_.size() / 2), sink);
}

}  // namespace openday::encode
