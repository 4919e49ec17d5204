#include "hub/websocket_frame.h"

#include <algorithm>

#include "base/text.h"

namespace openday::hub {
namespace {

constexpr uint8_t kContinuation = 0;
constexpr size_t kMaxControl = 125;

std::unexpected<WsViolation> violation(uint16_t code, const char* why) {
  return std::unexpected(WsViolation{code, why});
}

/// Bytes of header that a frame has, as far as its first two tell.
size_t header_size(const Bytes& header) {
  if (header.size() < 2) return 2;
  uint8_t length = header[1] & 0x7f;
  return 2u + (length == 126 ? 2u : length == 127 ? 8u : 0u) + ((header[1] & 0x80) ? 4u : 0u);
}

/// RFC 6455 7.4: what may stand in a close frame.
bool is_close_code(uint16_t code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace

std::expected<void, WsViolation> WsDecoder::begin_frame() {
  uint8_t first = header_[0];
  uint8_t length = header_[1] & 0x7f;
  final_ = (first & 0x80) != 0;
  opcode_ = first & 0x0f;
  if ((first & 0x70) != 0) return violation(1002, "a reserved bit is set");
  if ((header_[1] & 0x80) == 0) return violation(1002, "a client's frames are masked");
  ByteReader rest(ByteView(header_).subspan(2));
  remaining_ = length == 126 ? rest.u16() : length == 127 ? rest.u64() : length;
  if (length == 126 && remaining_ < 126) return violation(1002, "a length takes more bytes than it needs");
  if (length == 127 && remaining_ < 65536) return violation(1002, "a length takes more bytes than it needs");
  std::ranges::copy(rest.rest(), mask_);
  mask_at_ = 0;
  if ((opcode_ & 0x8) != 0) {
    if (opcode_ != kWsClose && opcode_ != kWsPing && opcode_ != kWsPong)
      return violation(1002, "an unknown opcode");
    if (!final_ || remaining_ > kMaxControl) return violation(1002, "a control frame is too long");
    control_.clear();
  } else {
    if (opcode_ == kContinuation && !in_message_) return violation(1002, "a continuation of nothing");
    if (opcode_ != kContinuation && in_message_) return violation(1002, "a message within a message");
    if (opcode_ == 2) return violation(1003, "binary messages are not understood");
    if (opcode_ > 2) return violation(1002, "an unknown opcode");
    in_message_ = true;
    if (remaining_ > max_message_ - std::min(max_message_, message_.size())) {
      return violation(1009, "the message is too large");
    }
  }
  in_payload_ = true;
  header_.clear();
  return {};
}

std::expected<void, WsViolation> WsDecoder::end_frame(std::vector<WsEvent>& out) {
  in_payload_ = false;
  if (opcode_ == kWsPing || opcode_ == kWsPong) {
    out.push_back({opcode_ == kWsPing ? WsKind::kPing : WsKind::kPong, std::move(control_), 0});
    control_.clear();
    return {};
  }
  if (opcode_ == kWsClose) {
    WsEvent event{WsKind::kClose, {}, 1005};
    if (control_.size() == 1) return violation(1002, "half a close code");
    if (control_.size() >= 2) {
      event.close_code = static_cast<uint16_t>(control_[0] << 8 | control_[1]);
      event.payload.assign(control_.begin() + 2, control_.end());
      if (!is_close_code(event.close_code)) return violation(1002, "not a close code");
      if (!is_valid_utf8(as_text(event.payload))) return violation(1007, "a reason that is not UTF-8");
    }
    out.push_back(std::move(event));
    return {};
  }
  if (!final_) return {};
  in_message_ = false;
  if (!is_valid_utf8(as_text(message_))) return violation(1007, "a text that is not UTF-8");
  out.push_back({WsKind::kText, std::move(message_), 0});
  message_ = {};
  return {};
}

std::expected<void, WsViolation> WsDecoder::feed(ByteView bytes, std::vector<WsEvent>& out) {
  while (true) {
    if (!in_payload_) {
      while (!bytes.empty() && header_.size() < header_size(header_)) {
        header_.push_back(bytes.front());
        bytes = bytes.subspan(1);
      }
      if (header_.size() < header_size(header_)) return {};
      if (auto begun = begin_frame(); !begun) return begun;
    }
    auto take = static_cast<size_t>(std::min<uint64_t>(remaining_, bytes.size()));
    Bytes& into = (opcode_ & 0x8) != 0 ? control_ : message_;
    for (size_t i = 0; i < take; ++i) into.push_back(bytes[i] ^ mask_[mask_at_++ & 3]);
    bytes = bytes.subspan(take);
    remaining_ -= take;
    if (remaining_ > 0) return {};
    if (auto ended = end_frame(out); !ended) return ended;
    if (bytes.empty()) return {};
  }
}

Bytes ws_header(uint8_t opcode, uint64_t size) {
  Bytes out;
  ByteWriter writer(out);
  writer.u8(0x80 | opcode);
  if (size < 126) {
    writer.u8(static_cast<uint8_t>(size));
  } else if (size < 65536) {
    writer.u8(126);
    writer.u16(static_cast<uint16_t>(size));
  } else {
    writer.u8(127);
    writer.u64(size);
  }
  return out;
}

Bytes ws_text_frame(std::string_view text) {
  Bytes frame = ws_header(kWsText, text.size());
  frame.insert(frame.end(), text.begin(), text.end());
  return frame;
}

Bytes ws_close_frame(uint16_t code, std::string_view reason) {
  reason = reason.substr(0, kMaxControl - 2);
  while (!reason.empty() && !is_valid_utf8(reason)) reason.remove_suffix(1);
  Bytes out = ws_header(kWsClose, reason.size() + 2);
  ByteWriter writer(out);
  writer.u16(code);
  writer.append(reason);
  return out;
}

}  // namespace openday::hub
