// The receiving side of RTMP: from the first byte of a publisher to its media, without a socket.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "rtmp/handshake.h"
#include "rtmp/wire.h"

namespace openday::rtmp {

struct ServerLimits {
  Duration handshake = seconds(5);  // from the start to the end of the handshake
  Duration publish = seconds(10);   // from there to a publish request
  Duration silence = seconds(15);   // without a single byte from a publisher, pinged at a third of it
  // A stranger may make us hold little; a publisher, a large picture.
  ChunkLimits before = {.message = 16 * 1024, .partial = 32 * 1024, .chunk_streams = 16};
  ChunkLimits publishing = {.message = 4 << 20, .partial = 6 << 20, .chunk_streams = 64};
  int commands = 64;          // before a publisher is accepted
  int streams = 8;            // createStream calls of one connection
  size_t held = 64 * 1024;    // bytes that come while a publish request waits for its answer
  size_t output = 32 * 1024;  // replies that the peer does not take
};

/// Somebody wants to publish. Nothing is read further until accept_publish() or refuse_publish().
struct PublishRequest {
  std::string app;     // without slashes at its ends and without a query
  std::string stream;  // the secret, without a query
  std::string query;   // of the stream name, else of the app; without the '?'
};

/// The FLV tag body of an audio (8), video (9) or data (18) message; "@setDataFrame" is already taken off.
struct MediaMessage {
  uint8_t type = 0;
  int64_t time_ms = 0;
  Bytes body;
};

/// The publisher said that it is done; the connection may ask to publish again.
struct PublishEnd {};

using ServerEvent = std::variant<PublishRequest, MediaMessage, PublishEnd>;

/// One thread, one connection. Bytes in; events and bytes out. Any failure ends the connection.
class ServerSession {
 public:
  using OnEvent = std::function<void(ServerEvent)>;
  enum class State { kHandshake, kIdle, kAsking, kPublishing, kRefused };

  /// `on_event` is called inside feed() and accept_publish(); it must not call back into the session.
  ServerSession(const Clock& clock, const ServerLimits& limits, OnEvent on_event,
                RandomSource random = random_bytes);

  Result<> feed(ByteView bytes);
  /// Answers a PublishRequest: NetStream.Publish.Start is sent only here. May deliver what came in the
  /// meantime.
  Result<> accept_publish();
  /// NetStream.Publish.Denied with `why`. The owner sends the output, then closes; later bytes are ignored.
  void refuse_publish(std::string_view why);
  /// Twice a second or so. kTimeout: a deadline passed or the publisher fell silent.
  Result<> tick();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Bytes take_output() { return wire_.take_output(); }
  [[nodiscard]] size_t pending() const { return wire_.output().size(); }
  /// Bytes held for unfinished messages and an unanswered request.
  [[nodiscard]] size_t held_bytes() const { return wire_.reader().partial_bytes() + held_.size(); }

 private:
  Result<> read(ByteView bytes);
  Result<> check_output() const;
  Result<> on_message(ChunkMessage message);
  Result<> on_command(uint32_t message_stream, ByteView payload);
  Result<> on_connect(double transaction, const AmfValue& arguments);
  Result<> on_publish(uint32_t message_stream, const std::string& name);
  void on_media(ChunkMessage message);
  void on_data(ChunkMessage message);
  void on_aggregate(const ChunkMessage& message);
  void end_publish();
  void status(uint32_t message_stream, const char* level, const char* code, std::string_view description);

  const Clock& clock_;
  const ServerLimits limits_;
  OnEvent on_event_;
  ServerHandshake handshake_;
  Wire wire_;
  State state_ = State::kHandshake;
  HouseTime deadline_;  // of the handshake, or of the publish request
  HouseTime last_heard_;
  HouseTime last_ping_;
  TimestampUnwrapper times_;
  Bytes held_;
  bool connected_ = false;
  std::string app_;
  std::string app_query_;
  uint32_t publish_stream_ = 0;
  int commands_ = 0;
  int streams_ = 0;
};

}  // namespace openday::rtmp
