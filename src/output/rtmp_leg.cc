#include "output/rtmp_leg.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "output/unit_queue.h"
#include "rtmp/flv.h"
#include "rtmp/wire.h"
#include "wrap/ssl/tls.h"

namespace openday::output {
namespace {

/// Of what is written, so much may wait in the kernel unsent: enough to keep the line busy, little enough
/// that the target's queue sees a slow one soon.
constexpr int kUnsentInKernel = 128 * 1024;
constexpr Duration kTick = milliseconds(250);

int64_t milliseconds_since(Duration base, Duration time) {
  return duration_cast<milliseconds>(time - base).count();
}

Error system_error(const char* what, int code) {
  return {Errc::kIo, std::string(what) + ": " + std::generic_category().message(code)};
}

rtmp::StreamInfo describe(const Program& program) {
  rtmp::StreamInfo info;
  info.width = program.video.width;
  info.height = program.video.height;
  info.fps = program.video.fps;
  info.video = program.has_video() ? rtmp::FlvCodec::kH264 : rtmp::FlvCodec::kUnknown;
  info.audio = program.has_audio() ? rtmp::FlvCodec::kAac : rtmp::FlvCodec::kUnknown;
  return info;
}

}  // namespace

RtmpLeg::RtmpLeg(Loop& loop, const rtmp::PushTarget& place, const SocketAddress& address,
                 const Program& program, const wrap::TlsContext* tls, const Pacing& pacing, Events events)
    : loop_(loop),
      place_(place),
      address_(address),
      program_(program),
      tls_context_(tls),
      pacing_(pacing),
      events_(std::move(events)),
      session_(place, loop.clock()),
      began_(loop.clock().now()) {}

RtmpLeg::~RtmpLeg() {
  if (timer_ != 0) loop_.cancel(timer_);
  if (socket_) loop_.unwatch(socket_.get());
}

bool RtmpLeg::check(Result<> result) {
  if (result || ended_) return !ended_;
  ended_ = true;
  if (timer_ != 0) loop_.cancel(std::exchange(timer_, 0));
  if (socket_) {
    loop_.unwatch(socket_.get());
    socket_.reset();
  }
  events_.ended(result.error());
  return false;
}

void RtmpLeg::start() {
  timer_ = loop_.every(kTick, [this] { tick(); });
  check(open_socket());
}

Result<> RtmpLeg::open_socket() {
  if (place_.tls && tls_context_ == nullptr)
    return fail(Errc::kUnsupported, "RTMPS without certificates to trust");
  socket_.reset(::socket(address_.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) return std::unexpected(errno_error("socket"));
  const int yes = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentInKernel, sizeof kUnsentInKernel);
  if (::connect(socket_.get(), address_.raw(), address_.size()) != 0 && errno != EINPROGRESS) {
    return std::unexpected(system_error("connect", errno));
  }
  return loop_.watch(socket_.get(), Loop::kWrite, [this](uint32_t ready) { on_ready(ready); });
}

void RtmpLeg::on_ready(uint32_t ready) {
  if (!connected_) {
    if (!check(on_connected())) return;
  } else if (ready & Loop::kRead) {
    if (!check(read_some())) return;
  }
  if (!check(flush())) return;
  if (this->ready()) events_.ready();
}

Result<> RtmpLeg::on_connected() {
  int code = 0;
  socklen_t size = sizeof code;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &code, &size);
  if (code != 0) return std::unexpected(system_error("connect", code));
  connected_ = true;
  if (place_.tls) {
    OPENDAY_TRY(auto tls, wrap::TlsSession::connect(*tls_context_, place_.host));
    tls_ = std::make_unique<wrap::TlsSession>(std::move(tls));
  }
  session_.start();
  return gather();
}

Result<> RtmpLeg::read_some() {
  std::array<uint8_t, 16 * 1024> buffer;
  // A turn of the loop takes no more than this from a server that talks without end.
  for (int turn = 0; turn < 16 && !ended_; ++turn) {
    ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) {
      if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {};
      return std::unexpected(system_error("connection lost", errno));
    }
    if (got == 0) return fail(Errc::kClosed, "the server closed the connection");
    ByteView bytes(buffer.data(), static_cast<size_t>(got));
    if (tls_ == nullptr) {
      OPENDAY_CHECK_OK(take_in(bytes));
      continue;
    }
    Bytes plain;
    OPENDAY_CHECK_OK(tls_->receive(bytes, plain));
    OPENDAY_CHECK_OK(take_in(plain));
  }
  return {};
}

