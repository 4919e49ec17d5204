#include "bench/origin_clients.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <optional>
#include <set>
#include <string_view>

#include "base/fd.h"
#include "base/text.h"
#include "wrap/ssl/tls.h"

namespace openday::bench {
namespace {

int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

struct Client {
  UniqueFd fd;
  std::optional<wrap::TlsSession> tls;
  int64_t part = 0;    // running number it waits for
  bool media = false;  // the answer to come is a part's
  bool started = false;
  std::string head;  // of an answer that has not come whole yet
  size_t body_left = 0;
  bool in_body = false;
};

class Clients {
 public:
  Clients(const OriginLoad& load, const PartTimes& times) : load_(load), times_(times) {}

  Result<OriginResult> run();

 private:
  Result<> connect_all();
  void ask(Client& client);
  void send(Client& client, std::string_view text);
  void on_ready(Client& client);
  void take(Client& client, std::string_view bytes);
  void answered(Client& client);
  void failed(Client& client, const std::string& why);

  const OriginLoad& load_;
  const PartTimes& times_;
  std::vector<Client> clients_;
  UniqueFd epoll_;
  OriginResult result_;
  std::optional<wrap::TlsContext> trust_;
  int64_t count_from_ = 0;
  std::set<int64_t> asked_;
  std::array<char, 256 * 1024> buffer_;
  Bytes plain_;
};

Result<> Clients::connect_all() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(load_.port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!load_.tls_certificate.empty()) {
    auto context = wrap::TlsContext::client(load_.tls_certificate);
    if (!context) return std::unexpected(context.error());
    trust_ = std::move(*context);
  }
  clients_.resize(static_cast<size_t>(load_.clients));
  for (size_t i = 0; i < clients_.size(); ++i) {
    Client& client = clients_[i];
    client.fd.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    int on = 1;
    ::setsockopt(client.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(client.fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      return std::unexpected(errno_error("connect"));
    }
    OPENDAY_CHECK_OK(set_nonblocking(client.fd.get()));
    if (trust_) {
      auto session = wrap::TlsSession::connect(*trust_, "localhost");
      if (!session) return std::unexpected(session.error());
      client.tls = std::move(*session);
      Bytes hello = client.tls->take_wire();
      if (::send(client.fd.get(), hello.data(), hello.size(), MSG_NOSIGNAL) < 0)
        return std::unexpected(errno_error("send"));
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, client.fd.get(), &event);
    client.part = load_.first_part;
    if (!client.tls) {
      client.started = true;
      ask(client);
    }
  }
  return {};
}

void Clients::ask(Client& client) {
  client.media = false;
  asked_.insert(client.part);
  send(client,
       fmt::format("GET {}?_HLS_msn={}&_HLS_part={} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
                   "User-Agent: bench\r\nAccept: */*\r\n\r\n",
                   load_.playlist, client.part / kPartsPerSegment, client.part % kPartsPerSegment));
}

void Clients::send(Client& client, std::string_view text) {
  Bytes wire;
  ByteView bytes = as_bytes(text);
  if (client.tls) {
    static_cast<void>(client.tls->send(bytes));
    wire = client.tls->take_wire();
    bytes = wire;
  }
  if (::send(client.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(bytes.size())) {
    failed(client, "a request was not taken");
  }
}

void Clients::failed(Client& client, const std::string& why) {
  ++result_.errors;
  if (result_.first_error.empty()) result_.first_error = why;
  client.fd.reset();
}

void Clients::on_ready(Client& client) {
  if (!client.fd) return;
  ssize_t got = ::recv(client.fd.get(), buffer_.data(), buffer_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return failed(client, "a connection was closed");
  std::string_view bytes(buffer_.data(), static_cast<size_t>(got));
  if (!client.tls) return take(client, bytes);
  plain_.clear();
  if (auto received = client.tls->receive(as_bytes(bytes), plain_); !received) {
    return failed(client, received.error().message);
  }
  Bytes reply = client.tls->take_wire();
  if (!reply.empty()) ::send(client.fd.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
  if (client.tls->established() && !client.started) {
    client.started = true;
    ask(client);
  }
  if (!plain_.empty()) take(client, as_text(plain_));
}

void Clients::take(Client& client, std::string_view bytes) {
  result_.bytes += bytes.size();
  while (!bytes.empty() && client.fd) {
    if (!client.in_body) {
      std::string_view head = bytes;
      if (!client.head.empty()) {
        client.head.append(bytes);
        head = client.head;
      }
      size_t end = head.find("\r\n\r\n");
      if (end == std::string_view::npos) {
        if (client.head.empty()) client.head = bytes;
        return;
      }
      if (!head.starts_with("HTTP/1.1 200"))
        return failed(client, std::string(head.substr(0, head.find('\r'))));
      size_t at = lower_ascii(head.substr(0, end)).find("content-length: ");
      if (at == std::string_view::npos) return failed(client, "an answer without length");
      std::from_chars(head.data() + at + 16, head.data() + end, client.body_left);
      size_t head_size = end + 4;
      size_t before = client.head.empty() ? 0 : client.head.size() - bytes.size();
      bytes.remove_prefix(head_size - before);
      client.head.clear();
      client.in_body = true;
    }
    size_t part = std::min(client.body_left, bytes.size());
    client.body_left -= part;
    bytes.remove_prefix(part);
    if (client.body_left > 0) return;
    client.in_body = false;
    answered(client);
  }
}

void Clients::answered(Client& client) {
  if (client.media) {
    ++result_.parts;
    return ask(client);
  }
  int64_t now = now_ns();
  int64_t appeared =
      times_.appeared_ns[static_cast<size_t>(client.part) % PartTimes::kMost].load(std::memory_order_acquire);
  if (appeared == 0) return failed(client, "an answer came before its part");
  if (now >= count_from_) {
    ++result_.answers;
    result_.latencies_ms.push_back(static_cast<double>(now - appeared) / 1e6);
  }
  int64_t got = client.part++;
  if (!load_.download_parts) return ask(client);
  client.media = true;
  send(client, fmt::format("GET /media/{}/720p/{}.{}.m4s HTTP/1.1\r\nHost: localhost\r\n\r\n", load_.run,
                           got / kPartsPerSegment, got % kPartsPerSegment));
}

Result<OriginResult> Clients::run() {
  OPENDAY_CHECK_OK(connect_all());
  count_from_ = now_ns() + load_.warm_up.count();
  int64_t until = count_from_ + load_.length.count();
  std::array<epoll_event, 256> events{};
  while (now_ns() < until) {
    int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < count; ++i) on_ready(clients_[events[static_cast<size_t>(i)].data.u64]);
  }
  // Who still waits for a part that exists has waited that long at least.
  int64_t end = now_ns();
  for (const Client& client : clients_) {
    int64_t appeared = times_.appeared_ns[static_cast<size_t>(client.part) % PartTimes::kMost].load(
        std::memory_order_acquire);
    if (client.media || appeared == 0) continue;
    ++result_.unanswered;
    result_.latencies_ms.push_back(static_cast<double>(end - appeared) / 1e6);
  }
  result_.urls = asked_.size();
  return std::move(result_);
}

}  // namespace

double OriginResult::percentile(double p) {
  if (latencies_ms.empty()) return 0;
  auto at = static_cast<ptrdiff_t>(p / 100 * static_cast<double>(latencies_ms.size() - 1));
  std::nth_element(latencies_ms.begin(), latencies_ms.begin() + at, latencies_ms.end());
  return latencies_ms[static_cast<size_t>(at)];
}

Result<OriginResult> run_origin_clients(const OriginLoad& load, const PartTimes& times) {
  auto clients = std::make_unique<Clients>(load, times);
  return clients->run();
}

}  // namespace openday::bench
