#include "ingest/rtmp_connection.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "wrap/ssl/tls.h"

namespace openday::ingest {
namespace {

constexpr size_t kOutputBound = 64 * 1024;
// How long a refused peer may take to read why.
constexpr Duration kGoodbye = seconds(1);
// Reads of a turn, so that one fast publisher does not starve the others.
constexpr int kReadsPerTurn = 4;

rtmp::ServerLimits limits_of(const RtmpListenerConfig& config) {
  rtmp::ServerLimits limits;
  limits.handshake = config.handshake;
  limits.publish = config.publish;
  limits.silence = config.silence;
  return limits;
}

// The key is the last part of app and stream name together: "rtmp://host/live" with key K, "rtmp://host/K"
// and "rtmp://host/live/east" with key K all mean K.
std::string key_of(const rtmp::PublishRequest& request) {
  std::string path = request.app + "/" + request.stream;
  size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return {};
  path.resize(end + 1);
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

RtmpConnection::RtmpConnection(RtmpListener& listener, uint64_t id, UniqueFd socket, std::string address,
                               Admission admission)
    : listener_(listener),
      id_(id),
      socket_(std::move(socket)),
      address_(std::move(address)),
      admission_(std::move(admission)),
      session_(listener.loop_.clock(), limits_of(listener.config_),
               [this](rtmp::ServerEvent event) { on_event(std::move(event)); }) {}

RtmpConnection::~RtmpConnection() {
  close();
}

Result<> RtmpConnection::start() {
  if (listener_.config_.tls) {
    OPENDAY_TRY(auto session, wrap::TlsSession::accept(*listener_.config_.tls));
    tls_ = std::make_unique<wrap::TlsSession>(std::move(session));
  }
  return listener_.loop_.watch(socket_.get(), interest_, [this](uint32_t ready) { on_ready(ready); });
}

void RtmpConnection::on_ready(uint32_t ready) {
  if (phase_ == Phase::kClosed) return;
  // A readable socket that nobody asked about has broken: epoll reports hang-ups unasked, and would do so for
  // ever.
  if ((ready & Loop::kRead) && !(interest_ & Loop::kRead))
    return fail_with({Errc::kClosed, "the peer is gone"});
  if (ready & Loop::kWrite) {
    if (auto flushed = flush(); !flushed) return fail_with(flushed.error());
  }
  if (ready & Loop::kRead) read_some();
  update_interest();
}

void RtmpConnection::read_some() {
  Bytes& buffer = listener_.read_buffer_;
  for (int turn = 0; turn < kReadsPerTurn && phase_ != Phase::kClosed && !question_; ++turn) {
    ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      return fail_with(errno_error("recv"));
    }
    if (got == 0) return fail_with({Errc::kClosed, "the peer closed the connection"});
    if (phase_ == Phase::kLeaving) continue;
    auto taken = take(ByteView(buffer).first(static_cast<size_t>(got)));
    if (taken) taken = pump();
    if (!taken) return fail_with(taken.error());
    if (static_cast<size_t>(got) < buffer.size()) return;  // that was all
  }
}

Result<> RtmpConnection::take(ByteView wire) {
  if (!tls_) return session_.feed(wire);
  Bytes plain;
  auto received = tls_->receive(wire, plain);
  // What came before a break still counts.
  if (!plain.empty()) OPENDAY_CHECK_OK(session_.feed(plain));
  OPENDAY_CHECK_OK(received);
  if (tls_->peer_finished()) return fail(Errc::kClosed, "the peer closed the connection");
  return {};
}

void RtmpConnection::on_event(rtmp::ServerEvent event) {
  if (const auto* request = std::get_if<rtmp::PublishRequest>(&event)) return on_request(*request);
  if (auto* media = std::get_if<rtmp::MediaMessage>(&event)) {
    if (!publisher_) return;
    FlvTag tag;
    tag.type = media->type;
    tag.time_ms = media->time_ms;
    tag.arrival = listener_.loop_.clock().now();
    tag.body = std::make_shared<const Bytes>(std::move(media->body));
    return listener_.sink_.tag(*publisher_, std::move(tag));
  }
  end_publisher("the publisher said that it is done");
}

void RtmpConnection::on_request(const rtmp::PublishRequest& request) {
  AuthRequest question;
  question.protocol = Protocol::kRtmp;
  question.key = key_of(request);
  question.address = address_;
  question_ =
      listener_.sink_.authorise(std::move(question), [this](const AuthAnswer& answer) { on_answer(answer); });
}

void RtmpConnection::on_answer(const AuthAnswer& answer) {
  question_.reset();
  if (phase_ != Phase::kOpen) return;
  if (!answer.ok) return refuse(answer.why);
  published_ = true;
  // First the gateway, then Publish.Start: a publisher that was told to start has its place.
  publisher_ = listener_.sink_.begin(Protocol::kRtmp, Container::kFlv, answer.venue, address_, *this);
  auto accepted = session_.accept_publish();
  if (accepted) accepted = pump();
  if (!accepted) return fail_with(accepted.error());
  update_interest();
}

void RtmpConnection::refuse(std::string_view why) {
  session_.refuse_publish(why);
  leave();
}

// Sends what is still to be said, then our end of the connection, and waits a moment for the peer's: closing
// with unread bytes in the kernel would make it a reset, and the peer would never read why.
void RtmpConnection::leave() {
  phase_ = Phase::kLeaving;
  leave_by_ = listener_.loop_.clock().now() + kGoodbye;
  if (auto pumped = pump(); !pumped) return close();
  update_interest();
}

// From the session, through TLS, to the socket.
Result<> RtmpConnection::pump() {
  Bytes plain = session_.take_output();
  if (tls_) {
    OPENDAY_CHECK_OK(tls_->send(plain));
    if (phase_ == Phase::kLeaving) tls_->finish();
    plain = tls_->take_wire();
  }
  if (output_.size() + plain.size() > kOutputBound)
    return fail(Errc::kLimit, "the peer does not take our replies");
  output_.insert(output_.end(), plain.begin(), plain.end());
  return flush();
}

Result<> RtmpConnection::flush() {
  size_t at = 0;
  while (at < output_.size()) {
    ssize_t put =
        ::send(socket_.get(), output_.data() + at, output_.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK) break;
      return std::unexpected(errno_error("send"));
    }
    at += static_cast<size_t>(put);
  }
  output_.erase(output_.begin(), output_.begin() + static_cast<ptrdiff_t>(at));
  if (output_.empty() && phase_ == Phase::kLeaving) ::shutdown(socket_.get(), SHUT_WR);
  return {};
}

void RtmpConnection::update_interest() {
  if (phase_ == Phase::kClosed) return;
  uint32_t wanted = (question_ ? 0u : Loop::kRead) | (output_.empty() ? 0u : Loop::kWrite);
  if (wanted == interest_) return;
  interest_ = wanted;
  (void)listener_.loop_.change(socket_.get(), interest_);
}

void RtmpConnection::tick() {
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kLeaving) {
    if (listener_.loop_.clock().now() >= leave_by_) close();
    return;
  }
  auto alive = session_.tick();
  if (alive) alive = pump();
  if (!alive) return fail_with(alive.error());
  update_interest();
}

