// The publishing side of RTMP, for restreaming: from handshake to media, without a socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "rtmp/handshake.h"
#include "rtmp/wire.h"

namespace openday::rtmp {

/// Where a push goes.
struct PushTarget {
  bool tls = false;
  std::string host;
  uint16_t port = 1935;
  std::string app;     // "live2"; may have slashes and a query
  std::string stream;  // the stream key, with its query; secret
  std::string tc_url;  // as the server is told; without the key
};

/// "rtmp://host[:port]/app[/more]" or "rtmps://…", and the key. With an empty key the path's last part is the
/// key. kInvalid says what is wrong without repeating the text, which may hold the key.
Result<PushTarget> parse_push_url(std::string_view url, std::string_view key);

/// One thread, one connection; a new attempt is a new session. After every call that may talk (start, feed,
/// tick, send_…, stop) the owner takes the output and sends it; the owner bounds what waits by not sending
/// media while too much does.
class ClientSession {
 public:
  enum class State { kHandshake, kConnecting, kCreating, kPublishing, kLive, kEnded };

  ClientSession(PushTarget target, const Clock& clock, RandomSource random = random_bytes);

  void start();
  /// Bytes from the server. kRefused: it does not let us publish, in its own words (cut to 200 printable
  /// characters).
  Result<> feed(ByteView bytes);
  /// Once a second or so. kTimeout: not live within 10 s of start().
  Result<> tick();

  /// FLV tag bodies (flv.h) with their decode times in ms. kConflict unless live; metadata, then the config
  /// tags, first.
  Result<> send_metadata(ByteView body);
  Result<> send_audio(int64_t time_ms, ByteView body);
  Result<> send_video(int64_t time_ms, ByteView body);
  /// Says goodbye (FCUnpublish, deleteStream).
  void stop();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool live() const { return state_ == State::kLive; }
  [[nodiscard]] Bytes take_output() { return wire_.take_output(); }
  [[nodiscard]] size_t pending() const { return wire_.output().size(); }

  /// Bytes put into the output since the handshake, and those the server has acknowledged. Servers
  /// acknowledge every 1.25 to 2.5 MB, and some never: then bytes that left the socket have to do as a sign
  /// of life.
  [[nodiscard]] uint64_t sent_bytes() const { return wire_.sent_bytes(); }
  [[nodiscard]] uint64_t acked_bytes() const { return wire_.acked_bytes(); }

 private:
  Result<> on_message(const ChunkMessage& message);
  Result<> on_command(const std::vector<AmfValue>& values);
  Result<> on_reply(double transaction, bool ok, const std::vector<AmfValue>& values);
  Result<> on_status(const AmfValue& info);
  Result<> send_media(uint8_t type, int64_t time_ms, ByteView body);
  void connect();

  const PushTarget target_;
  const Clock& clock_;
  ClientHandshake handshake_;
  Wire wire_;
  State state_ = State::kHandshake;
  std::optional<HouseTime> deadline_;
  uint32_t stream_id_ = 1;
};

}  // namespace openday::rtmp
