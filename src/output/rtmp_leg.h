// A push by RTMP or RTMPS.
#pragma once

#include <optional>

#include "base/fd.h"
#include "output/leg.h"
#include "output/lifecycle.h"
#include "rtmp/client_session.h"

namespace openday::wrap {
class TlsContext;
class TlsSession;
}  // namespace openday::wrap

namespace openday::output {

/// Holds at most kOutputBound bytes and the access unit that passed it; what waits beyond that waits in the
/// target's queue.
class RtmpLeg final : public Leg {
 public:
  static constexpr size_t kOutputBound = 256 * 1024;

  /// `tls`: needed where place.tls says so; outlives the leg.
  RtmpLeg(Loop& loop, const rtmp::PushTarget& place, const SocketAddress& address, const Program& program,
          const wrap::TlsContext* tls, const Pacing& pacing, Events events);
  ~RtmpLeg() override;
  RtmpLeg(const RtmpLeg&) = delete;
  RtmpLeg& operator=(const RtmpLeg&) = delete;

  void start() override;
  [[nodiscard]] bool ready() const override;
  void send(const media::AccessUnit& unit) override;
  [[nodiscard]] LegProgress progress() override;
  void finish() override;

 private:
  Result<> open_socket();
  void on_ready(uint32_t ready);
  Result<> on_connected();
  Result<> read_some();
  Result<> take_in(ByteView plain);
  Result<> on_live();
  Result<> gather();
  Result<> flush();
  void tick();
  /// Reports a failure; false then.
  bool check(Result<> result);
  [[nodiscard]] size_t waiting() const { return out_.size() - out_at_; }

  Loop& loop_;
  const rtmp::PushTarget place_;
  const SocketAddress address_;
  const Program program_;
  const wrap::TlsContext* const tls_context_;
  const Pacing pacing_;
  Events events_;
  rtmp::ClientSession session_;
  std::unique_ptr<wrap::TlsSession> tls_;
  UniqueFd socket_;
  Bytes out_;
  size_t out_at_ = 0;
  uint64_t written_ = 0;  // to the socket
  Loop::TimerId timer_ = 0;
  HouseTime began_;
  bool connected_ = false;
  bool live_ = false;
  bool ended_ = false;
  std::optional<Duration> base_;  // decode time of the first access unit: 0 on the wire
  uint64_t app_acked_ = 0;        // RTMP acknowledgements: as last seen,
  uint64_t app_window_ = 0;       // the largest step they made,
  int app_acks_ = 0;              // how many,
  HouseTime app_acked_at_;        // and when the last came
};

}  // namespace openday::output
