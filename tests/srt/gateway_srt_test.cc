// The gateway process itself, in its sandbox, from an SRT caller to the feed's channel.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../ingest/studio.h"
#include "app/processes.h"
#include "wrap/srt/srt.h"

namespace openday::test {
namespace {

using link::Json;

/// A gateway in a child process; this process plays its supervisor, its hub and a feed.
class Station {
 public:
  /// Forks, so this process must have one thread still.
  Station() {
    auto ends = *socket_pair();
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      ends.first.reset();
      ::_exit(app::run_gateway(std::move(ends.second)));
    }
    home_ = std::make_unique<LoopThread>();
    control_ = open(std::move(ends.first), control, [](const Heard&) {});
  }
  ~Station() {
    home_->call([&] {
      hub_->close();
      feed_->close();
      control_->close();  // a child whose control channel closes exits
    });
    int status = 0;
    ::waitpid(child_, &status, 0);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  void start(const Json& config) {
    REQUIRE(control_->send(link::make_message("start", {{"config", config}, {"checkpoint", nullptr}})));
    REQUIRE(control.wait([](const auto& all) { return find(all, "ready") != nullptr; }));
    feed_ = introduce("feed", "b/one", feed, [](const Heard&) {});
    hub_ = introduce("hub", "", hub, [this](const Heard& heard) {
      if (heard.type() == "auth") answer(heard.head);
    });
  }

  Journal<Heard> control;
  Journal<Heard> hub;
  Journal<Heard> feed;

 private:
  using OnHeard = std::function<void(const Heard&)>;

  std::shared_ptr<link::Channel> open(UniqueFd socket, Journal<Heard>& journal, OnHeard on_heard) {
    return home_->call([&] {
      auto on_message = [&journal, on_heard](link::Message message) {
        Heard heard{std::move(message.head), std::move(message.body)};
        on_heard(heard);
        journal.add(std::move(heard));
      };
      return link::Channel::open(home_->loop(), std::move(socket), 1 << 20, on_message, [](const Error&) {})
          .value();
    });
  }
  std::shared_ptr<link::Channel> introduce(const char* role, const char* id, Journal<Heard>& journal,
                                           OnHeard on_heard) {
    auto ends = *socket_pair();
    auto message = link::make_message("peer", {{"role", role}, {"id", id}});
    message.fds.push_back(std::move(ends.second));
    auto channel = open(std::move(ends.first), journal, std::move(on_heard));
    REQUIRE(control_->send(std::move(message)));
    return channel;
  }
  void answer(const Json& question) {
    Json fields = {{"id", question["id"]}, {"ok", question.value("key", "") == "good"}};
    if (fields["ok"] == true)
      fields.update({{"venue", "one"}, {"feed", "b/one"}, {"passphrase", "a passphrase"}});
    CHECK(hub_->send(link::make_message("auth_result", fields)));
  }

  pid_t child_ = -1;
  std::unique_ptr<LoopThread> home_;
  std::shared_ptr<link::Channel> control_;
  std::shared_ptr<link::Channel> hub_;
  std::shared_ptr<link::Channel> feed_;
};

uint16_t free_port() {
  return SocketAddress::local_of(srt::bind_udp(*SocketAddress::parse("127.0.0.1", 0))->get())->port();
}

Bytes ts_message(uint8_t fill) {
  Bytes out(srt::kTsMessage, fill);
  for (size_t at = 0; at < out.size(); at += 188) out[at] = 0x47;
  return out;
}

}  // namespace

TEST_CASE("inside its sandbox the gateway takes SRT publishers and hands their packets to the feed") {
  Station station;
  uint16_t port = free_port();
  station.start({{"srt", {{"address", "127.0.0.1"}, {"port", port}, {"latency_ms", 20}}}});

  auto call = [&](const std::string& id, const std::string& passphrase) {
    return srt::connect(*SocketAddress::parse("127.0.0.1", port),
                        {.stream_id = id, .passphrase = passphrase, .latency = milliseconds(20)})
        .value();
  };
  auto settled = [](const srt::Socket& caller) {
    auto poller = *srt::Poller::create();
    while (caller.state() == srt::State::kConnecting)
      poller->wait(milliseconds(5));  // ends by its own timeout
    return caller.state();
  };
  auto wrong = call("bad", "a passphrase");
  CHECK(settled(*wrong) == srt::State::kBroken);
  CHECK(wrong->why() == "rejected: forbidden");

  auto caller = call("good", "a passphrase");
  REQUIRE(settled(*caller) == srt::State::kConnected);
  CHECK(station.hub.wait([](const auto& all) {
    return find(all, "publisher", {{"venue", "one"}, {"protocol", "srt"}, {"state", "connected"}}) != nullptr;
  }));
  Bytes sent;
  for (uint8_t i = 0; i < 20; ++i) {
    auto message = ts_message(i);
    REQUIRE(caller->send(message).value());
    sent.insert(sent.end(), message.begin(), message.end());
  }
  CHECK(station.feed.wait(
      [](const auto& all) { return find(all, "begin", {{"container", "ts"}}) != nullptr; }));
  CHECK(station.feed.wait([&](const auto& all) {
    Bytes got;
    for (const auto& heard : all) {
      if (heard.type() == "bytes") got.insert(got.end(), heard.body->begin(), heard.body->end());
    }
    return got == sent;
  }));
  caller.reset();
  CHECK(station.hub.wait([](const auto& all) {
    return find(all, "publisher", {{"venue", "one"}, {"state", "gone"}}) != nullptr;
  }));
}

}  // namespace openday::test
