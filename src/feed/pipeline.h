// One source's units in; pictures and sound at their house time out.
#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "feed/audio_lane.h"
#include "feed/clock_map.h"
#include "feed/line.h"
#include "feed/stats.h"
#include "feed/unit.h"
#include "feed/video_lane.h"

namespace openday::feed {

struct PipelineOptions {
  media::HouseFormat house;
  Duration jitter = milliseconds(120);
  Duration av_offset{0};  // sound later by this; negative: the picture
};

/// See Line for threads and time.
class Pipeline final : public Line {
 public:
  Pipeline(const PipelineOptions& options, Sink& sink);

  void push(Unit unit, HouseTime now) override;
  void want(const Want& want, HouseTime now) override { video_.want(want, now); }
  void restart() override;
  [[nodiscard]] HouseTime next_due() const override { return std::min(video_.next_due(), audio_.next_due()); }
  void run(HouseTime now) override;
  [[nodiscard]] Stats stats(HouseTime now) const override;

 private:
  /// Of several streams of a kind the one that delivers.
  struct Choice {
    std::optional<int> stream;
    HouseTime last;
  };
  bool chosen(const Unit& unit);

  Sink& sink_;
  ClockMap map_;
  Stats stats_;
  VideoLane video_;
  AudioLane audio_;
  std::array<Choice, 2> choices_;
};

}  // namespace openday::feed