void RtmpConnection::kick(std::string_view why) {
  publisher_.reset();
  listener_.log_.debug("rtmp_kicked", {{"address", address_}, {"why", why}});
  close();
}

void RtmpConnection::fail_with(const Error& error) {
  if (phase_ == Phase::kClosed) return;
  if (phase_ == Phase::kOpen && !published_ && error.code != Errc::kClosed && error.code != Errc::kIo) {
    bool late = error.code == Errc::kTimeout;
    listener_.sink_.refused(Protocol::kRtmp, late ? Refusal::kTimeout : Refusal::kProtocol);
    if (auto left_out = listener_.refusals_log_.allow()) {
      listener_.log_.info("rtmp_refused",
                          {{"address", address_}, {"why", error.message}, {"left_out", *left_out}});
    }
  }
  end_publisher(error.message);
  if (phase_ == Phase::kOpen) (void)pump();  // last words, an alert perhaps, if they go out at once
  close();
}

void RtmpConnection::end_publisher(std::string_view why) {
  if (auto publisher = std::exchange(publisher_, std::nullopt)) listener_.sink_.end(*publisher, why);
}

void RtmpConnection::close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  if (auto question = std::exchange(question_, std::nullopt)) listener_.sink_.forget(*question);
  end_publisher("the connection closed");
  listener_.loop_.unwatch(socket_.get());
  socket_.reset();
  admission_.reset();
  listener_.bury(id_);
}

LineHealth RtmpConnection::health() const {
  LineHealth line;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return line;
  line.rtt_ms = info.tcpi_rtt / 1000.0;
  // What a receiver can know of loss: segments that overtook a missing one.
  line.lost = info.tcpi_rcv_ooopack;
  return line;
}

}  // namespace openday::ingest
