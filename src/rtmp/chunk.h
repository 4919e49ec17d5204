// The RTMP chunk stream (Adobe, "Real-Time Messaging Protocol (RTMP) specification 1.0", section 5.3), both
// ways.
#pragma once

#include <array>
#include <functional>
#include <unordered_map>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::rtmp {

/// Message types (spec 5.4, 6.2, 7.1).
enum MessageType : uint8_t {
  kSetChunkSize = 1,
  kAbort = 2,
  kAcknowledgement = 3,
  kUserControl = 4,
  kWindowAckSize = 5,
  kSetPeerBandwidth = 6,
  kAudio = 8,
  kVideo = 9,
  kDataAmf3 = 15,
  kCommandAmf3 = 17,
  kData = 18,
  kCommand = 20,
  kAggregate = 22,
};

struct ChunkMessage {
  uint8_t type = 0;
  uint32_t stream = 0;     // message stream id
  uint32_t timestamp = 0;  // ms, wraps; see TimestampUnwrapper
  Bytes payload;
};

/// 32-bit message times to 64 bits, across every chunk stream of one publisher: audio and video are near each
/// other even when only one of them has wrapped.
class TimestampUnwrapper {
 public:
  /// `leads`: audio and video move the reference; data messages, which some encoders always stamp 0, do not.
  int64_t unwrap(uint32_t timestamp, bool leads);

 private:
  int64_t last_ = -1;  // none yet
};

struct ChunkLimits {
  size_t message = 64 * 1024;   // one message
  size_t partial = 128 * 1024;  // all unfinished messages together
  size_t chunk_streams = 64;
};

/// Bytes in, whole messages out. Set Chunk Size and Abort are obeyed here and not handed on.
///
/// Memory follows the bytes that arrived, never a declared length. After an error it stays broken.
class ChunkReader {
 public:
  /// Called for each message; a failure ends the reading and is handed to the caller of feed().
  using OnMessage = std::function<Result<>(ChunkMessage)>;

  explicit ChunkReader(const ChunkLimits& limits = {}) : limits_(limits) {}

  void set_limits(const ChunkLimits& limits) { limits_ = limits; }
  /// Takes `bytes` up to the first message after which `hold` is set; returns how many were taken.
  Result<size_t> feed(ByteView bytes, const OnMessage& on_message);
  /// May be called from inside on_message: feed() returns after this message.
  void hold() { held_ = true; }

  /// Bytes held for unfinished messages.
  [[nodiscard]] size_t partial_bytes() const { return partial_; }
  [[nodiscard]] uint32_t chunk_size() const { return chunk_size_; }

 private:
  struct Stream {
    bool known = false;  // a header with a length has been seen
    uint32_t timestamp = 0;
    uint32_t delta = 0;     // what a type 3 chunk that begins a message adds
    uint32_t extended = 0;  // last extended field; meaningful when is_extended
    bool is_extended = false;
    uint32_t length = 0;
    uint8_t type = 0;
    uint32_t message_stream = 0;
    bool in_message = false;
    Bytes partial;
  };
  struct Header {
    uint8_t fmt;
    uint32_t id;
    size_t basic_size;
  };

  Result<bool> read_header();
  Result<bool> apply_header(const Header& header, ByteView rest);
  Result<> finish_message(const OnMessage& on_message);
  Result<> on_control(uint8_t type, ByteView payload);

  ChunkLimits limits_;
  uint32_t chunk_size_ = 128;  // spec 5.4.1
  std::unordered_map<uint32_t, Stream> streams_;
  size_t partial_ = 0;
  bool held_ = false;
  bool broken_ = false;

  // The header being gathered: at most 3 + 11 + 4 bytes.
  std::array<uint8_t, 18> header_{};
  size_t header_size_ = 0;
  // The chunk being read; null between chunks. Elements of an unordered_map do not move.
  Stream* current_ = nullptr;
  size_t chunk_left_ = 0;
  // Whether the peer repeats extended timestamps in type 3 chunks, once it has shown that it does not.
  bool omits_extended_ = false;
};

/// Messages in, chunks out.
class ChunkWriter {
 public:
  /// Says what later messages are cut to; the caller sends the Set Chunk Size message before.
  void set_chunk_size(uint32_t size) { chunk_size_ = size; }
  /// `chunk_stream` 2 … 63. Always with a full header (type 0): 8 bytes more than the shortest, and nothing
  /// to get out of step about.
  void write(Bytes& out, uint32_t chunk_stream, uint8_t type, uint32_t message_stream, uint32_t timestamp,
             ByteView payload) const;

 private:
  uint32_t chunk_size_ = 128;
};

}  // namespace openday::rtmp
