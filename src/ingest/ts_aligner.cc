#include "ingest/ts_aligner.h"

namespace openday::ingest {

void TsAligner::push(ByteView bytes, Bytes& out) {
  rest_.insert(rest_.end(), bytes.begin(), bytes.end());
  size_t at = 0;
  size_t end = rest_.size();
  auto sync = [&](size_t where) { return rest_[where] == kSync; };
  while (at < end) {
    if (aligned_) {
      if (!sync(at)) {
        aligned_ = false;
        continue;
      }
      if (end - at < kPacket) break;
      auto packet = rest_.begin() + static_cast<ptrdiff_t>(at);
      out.insert(out.end(), packet, packet + kPacket);
      at += kPacket;
      continue;
    }
    // 0x47 is common in payload: three of them a packet apart are taken for alignment.
    if (sync(at)) {
      if (end - at <= 2 * kPacket) break;
      if (sync(at + kPacket) && sync(at + 2 * kPacket)) {
        aligned_ = true;
        continue;
      }
    }
    ++at;
    ++skipped_;
  }
  rest_.erase(rest_.begin(), rest_.begin() + static_cast<ptrdiff_t>(at));
}

}  // namespace openday::ingest
