// Accepts RTMP and RTMPS publishers on one TCP port.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/log_throttle.h"
#include "base/loop.h"
#include "ingest/publisher_sink.h"

namespace openday::wrap {
class TlsContext;
}

namespace openday::ingest {

struct RtmpListenerConfig {
  std::string address = "0.0.0.0";              // numeric; "::" takes IPv4 as well
  uint16_t port = 1935;                         // 0: any, see port()
  std::shared_ptr<const wrap::TlsContext> tls;  // RTMPS when set
  Duration handshake = seconds(5);
  Duration publish = seconds(10);
  Duration silence = seconds(15);
};

class RtmpConnection;

/// Home thread: the loop's. The sink outlives it; it outlives its connections.
class RtmpListener {
 public:
  /// Binds and listens: do it before the sandbox, which forbids new sockets. kIo: the port cannot be had.
  static Result<std::unique_ptr<RtmpListener>> open(Loop& loop, PublisherSink& sink, Log log,
                                                    RtmpListenerConfig config);
  ~RtmpListener();
  RtmpListener(const RtmpListener&) = delete;
  RtmpListener& operator=(const RtmpListener&) = delete;

  [[nodiscard]] uint16_t port() const { return port_; }
  [[nodiscard]] size_t connections() const { return connections_.size(); }
  /// Bytes held for all connections: unfinished messages and replies that were not taken.
  [[nodiscard]] size_t held_bytes() const;

 private:
  friend class RtmpConnection;
  RtmpListener(Loop& loop, PublisherSink& sink, Log log, RtmpListenerConfig config, UniqueFd socket,
               uint16_t port);
  Result<> start();
  void accept_some();
  void add(UniqueFd socket, const std::string& address);
  void rest();
  void tick();
  /// Destroys the connection at the end of this turn of the loop.
  void bury(uint64_t id);

  Loop& loop_;
  PublisherSink& sink_;
  Log log_;
  const RtmpListenerConfig config_;
  UniqueFd socket_;
  uint16_t port_;
  std::unordered_map<uint64_t, std::unique_ptr<RtmpConnection>>
      connections_;  // bounded by the sink's admissions
  uint64_t next_id_ = 1;
  LogThrottle refusals_log_;
  Bytes read_buffer_;  // shared: each read is digested before the next
  Loop::TimerId tick_timer_ = 0;
  Loop::TimerId rest_timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for tasks that may come after the end
};

}  // namespace openday::ingest
