// MPEG-TS with libavformat: one muxer per connection.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "media/media.h"

namespace openday::wrap {

/// H.264 leaves as Annex B with its parameter sets in front of every IDR, AAC as ADTS; tables are repeated
/// ten times a second, so that a receiver may begin anywhere. One thread at a time.
class TsMuxer {
 public:
  /// One H.264 track, one AAC track, or both.
  static Result<TsMuxer> create(const std::vector<media::Track>& tracks);
  TsMuxer(TsMuxer&&) noexcept;
  TsMuxer& operator=(TsMuxer&&) noexcept;
  ~TsMuxer();

  /// Appends whole packets of 188 bytes to `out`; sound gathers to some 100 ms first. Decode times rise
  /// within a track.
  Result<> add(const media::AccessUnit& unit, Bytes& out);

 private:
  struct State;
  explicit TsMuxer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace openday::wrap
