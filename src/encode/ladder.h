// The program's encoders: one H.264 encoder per rendition and one AAC encoder, each on a thread of its own.
//
//   push() ──┬── queue ── encoder of the program-sized rendition
//            ├── queue ── scaler ──┬── queue ── next smaller rendition      (each size scaled once, from the
//            one above it) │                     └── queue ── … └── queue ── AAC
//
// Every queue holds at most kQueueBound frames; a full one sheds its oldest frame, which is counted. Sound is
// given up last: its queue holds kSoundQueueBound ticks and its thread comes before those of the pictures.
// GOPs are aligned: every rendition has its IDRs at ticks that are multiples of the GOP; a shed IDR moves to
// the next frame.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "encode/shedding.h"
#include "media/media.h"

namespace openday::encode {

struct LadderConfig {
  media::HouseFormat house;
  std::vector<media::Rendition> renditions;  // 1 to 8, in any order; one AAC encode serves them all, so
                                             // their audio_kbps are equal
  std::string preset = "superfast";
  int gop_seconds = 2;
  int lookahead = 10;  // frames; costs as much latency
};

/// Whether Ladder::open would take it; kInvalid says why not, naming the rendition.
Result<> check_ladder(const LadderConfig& config);

/// The name under which audio is reported.
inline constexpr const char* kAudioRendition = "audio";

struct NamedTrack {
  std::string rendition;
  media::Track track;
};

struct EncoderStats {
  std::string rendition;
  double fps = 0;    // encoded over the last second
  double speed = 0;  // times real time it could do: frame time ÷ time spent on a frame
  size_t queue = 0;
  uint64_t shed = 0;      // frames lost to a full queue since the start, the scaler's included
  double kbps = 0;        // over the last second
  uint64_t silenced = 0;  // of sound: samples that never came and stand as silence, since the start
};

struct LadderEvents {
  /// On the rendition's own thread, in order within a rendition. `rendition` is kAudioRendition for AAC.
  std::function<void(const std::string& rendition, media::AccessUnit unit)> unit;
  /// Inside push(), when it changes. Must not block.
  std::function<void(Shedding)> shedding;
  /// An encoder failed and its rendition has ended; the others go on. On its own thread, once.
  std::function<void(const std::string& rendition, const Error& why)> failed;
};

/// push() from one thread; the rest from any. Events may arrive until the destructor or finish() returns.
class Ladder {
 public:
  static constexpr size_t kQueueBound = 32;
  static constexpr size_t kSoundQueueBound = 128;

  /// kInvalid names what is wrong with the configuration; kUnsupported: no such encoder in this libavcodec.
  static Result<std::unique_ptr<Ladder>> open(LadderConfig config, LadderEvents events, const Clock& clock);
  /// Ends at once; what is queued is lost.
  ~Ladder();
  Ladder(const Ladder&) = delete;

  /// As configured, largest first.
  [[nodiscard]] const std::vector<media::Rendition>& renditions() const;
  /// How each stream is set up, in the order of renditions(), the sound last; complete before the first
  /// push().
  [[nodiscard]] const std::vector<NamedTrack>& tracks() const;

  /// Never waits. Ticks must rise; a tick left out is a gap in the streams' times.
  void push(const media::ProgramFrame& frame);
  /// Encodes what is queued, hands out what the encoders still hold, ends the threads.
  void finish();

  /// In the order of tracks().
  [[nodiscard]] std::vector<EncoderStats> stats() const;
  [[nodiscard]] Shedding shedding() const;

 private:
  struct Impl;
  explicit Ladder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::encode
