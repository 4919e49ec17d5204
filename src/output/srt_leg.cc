#include "output/srt_leg.h"

#include <algorithm>
#include <utility>

#include "wrap/av_mux/ts_muxer.h"
#include "wrap/srt/srt.h"

namespace openday::output {
namespace {

constexpr Duration kPump = milliseconds(10);

}  // namespace

SrtLeg::SrtLeg(Loop& loop, const SrtPlace& place, const SocketAddress& address, const Program& program,
               const Pacing& pacing, Events events)
    : loop_(loop),
      place_(place),
      address_(address),
      program_(program),
      pacing_(pacing),
      events_(std::move(events)) {}

SrtLeg::~SrtLeg() {
  if (timer_ != 0) loop_.cancel(timer_);
}

bool SrtLeg::check(Result<> result) {
  if (result || ended_) return !ended_;
  ended_ = true;
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  events_.ended(result.error());
  return false;
}

void SrtLeg::start() {
  timer_ = loop_.every(kPump, [this] {
    if (ended_) return;
    bool full = !ready();
    if (check(look()) && full && ready()) events_.ready();
  });
  check(open_socket());
}

Result<> SrtLeg::open_socket() {
  std::vector<media::Track> tracks;
  if (program_.has_video()) tracks.push_back(program_.video);
  if (program_.has_audio()) tracks.push_back(program_.audio);
  OPENDAY_TRY(auto muxer, wrap::TsMuxer::create(tracks));
  muxer_ = std::make_unique<wrap::TsMuxer>(std::move(muxer));
  srt::CallerOptions options;
  options.stream_id = place_.stream_id;
  options.passphrase = place_.passphrase;
  options.latency = place_.latency;
  options.connect_timeout = duration_cast<milliseconds>(pacing_.connect);
  options.peer_idle_timeout = duration_cast<milliseconds>(pacing_.wedged);
  OPENDAY_TRY(socket_, srt::connect(address_, options));
  return {};
}

Result<> SrtLeg::look() {
  srt::State state = socket_->state();
  if (state == srt::State::kBroken) {
    std::string why = socket_->why();
    reached_ = reached_ || why != "rejected: no answer";
    return fail(live_ ? Errc::kClosed : Errc::kRefused, "SRT: " + why);
  }
  if (state == srt::State::kConnected && !live_) {
    reached_ = true;
    live_ = true;
    events_.live();
  }
  return flush();
}

Result<> SrtLeg::flush() {
  while (out_at_ < out_.size()) {
    auto message = ByteView(out_).subspan(out_at_, std::min(srt::kTsMessage, out_.size() - out_at_));
    auto sent = socket_->send(message);
    if (!sent) return fail(Errc::kClosed, "SRT: " + socket_->why());
    if (!*sent) return {};
    out_at_ += message.size();
  }
  out_.clear();
  out_at_ = 0;
  return {};
}

bool SrtLeg::ready() const {
  return live_ && !ended_ && out_.empty();
}

void SrtLeg::send(const media::AccessUnit& unit) {
  if (ended_) return;
  if (check(muxer_->add(unit, out_))) check(flush());
}

LegProgress SrtLeg::progress() {
  LegProgress out;
  out.reached = reached_;
  auto stats = socket_ != nullptr ? socket_->stats() : fail(Errc::kClosed, "");
  if (!stats) return out;
  out.acked_bytes = stats->bytes_acked;
  out.open_bytes = stats->bytes_waiting + out_.size() - out_at_;
  out.rtt_ms = stats->rtt_ms;
  out.lost = stats->packets_lost;
  return out;
}

void SrtLeg::finish() {
  ended_ = true;
}

}  // namespace openday::output
