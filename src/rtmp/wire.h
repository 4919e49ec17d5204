// What both ends of an RTMP connection do alike once the handshake is over: chunks, acknowledgements, pings,
// commands.
#pragma once

#include <initializer_list>
#include <utility>

#include "base/bytes.h"
#include "rtmp/amf0.h"
#include "rtmp/chunk.h"

namespace openday::rtmp {

/// Bytes between acknowledgements that we ask for, and at most what we wait before we send one (twice over).
inline constexpr uint32_t kWindow = 2'500'000;
/// What our messages are cut to; servers that mind larger ones exist, and OBS sends this.
inline constexpr uint32_t kOurChunkSize = 4096;

/// The bytes a peer has, as its Acknowledgement says with a field that wraps mod 2^32, when `before` were
/// known and `sent` were sent. Peers that count the handshake run a little ahead; one that counts backwards
/// or far ahead is not believed.
uint64_t acknowledged(uint64_t before, uint32_t sequence, uint64_t sent);

/// One thread. Output gathers in a buffer that the owner empties.
class Wire {
 public:
  explicit Wire(const ChunkLimits& limits) : reader_(limits) {}

  ChunkReader& reader() { return reader_; }
  [[nodiscard]] const ChunkReader& reader() const { return reader_; }
  Bytes& output() { return output_; }
  [[nodiscard]] const Bytes& output() const { return output_; }
  Bytes take_output() { return std::exchange(output_, Bytes()); }

  void send(uint32_t chunk_stream, uint8_t type, uint32_t message_stream, uint32_t timestamp,
            ByteView payload);
  void send_command(uint32_t message_stream, std::initializer_list<AmfValue> values);
  void send_window();
  void send_peer_bandwidth();
  /// From here on our messages are cut to kOurChunkSize, and the peer is told.
  void send_chunk_size();
  void send_stream_begin(uint32_t message_stream);
  void send_ping(uint32_t timestamp);

  /// Protocol and user control messages: acknowledgements, windows, pings. True when it was one; ill-formed
  /// ones are ignored, they concern nobody else.
  bool on_control(const ChunkMessage& message);
  /// Call after each feed with the bytes that came: acknowledges when half a window has come since the last
  /// time.
  void received(size_t count);

  /// Bytes sent since the handshake, and how many of them the peer says it has.
  [[nodiscard]] uint64_t sent_bytes() const { return sent_; }
  [[nodiscard]] uint64_t acked_bytes() const { return acked_; }

 private:
  ChunkReader reader_;
  ChunkWriter writer_;
  Bytes output_;
  uint64_t sent_ = 0;
  uint64_t acked_ = 0;
  uint32_t received_ = 0;  // wraps, as the field on the wire does
  uint32_t last_acked_ = 0;
  uint32_t window_ = kWindow;
};

}  // namespace openday::rtmp
