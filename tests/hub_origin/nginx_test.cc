// config/nginx/openday.conf under a real nginx: however many players wait for a part, the origin is asked
// once or twice; and it is told who asks.
#include "nginx.h"

#include "encoded_program.h"
#include "engage/word_list.h"
#include "origin_hub.h"
#include "stage.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

TEST_CASE("nginx asks the origin at most twice for a playlist that a hundred players wait for") {
  OriginHub origin;
  origin.put("", OriginState::kLive);
  Hub& hub = origin.hub();
  Run run(origin.origin(), "b", "run1", "720p");
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
    bool asked = eventually(hub, [&] { return origin.origin().metrics().waiters >= 1; });
    INFO(nginx.log());
    REQUIRE(asked);
    hub.on_hub([&] { run.part(); });
    for (size_t i = 0; i < players.size(); ++i) {
      auto answer = players[i]->read();
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
  // So nginx alone can count them, and does.
  auto status = players[0]->get("/nginx_status");
  REQUIRE(status);
  CHECK(status->body.starts_with("Active connections: 100 "));
}

TEST_CASE("whatever is asked for through nginx, the hub is told by whom, for which host and how") {
  const std::vector<std::string> paths = {"/hls/day/live.m3u8",  "/media/run1/720p/1.m4s",
                                          "/thumb/day/1.jpg",    "/assets/a.js",
                                          "/hls/day/replay.mp4", "/watch/day",
                                          "/api/v1/time",        "/api/v1/admin/word-lists/w"};
  HttpOptions options;
  options.trusted_proxies = {"127.0.0.1"};
  Hub hub(options, [&](HttpServer& server) {
    for (const auto& path : paths) {
      server.router().get(path, [](const Request& request, Responder responder) {
        responder.send(Response::text(
            200, fmt::format("{} ({}) for {} by {}, takes {}", request.peer,
                             request.header("x-forwarded-for"), request.header("host"),
                             request.header("x-forwarded-proto"), request.header("accept-encoding"))));
      });
    }
  });
  TemporaryFolder folder;
  openday::test::Nginx nginx(folder.path(), hub.port(), 1024);
  Client viewer(nginx.port());
  for (const auto& path : paths) {
    // What a viewer says of itself by these names is not what the hub hears: the last address is nginx's
    // word.
    auto answer = viewer.get(path,
                             "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
                             "Accept-Encoding: identity\r\n");
    INFO(path << "\n" << nginx.log());
    REQUIRE(answer);
    CHECK(answer->body == fmt::format("192.0.2.7 (192.0.2.7, 127.0.0.1) for test by http, takes {}",
                                      path.ends_with(".m3u8") ? "gzip" : "identity"));
    // As browsers do: TLS, HTTP/2.
    std::string over_tls = openday::test::output_of(
        fmt::format("curl -s --http2 --cacert {}/nginx-cert.pem --resolve tv.test:{}:127.0.0.1 "
                    "-w ' over %{{http_version}}' https://tv.test:{}{}?tls",
                    folder.path(), nginx.tls_port(), nginx.tls_port(), path));
    INFO(over_tls);
    CHECK(over_tls.find(fmt::format(" for tv.test:{} by https, takes ", nginx.tls_port())) !=
          std::string::npos);
    CHECK(over_tls.ends_with(" over 2"));
  }
}

TEST_CASE("a word list passes nginx as large as the hub takes one, and nothing else is larger than 64 KiB") {
  const std::string kList = "/api/v1/admin/word-lists/court";
  const std::string kOther = "/api/v1/admin/broadcasts";
  const size_t most = engage::kLargestList * 2;  // as hub/api_words.cc has it
  Hub hub({}, [&](HttpServer& server) {
    auto says_size = [](const Request& request, Responder responder) {
      responder.send(Response::text(200, std::to_string(request.body.size())));
    };
    server.router().add(Method::kPut, kList, says_size, {.max_body = most});
    server.router().add(Method::kPut, kOther, says_size);
  });
  TemporaryFolder folder;
  openday::test::Nginx nginx(folder.path(), hub.port(), 1024);
  auto put = [&](const std::string& path, size_t bytes) {
    // As curl does with what is large: the body follows when the server has agreed.
    Client client(nginx.port());
    client.send(
        fmt::format("PUT {} HTTP/1.1\r\nHost: tv.test\r\nExpect: 100-continue\r\n"
                    "Content-Length: {}\r\n\r\n",
                    path, bytes));
    auto answer = client.read();
    if (answer && answer->status == 100) {
      client.send(std::string(bytes, 'x'));
      answer = client.read();
    }
    INFO(nginx.log());
    REQUIRE(answer);
    return fmt::format("{} {}", answer->status, answer->status == 200 ? answer->body : "");
  };
  CHECK(put(kOther, 64 << 10) == "200 65536");
  CHECK(put(kOther, (64 << 10) + 1) == "413 ");
  CHECK(put(kList, (64 << 10) + 1) == "200 65537");
  CHECK(put(kList, most) == fmt::format("200 {}", most));
  CHECK(put(kList, most + 1) == "413 ");
}

TEST_CASE("nginx hands WebSockets on to the API and to nothing else") {
  WebSocketRoute route;
  route.subprotocol = "one";
  route.accept = [](const Request& request) {
    return std::unexpected(Response::error(403, "refused", "a WebSocket came", request.id));
  };
  Hub hub({}, [&](HttpServer& server) {
    for (const char* path : {"/api/v1/events", "/media/events", "/watch"})
      server.router().websocket(path, route);
  });
  TemporaryFolder folder;
  openday::test::Nginx nginx(folder.path(), hub.port(), 1024);
  auto status = [&](const char* path) {
    auto answer = Client(nginx.port())
                      .get(path,
                           "Connection: Upgrade\r\nUpgrade: WebSocket\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: one\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    return answer ? answer->status : 0;
  };
  CHECK(status("/api/v1/events") == 403);
  CHECK(status("/media/events") == 426);
  CHECK(status("/watch") == 426);
}
