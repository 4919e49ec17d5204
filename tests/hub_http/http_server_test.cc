// The server over real sockets, HTTP/1.1.
#include <fmt/format.h>

#include "harness.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

/// Requests that wait to be answered by the test.
struct Held {
  std::vector<Responder> responders;
  int left = 0;
};

void add_routes(HttpServer& server, Held* held = nullptr) {
  Router& router = server.router();
  router.get("/hello",
             [](const Request&, Responder responder) { responder.send(Response::text(200, "hello")); });
  router.get("/echo/{name}", [](const Request& request, Responder responder) {
    responder.send(Response::text(200, fmt::format("{} {} {} {} {}", request.param("name"), request.raw_query,
                                                   request.peer, request.secure, request.http_version)));
  });
  RouteOptions small;
  small.max_body = 1000;
  router.add(
      Method::kPost, "/body",
      [](const Request& request, Responder responder) {
        responder.send(Response::text(200, fmt::format("{}:{}", request.body.size(), as_text(request.body))));
      },
      small);
  router.get("/big", [](const Request&, Responder responder) {
    responder.send(Response::bytes(200, "application/octet-stream",
                                   std::make_shared<const Bytes>(32 * 1024 * 1024, 'x')));
  });
  router.get("/throw", [](const Request&, Responder) -> void { throw std::runtime_error("broken"); });
  RouteOptions anywhere;
  anywhere.any_origin = true;
  router.get(
      "/open",
      [](const Request& r, Responder responder) {
        responder.send(Response::error(404, "not_found", "no", r.id));
      },
      anywhere);
  auto shared =
      std::make_shared<const SharedResponse>(200, std::vector<Header>{{"Content-Type", "text/plain"}},
                                             std::make_shared<const Bytes>(Bytes{'a', 'b', 'c'}));
  router.get("/shared",
             [shared](const Request&, Responder responder) { responder.send(Response::shared(shared)); });
  if (!held) return;
  router.get("/wait", [held](const Request&, Responder responder) {
    responder.when_gone([held] { ++held->left; });
    held->responders.push_back(std::move(responder));
  });
  router.get("/wait-a-little", [held](const Request&, Responder responder) {
    responder.set_deadline(milliseconds(300), [] { return Response::text(200, "that was all"); });
    responder.when_gone([held] { ++held->left; });
    held->responders.push_back(std::move(responder));
  });
}

}  // namespace

TEST_CASE("a connection serves many requests, one after the other") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  Client client(hub.port());
  for (int i = 0; i < 3; ++i) {
    auto answer = client.get(fmt::format("/echo/n{}?q={}", i, i));
    REQUIRE(answer);
    CHECK(answer->status == 200);
    CHECK(answer->body == fmt::format("n{} q={} 127.0.0.1 false 11", i, i));
  }
  CHECK(hub.counters().connections_total == 1);
  CHECK(hub.counters().requests == 3);
}

TEST_CASE("answers carry the security headers and an id") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  Client client(hub.port());
  auto answer = client.get("/hello").value();
  CHECK(answer.header("x-content-type-options") == "nosniff");
  CHECK(answer.header("content-security-policy") == "default-src 'none'; frame-ancestors 'none'");
  CHECK(answer.header("referrer-policy") == "same-origin");
  CHECK(answer.header("x-request-id").size() == 8);
  CHECK(answer.header("date").ends_with(" GMT"));
  CHECK(answer.header("access-control-allow-origin").empty());
  CHECK(answer.header("strict-transport-security").empty());
  auto open = client.get("/open").value();
  CHECK(open.status == 404);
  CHECK(open.header("access-control-allow-origin") == "*");
  CHECK(open.body.find(open.header("x-request-id")) != std::string::npos);
  auto lost = client.get("/nowhere").value();
  CHECK(lost.status == 404);
}

