// A WebSocket client that speaks bytes (RFC 6455). Every wait ends after 10 s.
#pragma once

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "harness.h"

namespace openday::hub::test {

class Socket {
 public:
  struct Frame {
    int opcode = -1;  // -1: the connection has ended
    std::string payload;
  };

  /// Upgrades at once; status() tells how that went.
  Socket(int port, std::string_view path, std::string_view protocol, std::string_view headers = {},
         const char* source = nullptr)
      : client_(port, 0, source) {
    client_.send(
        fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    "Sec-WebSocket-Protocol: {}\r\n{}\r\n",
                    path, port, protocol, headers));
    auto answer = client_.read();
    if (answer) answer_ = *std::move(answer);
  }
  /// 0: the connection ended before there was any.
  [[nodiscard]] int status() const { return answer_.status; }
  [[nodiscard]] const Answer& answer() const { return answer_; }
  Client& client() { return client_; }

  bool say(const nlohmann::json& message) { return frame(1, message.dump()); }
  bool frame(int opcode, std::string_view payload, bool final = true) {
    std::string out(1, static_cast<char>((final ? 0x80 : 0) | opcode));
    if (payload.size() < 126) {
      out += static_cast<char>(0x80 | payload.size());
    } else {
      out += static_cast<char>(0x80 | 126);
      out += static_cast<char>(payload.size() >> 8);
      out += static_cast<char>(payload.size() & 0xff);
    }
    const char mask[4] = {1, 2, 3, 4};
    out.append(mask, 4);
    for (size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
    return client_.send(out);
  }
  Frame hear_frame() {
    std::string head = client_.read_exactly(2);
    if (head.size() < 2) return {};
    size_t size = static_cast<uint8_t>(head[1]);
    if (size >= 126) {
      std::string more = client_.read_exactly(size == 126 ? 2 : 8);
      size = 0;
      for (char c : more) size = size << 8 | static_cast<uint8_t>(c);
    }
    std::string payload = client_.read_exactly(size);
    if (payload.size() < size) return {};
    return {head[0] & 0xf, std::move(payload)};
  }
  /// The next message of this kind (`t`); others are passed over. Null: the connection has ended.
  nlohmann::json hear(std::string_view kind) {
    while (true) {
      Frame frame = hear_frame();
      if (frame.opcode == -1 || frame.opcode == 8) {
        close_ = frame.payload;
        return nullptr;
      }
      if (frame.opcode != 1) continue;
      auto message = nlohmann::json::parse(frame.payload);
      if (message["t"] == kind) return message;
    }
  }
  /// Of the close frame that hear() met; 0: none.
  [[nodiscard]] int close_code() const {
    if (close_.size() < 2) return 0;
    return static_cast<uint8_t>(close_[0]) << 8 | static_cast<uint8_t>(close_[1]);
  }

 private:
  Client client_;
  Answer answer_;
  std::string close_;
};

}  // namespace openday::hub::test
