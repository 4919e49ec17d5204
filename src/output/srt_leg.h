// A push by SRT, as MPEG-TS.
#pragma once

#include "output/leg.h"
#include "output/lifecycle.h"
#include "output/push_url.h"

namespace openday::srt {
class Socket;
}
namespace openday::wrap {
class TsMuxer;
}

namespace openday::output {

/// libsrt's sockets are no descriptors, so a short timer looks after it. Holds at most one access unit.
class SrtLeg final : public Leg {
 public:
  SrtLeg(Loop& loop, const SrtPlace& place, const SocketAddress& address, const Program& program,
         const Pacing& pacing, Events events);
  ~SrtLeg() override;
  SrtLeg(const SrtLeg&) = delete;
  SrtLeg& operator=(const SrtLeg&) = delete;

  void start() override;
  [[nodiscard]] bool ready() const override;
  void send(const media::AccessUnit& unit) override;
  [[nodiscard]] LegProgress progress() override;
  void finish() override;

 private:
  Result<> open_socket();
  Result<> look();
  Result<> flush();
  bool check(Result<> result);

  Loop& loop_;
  const SrtPlace place_;
  const SocketAddress address_;
  const Program program_;
  const Pacing pacing_;
  Events events_;
  std::unique_ptr<srt::Socket> socket_;
  std::unique_ptr<wrap::TsMuxer> muxer_;
  Bytes out_;
  size_t out_at_ = 0;
  Loop::TimerId timer_ = 0;
  bool reached_ = false;
  bool live_ = false;
  bool ended_ = false;
};

}  // namespace openday::output
