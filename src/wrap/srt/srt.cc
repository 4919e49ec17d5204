#include "wrap/srt/srt.h"

#include <srt/access_control.h>
#include <srt/srt.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace openday::srt {
namespace {

/// 1.3.0, the first version with stream ids.
constexpr int kMinPeerVersion = 0x010300;
/// The port's kernel buffer bridges the moments in which libsrt's receiving thread is busy; the kernel caps
/// it at rmem_max.
constexpr int kUdpBuffer = 4 * 1024 * 1024;
/// What libsrt counts beside the payload of each packet: UDP/IPv4 and SRT headers.
constexpr uint64_t kPacketHeader = 28 + 16;

std::string last_error() {
  return srt_getlasterror_str();
}

Error error_of(const char* what) {
  int code = srt_getlasterror(nullptr);
  bool ended = code == SRT_ECONNLOST || code == SRT_ENOCONN || code == SRT_EINVSOCK || code == SRT_ESCLOSED;
  return {ended ? Errc::kClosed : Errc::kIo, std::string(what) + ": " + last_error()};
}

template <class T>
Result<> set(SRTSOCKET socket, SRT_SOCKOPT option, const T& value, const char* name) {
  if (srt_setsockflag(socket, option, &value, sizeof value) == SRT_ERROR)
    return std::unexpected(error_of(name));
  return {};
}

Result<> set_text(SRTSOCKET socket, SRT_SOCKOPT option, const std::string& value, const char* name) {
  if (srt_setsockflag(socket, option, value.data(), static_cast<int>(value.size())) == SRT_ERROR) {
    return std::unexpected(error_of(name));
  }
  return {};
}

Result<> set_common(SRTSOCKET socket, int latency_ms, int idle_ms) {
  const bool no = false;
  OPENDAY_CHECK_OK(set(socket, SRTO_TRANSTYPE, SRTT_LIVE, "transmission type"));
  OPENDAY_CHECK_OK(set(socket, SRTO_RCVSYN, no, "non-blocking receive"));
  OPENDAY_CHECK_OK(set(socket, SRTO_SNDSYN, no, "non-blocking send"));
  OPENDAY_CHECK_OK(set(socket, SRTO_LATENCY, latency_ms, "latency"));
  OPENDAY_CHECK_OK(set(socket, SRTO_PEERIDLETIMEO, idle_ms, "peer idle timeout"));
  OPENDAY_CHECK_OK(set(socket, SRTO_UDP_RCVBUF, kUdpBuffer, "UDP receive buffer"));
  return set(socket, SRTO_MINVERSION, kMinPeerVersion, "least peer version");
}

/// Closes a socket that its maker did not get ready.
class Draft {
 public:
  Draft() : id_(srt_create_socket()) {}
  ~Draft() {
    if (id_ != SRT_INVALID_SOCK) srt_close(id_);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  [[nodiscard]] SRTSOCKET get() const { return id_; }
  SRTSOCKET release() { return std::exchange(id_, SRT_INVALID_SOCK); }

 private:
  SRTSOCKET id_;
};

int milliseconds_of(std::chrono::milliseconds duration) {
  return static_cast<int>(std::clamp<int64_t>(duration.count(), 0, 60'000));
}

uint64_t payload(uint64_t bytes, int64_t packets) {
  uint64_t headers = static_cast<uint64_t>(std::max<int64_t>(packets, 0)) * kPacketHeader;
  return bytes > headers ? bytes - headers : 0;
}

std::string describe_rejection(int reason) {
  switch (reason) {
    case SRT_REJ_BADSECRET: return "wrong passphrase";
    case SRT_REJ_UNSECURE: return "one side wants encryption, the other does not";
    case SRT_REJ_TIMEOUT: return "no answer";
    case SRT_REJ_VERSION: return "the peer's SRT is too old";
    case SRT_REJX_BAD_REQUEST: return "malformed stream id";
    case SRT_REJX_UNAUTHORIZED: return "not authorised";
    case SRT_REJX_FORBIDDEN: return "forbidden";
    case SRT_REJX_NOTFOUND: return "unknown stream id";
    case SRT_REJX_OVERLOAD: return "too many connections";
    case SRT_REJX_CONFLICT: return "the stream is already being published";
    default: return srt_rejectreason_str(reason);
  }
}

}  // namespace

Library::Library() {
  srt_startup();
  // libsrt's messages go to standard error by default, unstructured; what matters is told by results.
  srt_setloghandler(nullptr, [](void*, int, const char*, int, const char*, const char*) {});
}
Library::~Library() {
  srt_cleanup();
}

struct Socket::Handle {
  SRTSOCKET id;
};

Socket::Socket(Handle handle) : id_(handle.id) {}
Socket::~Socket() {
  close();
}

void Socket::close() {
  srt_close(id_);
}

State Socket::state() const {
  switch (srt_getsockstate(id_)) {
    case SRTS_INIT:
    case SRTS_OPENED:
    case SRTS_CONNECTING: return State::kConnecting;
    case SRTS_CONNECTED: return State::kConnected;
    default: return State::kBroken;
  }
}

std::string Socket::why() const {
  int reason = srt_getrejectreason(id_);
  if (reason != SRT_REJ_UNKNOWN) return "rejected: " + describe_rejection(reason);
  return "connection lost";
}

Result<SocketAddress> Socket::peer() const {
  sockaddr_storage address{};
  int size = sizeof address;
  if (srt_getpeername(id_, reinterpret_cast<sockaddr*>(&address), &size) == SRT_ERROR) {
    return std::unexpected(error_of("peer"));
  }
  return SocketAddress::from(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

Result<Stats> Socket::stats() const {
  Stats out;
  out.bytes_sent = accepted_bytes_.load(std::memory_order_relaxed);
  SRT_TRACEBSTATS raw{};
  if (srt_bistats(id_, &raw, 0, 1) == SRT_ERROR) return std::unexpected(error_of("statistics"));
  out.rtt_ms = raw.msRTT;
  // libsrt does not count acknowledged bytes: they are what was handed in, is not waiting and was not given
  // up. Read before raw, bytes_sent is never ahead of it.
  uint64_t waiting = payload(static_cast<uint64_t>(std::max(raw.byteSndBuf, 0)), raw.pktSndBuf);
  uint64_t open = waiting + payload(raw.byteSndDropTotal, raw.pktSndDropTotal);
  // While libsrt's own threads hold the connection, it reports all buffers as empty instead of waiting; the
  // sizes left in both are then 0, which they never are together otherwise.
  bool told = raw.byteAvailSndBuf != 0 || raw.byteAvailRcvBuf != 0;
  if (told) {
    acked_bytes_.store(out.bytes_sent > open ? out.bytes_sent - open : 0, std::memory_order_relaxed);
    waiting_bytes_.store(waiting, std::memory_order_relaxed);
  }
  out.bytes_acked = acked_bytes_.load(std::memory_order_relaxed);
  out.bytes_waiting = waiting_bytes_.load(std::memory_order_relaxed);
  out.bytes_received = payload(raw.byteRecvUniqueTotal, raw.pktRecvUniqueTotal);
  out.packets_lost = static_cast<uint64_t>(std::max(raw.pktSndLossTotal, 0)) +
                     static_cast<uint64_t>(std::max(raw.pktRcvLossTotal, 0));
  out.packets_retransmitted = static_cast<uint64_t>(std::max(raw.pktRetransTotal, 0));
  out.packets_dropped = static_cast<uint64_t>(std::max(raw.pktSndDropTotal, 0)) +
                        static_cast<uint64_t>(std::max(raw.pktRcvDropTotal, 0));
  return out;
}

Result<size_t> Socket::receive(std::span<uint8_t> out) {
  int got = srt_recvmsg(id_, reinterpret_cast<char*>(out.data()), static_cast<int>(out.size()));
  if (got >= 0) return static_cast<size_t>(got);
  if (srt_getlasterror(nullptr) == SRT_EASYNCRCV) return 0;
  return std::unexpected(error_of("receive"));
}

Result<bool> Socket::send(ByteView message) {
  int sent = srt_sendmsg(id_, reinterpret_cast<const char*>(message.data()), static_cast<int>(message.size()),
                         -1, 1);
  if (sent >= 0) {
    accepted_bytes_.fetch_add(static_cast<uint64_t>(sent), std::memory_order_relaxed);
    return true;
  }
  int code = srt_getlasterror(nullptr);
  if (code == SRT_EASYNCSND || code == SRT_ECONGEST) return false;
  return std::unexpected(error_of("send"));
}

Result<std::unique_ptr<Socket>> connect(const SocketAddress& to, const CallerOptions& options) {
  if (!options.passphrase.empty() &&
      (options.passphrase.size() < kMinPassphrase || options.passphrase.size() > kMaxPassphrase)) {
    return fail(Errc::kInvalid, "an SRT passphrase has 10 to 79 characters");
  }
  if (options.stream_id.size() > kMaxStreamId)
    return fail(Errc::kInvalid, "an SRT stream id has at most 512 bytes");
  Library library;  // until the Socket holds its own
  Draft draft;
  if (draft.get() == SRT_INVALID_SOCK) return std::unexpected(error_of("socket"));
  OPENDAY_CHECK_OK(
      set_common(draft.get(), milliseconds_of(options.latency), milliseconds_of(options.peer_idle_timeout)));
  OPENDAY_CHECK_OK(
      set(draft.get(), SRTO_CONNTIMEO, milliseconds_of(options.connect_timeout), "connect timeout"));
  OPENDAY_CHECK_OK(set(draft.get(), SRTO_SNDBUF, options.send_buffer_packets * static_cast<int>(kMaxMessage),
                       "send buffer"));
  if (!options.stream_id.empty()) {
    OPENDAY_CHECK_OK(set_text(draft.get(), SRTO_STREAMID, options.stream_id, "stream id"));
  }
  if (!options.passphrase.empty()) {
    OPENDAY_CHECK_OK(set_text(draft.get(), SRTO_PASSPHRASE, options.passphrase, "passphrase"));
  }
  if (srt_connect(draft.get(), to.raw(), static_cast<int>(to.size())) == SRT_ERROR) {
    return std::unexpected(error_of("connect"));
  }
  return std::make_unique<Socket>(Socket::Handle{draft.release()});
}

int Listener::knocked(void* self, int socket, int version, const sockaddr* peer, const char* stream_id) {
  auto* listener = static_cast<Listener*>(self);
  socklen_t size = peer->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  auto address = SocketAddress::from(peer, size);
  // Version 4 handshakes carry no stream id.
  Verdict verdict = Verdict::refuse(Reject::kBadRequest);
  if (version >= 5 && address) {
    verdict = listener->on_knock_({socket, *address, stream_id != nullptr ? stream_id : ""});
  }
  if (verdict.accept && !verdict.passphrase.empty() &&
      !set_text(socket, SRTO_PASSPHRASE, verdict.passphrase, "passphrase")) {
    verdict = Verdict::refuse(Reject::kDown);
  }
  if (verdict.accept) return 0;
  srt_setrejectreason(socket, static_cast<int>(verdict.reject));
  return -1;
}

Result<UniqueFd> bind_udp(const SocketAddress& at) {
  UniqueFd port(::socket(at.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!port) return std::unexpected(errno_error("UDP socket"));
  const int both = 0;
  if (at.family() == AF_INET6) ::setsockopt(port.get(), IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
  if (::bind(port.get(), at.raw(), at.size()) != 0)
    return std::unexpected(errno_error(("UDP port " + at.text()).c_str()));
  return port;
}

Result<std::unique_ptr<Listener>> Listener::open(UniqueFd port, const ListenerOptions& options,
                                                 OnKnock on_knock) {
  OPENDAY_TRY(auto local, SocketAddress::local_of(port.get()));
  Library library;
  Draft draft;
  if (draft.get() == SRT_INVALID_SOCK) return std::unexpected(error_of("socket"));
  OPENDAY_CHECK_OK(
      set_common(draft.get(), milliseconds_of(options.latency), milliseconds_of(options.peer_idle_timeout)));
  // Owned from here on: the callback's pointer must stay valid.
  std::unique_ptr<Listener> listener(new Listener(std::move(on_knock), draft.release(), local));
  if (srt_bind_acquire(listener->id_, port.get()) == SRT_ERROR) return std::unexpected(error_of("bind"));
  (void)port.release();  // closed with the last socket on the port
  if (srt_listen_callback(listener->id_, &Listener::knocked, listener.get()) == SRT_ERROR ||
      srt_listen(listener->id_, options.backlog) == SRT_ERROR) {
    return std::unexpected(error_of("listen"));
  }
  return listener;
}

Listener::~Listener() {
  srt_close(id_);
}

Result<std::unique_ptr<Socket>> Listener::accept() {
  SRTSOCKET socket = srt_accept(id_, nullptr, nullptr);
  if (socket != SRT_INVALID_SOCK) return std::make_unique<Socket>(Socket::Handle{socket});
  if (srt_getlasterror(nullptr) == SRT_EASYNCRCV) return nullptr;
  return std::unexpected(error_of("accept"));
}

Result<std::unique_ptr<Poller>> Poller::create() {
  Library library;
  int id = srt_epoll_create();
  if (id < 0) return std::unexpected(error_of("epoll"));
  std::unique_ptr<Poller> poller(new Poller(id));
  srt_epoll_set(id, SRT_EPOLL_ENABLE_EMPTY);
  return poller;
}

Poller::~Poller() {
  srt_epoll_release(id_);
}

Result<> Poller::add(SocketId socket) {
  const int events = SRT_EPOLL_IN | SRT_EPOLL_ERR;
  if (srt_epoll_add_usock(id_, socket, &events) == SRT_ERROR) return std::unexpected(error_of("epoll add"));
  return {};
}

void Poller::remove(SocketId socket) {
  srt_epoll_remove_usock(id_, socket);
}

std::vector<SocketId> Poller::wait(std::chrono::milliseconds patience) {
  std::array<SRT_EPOLL_EVENT, 64> events;
  int count = srt_epoll_uwait(id_, events.data(), static_cast<int>(events.size()), patience.count());
  std::vector<SocketId> ready;
  for (int i = 0; i < std::min(count, static_cast<int>(events.size())); ++i) {
    ready.push_back(events[static_cast<size_t>(i)].fd);
  }
  return ready;
}

}  // namespace openday::srt
