// FLV tags as the gateway hands them on become units.
#pragma once

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "feed/unit.h"

namespace openday::feed {

/// One publisher's tags, in order. Holds the two sequence headers, nothing else. Its input is a stranger's:
/// it must survive any bytes.
class FlvReader {
 public:
  /// The body of a tag of type 8 (audio) or 9 (video) at `time_ms`. A unit, or nothing: a header, data that
  /// nobody decodes here, or nonsense (counted).
  std::optional<Unit> read(int tag, int64_t time_ms, HouseTime arrival, ByteView body);
  [[nodiscard]] uint64_t malformed() const { return malformed_; }

 private:
  std::optional<Unit> read_video(ByteView body);
  std::optional<Unit> read_audio(ByteView body);
  /// Its kind and times are for the caller to fill in.
  template <class Tag>
  std::optional<Unit> read_frame(const Result<Tag>& tag, std::shared_ptr<const Setup>& setup);
  void set_up(std::shared_ptr<const Setup>& place, const char* codec, ByteView config);

  std::shared_ptr<const Setup> video_;
  std::shared_ptr<const Setup> audio_;
  uint64_t malformed_ = 0;
};

}  // namespace openday::feed
