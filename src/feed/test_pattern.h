// A venue without a camera: colour bars around a hue, something that moves, a tone.
#pragma once

#include <optional>

#include "feed/line.h"
#include "media/media.h"

namespace openday::feed {

/// See Line for threads and time. The seed chooses hue and tone, so that venues can be told apart by eye and
/// ear.
class TestPattern final : public Line {
 public:
  TestPattern(const media::HouseFormat& house, uint32_t seed, Duration av_offset, Sink& sink);

  void push(Unit, HouseTime) override {}
  void want(const Want& want, HouseTime now) override;
  void restart() override {}
  [[nodiscard]] HouseTime next_due() const override { return next_; }
  void run(HouseTime now) override;
  [[nodiscard]] Stats stats(HouseTime now) const override;

 private:
  void draw_bars(int width, int height);
  void move_marker(media::Tick tick);
  void tone(HouseTime show_at);

  const media::HouseFormat house_;
  const double hue_;        // 0 … 1
  const double frequency_;  // Hz
  const Duration av_offset_;
  Sink& sink_;
  Want want_;
  std::optional<media::Image> image_;
  int marker_at_ = -1;  // column where the marker stands, −1: none drawn
  std::optional<HouseTime> start_;
  media::Tick tick_ = 0;
  HouseTime next_;
  int64_t audio_at_ = -1;
  media::Samples samples_;
  Stats stats_;
};

}  // namespace openday::feed
