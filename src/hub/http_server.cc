#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>

#include "base/address.h"
#include "base/random.h"
#include "base/text.h"
#include "hub/http_connection.h"
#include "hub/http_intake.h"
#include "hub/http_parse.h"

namespace openday::hub {
namespace {

constexpr Duration kTick = milliseconds(250);
constexpr size_t kMany = 1000;             // connections: of more, none is looked at more than once a second
constexpr int kAcceptTurn = 64;            // connections taken before others get a turn
constexpr int kBacklog = 4096;             // the kernel caps it at net.core.somaxconn
constexpr size_t kCallersShare = 4;        // of the connections, a quarter may be one caller's
constexpr size_t kSpareDescriptors = 512;  // for everything that is not a connection

struct Listener {
  UniqueFd socket;
  int port = 0;
  bool tls = false;
};

Result<Listener> open_listener(const HttpListener& wanted) {
  bool v6 = wanted.address.find(':') != std::string::npos;
  sockaddr_storage storage{};
  socklen_t size = 0;
  if (v6) {
    auto* address = reinterpret_cast<sockaddr_in6*>(&storage);
    address->sin6_family = AF_INET6;
    address->sin6_port = htons(static_cast<uint16_t>(wanted.port));
    size = sizeof *address;
    if (inet_pton(AF_INET6, wanted.address.c_str(), &address->sin6_addr) != 1) size = 0;
  } else {
    auto* address = reinterpret_cast<sockaddr_in*>(&storage);
    address->sin_family = AF_INET;
    address->sin_port = htons(static_cast<uint16_t>(wanted.port));
    size = sizeof *address;
    if (inet_pton(AF_INET, wanted.address.c_str(), &address->sin_addr) != 1) size = 0;
  }
  if (size == 0) return fail(Errc::kInvalid, fmt::format("'{}' is not a numeric address", wanted.address));
  Listener listener;
  listener.tls = wanted.tls;
  listener.socket.reset(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!listener.socket) return std::unexpected(errno_error("socket"));
  int on = 1;
  int off = 0;
  ::setsockopt(listener.socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (v6) ::setsockopt(listener.socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  if (::bind(listener.socket.get(), address, size) != 0 || ::listen(listener.socket.get(), kBacklog) != 0) {
    return fail(Errc::kIo, fmt::format("cannot listen on {} port {}: {}", wanted.address, wanted.port,
                                       std::generic_category().message(errno)));
  }
  if (::getsockname(listener.socket.get(), address, &size) != 0)
    return std::unexpected(errno_error("getsockname"));
  listener.port = ntohs(v6 ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                           : reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
  return listener;
}

std::string to_text(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
      inet_ntop(AF_INET, address.s6_addr + 12, text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &address, text, sizeof text);
    }
  } else {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, text, sizeof text);
  }
  return text;
}

/// Makes room for `wanted` connections, or says how many there is room for.
size_t fit_descriptors(size_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  rlim_t need = wanted + kSpareDescriptors;
  if (limit.rlim_cur < need) {
    limit.rlim_cur = std::min(need, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  if (limit.rlim_cur >= need) return wanted;
  return limit.rlim_cur > 2 * kSpareDescriptors ? limit.rlim_cur - kSpareDescriptors : limit.rlim_cur / 2;
}

class Server final : public HttpServer, public ServerCore {
 public:
  Server(HttpOptions o, Loop& l) : ServerCore(std::move(o), l) {
    Bytes seed = random_bytes(sizeof id_state_);
    std::memcpy(&id_state_, seed.data(), sizeof id_state_);
  }
  ~Server() override;

  Result<> start();

  Router& router() override { return ServerCore::router; }
  [[nodiscard]] int port(size_t listener) const override { return listeners_.at(listener).port; }
  [[nodiscard]] Loop& loop() override { return ServerCore::loop; }
  void drain(Duration patience, std::function<void()> done) override;
  Result<> reload_certificate() override;
  [[nodiscard]] const HttpCounters& counters() const override { return ServerCore::counters; }

  std::string next_request_id() override;
  const std::string& date() override;
  void forget(Connection& connection) override;
  void look_soon(Connection& connection) override;
  void resume_later(const std::shared_ptr<Connection>& connection) override;

 private:
  void accept_some(size_t index);
  void admit(UniqueFd socket, const sockaddr_storage& from, bool tls);
  [[nodiscard]] std::shared_ptr<Caller> caller_of(const std::string& peer) const;
  void stop_listening();
  void pause_accepting();
  void tick();
  void check_drained();
  void run_resumes();

  std::vector<Listener> listeners_;
  std::optional<wrap::TlsContext> tls_;
  struct Place {
    std::shared_ptr<Connection> connection;
    HouseTime look_at;  // not before
  };
  std::vector<Place> connections_;
  std::vector<Network> unbounded_;
  std::map<std::string, std::shared_ptr<Caller>> callers_;  // those with connections
  std::vector<std::weak_ptr<Connection>> resumes_;
  bool resuming_ = false;
  Loop::TimerId tick_ = 0;
  Loop::TimerId paused_ = 0;
  Loop::TimerId resume_timer_ = 0;
  Loop::TimerId drain_timer_ = 0;
  std::function<void()> drained_;
  bool listening_ = false;
  size_t most_ = 0;
  uint64_t id_state_ = 0;
  int64_t date_second_ = -1;
  std::string date_;
};

Result<> Server::start() {
  // sendfile(2) and OpenSSL may write to a socket whose peer has gone; there is no flag against the signal
  // for both.
  ::signal(SIGPIPE, SIG_IGN);
  OPENDAY_TRY(trust, ProxyTrust::parse(options.trusted_proxies));
  for (const std::string& text : options.unbounded) {
    OPENDAY_TRY(Network network, Network::parse(text));
    unbounded_.push_back(network);
  }
  most_ = fit_descriptors(options.max_connections);
  ServerCore::counters.connections_limit = most_;
  bool tls = std::ranges::any_of(options.listeners, &HttpListener::tls);
  if (tls && !options.tls) return fail(Errc::kInvalid, "a TLS listener needs a certificate");
  // Without one, those who come by TLS are let go until it can be loaded; the others need not wait for that.
  if (auto loaded = tls ? reload_certificate() : Result<>();
      !loaded && std::ranges::all_of(options.listeners, &HttpListener::tls)) {
    return loaded;
  }
  for (const HttpListener& wanted : options.listeners) {
    OPENDAY_TRY(Listener listener, open_listener(wanted));
    listeners_.push_back(std::move(listener));
  }
  for (size_t i = 0; i < listeners_.size(); ++i) {
    OPENDAY_CHECK_OK(
        loop().watch(listeners_[i].socket.get(), Loop::kRead, [this, i](uint32_t) { accept_some(i); }));
  }
  listening_ = true;
  tick_ = loop().every(kTick, [this] { tick(); });
  return {};
}

Server::~Server() {
  stop_listening();
  for (Loop::TimerId id : {tick_, paused_, resume_timer_, drain_timer_}) loop().cancel(id);
  while (!connections_.empty()) {
    auto connection = connections_.back().connection;
    connection->close();
  }
}

Result<> Server::reload_certificate() {
  if (!options.tls) return fail(Errc::kConflict, "there is no TLS here");
  constexpr size_t kMaxPem = 256 * 1024;
  OPENDAY_TRY(std::string certificate, read_file(options.tls->certificate, kMaxPem));
  OPENDAY_TRY(std::string key, read_file(options.tls->key, kMaxPem));
  OPENDAY_TRY(tls_, wrap::TlsContext::server(certificate, key, {"h2", "http/1.1"}));
  return {};
}

void Server::accept_some(size_t index) {
  for (int i = 0; i < kAcceptTurn && listening_; ++i) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    UniqueFd socket(::accept4(listeners_[index].socket.get(), reinterpret_cast<sockaddr*>(&from), &size,
                              SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket) {
      admit(std::move(socket), from, listeners_[index].tls);
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause_accepting();
    if (errno == EINTR || errno == ECONNABORTED) continue;
    return;
  }
}

/// Without descriptors the listener would stay readable and the loop would spin.
void Server::pause_accepting() {
  if (paused_ != 0) return;
  for (const Listener& listener : listeners_) static_cast<void>(loop().change(listener.socket.get(), 0));
  paused_ = loop().after(milliseconds(100), [this] {
    paused_ = 0;
    if (!listening_) return;
    for (const Listener& listener : listeners_)
      static_cast<void>(loop().change(listener.socket.get(), Loop::kRead));
  });
}

void Server::admit(UniqueFd socket, const sockaddr_storage& from, bool tls) {
  HttpCounters& count = ServerCore::counters;
  ++count.connections_total;
  std::string peer = to_text(from);
  auto caller = caller_of(peer);
  bool too_many = caller && caller->connections >= std::max<size_t>(1, most_ / kCallersShare);
  if (connections_.size() >= most_ || too_many || (tls && !tls_)) {
    ++count.connections_refused;
    return;
  }
  int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::optional<wrap::TlsSession> session;
  if (tls) {
    auto made = wrap::TlsSession::accept(*tls_);
    if (!made) {
      ++count.connections_refused;
      return;
    }
    session = std::move(*made);
  }
  auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(session), peer);
  connection->caller = caller;
  if (!connection->start()) {
    ++count.connections_refused;
    return;
  }
  if (caller) {
    ++caller->connections;
    callers_[caller->name] = std::move(caller);
  }
  connection->place = connections_.size();
  connections_.push_back({std::move(connection), now()});
  count.connections_open = connections_.size();
}

/// Nothing for those who are not bounded.
std::shared_ptr<Caller> Server::caller_of(const std::string& peer) const {
  bool unbounded = trust.trusts(peer) ||
                   std::ranges::any_of(unbounded_, [&](const Network& one) { return one.contains(peer); });
  if (unbounded) return nullptr;
  auto parsed = SocketAddress::parse(peer, 0);
  std::string name = parsed ? parsed->caller() : peer;
  auto found = callers_.find(name);
  return found != callers_.end() ? found->second : std::make_shared<Caller>(Caller{name});
}

void Server::forget(Connection& connection) {
  size_t place = connection.place;
  if (place >= connections_.size() || connections_[place].connection.get() != &connection) return;
  std::swap(connections_[place], connections_.back());
  connections_[place].connection->place = place;
  connections_.pop_back();
  if (connection.caller && --connection.caller->connections == 0) callers_.erase(connection.caller->name);
  ServerCore::counters.connections_open = connections_.size();
  if (drained_ && connections_.empty()) {
    loop().cancel(drain_timer_);
    drain_timer_ = loop().after(Duration(0), [this] { check_drained(); });
  }
}

void Server::resume_later(const std::shared_ptr<Connection>& connection) {
  resumes_.push_back(connection);
  if (resuming_) return;
  resuming_ = true;
  resume_timer_ = loop().after(Duration(0), [this] { run_resumes(); });
}

void Server::run_resumes() {
  resuming_ = false;
  auto due = std::move(resumes_);
  resumes_.clear();
  for (const auto& weak : due) {
    if (auto connection = weak.lock()) connection->resume();
  }
}

void Server::tick() {
  HouseTime at = now();
  Duration pause = connections_.size() > kMany ? seconds(1) : Duration(0);
  // Thousands of connections are in no cache, their places are: looking at 10,000 four times a second was a
  // twelfth of the hub's time while it told them something five times a second. From the back, as ticks close
  // connections: what takes the place of one that goes has been looked at.
  for (size_t i = connections_.size(); i-- > 0;) {
    if (i >= connections_.size() || connections_[i].look_at > at) continue;
    auto connection = connections_[i].connection;
    HouseTime next = at + std::max(pause, connection->tick(at));
    if (!connection->closed()) connections_[connection->place].look_at = next;
  }
}

void Server::look_soon(Connection& connection) {
  connections_[connection.place].look_at = now();
}

void Server::stop_listening() {
  if (!listening_) return;
  listening_ = false;
  for (Listener& listener : listeners_) {
    loop().unwatch(listener.socket.get());
    listener.socket.reset();
  }
}

void Server::drain(Duration patience, std::function<void()> done) {
  stop_listening();
  drained_ = std::move(done);
  auto all = connections_;
  for (const auto& one : all) {
    if (!one.connection->closed()) one.connection->drain();
  }
  loop().cancel(drain_timer_);
  drain_timer_ = loop().after(connections_.empty() ? Duration(0) : patience, [this] { check_drained(); });
}

void Server::check_drained() {
  auto all = connections_;
  auto done = std::exchange(drained_, nullptr);
  for (const auto& one : all) one.connection->close();
  if (done) done();
}

std::string Server::next_request_id() {
  // splitmix64: a permutation of a counter, so ids of one process do not repeat soon.
  uint64_t z = (id_state_ += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  z ^= z >> 31;
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string id(8, '0');
  for (char& c : id) {
    c = kDigits[z & 15];
    z >>= 4;
  }
  return id;
}

const std::string& Server::date() {
  int64_t second = loop().clock().wall().ms / 1000;
  if (second != date_second_) {
    date_second_ = second;
    date_ = http_date(second);
  }
  return date_;
}

}  // namespace

bool ServerCore::admit(PendingExchange& exchange, const std::shared_ptr<Caller>& caller,
                       std::string_view id) const {
  if (!caller || exchange.take_place(caller, options.max_waiting_per_caller)) return true;
  auto busy = Response::error(503, "busy", "too many requests of this address are waiting", id);
  exchange.send(std::move(busy.with("Retry-After", "5")));
  return false;
}

void ServerCore::call(const Router::Match& match, Request request, std::shared_ptr<PendingExchange> exchange,
                      const std::shared_ptr<Caller>& caller) {
  if (!admit(*exchange, caller, request.id)) return;
  try {
    router.dispatch(match, std::move(request), Responder(std::move(exchange)));
  } catch (const std::exception&) {
    ++counters.handler_failures;  // its Responder has answered 500 on the way here, or will when it goes
  }
}

void ServerCore::finish(Intake& intake, std::shared_ptr<PendingExchange> exchange,
                        const std::shared_ptr<Caller>& caller, std::string_view id) {
  if (!admit(*exchange, caller, id)) return;
  try {
    intake.finish(Responder(std::move(exchange)));
  } catch (const std::exception&) {
    ++counters.handler_failures;
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::create(HttpOptions options, Loop& loop) {
  auto server = std::make_unique<Server>(std::move(options), loop);
  OPENDAY_CHECK_OK(server->start());
  return server;
}

}  // namespace openday::hub
