// The thread that decodes: it owns the line and the ring's writing end.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <variant>

#include "base/clock.h"
#include "feed/line.h"
#include "link/frame_ring.h"

namespace openday::feed {

/// Every method may be called from any thread; none of them waits for the decoder.
///
/// Bound: 256 units or 8 MiB on the way in. Beyond it a unit is thrown away, and the next picture taken is
/// marked as following a loss, so that the decoder goes on at a key frame.
class DecodeThread {
 public:
  using MakeLine = std::function<std::unique_ptr<Line>(Sink&)>;
  /// `changed` is called on this thread when the line has caught up, or begins to deliver: worth telling at
  /// once.
  DecodeThread(const Clock& clock, const MakeLine& make_line, std::function<void()> changed);
  ~DecodeThread();
  DecodeThread(const DecodeThread&) = delete;
  DecodeThread& operator=(const DecodeThread&) = delete;

  void attach(link::RingWriter ring);
  void push(Unit unit);
  void want(const Want& want);
  void restart();
  /// As of the last time the line did something.
  [[nodiscard]] Stats stats() const;

 private:
  struct Restart {};
  using Event = std::variant<Unit, Want, Restart, link::RingWriter>;
  class RingSink;

  void post(Event event);
  void work();
  void handle(Event event);
  void publish();

  const Clock& clock_;
  const std::function<void()> changed_;
  std::unique_ptr<RingSink> sink_;  // this thread only, as is the line
  std::unique_ptr<Line> line_;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Event> events_;
  size_t units_ = 0;
  size_t unit_bytes_ = 0;
  uint64_t refused_ = 0;
  bool lost_ = false;
  bool stopping_ = false;
  Stats published_;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace openday::feed
