#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "base/fd.h"
#include "udp_relay.h"
#include "wrap/srt/srt.h"

namespace openday::srt {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

const milliseconds kPatience{10'000};

SocketAddress loopback(uint16_t port = 0) {
  return *SocketAddress::parse("127.0.0.1", port);
}

std::unique_ptr<Listener> listen(Listener::OnKnock on_knock) {
  auto listener = Listener::open(*bind_udp(loopback()), {.latency = milliseconds(20)}, std::move(on_knock));
  REQUIRE(listener);
  return std::move(*listener);
}

Listener::OnKnock everybody() {
  return [](const Knock&) { return Verdict{.accept = true}; };
}

/// Waits on libsrt's own poller until `done`; false when that took too long.
template <class Done>
bool wait_until(Poller& poller, Done done) {
  auto deadline = steady_clock::now() + kPatience;
  while (!done()) {
    if (steady_clock::now() > deadline) return false;
    poller.wait(milliseconds(10));
  }
  return true;
}

std::unique_ptr<Socket> accept_one(Listener& listener) {
  auto poller = *Poller::create();
  REQUIRE(poller->add(listener.id()));
  std::unique_ptr<Socket> socket;
  CHECK(wait_until(*poller, [&] {
    auto next = listener.accept();
    if (next) socket = std::move(*next);
    return socket != nullptr;
  }));
  return socket;
}

bool settled(Socket& socket) {
  auto poller = *Poller::create();
  return wait_until(*poller, [&] { return socket.state() != State::kConnecting; });
}

Bytes read_all(Socket& socket, size_t size) {
  auto poller = *Poller::create();
  REQUIRE(poller->add(socket.id()));
  Bytes out;
  uint8_t buffer[kMaxMessage];
  CHECK(wait_until(*poller, [&] {
    auto got = socket.receive(buffer);
    REQUIRE(got);
    out.insert(out.end(), buffer, buffer + *got);
    return out.size() >= size;
  }));
  return out;
}

}  // namespace

TEST_CASE("a caller's bytes arrive and are counted as acknowledged") {
  std::string seen;
  auto listener = listen([&](const Knock& knock) {
    seen = knock.stream_id + " " + knock.peer.ip();
    return Verdict{.accept = true};
  });
  auto caller = connect(listener->local(), {.stream_id = "live/one", .latency = milliseconds(20)});
  REQUIRE(caller);
  auto peer = accept_one(*listener);
  REQUIRE(peer);
  REQUIRE(settled(**caller));
  CHECK((*caller)->state() == State::kConnected);
  CHECK(seen == "live/one 127.0.0.1");
  CHECK(peer->peer()->ip() == "127.0.0.1");

  Bytes sent;
  for (uint8_t i = 0; i < 50; ++i) {
    Bytes message(kTsMessage, i);
    REQUIRE((*caller)->send(message).value());
    sent.insert(sent.end(), message.begin(), message.end());
  }
  CHECK(read_all(*peer, sent.size()) == sent);
  auto poller = *Poller::create();
  CHECK(wait_until(*poller, [&] { return (*caller)->stats()->bytes_acked == sent.size(); }));
  CHECK((*caller)->stats()->bytes_sent == sent.size());
  CHECK(peer->stats()->bytes_received == sent.size());
  CHECK((*caller)->stats()->rtt_ms > 0);
}

TEST_CASE(
    "bytes that a silent peer got are not taken for acknowledged, and the silence ends the connection") {
  auto listener = listen(everybody());
  UdpRelay wire(listener->local());
  auto caller =
      connect(wire.address(), {.latency = milliseconds(20), .peer_idle_timeout = milliseconds(1000)});
  REQUIRE(caller);
  auto peer = accept_one(*listener);
  REQUIRE(settled(**caller));
  Bytes message(kTsMessage, 1);
  REQUIRE((*caller)->send(message).value());
  auto poller = *Poller::create();
  CHECK(wait_until(*poller, [&] { return (*caller)->stats()->bytes_acked == message.size(); }));
  wire.cut();
  REQUIRE((*caller)->send(message).value());
  auto stats = (*caller)->stats();
  REQUIRE(stats);
  CHECK(stats->bytes_sent == 2 * message.size());
  CHECK(stats->bytes_acked == message.size());
  CHECK(wait_until(*poller, [&] { return (*caller)->state() == State::kBroken; }));
  CHECK((*caller)->why() == "connection lost");
}

TEST_CASE("the listener gives each caller its own passphrase") {
  auto listener = listen([](const Knock& knock) {
    return Verdict{.accept = true, .passphrase = "secret of " + knock.stream_id};
  });
  auto right = connect(listener->local(), {.stream_id = "a", .passphrase = "secret of a"});
  auto other = connect(listener->local(), {.stream_id = "b", .passphrase = "secret of b"});
  auto wrong = connect(listener->local(), {.stream_id = "a", .passphrase = "secret of b"});
  auto plain = connect(listener->local(), {.stream_id = "a"});
  REQUIRE((right && other && wrong && plain));
  for (auto* caller : {&right, &other, &wrong, &plain}) REQUIRE(settled(***caller));
  CHECK((*right)->state() == State::kConnected);
  CHECK((*other)->state() == State::kConnected);
  CHECK((*wrong)->state() == State::kBroken);
  CHECK((*wrong)->why() == "rejected: wrong passphrase");
  CHECK((*plain)->state() == State::kBroken);
  CHECK((*plain)->why() == "rejected: one side wants encryption, the other does not");
}

TEST_CASE("an encrypting caller is rejected where no passphrase is set") {
  auto listener = listen(everybody());
  auto caller = connect(listener->local(), {.passphrase = "a passphrase"});
  REQUIRE(caller);
  REQUIRE(settled(**caller));
  CHECK((*caller)->state() == State::kBroken);
}

TEST_CASE("a refused caller is told why") {
  auto listener = listen([](const Knock&) { return Verdict::refuse(Reject::kForbidden); });
  auto caller = connect(listener->local(), {.stream_id = "a"});
  REQUIRE(caller);
  REQUIRE(settled(**caller));
  CHECK((*caller)->state() == State::kBroken);
  CHECK((*caller)->why() == "rejected: forbidden");
  CHECK((*caller)->send(Bytes(188)).error().code == Errc::kClosed);
}

TEST_CASE("a caller that nobody answers gives up") {
  UniqueFd silent(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  auto address = loopback();
  REQUIRE(::bind(silent.get(), address.raw(), address.size()) == 0);
  auto caller = connect(*SocketAddress::local_of(silent.get()), {.connect_timeout = milliseconds(300)});
  REQUIRE(caller);
  REQUIRE(settled(**caller));
  CHECK((*caller)->why() == "rejected: no answer");
}

TEST_CASE("a full send buffer is told, not waited for") {
  auto listener = listen(everybody());
  auto caller = connect(listener->local(), {.latency = milliseconds(2000), .send_buffer_packets = 64});
  REQUIRE(caller);
  auto peer = accept_one(*listener);
  REQUIRE(settled(**caller));
  Bytes message(kTsMessage, 7);
  bool full = false;
  auto start = steady_clock::now();
  for (int i = 0; i < 100'000 && !full; ++i) full = !(*caller)->send(message).value();
  CHECK(full);
  CHECK(steady_clock::now() - start < kPatience);
}

TEST_CASE("a listener that goes away waits for its last question") {
  std::promise<void> asked;
  std::promise<void> go;
  bool answered = false;
  auto listener = listen([&](const Knock&) {
    asked.set_value();
    go.get_future().wait();
    answered = true;
    return Verdict::refuse(Reject::kDown);
  });
  auto caller = connect(listener->local(), {});
  REQUIRE(caller);
  asked.get_future().wait();
  std::thread destroyer([&] { listener.reset(); });
  go.set_value();
  destroyer.join();
  CHECK(answered);
}

TEST_CASE("options out of bounds are refused") {
  CHECK(connect(loopback(9), {.passphrase = "short"}).error().code == Errc::kInvalid);
  CHECK(connect(loopback(9), {.passphrase = std::string(80, 'x')}).error().code == Errc::kInvalid);
  CHECK(connect(loopback(9), {.stream_id = std::string(513, 'x')}).error().code == Errc::kInvalid);
}

TEST_CASE("a port that is taken is an error") {
  UniqueFd other(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  auto address = loopback();
  REQUIRE(::bind(other.get(), address.raw(), address.size()) == 0);
  CHECK_FALSE(bind_udp(*SocketAddress::local_of(other.get())));
}

}  // namespace openday::srt
