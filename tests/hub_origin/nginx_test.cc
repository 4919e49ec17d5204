// config/nginx/openday.conf under a real nginx: however many players wait for a part, the origin is asked
// once or twice.
#include "nginx.h"

#include "../hub_http/harness.h"
#include "hub/origin.h"
#include "stage.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

TEST_CASE("nginx asks the origin at most twice for a playlist that a hundred players wait for") {
  std::unique_ptr<Origin> origin;
  Hub hub({}, [&](HttpServer& server) {
    origin = std::make_unique<Origin>(OriginOptions(), server.loop(), Log("test", LogLevel::kError));
    origin->add_routes(server.router());
    OriginSetup setup;
    setup.id = "b";
    setup.names = {"b"};
    setup.state = OriginState::kLive;
    origin->put(setup);
  });
  Run run(*origin, "b", "run1", "720p");
  hub.on_hub([&] {
    run.begin();
    run.parts(7);
  });
  TemporaryFolder folder;
  openday::test::Nginx nginx(folder.path(), hub.port(), 1024);
  std::vector<std::unique_ptr<Client>> players;
  for (int i = 0; i < 100; ++i) players.push_back(std::make_unique<Client>(nginx.port()));

  for (int part = 1; part <= 3; ++part) {
    uint64_t before = hub.counters().requests;
    std::string url = fmt::format("/hls/b/720p/live.m3u8?_HLS_msn=1&_HLS_part={}", part);
    for (size_t i = 0; i < players.size(); ++i) {
      // Half of them cannot unpack; some have parameters of their own.
      players[i]->send(fmt::format("GET {}{} HTTP/1.1\r\nHost: tv.test\r\n{}\r\n", url,
                                   i % 3 == 0 ? "&x=" + std::to_string(i) : "",
                                   i % 2 == 0 ? "Accept-Encoding: gzip\r\n" : ""));
    }
    REQUIRE(eventually(hub, [&] { return origin->metrics().waiters >= 1; }));
    hub.on_hub([&] { run.part(); });
    for (size_t i = 0; i < players.size(); ++i) {
      auto answer = players[i]->read();
      INFO(nginx.log());
      REQUIRE(answer);
      CHECK(answer->status == 200);
      CHECK(answer->header("content-encoding") == (i % 2 == 0 ? "gzip" : ""));
      CHECK(answer->header("access-control-allow-origin") == "*");
      std::string text = answer->body;
      if (i % 2 == 0) text = as_text(wrap::gunzip(as_bytes(answer->body), 1 << 20).value());
      CHECK(text.find(fmt::format("/media/run1/720p/1.{}.m4s\"", part)) != std::string::npos);
    }
    CHECK(hub.counters().requests - before <= 2);
  }

  // A hinted part is held and asked for once, too.
  uint64_t before = hub.counters().requests;
  for (auto& player : players) player->send("GET /media/run1/720p/1.4.m4s HTTP/1.1\r\nHost: tv.test\r\n\r\n");
  REQUIRE(eventually(hub, [&] { return hub.server().counters().requests_open >= 1; }));
  hub.on_hub([&] { run.part(); });
  for (auto& player : players) CHECK(player->read()->body == "1.4;");
  CHECK(hub.counters().requests - before <= 2);
  hub.on_hub([&] { origin.reset(); });
}
