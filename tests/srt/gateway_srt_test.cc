// The gateway process itself, in its sandbox, from an SRT caller to the feed's channel.
#include <catch2/catch.hpp>

#include "../ingest/station.h"
#include "../port.h"
#include "wrap/srt/srt.h"

namespace openday::test {
namespace {

Bytes ts_message(uint8_t fill) {
  Bytes out(srt::kTsMessage, fill);
  for (size_t at = 0; at < out.size(); at += 188) out[at] = 0x47;
  return out;
}

}  // namespace

TEST_CASE("inside its sandbox the gateway takes SRT publishers and hands their packets to the feed") {
  Station station;
  station.grant["passphrase"] = "a passphrase";
  auto port = static_cast<uint16_t>(free_udp_port());
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