TEST_CASE("pipelined requests are answered in order") {
  Held held;
  Hub hub({}, [&](HttpServer& s) { add_routes(s, &held); });
  Client client(hub.port());
  std::string many;
  for (int i = 0; i < 50; ++i) many += fmt::format("GET /echo/{} HTTP/1.1\r\nHost: a\r\n\r\n", i);
  REQUIRE(client.send(many));
  for (int i = 0; i < 50; ++i) {
    auto answer = client.read();
    REQUIRE(answer);
    CHECK(answer->body.starts_with(fmt::format("{} ", i)));
  }
  // One that waits holds up those behind it, and nothing is lost.
  REQUIRE(client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
  REQUIRE(eventually(hub, [&] { return held.responders.size() == 1; }));
  hub.on_hub([&] { held.responders[0].send(Response::text(200, "waited")); });
  CHECK(client.read()->body == "waited");
  CHECK(client.read()->body == "hello");
  CHECK(held.left == 0);
}

TEST_CASE("a client that sends ahead without end is made to wait, in bounded memory") {
  Held held;
  Hub hub({}, [&](HttpServer& s) { add_routes(s, &held); });
  Client client(hub.port());
  REQUIRE(client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
  REQUIRE(eventually(hub, [&] { return held.responders.size() == 1; }));
  ::fcntl(client.fd(), F_SETFL, O_NONBLOCK);
  std::string flood(1 << 20, 'x');
  size_t taken = 0;
  bool full = false;
  for (int i = 0; i < 4000 && !full; ++i) {
    ssize_t sent = ::send(client.fd(), flood.data(), flood.size(), MSG_NOSIGNAL);
    if (sent > 0) taken += static_cast<size_t>(sent);
    full = sent < 0;
    if (full) {  // full now, and still full after the hub had turns
      for (int turn = 0; turn < 20; ++turn) hub.on_hub([] {});
      full = ::send(client.fd(), flood.data(), flood.size(), MSG_NOSIGNAL) < 0;
    }
  }
  CHECK(full);
  CHECK(taken < 32u << 20);  // socket buffers
}

TEST_CASE("HEAD gives the headers of GET and no body") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  Client client(hub.port());
  for (const char* path : {"/hello", "/shared"}) {
    client.send(fmt::format("HEAD {} HTTP/1.1\r\nHost: a\r\n\r\n", path));
    auto answer = client.read(true).value();
    CHECK(answer.status == 200);
    CHECK(answer.header("content-length") == (path == std::string("/hello") ? "5" : "3"));
  }
  CHECK(client.get("/hello")->body == "hello");  // nothing of a body was in between
}

TEST_CASE("methods that are not there are refused with what is") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  Client client(hub.port());
  client.send("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  auto refused = client.read().value();
  CHECK(refused.status == 405);
  CHECK(refused.header("allow") == "GET, HEAD, OPTIONS");
  client.send("OPTIONS /body HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read()->header("allow") == "POST, OPTIONS");
  client.send("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(client.read()->status == 501);
}

TEST_CASE("bodies arrive by length or in chunks, within their bound") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  {
    Client client(hub.port());
    client.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
    client.send("lo");
    CHECK(client.read()->body == "5:hello");
    client.send("POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    CHECK(client.read()->body == "3:abc");
    client.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    CHECK(client.read()->body == "0:");
    client.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.read()->status == 100);
    client.send("xyz");
    CHECK(client.read()->body == "3:xyz");
  }
  for (const char* too_large : {"Content-Length: 1001\r\n\r\n", "Content-Length: 99999999999\r\n\r\n",
                                "Transfer-Encoding: chunked\r\n\r\n3e9\r\n"}) {
    INFO(too_large);
    Client client(hub.port());
    client.send(std::string("POST /body HTTP/1.1\r\nHost: a\r\n") + too_large);
    client.send(std::string(1001, 'x'));
    auto refused = client.read().value();
    CHECK(refused.status == 413);
    CHECK(refused.header("connection") == "close");
    CHECK(client.at_end());
  }
}

TEST_CASE("an answer reaches a client that is still sending its refused body") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  Client client(hub.port());
  client.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n");
  std::thread sender([&] { client.send(std::string(4'000'000, 'x')); });
  auto answer = client.read();
  sender.join();
  REQUIRE(answer);
  CHECK(answer->status == 413);
}

TEST_CASE("malformed, oversize and foreign requests are refused clearly, and the server goes on") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  struct Bad {
    std::string text;
    int status;
  };
  const Bad all[] = {{"GET / HTTP/1.1\r\n\r\n", 400},
                     {"\x16\x03\x01\x02", 400},
                     {"GET /%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                     {"GET /a%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                     {"GET /?%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                     {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
                     {"GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
                     {"GET /" + std::string(9000, 'a'), 414},
                     {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'a'), 431},
                     {"POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400},
                     {"POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
                     {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505}};
  for (const Bad& bad : all) {
    INFO(bad.text.substr(0, 60));
    Client client(hub.port());
    REQUIRE(client.send(bad.text));
    auto answer = client.read();
    REQUIRE(answer);
    CHECK(answer->status == bad.status);
    CHECK(answer->body.find("\"error\"") != std::string::npos);
    CHECK(client.at_end());
  }
  CHECK(Client(hub.port()).get("/hello")->body == "hello");
  CHECK(hub.counters().requests_open == 0);
}

TEST_CASE("a request cut short costs nothing") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  for (const char* cut : {"", "GET", "GET /hello HTTP/1.1\r\nHost: a\r\n",
                          "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"}) {
    Client client(hub.port());
    client.send(cut);
    client.finish_sending();
    CHECK(client.at_end());
    Client rude(hub.port());
    rude.send(cut);
    rude.abort();
  }
  CHECK(eventually(hub, [&] { return hub.server().counters().connections_open == 0; }));
  CHECK(hub.counters().requests_open == 0);
}

TEST_CASE("a client that closes its side after asking still gets its answer") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  Client client(hub.port());
  client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  client.finish_sending();
  CHECK(client.read()->body == "hello");
  CHECK(client.read()->body == "hello");
  CHECK(client.at_end());
}

TEST_CASE("HTTP/1.0 and Connection: close are answered and closed") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  for (const char* path : {"/hello", "/shared"}) {
    Client old(hub.port());
    old.send(fmt::format("GET {} HTTP/1.0\r\n\r\n", path));
    auto answer = old.read().value();
    CHECK(answer.status == 200);
    CHECK(answer.header("connection") == "close");
    CHECK(old.at_end());
    Client once(hub.port());
    CHECK(once.get(path, "Connection: close\r\n")->header("connection") == "close");
    CHECK(once.at_end());
  }
}

TEST_CASE("a handler that throws answers 500 and nothing else happens") {
  Hub hub({}, [](HttpServer& s) { add_routes(s); });
  Client client(hub.port());
  CHECK(client.get("/throw")->status == 500);
  CHECK(client.get("/hello")->status == 200);
  CHECK(hub.counters().handler_failures == 1);
}

TEST_CASE("a handler learns that its client has left, by an end or by a reset") {
  Held held;
  Hub hub({}, [&](HttpServer& s) { add_routes(s, &held); });
  for (bool hard : {false, true}) {
    int before = hub.on_hub([&] { return held.left; });
    Client client(hub.port());
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    size_t waiting = hub.on_hub([&] { return held.responders.size(); });
    REQUIRE(eventually(hub, [&] { return held.responders.size() == waiting + 1 || waiting > 0; }));
    REQUIRE(eventually(hub, [&] { return hub.server().counters().requests_open == 1; }));
    hard ? client.abort() : client.close();
    CHECK(eventually(hub, [&] { return held.left == before + 1; }));
    hub.on_hub([&] {
      CHECK(held.responders.back().done());
      held.responders.back().send(Response::text(200, "too late"));  // does nothing
      held.responders.clear();
    });
  }
  CHECK(hub.counters().requests_open == 0);
  CHECK(hub.counters().clients_left == 2);
}

TEST_CASE("deadlines answer for handlers that do not") {
  Held held;
  HttpOptions options;
  options.answer_timeout = milliseconds(300);
  Hub hub(options, [&](HttpServer& s) { add_routes(s, &held); });
  Client client(hub.port());
  auto late = client.get("/wait").value();
  CHECK(late.status == 503);
  CHECK(late.header("retry-after") == "1");
  CHECK(client.get("/wait-a-little")->body == "that was all");
  CHECK(hub.on_hub([&] { return held.left; }) == 2);
  CHECK(client.get("/hello")->status == 200);
  hub.on_hub([&] { held.responders.clear(); });
}

TEST_CASE("slow clients are cut off: in the head, in the body, idle, and while they are answered") {
  HttpOptions options;
  options.header_timeout = milliseconds(300);
  options.idle_timeout = milliseconds(600);
  options.send_timeout = milliseconds(500);
  Hub hub(options, [&](HttpServer& s) { add_routes(s); });
  Client never(hub.port());  // says nothing
  Client head(hub.port());
  head.send("GET /hello HT");
  Client idle(hub.port());
  CHECK(idle.get("/hello")->status == 200);
  Client reader(hub.port(), 4096);  // asks for much and reads nothing
  reader.send("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(never.at_end());
  CHECK(head.read()->status == 408);
  CHECK(idle.at_end());
  CHECK(eventually(hub, [&] { return hub.server().counters().connections_open == 0; }));
  CHECK(hub.counters().timeouts >= 2);
}

TEST_CASE("of thousands that say nothing all are cut off, though not all are looked at in each tick") {
  HttpOptions options;
  options.header_timeout = milliseconds(300);
  options.idle_timeout = milliseconds(300);
  Hub hub(options, [&](HttpServer& s) { add_routes(s); });
  std::vector<std::unique_ptr<Client>> silent;
  silent.reserve(2500);
  for (int i = 0; i < 2500; ++i) silent.push_back(std::make_unique<Client>(hub.port()));
  for (auto& one : silent) CHECK(one->at_end());
  CHECK(eventually(hub, [&] { return hub.server().counters().connections_open == 0; }));
}

TEST_CASE("large answers arrive whole at slow and fast readers alike") {
  Hub hub({}, [&](HttpServer& s) { add_routes(s); });
  Client small_window(hub.port(), 8192);
  auto answer = small_window.get("/big").value();
  CHECK(answer.body.size() == 32u << 20);
  CHECK(small_window.get("/hello")->body == "hello");
}

TEST_CASE("connections beyond the cap are closed, and room comes back") {
  HttpOptions options;
  options.max_connections = 3;
  Hub hub(options, [&](HttpServer& s) { add_routes(s); });
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(hub.port()));
    REQUIRE(clients.back()->get("/hello"));
  }
  Client fourth(hub.port());
  CHECK_FALSE(fourth.get("/hello"));
  CHECK(hub.counters().connections_refused == 1);
  clients.pop_back();
  REQUIRE(eventually(hub, [&] { return hub.server().counters().connections_open == 2; }));
  Client fifth(hub.port());
  CHECK(fifth.get("/hello"));
}

