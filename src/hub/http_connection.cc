#include "hub/http_connection.h"

#include "hub/http1.h"
#include "hub/http2.h"

namespace openday::hub {
namespace {

constexpr Duration kLinger = seconds(2);
constexpr size_t kLingerBytes = 16 * 1024 * 1024;

}  // namespace

Connection::Connection(ServerCore& server, UniqueFd socket, std::optional<wrap::TlsSession> tls,
                       std::string peer)
    : server_(server),
      transport_(std::move(socket), std::move(tls)),
      peer_(std::move(peer)),
      peer_is_proxy_(server.trust.trusts(peer_)),
      phase_(transport_.secure() ? Phase::kHandshake : Phase::kOpen),
      progress_at_(server.now()) {}

Connection::~Connection() = default;

bool Connection::start() {
  auto self = shared_from_this();
  interest_ = Loop::kRead;
  if (!server_.loop.watch(transport_.fd(), interest_, [self](uint32_t ready) { self->on_ready(ready); })) {
    closed_ = true;
    return false;
  }
  if (phase_ == Phase::kHandshake) deadline_ = server_.now() + server_.options.header_timeout;
  if (phase_ == Phase::kOpen) protocol_ = std::make_unique<Http1>(*this);
  return true;
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  auto self = shared_from_this();  // the watch may hold the last reference
  server_.counters.bytes_sent += transport_.sent() - counted_sent_;
  server_.loop.unwatch(transport_.fd());
  server_.forget(*this);
  if (protocol_) protocol_->on_closed();
}

void Connection::close_gently() {
  if (closed_ || phase_ == Phase::kFlushing || phase_ == Phase::kLingering) return;
  phase_ = Phase::kFlushing;
  server_.look_soon(*this);
  flush();
}

void Connection::switch_to(std::unique_ptr<Protocol> protocol, Bytes rest) {
  next_protocol_ = std::move(protocol);
  next_rest_ = std::move(rest);
}

void Connection::apply_switch() {
  while (next_protocol_ && !closed_) {
    protocol_ = std::move(next_protocol_);
    Bytes rest = std::move(next_rest_);
    next_rest_.clear();
    protocol_->on_bytes(rest);
  }
}

void Connection::on_ready(uint32_t ready) {
  if (closed_) return;
  if (phase_ == Phase::kLingering) return discard();
  // Readable without our asking is a hang-up or an error: nobody is there to answer any more.
  if ((ready & Loop::kRead) && !(interest_ & Loop::kRead)) return close();
  if (ready & Loop::kRead) read_some();
  if (!closed_) settle();
}

void Connection::open() {
  phase_ = Phase::kOpen;
  deadline_ = {INT64_MAX};
  if (transport_.protocol() == "h2") {
    protocol_ = std::make_unique<Http2>(*this);
  } else {
    protocol_ = std::make_unique<Http1>(*this);
  }
}

/// One read, in fairness to others: what is left stays readable.
void Connection::read_some() {
  bool handshake = phase_ == Phase::kHandshake;
  if (peer_ended_ || !(handshake || (phase_ == Phase::kOpen && protocol_->wants_bytes()))) return;
  ByteView bytes;
  TransportState state = transport_.read(server_.space, bytes);
  if (state == TransportState::kBlocked) return;
  if (state == TransportState::kBroken) {
    if (handshake) ++server_.counters.handshakes_failed;
    return close();
  }
  if (handshake && transport_.established()) open();
  if (!bytes.empty() && phase_ == Phase::kOpen) {
    protocol_->on_bytes(bytes);
    apply_switch();
  }
  if (closed_ || state != TransportState::kEnd) return;
  peer_ended_ = true;
  if (phase_ == Phase::kHandshake) return close();
  if (phase_ == Phase::kOpen) protocol_->on_end();
}

void Connection::flush() {
  if (!closed_) settle();
}

/// Sends what is queued and asks the protocol for more until something blocks.
void Connection::settle() {
  while (true) {
    bool had_output = !transport_.idle();
    switch (transport_.flush()) {
      case TransportState::kBroken: return close();
      case TransportState::kBlocked: return update_interest();
      default: break;
    }
    if (phase_ == Phase::kFlushing) {
      transport_.finish_sending();
      phase_ = Phase::kLingering;
      deadline_ = server_.now() + kLinger;
      if (peer_ended_) return close();
      return update_interest();
    }
    if (phase_ != Phase::kOpen || !had_output) return update_interest();
    protocol_->on_drained();
    if (closed_) return;
    apply_switch();
    if (closed_) return;
  }
}

void Connection::update_interest() {
  uint32_t wanted = 0;
  if (!transport_.idle()) wanted |= Loop::kWrite;
  bool reading = phase_ == Phase::kHandshake || phase_ == Phase::kLingering ||
                 (phase_ == Phase::kOpen && protocol_->wants_bytes());
  if (reading && !peer_ended_) wanted |= Loop::kRead;
  if (wanted == interest_) return;
  interest_ = wanted;
  static_cast<void>(server_.loop.change(transport_.fd(), interest_));
}

void Connection::discard() {
  ByteView bytes;
  TransportState state = transport_.read(server_.space, bytes);
  discarded_ += bytes.size();
  bool goes_on = state == TransportState::kDone || state == TransportState::kBlocked;
  if (!goes_on || discarded_ > kLingerBytes) close();
}

void Connection::resume() {
  if (closed_ || phase_ != Phase::kOpen) return;
  protocol_->resume();
  if (closed_) return;
  apply_switch();
  if (!closed_) settle();
}

Duration Connection::tick(HouseTime now) {
  server_.counters.bytes_sent += transport_.sent() - counted_sent_;
  counted_sent_ = transport_.sent();
  if (now >= deadline_) {
    if (phase_ == Phase::kHandshake) ++server_.counters.timeouts;
    close();
    return Duration(0);
  }
  if (transport_.idle() || transport_.sent() != progress_sent_) {
    progress_at_ = now;
    progress_sent_ = transport_.sent();
  } else if (now - progress_at_ > server_.options.send_timeout) {
    ++server_.counters.timeouts;
    close();
    return Duration(0);
  }
  if (phase_ == Phase::kOpen) {
    protocol_->on_tick(now);
    if (!closed_) settle();
  }
  return phase_ == Phase::kOpen && transport_.idle() ? protocol_->quiet_for() : Duration(0);
}

void Connection::drain() {
  if (phase_ == Phase::kHandshake) return close();
  if (phase_ != Phase::kOpen) return;
  protocol_->on_drain();
  if (!closed_) settle();
}

}  // namespace openday::hub
