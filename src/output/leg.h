// The port between a push target and the protocol that carries it.
#pragma once

#include <functional>
#include <memory>

#include "base/address.h"
#include "base/loop.h"
#include "media/media.h"

namespace openday::output {

/// What a target carries: the tracks of its rendition and the sound.
struct Program {
  media::Track video;  // codec kUnknown: there is none
  media::Track audio;
  [[nodiscard]] bool has_video() const { return video.codec != media::Codec::kUnknown; }
  [[nodiscard]] bool has_audio() const { return audio.codec != media::Codec::kUnknown; }
};

struct LegProgress {
  bool reached = false;      // the other host has answered, whatever it said
  uint64_t acked_bytes = 0;  // confirmed by the other end, since the leg began
  uint64_t open_bytes = 0;   // given to the connection and not confirmed
  /// The other program is known to be stuck although its kernel still confirms (RTMP acknowledgements that
  /// stopped).
  bool overdue = false;
  double rtt_ms = 0;
  uint64_t lost = 0;
};

/// One connection to one address, from the attempt to its end. Home thread: its loop's.
class Leg {
 public:
  struct Events {
    std::function<void()> live;   // media is wanted from now on, beginning with a key frame; once
    std::function<void()> ready;  // there is room again
    std::function<void(Error)>
        ended;  // once, and nothing after it; the leg may not be destroyed inside the call
  };

  virtual ~Leg() = default;
  virtual void start() = 0;
  /// Live, with room for another access unit.
  [[nodiscard]] virtual bool ready() const = 0;
  virtual void send(const media::AccessUnit& unit) = 0;
  [[nodiscard]] virtual LegProgress progress() = 0;
  /// Says goodbye if that takes no waiting. No event after it.
  virtual void finish() = 0;
};

}  // namespace openday::output