TEST_CASE("one caller takes a quarter of the connections, the others are for others") {
  HttpOptions options;
  options.max_connections = 8;
  options.unbounded = {"127.0.0.9/32"};
  Hub hub(options, [&](HttpServer& s) { add_routes(s); });
  std::vector<std::unique_ptr<Client>> clients;
  auto call = [&](const char* source) {
    clients.push_back(std::make_unique<Client>(hub.port(), 0, source));
    return clients.back()->get("/hello").has_value();
  };
  CHECK(call("127.0.0.2"));
  CHECK(call("127.0.0.2"));
  CHECK_FALSE(call("127.0.0.2"));
  CHECK(hub.counters().connections_refused == 1);
  CHECK(call("127.0.0.3"));
  for (int i = 0; i < 3; ++i) CHECK(call("127.0.0.9"));
  clients.front()->close();
  REQUIRE(eventually(hub, [&] { return hub.server().counters().connections_open == 5; }));
  CHECK(call("127.0.0.2"));
}

TEST_CASE("one caller's waiting requests are bounded, and given back when they are answered or left") {
  HttpOptions options;
  options.max_waiting_per_caller = 2;
  options.unbounded = {};
  std::vector<Responder> waiting;  // on the hub thread
  Hub hub(options, [&](HttpServer& s) {
    add_routes(s);
    s.router().get("/wait", [&](Request, Responder responder) { waiting.push_back(std::move(responder)); });
  });
  Client first(hub.port());
  Client second(hub.port());
  for (Client* one : {&first, &second}) one->send("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n");
  REQUIRE(eventually(hub, [&] { return waiting.size() == 2; }));
  Client third(hub.port());
  auto refused = third.get("/hello");
  REQUIRE(refused);
  CHECK(refused->status == 503);
  CHECK(refused->header("retry-after") == "5");
  Client neighbour(hub.port(), 0, "127.0.0.3");
  CHECK(neighbour.get("/hello")->status == 200);
  hub.on_hub([&] {
    waiting[0].send(Response::text(200, "now"));
    return 0;
  });
  CHECK(first.read()->body == "now");
  CHECK(third.get("/hello")->status == 200);
  first.send("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n");
  REQUIRE(eventually(hub, [&] { return waiting.size() == 3; }));
  CHECK(third.get("/hello")->status == 503);
  second.abort();
  REQUIRE(eventually(hub, [&] { return hub.server().counters().connections_open == 3; }));
  CHECK(third.get("/hello")->status == 200);
  hub.on_hub([&] {
    waiting.clear();
    return 0;
  });
}

