// CMAF chunks with libavformat: one muxer per rendition and run, cut exactly where told.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "media/media.h"

namespace openday::wrap {

/// One thread at a time. Bytes appear only through init() and cut().
class CmafMuxer {
 public:
  /// One H.264 track, one AAC track, or both (video is then track 1 and audio track 2). Timescales are 90 kHz
  /// and 48 kHz.
  static Result<CmafMuxer> create(const std::vector<media::Track>& tracks);
  CmafMuxer(CmafMuxer&&) noexcept;
  CmafMuxer& operator=(CmafMuxer&&) noexcept;
  ~CmafMuxer();

  /// ftyp + moov.
  [[nodiscard]] const SharedBytes& init() const;
  /// Decode times rise within a track and are never negative (tfdt is unsigned); `duration` is given.
  /// kInvalid if not: the access unit is then not taken.
  Result<> add(const media::AccessUnit& unit);
  /// moof + mdat with everything added since the last cut; null when that is nothing.
  Result<SharedBytes> cut();

 private:
  struct State;
  explicit CmafMuxer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace openday::wrap
