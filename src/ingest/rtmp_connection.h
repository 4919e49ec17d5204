// One RTMP publisher's socket.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/fd.h"
#include "ingest/rtmp_listener.h"
#include "rtmp/server_session.h"

namespace openday::wrap {
class TlsSession;
}

namespace openday::ingest {

/// Home thread: the loop's. Owned by its listener, which buries it after close().
///
/// Bounds: the session's own (rtmp::ServerLimits), and kOutputBound for replies that the peer does not take.
/// While the hub is asked about the key nothing is read, so the peer's bytes wait in the kernel.
class RtmpConnection final : public PublisherSession {
 public:
  RtmpConnection(RtmpListener& listener, uint64_t id, UniqueFd socket, std::string address,
                 Admission admission);
  ~RtmpConnection() override;

  Result<> start();
  void tick();
  [[nodiscard]] size_t held_bytes() const { return session_.held_bytes() + output_.size(); }

  void kick(std::string_view why) override;
  [[nodiscard]] LineHealth health() const override;

 private:
  enum class Phase {
    kOpen,
    kLeaving,  // refused: the answer is on its way out, what comes is thrown away
    kClosed
  };

  void on_ready(uint32_t ready);
  void read_some();
  Result<> take(ByteView wire);
  void on_event(rtmp::ServerEvent event);
  void on_request(const rtmp::PublishRequest& request);
  void on_answer(const AuthAnswer& answer);
  void refuse(std::string_view why);
  Result<> pump();
  Result<> flush();
  void update_interest();
  void leave();
  void fail_with(const Error& error);
  void close();
  void end_publisher(std::string_view why);

  RtmpListener& listener_;
  const uint64_t id_;
  UniqueFd socket_;
  const std::string address_;
  Admission admission_;
  std::unique_ptr<wrap::TlsSession> tls_;  // RTMPS
  rtmp::ServerSession session_;
  Phase phase_ = Phase::kOpen;
  Bytes output_;  // for the wire
  uint32_t interest_ = Loop::kRead;
  std::optional<AuthId> question_;
  std::optional<PublisherId> publisher_;
  bool published_ = false;  // ever
  HouseTime leave_by_;
};

}  // namespace openday::ingest
