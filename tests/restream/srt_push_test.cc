#include <catch2/catch.hpp>

#include "../srt/udp_relay.h"
#include "restreamer.h"
#include "rtmp_server.h"
#include "wrap/srt/srt.h"

namespace openday::output {
namespace {

using test::Restreamer;
using test::Signal;

TargetsOptions hurried() {
  TargetsOptions options;
  options.pacing.first = milliseconds(100);
  options.pacing.stalled = milliseconds(300);
  options.pacing.wedged = milliseconds(1500);
  options.pacing.connect = milliseconds(1000);
  return options;
}

/// Takes every SRT caller that knows the passphrase, and reads.
class SrtServer {
 public:
  explicit SrtServer(const std::string& passphrase = "") {
    listener_ =
        *srt::Listener::open(*srt::bind_udp(*SocketAddress::parse("127.0.0.1", 0)), {},
                             [this, passphrase](const srt::Knock& knock) {
                               std::lock_guard lock(mutex_);
                               stream_id_ = knock.stream_id;
                               return srt::Verdict{.accept = true, .reject = {}, .passphrase = passphrase};
                             });
    poller_ = *srt::Poller::create();
    REQUIRE(poller_->add(listener_->id()));
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~SrtServer() {
    thread_.request_stop();
    thread_.join();
  }
  [[nodiscard]] SocketAddress address() const { return listener_->local(); }
  size_t received() {
    std::lock_guard lock(mutex_);
    return bytes_.size();
  }
  Bytes bytes() {
    std::lock_guard lock(mutex_);
    return bytes_;
  }
  std::string stream_id() {
    std::lock_guard lock(mutex_);
    return stream_id_;
  }
  int calls() {
    std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  void run(const std::stop_token& stop) {
    uint8_t message[srt::kMaxMessage];
    while (!stop.stop_requested()) {
      poller_->wait(milliseconds(10));
      if (auto socket = listener_->accept(); socket && *socket) {
        std::lock_guard lock(mutex_);
        ++calls_;
        test::must(poller_->add((*socket)->id()).has_value());
        sockets_.push_back(std::move(*socket));
      }
      for (auto it = sockets_.begin(); it != sockets_.end();) {
        auto got = (*it)->receive(message);
        if (got && *got > 0) {
          std::lock_guard lock(mutex_);
          bytes_.insert(bytes_.end(), message, message + *got);
          continue;
        }
        it = got ? it + 1 : sockets_.erase(it);
      }
    }
  }

  std::unique_ptr<srt::Listener> listener_;
  std::unique_ptr<srt::Poller> poller_;
  std::vector<std::unique_ptr<srt::Socket>> sockets_;
  std::mutex mutex_;
  Bytes bytes_;
  std::string stream_id_;
  int calls_ = 0;
  std::jthread thread_;
};

TargetSpec target(const std::string& id, const SocketAddress& at, const std::string& passphrase = "") {
  return {.id = id,
          .url = "srt://" + at.text() + "?streamid=%23!::r=live/one,m=publish&latency=60",
          .key = passphrase,
          .rendition = "720p"};
}

bool wait(const std::function<bool()>& condition) {
  return Signal().wait(condition);
}

}  // namespace

TEST_CASE("an SRT server is pushed whole TS packets, encrypted, under its stream id") {
  SrtServer server("a passphrase");
  Restreamer restreamer(hurried());
  restreamer.targets->configure({target("one", server.address(), "a passphrase")});
  REQUIRE(wait([&] { return server.received() > 100 * 188; }));
  CHECK(server.stream_id() == "#!::r=live/one,m=publish");
  auto bytes = server.bytes();
  REQUIRE(bytes.size() % 188 == 0);
  bool all = true;
  for (size_t at = 0; at < bytes.size(); at += 188) all = all && bytes[at] == 0x47;
  CHECK(all);
  CHECK(restreamer.stats("one").state == TargetState::kLive);
  CHECK(wait([&] { return restreamer.stats("one").kbps > 0; }));
  CHECK(restreamer.stats("one").acked_bytes > 50 * 188);
  CHECK(restreamer.stats("one").rtt_ms > 0);
  CHECK(restreamer.stats("one").dropped == 0);
}

TEST_CASE("a wrong passphrase is reported, and not itself") {
  SrtServer server("a passphrase");
  Restreamer restreamer(hurried());
  restreamer.targets->configure({target("one", server.address(), "another passphrase")});
  CHECK(wait([&] { return restreamer.stats("one").state == TargetState::kBackoff; }));
  CHECK(restreamer.stats("one").why == "SRT: rejected: wrong passphrase");
  CHECK(restreamer.log().find("another passphrase") == std::string::npos);
  CHECK(restreamer.log().find("live/one") == std::string::npos);
}

TEST_CASE("an SRT server that falls silent is found out, harms no other, and is connected to again") {
  SrtServer server;
  SrtServer other;
  UdpRelay wire(server.address());
  Restreamer restreamer(hurried());
  restreamer.targets->configure({target("one", wire.address()), target("other", other.address())});
  REQUIRE(wait([&] { return server.received() > 20 * 188; }));
  wire.cut();
  CHECK(wait([&] { return restreamer.stats("one").state == TargetState::kStalled; }));
  CHECK(wait([&] { return restreamer.stats("one").state == TargetState::kBackoff; }));
  CHECK_FALSE(restreamer.stats("one").why.empty());
  CHECK(wait([&] { return restreamer.stats("one").why == "SRT: rejected: no answer"; }));
  wire.mend();
  CHECK(wait([&] { return restreamer.stats("one").state == TargetState::kLive; }));
  CHECK(restreamer.stats("one").reconnects >= 1);
  CHECK(server.calls() >= 2);
  CHECK(restreamer.stats("other").state == TargetState::kLive);
  CHECK(restreamer.stats("other").reconnects == 0);
  CHECK(restreamer.stats("other").dropped == 0);
}

}  // namespace openday::output
