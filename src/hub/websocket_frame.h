// WebSocket framing (RFC 6455 5), the server's side. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::hub {

enum class WsKind { kText, kPing, kPong, kClose };

struct WsEvent {
  WsKind kind = WsKind::kText;
  Bytes payload;            // a whole message; kClose: the reason text
  uint16_t close_code = 0;  // kClose: 1005 when none was given
};

/// Why a peer that breaks the protocol is sent away: a close code of RFC 6455 7.4.1.
struct WsViolation {
  uint16_t code = 1002;
  const char* why = "";
};

/// Puts fragments together and checks masks, reserved bits, lengths and UTF-8. Holds at most one message of
/// `max_message` bytes. Binary messages are refused (1003): nothing of ours speaks them.
class WsDecoder {
 public:
  explicit WsDecoder(size_t max_message) : max_message_(max_message) {}

  /// Takes all of `bytes` and appends what is whole to `out`. After a violation nothing more may be fed.
  std::expected<void, WsViolation> feed(ByteView bytes, std::vector<WsEvent>& out);

 private:
  std::expected<void, WsViolation> begin_frame();
  std::expected<void, WsViolation> end_frame(std::vector<WsEvent>& out);

  const size_t max_message_;
  Bytes header_;  // of the present frame, as far as it came
  bool in_payload_ = false;
  uint8_t opcode_ = 0;
  bool final_ = false;
  uint64_t remaining_ = 0;
  uint8_t mask_[4] = {};
  size_t mask_at_ = 0;
  Bytes control_;  // payload of a control frame
  Bytes message_;  // of the data message so far
  bool in_message_ = false;
};

/// The header of an unmasked, unfragmented frame; the payload follows it.
Bytes ws_header(uint8_t opcode, uint64_t size);
/// A whole text frame.
Bytes ws_text_frame(std::string_view text);
inline constexpr uint8_t kWsText = 1;
inline constexpr uint8_t kWsClose = 8;
inline constexpr uint8_t kWsPing = 9;
inline constexpr uint8_t kWsPong = 10;
/// A whole close frame; the reason is cut to what fits.
Bytes ws_close_frame(uint16_t code, std::string_view reason);

}  // namespace openday::hub
