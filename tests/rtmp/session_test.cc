// A publisher and a server talk to each other without a socket.
#include <catch2/catch.hpp>
#include <deque>
#include <vector>

#include "rtmp/client_session.h"
#include "rtmp/flv.h"
#include "rtmp/server_session.h"

using namespace openday;
using namespace openday::rtmp;

namespace {

Bytes noise(size_t count) {
  return Bytes(count, 0x5A);
}

// Both ends, with their bytes carried over in pieces of a chosen size.
struct Call {
  explicit Call(size_t piece_size = 1000, const char* stream = "secret?token=1")
      : piece(piece_size),
        target(parse_push_url("rtmp://studio.example/live", stream).value()),
        client(target, clock, noise),
        server(clock, limits, [this](ServerEvent event) { events.push_back(std::move(event)); }, noise) {}

  // Until neither has anything to say.
  void talk() {
    for (bool busy = true; busy;) {
      Bytes up = client.take_output();
      Bytes down = server.take_output();
      busy = !up.empty() || !down.empty();
      if (server_result) each_piece(up, [&](ByteView bytes) { server_result = server.feed(bytes); });
      if (client_result) each_piece(down, [&](ByteView bytes) { client_result = client.feed(bytes); });
    }
  }

  template <class F>
  void each_piece(ByteView bytes, F take) const {
    for (size_t at = 0; at < bytes.size(); at += piece)
      take(bytes.subspan(at, std::min(piece, bytes.size() - at)));
  }

  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const auto& event : events) {
      if (const T* wanted = std::get_if<T>(&event)) out.push_back(*wanted);
    }
    return out;
  }

  void go_live() {
    client.start();
    talk();
    REQUIRE(server.accept_publish());
    talk();
    REQUIRE(client.live());
  }

  size_t piece;
  ManualClock clock;
  ServerLimits limits;
  PushTarget target;
  std::vector<ServerEvent> events;
  ClientSession client;
  ServerSession server;
  Result<> server_result;
  Result<> client_result;
};

}  // namespace

TEST_CASE(
    "a publisher asks, is told to start only after it was accepted, and its media arrives with its times") {
  for (size_t piece : {size_t{1}, size_t{7}, size_t{1000}, size_t{100000}}) {
    Call call(piece);
    call.client.start();
    call.talk();
    auto requests = call.all<PublishRequest>();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].app == "live");
    CHECK(requests[0].stream == "secret");
    CHECK(requests[0].query == "token=1");
    CHECK(call.client.state() == ClientSession::State::kPublishing);  // no Publish.Start yet
    CHECK(call.client.send_audio(0, Bytes{1}).error().code == Errc::kConflict);

    REQUIRE(call.server.accept_publish());
    call.talk();
    REQUIRE(call.client.live());

    Bytes frame = video_frame_tag(FlvCodec::kH264, true, 40, Bytes(10000, 7));
    REQUIRE(call.client.send_metadata(metadata_tag({.width = 1280, .height = 720})));
    REQUIRE(call.client.send_video(17'000'000, frame));  // past the 24 bits of a plain timestamp
    REQUIRE(call.client.send_audio(17'000'021, Bytes{0xAF, 1, 9}));
    call.talk();
    REQUIRE(call.server_result);
    auto media = call.all<MediaMessage>();
    REQUIRE(media.size() == 3);
    CHECK(media[0].type == kData);
    CHECK(media[0].body == metadata_tag({.width = 1280, .height = 720}));
    CHECK(media[1].type == kVideo);
    CHECK(media[1].time_ms == 17'000'000);
    CHECK(media[1].body == frame);
    CHECK(media[2].time_ms == 17'000'021);

    call.client.stop();
    call.talk();
    CHECK(call.all<PublishEnd>().size() == 1);
  }
}

TEST_CASE("a publisher with a wrong key is told so, and never that it may start") {
  Call call;
  call.client.start();
  call.talk();
  call.server.refuse_publish("This key is not known for secret here.");
  call.talk();
  REQUIRE_FALSE(call.client_result);
  CHECK(call.client_result.error().code == Errc::kRefused);
  CHECK(call.client_result.error().message.find("not known") != std::string::npos);
  CHECK(call.client_result.error().message.find("secret") ==
        std::string::npos);                   // the key stays out of errors
  CHECK(call.server.feed(Bytes(100000, 3)));  // whatever still comes is not looked at
  CHECK(call.server.held_bytes() == 0);
}
