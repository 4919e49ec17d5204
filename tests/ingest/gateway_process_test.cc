// RTMP and RTMPS through the gateway process in its sandbox.
#include <fstream>

#include "../port.h"
#include "program.h"
#include "rtmp/flv.h"
#include "rtmp_publisher.h"
#include "station.h"
#include "wrap/ssl/self_signed.h"

namespace openday::test {
namespace {

using link::Json;

int64_t resident_kib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    int64_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib;
  }
  return -1;
}

bool has_frames(const std::vector<Heard>& all, size_t wanted) {
  size_t frames = 0;
  for (const auto& heard : all) frames += heard.type() == "bytes" && heard.head["tag"] == 9 ? 1 : 0;
  return frames >= wanted;
}

}  // namespace

TEST_CASE("inside its sandbox the gateway takes RTMP and RTMPS from FFmpeg") {
  auto made = wrap::make_self_signed("studio.example").value();
  Station station;
  HeldPort plain, secure;
  station.start({{"rtmp", {{"address", "127.0.0.1"}, {"port", plain.number()}}},
                 {"rtmps", {{"address", "127.0.0.1"}, {"port", secure.number()}}},
                 {"srt", nullptr},
                 {"tls", {{"cert_pem", made.certificate_pem}, {"key_pem", made.key_pem}}}});
  CHECK(Program(ffmpeg("rtmp://127.0.0.1:" + std::to_string(plain.number()) + "/live/good")).wait() == 0);
  CHECK(station.feed.wait([](const auto& all) { return has_frames(all, 91); }));  // 90 and the configuration
  CHECK(Program(ffmpeg("rtmps://127.0.0.1:" + std::to_string(secure.number()) + "/live/good")).wait() == 0);
  CHECK(station.feed.wait([](const auto& all) { return has_frames(all, 182); }));
  CHECK(Program(ffmpeg("rtmp://127.0.0.1:" + std::to_string(plain.number()) + "/live/bad"), true).wait() !=
        0);
}

TEST_CASE("publishers stay on air, and new ones wait, while the hub restarts") {
  Station station;
  HeldPort port;
  station.start({{"rtmp", {{"address", "127.0.0.1"}, {"port", port.number()}}}});
  Publisher first(port.number(), "good");
  REQUIRE(first.go_live());
  station.lose_hub();
  REQUIRE(first.session().send_video(1, rtmp::video_frame_tag(rtmp::FlvCodec::kH264, true, 0, Bytes(9, 1))));
  REQUIRE(first.flush());
  CHECK(station.feed.wait([](const auto& all) { return find(all, "bytes", {{"time_ms", 1}}) != nullptr; }));
  Publisher second(port.number(), "good");
  while (second.session().state() != rtmp::ClientSession::State::kPublishing) REQUIRE(second.step());
  station.start_hub();
  CHECK(second.go_live());
  CHECK(station.hub.wait(
      [](const auto& all) { return find(all, "publisher", {{"state", "replaced"}}) != nullptr; }));
}

TEST_CASE("a flood of strangers and a feed that does not read leave the gateway's memory small") {
  Station station;
  HeldPort port;
  station.start({{"rtmp", {{"address", "127.0.0.1"}, {"port", port.number()}}},
                 {"limits", {{"connections", 200}, {"per_address", 200}}}});
  Publisher publisher(port.number(), "good");
  REQUIRE(publisher.go_live());
  REQUIRE(publisher.session().send_video(
      1, rtmp::video_frame_tag(rtmp::FlvCodec::kH264, true, 0, Bytes(100'000, 1))));
  REQUIRE(publisher.flush());
  REQUIRE(station.feed.wait([](const auto& all) { return has_frames(all, 1); }));
  int64_t before = resident_kib(station.gateway());
  REQUIRE(before > 0);

  Bytes handshake(1 + 2 * rtmp::kHandshakeSize, 0);
  handshake[0] = 3;
  std::vector<std::unique_ptr<Wire>> strangers;
  for (int i = 0; i < 150; ++i) {
    strangers.push_back(std::make_unique<Wire>(port.number()));
    strangers.back()->send(handshake);
    for (uint8_t id = 3; id < 18; ++id) {
      Bytes chunk = {id, 0, 0, 0, 0, 0x40, 0, 20, 0, 0, 0, 0};
      chunk.resize(chunk.size() + 128, 0);
      strangers.back()->send(chunk);
    }
  }
  station.stop_reading_feed();
  for (int i = 0; i < 400; ++i) {  // 40 MB for nobody
    REQUIRE(publisher.session().send_video(
        2 + i, rtmp::video_frame_tag(rtmp::FlvCodec::kH264, i % 10 == 0, 0, Bytes(100'000, 1))));
    REQUIRE(publisher.flush());
  }
  CHECK(station.hub.wait([](const auto& all) {
    return !all.empty() && all.back().type() == "stats" && all.back().head["connections"] == 151 &&
           all.back().head["publishers"][0]["bytes"] >= 40'000'000;
  }));
#if !defined(OPENDAY_SANITIZE_ADDRESS) && \
    !defined(OPENDAY_SANITIZE_THREAD)  // these keep freed memory on purpose
  // 4 MiB of queue, 150 × (2 KiB of messages and a session), and the allocator's slack.
  CHECK(resident_kib(station.gateway()) - before < 24 * 1024);
#endif
}

TEST_CASE("a port that is taken, no certificate or no level of the log ends the process with a failure") {
  for (int attempt : {0, 1, 2}) {
    UniqueFd taken(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    auto any = SocketAddress::parse("127.0.0.1", 0).value();
    REQUIRE(::bind(taken.get(), any.raw(), any.size()) == 0);
    REQUIRE(::listen(taken.get(), 1) == 0);
    uint16_t port = SocketAddress::local_of(taken.get())->port();
    Json endpoint = {{"address", "127.0.0.1"}, {"port", attempt == 0 ? port : 0}};
    Json config = {{attempt == 1 ? "rtmps" : "rtmp", endpoint},
                   {"tls", {{"cert_pem", "no"}, {"key_pem", "no"}}}};
    auto ends = *socket_pair();
    pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ends.first.reset();
      ::_exit(app::run_gateway(std::move(ends.second)));
    }
    LoopThread home;
    auto control = home.call([&] {
      return link::Channel::open(
                 home.loop(), std::move(ends.first), 1 << 20, [](const link::Message&) {},
                 [](const Error&) {})
          .value();
    });
    REQUIRE(control->send(link::make_message(
        "start",
        {{"config", config}, {"checkpoint", nullptr}, {"log_level", attempt == 2 ? "loud" : "error"}})));
    int status = 0;
    ::waitpid(child, &status, 0);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 1));
    home.call([&] { control.reset(); });
  }
}

}  // namespace openday::test
