#include "ingest/rtmp_listener.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/address.h"
#include "ingest/rtmp_connection.h"

namespace openday::ingest {
namespace {

constexpr Duration kTick = milliseconds(250);
// After running out of descriptors or memory: the next look at the queue.
constexpr Duration kRest = milliseconds(200);
// Accepts of a turn.
constexpr int kAcceptsPerTurn = 16;
// A peer whose kernel no longer acknowledges is gone after this.
constexpr int kUserTimeoutMs = 15'000;

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

Result<UniqueFd> bind_to(const std::string& ip, uint16_t port) {
  OPENDAY_TRY(SocketAddress address, SocketAddress::parse(ip, port));
  UniqueFd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return std::unexpected(errno_error("socket"));
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (address.family() == AF_INET6) set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(socket.get(), address.raw(), address.size()) != 0 || ::listen(socket.get(), 128) != 0) {
    Error error = errno_error("listen");
    error.message = "RTMP on " + address.text() + ": " + error.message;
    return std::unexpected(std::move(error));
  }
  return socket;
}

}  // namespace

RtmpListener::RtmpListener(Loop& loop, PublisherSink& sink, Log log, RtmpListenerConfig config,
                           UniqueFd socket, uint16_t port)
    : loop_(loop),
      sink_(sink),
      log_(std::move(log)),
      config_(std::move(config)),
      socket_(std::move(socket)),
      port_(port),
      refusals_log_(loop.clock()),
      read_buffer_(64 * 1024) {}

Result<std::unique_ptr<RtmpListener>> RtmpListener::open(Loop& loop, PublisherSink& sink, Log log,
                                                         RtmpListenerConfig config) {
  OPENDAY_TRY(UniqueFd socket, bind_to(config.address, config.port));
  OPENDAY_TRY(SocketAddress bound, SocketAddress::local_of(socket.get()));
  std::unique_ptr<RtmpListener> listener(
      new RtmpListener(loop, sink, std::move(log), std::move(config), std::move(socket), bound.port()));
  OPENDAY_CHECK_OK(listener->start());
  return listener;
}

Result<> RtmpListener::start() {
  OPENDAY_CHECK_OK(loop_.watch(socket_.get(), Loop::kRead, [this](uint32_t) { accept_some(); }));
  tick_timer_ = loop_.every(kTick, [this] { tick(); });
  return {};
}

RtmpListener::~RtmpListener() {
  *alive_ = false;
  loop_.cancel(tick_timer_);
  loop_.cancel(rest_timer_);
  loop_.unwatch(socket_.get());
  connections_.clear();
}

void RtmpListener::accept_some() {
  for (int turn = 0; turn < kAcceptsPerTurn; ++turn) {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    UniqueFd socket(
        ::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&name), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) rest();
      if (errno == EINTR || errno == ECONNABORTED) continue;
      return;
    }
    auto peer = SocketAddress::from(reinterpret_cast<sockaddr*>(&name), size);
    if (peer) add(std::move(socket), peer->ip());
  }
}

// Leaves callers in the kernel's queue for a while: a listening socket that cannot be served would spin the
// loop.
void RtmpListener::rest() {
  log_.warn("rtmp_out_of_descriptors", {{"connections", connections_.size()}});
  (void)loop_.change(socket_.get(), 0);
  rest_timer_ = loop_.after(kRest, [this] { (void)loop_.change(socket_.get(), Loop::kRead); });
}

void RtmpListener::add(UniqueFd socket, const std::string& address) {
  auto admission = sink_.admit(Protocol::kRtmp, address);
  if (!admission) {
    log_.debug("rtmp_turned_away", {{"address", address}, {"why", admission.error().message}});
    return;  // closes
  }
  set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  uint64_t id = next_id_++;
  auto connection =
      std::make_unique<RtmpConnection>(*this, id, std::move(socket), address, std::move(*admission));
  auto started = connection->start();
  if (!started) {
    log_.warn("rtmp_connection_failed", {{"why", started.error().message}});
    return;
  }
  connections_[id] = std::move(connection);
}

void RtmpListener::bury(uint64_t id) {
  loop_.after(Duration(0), [this, id, alive = alive_] {
    if (*alive) connections_.erase(id);
  });
}

void RtmpListener::tick() {
  for (auto& [id, connection] : connections_) connection->tick();
}

size_t RtmpListener::held_bytes() const {
  size_t bytes = 0;
  for (const auto& [id, connection] : connections_) bytes += connection->held_bytes();
  return bytes;
}

}  // namespace openday::ingest
