// Coded sound waits here for its time, is decoded, brought to the house clock and written without overlap or
// gap.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "feed/clock_map.h"
#include "feed/stats.h"
#include "feed/unit.h"
#include "wrap/av_decode/audio_decoder.h"

namespace openday::feed {

/// One thread; the map, the sink and the stats outlive it.
///
/// The house counts samples by its own clock, the source by another. Where the next sample belongs is known
/// from its timestamp; where it would be written is where the last one ended. A difference up to 40 ms is
/// worked off by stretching the sound by at most 0.5 %, which nobody hears; a larger one is a jump: a gap
/// stays silent, an overlap is cut, and the sound is faded around it.
///
/// Bound: 600 units or 2 MiB waiting; then the oldest goes.
class AudioLane {
 public:
  /// `later` is added to every moment.
  AudioLane(const ClockMap& map, Sink& sink, Stats& stats, Duration later);

  void push(Unit unit, ClockMap::Anchor anchor);
  void reset();
  [[nodiscard]] HouseTime next_due() const;
  void run(HouseTime now);

 private:
  struct Item {
    Unit unit;
    ClockMap::Anchor anchor = 0;
  };

  void process(const Item& item, HouseTime now);
  void place(const wrap::Sound& sound, HouseTime at, HouseTime now);
  void steer(int64_t difference);

  const ClockMap& map_;
  Sink& sink_;
  Stats& stats_;
  const Duration later_;

  std::deque<Item> waiting_;
  size_t waiting_bytes_ = 0;

  std::shared_ptr<const Setup> setup_;
  std::optional<wrap::AudioDecoder> decoder_;
  wrap::Resampler resampler_;
  media::Samples samples_;

  std::optional<int64_t> cursor_;  // absolute index of the next sample to be written
  double difference_ = 0;          // smoothed: wanted place minus cursor, frames
  int steering_ = 0;               // frames a second asked of the resampler
  bool fade_in_ = true;
};

}  // namespace openday::feed
