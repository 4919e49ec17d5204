// Source time → house time. The only place that decides when something from a venue is shown.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "base/clock.h"
#include "media/media.h"

namespace openday::feed {

/// Pure. One per feed; the same anchor serves audio and video, so their relation is the source's own.
///
/// A unit with decode time d that arrives at house time a says that the source's clock is at most a − d
/// behind house time; the least such value of the last ten seconds (the lower envelope: what came through
/// without waiting anywhere) is the anchor's offset. A unit is shown at
///
///     pts + offset + delay
///
/// where delay covers what arrives later than the envelope: it grows at once when a unit comes too late, up
/// to one second, and shrinks slowly when it was not needed. The offset follows the envelope slowly, so that
/// a source clock that runs fast or slow moves the picture by less than anyone sees and the sound by less
/// than the resampler allows.
///
/// A source whose timestamps jump gets a new anchor. Streams jump one after the other, so the old anchor goes
/// on serving those that have not jumped yet, and a source that jumps its streams by different amounts for
/// good keeps one anchor for each.
class ClockMap {
 public:
  struct Options {
    Duration delay = milliseconds(120);  // at rest
    Duration max_delay = seconds(1);
    Duration margin = milliseconds(60);  // what decoding and a busy machine take out of the delay
    Duration jump = milliseconds(200);   // a step of the source's time that is no jitter
    Duration stuck = milliseconds(300);  // later than max_delay for so long: the source's time has moved
  };
  using Anchor = uint32_t;

  ClockMap() : ClockMap(Options{}) {}
  explicit ClockMap(const Options& options);

  /// Notes a unit's arrival; in the order of arrival. Its anchor maps its times.
  Anchor arrive(media::Kind stream, Duration dts, HouseTime arrival);
  [[nodiscard]] HouseTime show_at(Anchor anchor, Duration pts) const;

  [[nodiscard]] Duration delay() const { return delay_; }
  /// How much later than the envelope units came, at most, in the last ten seconds.
  [[nodiscard]] Duration jitter() const;
  /// Jumps seen since construction.
  [[nodiscard]] uint64_t reanchors() const { return reanchors_; }
  /// Another source: nothing said before counts any more.
  void reset();

 private:
  static constexpr size_t kStreams = 2;
  static constexpr size_t kAnchorsKept = 8;  // units in the queues may still refer to them

  /// Least or greatest value of the last ten seconds, in steps of one.
  class Window {
   public:
    void add(HouseTime at, int64_t value);  // keeps the greatest
    [[nodiscard]] int64_t greatest() const;
    [[nodiscard]] bool empty() const { return seconds_.empty(); }

   private:
    struct Second {
      int64_t number;
      int64_t value;
    };
    std::deque<Second> seconds_;
  };
  struct AnchorState {
    Anchor id = 0;
    int64_t offset = 0;  // ns; house = source + offset
    HouseTime since;
    Window earliest;  // of −(arrival − dts)
  };
  struct StreamState {
    bool seen = false;
    Anchor anchor = 0;
    Duration last_dts{0};
    int64_t lateness = 0;    // of the last unit on its anchor, ns
    bool late = false;       // later than max_delay …
    HouseTime late_since;    // … from here on
    int64_t least_late = 0;  // the offset that the least late of them asks for
  };

  AnchorState* find(Anchor id);
  bool serves(const AnchorState& anchor, const StreamState& stream, Duration dts, HouseTime arrival) const;
  AnchorState& choose(StreamState& stream, Duration dts, HouseTime arrival);
  AnchorState& open_anchor(StreamState& stream, int64_t offset, HouseTime at);
  void follow(AnchorState& anchor, Duration dts, HouseTime arrival);
  void adapt_delay(int64_t lateness, HouseTime arrival);

  const Options options_;
  std::array<StreamState, kStreams> streams_;
  std::deque<AnchorState> anchors_;  // the newest last
  Anchor next_id_ = 1;
  Duration delay_;
  Window lateness_;
  HouseTime last_arrival_;
  HouseTime last_slew_;
  uint64_t reanchors_ = 0;
};

}  // namespace openday::feed
