// The recorder: everything that is published goes to the media store, and nothing on the way to a viewer
// waits for it.
//
//   packager's thread ──▶ bounded queue ──▶ recorder's thread ──▶ StoreWriter ──▶ disk
//
// The queue holds `queue_bound` events (default 512: some 25 s of four renditions). When the disk stands
// still for longer, events are refused; the segments they belong to are not recorded, and counted.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <variant>

#include "base/queue.h"
#include "output/recorder_writer.h"

namespace openday::output {

/// Home thread of the writer and of `on_outcome`: its own. All else from any thread, in the order of the run.
class Recorder {
 public:
  /// For every segment that finish() took: its path in the store, empty if it was not recorded.
  using OnOutcome = std::function<void(const media::Segment& segment, const std::string& path)>;

  /// `disk` and `clock` outlive it. The store is opened and recovered on the recorder's thread.
  Recorder(std::string store, RetentionPolicy policy, Disk& disk, const Clock& clock, const Log& log,
           OnOutcome on_outcome, size_t queue_bound = 512);
  /// Writes what is queued.
  ~Recorder();
  Recorder(const Recorder&) = delete;

  // These few are never lost; a withdrawal overtakes what is queued.
  void begin(media::InitSegment init);
  void withdraw(ProgramTime from, ProgramTime to);

  // Each is false when the queue is full; the event is then lost.
  bool add(media::Part part);
  /// False also means: on_outcome will not be called for it.
  bool finish(media::Segment segment);
  bool thumbnail(ProgramTime at, SharedBytes jpeg);

  [[nodiscard]] RecordingStatus status() const;

 private:
  struct Thumbnail {
    ProgramTime at;
    SharedBytes jpeg;
  };
  struct Nudge {};
  using Event = std::variant<Nudge, media::Part, media::Segment, Thumbnail>;
  using Order = std::variant<media::InitSegment, Withdrawn>;

  void give(Order order);
  void run();
  void obey_orders();

  StoreWriter writer_;  // on its thread only
  const OnOutcome on_outcome_;
  BoundedQueue<Event> queue_;
  mutable std::mutex mutex_;
  RecordingStatus status_;         // the writer's, guarded by mutex_
  uint64_t refused_segments_ = 0;  // of these the writer never hears; guarded by mutex_
  std::vector<Order> orders_;      // guarded by mutex_
  std::jthread thread_;
};

}  // namespace openday::output
