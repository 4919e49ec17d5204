// Access units on their way from the encoders to one push target.
#pragma once

#include <deque>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "media/media.h"

namespace openday::output {

/// Merges video and audio, which come from threads of their own and some hundred milliseconds apart, in the
/// order of their decode times, starting with a key frame. Bounded by time and bytes: when it is full, the
/// video from the oldest on to the newest queued key frame goes, or all of it, and what comes until the next
/// key frame. Thread-safe.
class UnitQueue {
 public:
  struct Bounds {
    Duration span = seconds(4);
    size_t bytes = 8 * 1024 * 1024;
    /// How much of one kind may wait for the other before it goes ahead alone.
    Duration patience = seconds(1);
  };

  UnitQueue(bool with_video, bool with_audio, const Bounds& bounds);

  /// Takes units from now on, the first video being a key frame. Until then, and after close(), push()
  /// ignores them.
  void open();
  void close();
  void push(media::AccessUnit unit);
  /// The next one in order; nothing: none yet.
  std::optional<media::AccessUnit> pop();

  /// Access units lost to the bounds since construction.
  [[nodiscard]] uint64_t dropped() const;

 private:
  using Units = std::deque<media::AccessUnit>;

  void trim();
  void drop_front(Units& units);
  void drop_audio_before(Duration time);
  [[nodiscard]] static Duration span(const Units& units);

  const bool with_video_;
  const bool with_audio_;
  const Bounds bounds_;
  mutable std::mutex mutex_;
  Units video_;
  Units audio_;
  size_t bytes_ = 0;
  bool open_ = false;
  bool wait_for_key_ = true;
  bool started_ = false;  // the first key frame since open() has come
  uint64_t dropped_ = 0;
};

/// Decode time since tick 0.
Duration time_of(const media::AccessUnit& unit);

}  // namespace openday::output