TEST_CASE("clients behind a trusted proxy keep their address and scheme, others cannot lend one") {
  HttpOptions options;
  options.trusted_proxies = {"127.0.0.0/8"};
  auto routes = [](HttpServer& s) {
    add_routes(s);
    s.router().get("/way", [](const Request& request, Responder responder) {
      responder.send(Response::text(200, request.by_proxy ? "by proxy" : "directly"));
    });
  };
  Hub trusting(options, routes);
  Client proxy(trusting.port());
  CHECK(proxy.get("/echo/x", "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n")->body ==
        "x  203.0.113.9 true 11");
  CHECK(proxy.get("/echo/x")->body == "x  127.0.0.1 false 11");
  CHECK(proxy.get("/way")->body == "by proxy");
  Hub plain({}, routes);
  Client liar(plain.port());
  CHECK(liar.get("/echo/x", "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n")->body ==
        "x  127.0.0.1 false 11");
  CHECK(liar.get("/way", "X-Forwarded-For: 203.0.113.9\r\n")->body == "directly");
}

TEST_CASE("draining finishes what is open, closes what is idle and takes nothing new") {
  Held held;
  Hub hub({}, [&](HttpServer& s) { add_routes(s, &held); });
  Client idle(hub.port());
  idle.get("/hello");
  Client busy(hub.port());
  busy.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(eventually(hub, [&] { return held.responders.size() == 1; }));
  std::promise<void> drained;
  hub.on_hub([&] { hub.server().drain(seconds(5), [&] { drained.set_value(); }); });
  CHECK(idle.at_end());
  CHECK_FALSE(Client(hub.port()).connected());
  hub.on_hub([&] { held.responders[0].send(Response::text(200, "done")); });
  auto last = busy.read().value();
  CHECK(last.body == "done");
  CHECK(last.header("connection") == "close");
  busy.close();
  CHECK(drained.get_future().wait_for(seconds(4)) == std::future_status::ready);
}

TEST_CASE("five thousand connects are served, and leave nothing behind") {
  Hub hub({}, [&](HttpServer& s) { add_routes(s); });
  std::vector<std::unique_ptr<Client>> open;
  int served = 0;
  for (int i = 0; i < 5000; ++i) {
    auto client = std::make_unique<Client>(hub.port());
    if (client->get("/hello")) ++served;
    if (i % 10 == 0) open.push_back(std::move(client));  // some stay
  }
  CHECK(served == 5000);
  CHECK(hub.counters().connections_total == 5000);
  open.clear();
  CHECK(eventually(hub, [&] { return hub.server().counters().connections_open == 0; }));
}
