#include "rtmp/wire.h"

#include <algorithm>

namespace openday::rtmp {
namespace {

// Chunk streams we speak on; 2 is the spec's own (5.4), the others are anyone's choice.
constexpr uint32_t kControlChunks = 2;
constexpr uint32_t kCommandChunks = 3;

// User control events (spec 7.1.7).
constexpr uint16_t kStreamBegin = 0;
constexpr uint16_t kPingRequest = 6;
constexpr uint16_t kPingResponse = 7;

constexpr uint8_t kDynamicLimit = 2;  // spec 5.4.5

Bytes user_control(uint16_t event, uint32_t value) {
  Bytes payload;
  ByteWriter writer(payload);
  writer.u16(event);
  writer.u32(value);
  return payload;
}

Bytes number(uint32_t value) {
  Bytes payload;
  ByteWriter(payload).u32(value);
  return payload;
}

}  // namespace

void Wire::send(uint32_t chunk_stream, uint8_t type, uint32_t message_stream, uint32_t timestamp,
                ByteView payload) {
  size_t before = output_.size();
  writer_.write(output_, chunk_stream, type, message_stream, timestamp, payload);
  sent_ += output_.size() - before;
}

void Wire::send_command(uint32_t message_stream, std::initializer_list<AmfValue> values) {
  send(kCommandChunks, kCommand, message_stream, 0, encode_amf0(values));
}

void Wire::send_window() {
  send(kControlChunks, kWindowAckSize, 0, 0, number(kWindow));
}

void Wire::send_peer_bandwidth() {
  Bytes payload = number(kWindow);
  payload.push_back(kDynamicLimit);
  send(kControlChunks, kSetPeerBandwidth, 0, 0, payload);
}

void Wire::send_chunk_size() {
  send(kControlChunks, kSetChunkSize, 0, 0, number(kOurChunkSize));
  writer_.set_chunk_size(kOurChunkSize);
}

void Wire::send_stream_begin(uint32_t message_stream) {
  send(kControlChunks, kUserControl, 0, 0, user_control(kStreamBegin, message_stream));
}

void Wire::send_ping(uint32_t timestamp) {
  send(kControlChunks, kUserControl, 0, 0, user_control(kPingRequest, timestamp));
}

bool Wire::on_control(const ChunkMessage& message) {
  ByteReader in(message.payload);
  switch (message.type) {
    case kAcknowledgement: {
      uint32_t sequence = in.u32();
      if (in.ok()) acked_ = acknowledged(acked_, sequence, sent_);
      return true;
    }
    case kWindowAckSize: {
      uint32_t window = in.u32();
      // Acknowledging more often than asked does no harm; a window of gigabytes would mean never.
      if (in.ok()) window_ = std::min(window, kWindow);
      return true;
    }
    case kSetPeerBandwidth:
      send_window();  // spec 5.4.5: the answer is our own window
      return true;
    case kUserControl: {
      uint16_t event = in.u16();
      uint32_t value = in.u32();
      if (in.ok() && event == kPingRequest) {
        send(kControlChunks, kUserControl, 0, 0, user_control(kPingResponse, value));
      }
      return true;
    }
    default: return false;
  }
}

void Wire::received(size_t count) {
  received_ += static_cast<uint32_t>(count);
  if (received_ - last_acked_ < std::max(window_ / 2, 1u)) return;
  last_acked_ = received_;
  send(kControlChunks, kAcknowledgement, 0, 0, number(received_));
}

uint64_t acknowledged(uint64_t before, uint32_t sequence, uint64_t sent) {
  uint64_t candidate = before + static_cast<uint32_t>(sequence - static_cast<uint32_t>(before));
  static constexpr uint64_t kHandshakeSlack = 8 * 1024;
  return candidate <= sent + kHandshakeSlack ? std::max(before, std::min(candidate, sent)) : before;
}

}  // namespace openday::rtmp
