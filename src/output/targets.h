// Restreaming: the program's encoded renditions pushed to any number of RTMP(S) and SRT servers.
//
//   encoders' threads ── push() ──▶ one bounded queue a target ──▶ the target's own thread ──▶ its connection
//
// Targets share nothing but the immutable access units: one that hangs fills its own queue (4 s or 8 MiB,
// UnitQueue), which then drops to the next key frame and counts that.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/egress.h"
#include "base/log.h"
#include "media/media.h"
#include "output/lifecycle.h"
#include "output/unit_queue.h"

namespace openday::wrap {
class TlsContext;
}

namespace openday::output {

struct TargetSpec {
  std::string id;
  std::string url;        // rtmp://, rtmps:// or srt://; may hold a secret
  std::string key;        // stream key or passphrase; a secret
  std::string rendition;  // whose video is sent
  bool enabled = true;

  bool operator==(const TargetSpec&) const = default;
};

struct TargetStats {
  std::string id;
  TargetState state = TargetState::kOff;
  double kbps = 0;           // confirmed by the other end over the last second or so
  uint64_t acked_bytes = 0;  // likewise, since the target was configured: TCP's or SRT's acknowledgements
  uint64_t reconnects = 0;
  uint64_t dropped = 0;  // access units that its queue lost
  std::string why;       // of the last failure; empty once live
  ProgramTime since;     // when it entered its state
  double rtt_ms = 0;
  uint64_t lost = 0;  // packets sent again, on this connection
};

struct TargetsOptions {
  EgressPolicy egress;
  Pacing pacing;
  UnitQueue::Bounds bounds;
  std::string more_authorities_pem;  // trusted beside the system's, for RTMPS
};

/// The tracks of one engine run: one per rendition, and the sound.
struct RenditionTrack {
  std::string rendition;
  media::Track track;
};

class Target;

/// configure() and the destructor from one thread; push() and stats() from any.
class Targets {
 public:
  Targets(std::vector<RenditionTrack> tracks, TargetsOptions options, const Clock& clock, Log log);
  /// Says goodbye to the servers; waits for none.
  ~Targets();
  Targets(const Targets&) = delete;
  Targets& operator=(const Targets&) = delete;

  /// The whole wanted list, at most kMaxTargets; targets whose spec has not changed go on undisturbed. One
  /// that cannot be (URL, address, rendition) is `off` and says why.
  void configure(const std::vector<TargetSpec>& wanted);
  static constexpr size_t kMaxTargets = 32;

  /// As the encoders make them. Video goes to the targets of that rendition, audio to all. Never waits for a
  /// target.
  void push(const std::string& rendition, const media::AccessUnit& unit);

  /// In the order of configure().
  [[nodiscard]] std::vector<TargetStats> stats() const;

 private:
  struct Entry {
    TargetSpec spec;
    std::unique_ptr<Target> target;  // null: off
    TargetStats off;                 // what is said then
  };
  [[nodiscard]] Entry make(const TargetSpec& spec) const;
  [[nodiscard]] Result<std::unique_ptr<Target>> start(const TargetSpec& spec) const;

  const std::vector<RenditionTrack> tracks_;
  const TargetsOptions options_;
  const Clock& clock_;
  const Log log_;
  std::shared_ptr<const wrap::TlsContext> tls_;  // null: no certificates to trust
  mutable std::mutex mutex_;    // held for a moment only, never while a thread is made or ended
  std::vector<Entry> entries_;  // guarded by it
};

}  // namespace openday::output
