// From encoders to parts: cuts every rendition of one engine run into CMAF parts and segments.
//
//   encoders' threads ──push()──▶ bounded queue ──▶ packager's thread ──▶ PackageListener
//
// The queue holds `queue_bound` access units (default 1024: about 7 s of three renditions and audio), and
// kSoundReserve more of sound, which so outlives the picture by 10 s. Beyond that a push is refused and
// counted; a video rendition then waits for its next IDR, as what follows a hole cannot be decoded.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/queue.h"
#include "media/media.h"

namespace openday::package {

/// Hears what was cut. On the packager's thread; must not wait.
class PackageListener {
 public:
  virtual ~PackageListener() = default;
  virtual void on_init(const media::InitSegment& init) = 0;
  virtual void on_part(const media::Part& part) = 0;
  /// After its last part.
  virtual void on_segment(const media::Segment& segment) = 0;
};

struct PackagerOptions {
  std::string run;                   // an unguessable slug, new for each run of the engine
  int fps = 30;                      // 25 or 30
  ProgramTime start;                 // of tick 0
  int64_t first_msn = 0;             // of the segment that begins at tick 0
  int discontinuity = 0;             // earlier runs of the broadcast that have media
  std::string audio_name = "audio";  // of the audio-only rendition
  size_t queue_bound = 1024;
};

/// A rung with the track that its encoder makes.
struct EncodedRendition {
  media::Rendition rendition;
  media::Track video;
};

struct PackagerCounters {
  uint64_t refused = 0;          // access units not taken because the queue was full
  uint64_t undecodable = 0;      // video dropped before an IDR that never came, or came late
  uint64_t misplaced = 0;        // out of order, overlapping or before the run began
  uint64_t without_audio = 0;    // parts that closed before their audio was there
  uint64_t without_picture = 0;  // parts of a video rendition that have sound alone
  uint64_t lost_samples = 0;     // of sound that never came, whatever stands in its place
  uint64_t silence = 0;          // AAC frames put in where the audio encoder left a hole
  uint64_t failed = 0;           // parts lost because the muxer refused
};

/// What the renditions do, without a thread: push and finish run to completion and call the listener.
class PackagerCore {
 public:
  static Result<PackagerCore> create(const PackagerOptions& options,
                                     const std::vector<EncodedRendition>& video,
                                     const std::optional<media::Track>& audio, int audio_kbps,
                                     PackageListener& listener);
  PackagerCore(PackagerCore&&) noexcept;
  PackagerCore& operator=(PackagerCore&&) noexcept;
  ~PackagerCore();

  /// Tells the listener every rendition's init segment. Once, before the first push.
  void begin();
  void push_video(size_t rendition, const media::AccessUnit& unit);
  void push_audio(const media::AccessUnit& unit);
  /// A hole in front of the next access unit of this rendition.
  void lost_video(size_t rendition);
  /// The run is over: what is open is closed, however short.
  void finish();
  [[nodiscard]] PackagerCounters counters() const;

 private:
  struct State;
  explicit PackagerCore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Home thread of the core and of all listener calls: its own. push_* from any thread, each rendition from
/// one.
class Packager {
 public:
  static constexpr size_t kSoundReserve = 480;

  /// The init segments are told at once, before create() returns, on the calling thread.
  static Result<std::unique_ptr<Packager>> create(const PackagerOptions& options,
                                                  const std::vector<EncodedRendition>& video,
                                                  const std::optional<media::Track>& audio, int audio_kbps,
                                                  PackageListener& listener, const Log& log);
  /// Packages what is queued, closes what is open and joins the thread.
  ~Packager();
  Packager(const Packager&) = delete;

  /// `rendition`: index in the list given to create(). False: the queue is full, the unit was not taken.
  bool push_video(size_t rendition, media::AccessUnit unit);
  bool push_audio(media::AccessUnit unit);

  [[nodiscard]] PackagerCounters counters() const;
  [[nodiscard]] size_t queued() const { return queue_.size(); }

 private:
  struct Item {
    size_t rendition = 0;
    bool after_hole = false;
    media::AccessUnit unit;
  };

  Packager(PackagerCore core, size_t renditions, size_t queue_bound, Log log);
  void run();

  PackagerCore core_;
  Log log_;
  const size_t video_bound_;
  BoundedQueue<Item> queue_;
  std::atomic<uint64_t> refused_video_{0};
  std::atomic<uint64_t> refused_sound_{0};
  std::vector<std::atomic<bool>> holes_;  // by rendition: a push was refused
  mutable std::mutex mutex_;              // guards counters_
  PackagerCounters counters_;
  std::jthread thread_;
};

}  // namespace openday::package