Result<> RtmpLeg::take_in(ByteView plain) {
  OPENDAY_CHECK_OK(session_.feed(plain));
  if (session_.acked_bytes() > app_acked_) {
    app_window_ = std::max(app_window_, session_.acked_bytes() - app_acked_);
    app_acked_ = session_.acked_bytes();
    app_acked_at_ = loop_.clock().now();
    ++app_acks_;
  }
  if (session_.live() && !live_) OPENDAY_CHECK_OK(on_live());
  return gather();
}

Result<> RtmpLeg::on_live() {
  live_ = true;
  OPENDAY_CHECK_OK(session_.send_metadata(rtmp::metadata_tag(describe(program_))));
  if (program_.has_video()) {
    OPENDAY_CHECK_OK(
        session_.send_video(0, rtmp::video_config_tag(rtmp::FlvCodec::kH264, program_.video.config)));
  }
  if (program_.has_audio()) {
    OPENDAY_CHECK_OK(
        session_.send_audio(0, rtmp::audio_config_tag(rtmp::FlvCodec::kAac, program_.audio.config)));
  }
  events_.live();
  return {};
}

Result<> RtmpLeg::gather() {
  Bytes bytes = session_.take_output();
  if (tls_ != nullptr) {
    if (!bytes.empty()) OPENDAY_CHECK_OK(tls_->send(bytes));
    bytes = tls_->take_wire();
  }
  out_.insert(out_.end(), bytes.begin(), bytes.end());
  return {};
}

Result<> RtmpLeg::flush() {
  while (waiting() > 0) {
    ssize_t sent = ::send(socket_.get(), out_.data() + out_at_, waiting(), MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      return std::unexpected(system_error("connection lost", errno));
    }
    out_at_ += static_cast<size_t>(sent);
    written_ += static_cast<uint64_t>(sent);
  }
  if (waiting() == 0 || out_at_ > kOutputBound) {
    out_.erase(out_.begin(), out_.begin() + static_cast<ptrdiff_t>(out_at_));
    out_at_ = 0;
  }
  return loop_.change(socket_.get(), waiting() > 0 ? Loop::kRead | Loop::kWrite : Loop::kRead);
}

bool RtmpLeg::ready() const {
  return live_ && !ended_ && waiting() < kOutputBound;
}

void RtmpLeg::send(const media::AccessUnit& unit) {
  if (ended_ || unit.data == nullptr) return;
  if (!base_) base_ = time_of(unit);
  int64_t at = std::max<int64_t>(milliseconds_since(*base_, time_of(unit)), 0);
  Result<> sent;
  if (unit.kind == media::Kind::kVideo) {
    auto composition = static_cast<int32_t>((unit.pts - unit.dts) / 90);
    sent = session_.send_video(
        at, rtmp::video_frame_tag(rtmp::FlvCodec::kH264, unit.key, composition, *unit.data));
  } else {
    sent = session_.send_audio(at, rtmp::audio_frame_tag(rtmp::FlvCodec::kAac, *unit.data));
  }
  if (check(sent) && check(gather())) check(flush());
}

void RtmpLeg::tick() {
  if (!connected_ && loop_.clock().now() - began_ > pacing_.connect) {
    check(fail(Errc::kTimeout, "no answer"));
    return;
  }
  if (!check(session_.tick())) return;
  if (connected_ && check(gather())) check(flush());
}

LegProgress RtmpLeg::progress() {
  LegProgress out;
  out.reached = connected_;
  if (!socket_ || !connected_) return out;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return out;
  // tcpi_bytes_acked counts the SYN too.
  out.acked_bytes = info.tcpi_bytes_acked > 0 ? info.tcpi_bytes_acked - 1 : 0;
  out.open_bytes = waiting() + (written_ > out.acked_bytes ? written_ - out.acked_bytes : 0);
  out.rtt_ms = info.tcpi_rtt / 1000.0;
  out.lost = info.tcpi_total_retrans;
  // A server that has acknowledged before does so again after each window, of which the first
  // acknowledgements may fall short. Two windows and 5 s later, its program hangs while its kernel still
  // takes bytes.
  uint64_t expected = 2 * std::max<uint64_t>(app_window_, rtmp::kWindow);
  out.overdue = app_acks_ >= 2 && session_.sent_bytes() - app_acked_ > expected &&
                loop_.clock().now() - app_acked_at_ > pacing_.wedged;
  return out;
}

void RtmpLeg::finish() {
  if (ended_) return;
  session_.stop();
  if (connected_ && gather()) (void)flush();
  ended_ = true;
}

}  // namespace openday::output
