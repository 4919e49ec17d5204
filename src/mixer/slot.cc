#include "mixer/slot.h"

namespace openday::mixer {
namespace {

// A picture of this size from the pool; what has another size there is thrown away.
std::shared_ptr<media::Image> blank(media::Pool<media::Image>& pool, int width, int height) {
  auto make = [&] { return std::make_unique<media::Image>(width, height); };
  std::shared_ptr<media::Image> image = pool.take(make);
  if (image->width() == width && image->height() == height) return image;
  pool = media::Pool<media::Image>(6);
  return pool.take(make);
}

}  // namespace

void Slot::reassign(uint32_t stale) {
  stale_generation_ = stale;
  seen_.reset();
  shown_.reset();
  scaled_.reset();
  scaled_from_.reset();
}

void Slot::look(HouseTime at) {
  looked_at_ = at;
  auto found = ring_.choose(at);
  // House time is never negative; what says so was not written by an honest feed, and would overflow a
  // difference.
  if (found && found->show_at.ns >= 0 && found->generation != stale_generation_) seen_ = found;
}

std::optional<HouseTime> Slot::newest() const {
  if (!seen_) return std::nullopt;
  return seen_->show_at;
}

bool Slot::fetch(const link::PictureInfo& info) {
  std::shared_ptr<media::Image> image = blank(pictures_, info.width, info.height);
  if (!ring_.copy(info, *image)) return false;
  shown_ = image;
  shown_info_ = info;
  return true;
}

media::SharedImage Slot::picture() {
  bool current = shown_ && seen_ && shown_info_.sequence == seen_->sequence &&
                 shown_info_.generation == seen_->generation;
  if (!seen_ || current) return shown_;
  if (!fetch(*seen_)) {
    ++torn_;  // the feed was faster; by now it has something newer
    look(looked_at_);
    fetch(*seen_);
  }
  return shown_;
}

std::optional<Slot::Fitted> Slot::fitted(const Rect& tile) {
  media::SharedImage image = picture();
  if (!image) return std::nullopt;
  Rect at = fit(tile, image->width(), image->height());
  if (at.width == image->width() && at.height == image->height()) return Fitted{at, image};
  bool current =
      scaled_ && scaled_from_ == image && scaled_->width() == at.width && scaled_->height() == at.height;
  if (!current) {
    std::shared_ptr<media::Image> scaled = blank(scaled_pool_, at.width, at.height);
    if (!scaler_.scale(*image, *scaled)) return std::nullopt;
    scaled_ = scaled;
    scaled_from_ = image;
  }
  return Fitted{at, scaled_};
}

void Slot::read(int64_t from, std::span<float> block) {
  auto frames = static_cast<int64_t>(block.size() / 2);
  int64_t count = ring_.read_audio(from, frames, block.data());
  int64_t first = 0;
  if (silenced()) {
    count = 0;
  } else if (count > 0 && count < frames) {
    // Either the end has not come or the beginning was never there: ask for the first frame alone.
    float frame[2];
    if (ring_.read_audio(from, 1, frame) == 0) first = frames - count;
  }
  voice_.repair(block, static_cast<int>(first), static_cast<int>(count));
}

}  // namespace openday::mixer
