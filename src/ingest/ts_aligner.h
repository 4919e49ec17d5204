// Whole MPEG-TS packets out of bytes that should hold them.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace openday::ingest {

/// SRT delivers messages, usually of seven packets, but nothing makes a sender align them. Finds the sync
/// bytes, hands on whole packets, skips what is between. Holds less than three packets. One thread.
class TsAligner {
 public:
  static constexpr size_t kPacket = 188;
  static constexpr uint8_t kSync = 0x47;

  /// Appends to `out` every packet that is complete now.
  void push(ByteView bytes, Bytes& out);
  /// Bytes that belonged to no packet.
  [[nodiscard]] uint64_t skipped() const { return skipped_; }

 private:
  Bytes rest_;
  bool aligned_ = false;
  uint64_t skipped_ = 0;
};

}  // namespace openday::ingest
