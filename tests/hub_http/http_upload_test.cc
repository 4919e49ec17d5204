// Streamed request bodies over real sockets: raw bytes for HTTP/1.1, curl for HTTP/2.
#include "hub/http_upload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "harness.h"
#include "wrap/ssl/self_signed.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

constexpr size_t kMost = 4 * 1024 * 1024;

/// What the sinks saw, on the hub thread.
struct Seen {
  int accepted = 0;
  int dropped = 0;  // without the end of their body
  int finished = 0;
  size_t taken = 0;
  size_t largest = 0;  // piece
  uint32_t sum = 0;
  std::function<std::expected<UploadSink::Next, Response>()> decide = [] { return UploadSink::Next::kMore; };
  std::vector<UploadFlow> flows;
};

uint32_t sum_of(uint32_t sum, ByteView bytes) {
  for (uint8_t byte : bytes) sum = sum * 31 + byte;
  return sum;
}

std::string content(size_t size) {
  std::string out(size, '\0');
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 7 + i / 251);
  return out;
}

class Sink final : public UploadSink {
 public:
  explicit Sink(Seen& seen) : seen_(seen) { ++seen_.accepted; }
  ~Sink() override { seen_.dropped += finished_ ? 0 : 1; }
  std::expected<Next, Response> take(ByteView bytes) override {
    seen_.taken += bytes.size();
    seen_.largest = std::max(seen_.largest, bytes.size());
    seen_.sum = sum_of(seen_.sum, bytes);
    return seen_.decide();
  }
  void finish(Responder responder) override {
    finished_ = true;
    ++seen_.finished;
    responder.send(Response::text(200, std::to_string(seen_.taken)));
  }

 private:
  Seen& seen_;
  bool finished_ = false;
};

/// Both protocols on one loop.
class Place {
 public:
  explicit Place(HttpOptions options = {}) {
    auto made = wrap::make_self_signed("one.test").value();
    REQUIRE(write_file_atomic(folder_ / "cert.pem", made.certificate_pem));
    REQUIRE(write_file_atomic(folder_ / "key.pem", made.key_pem));
    options.listeners = {{.address = "127.0.0.1", .port = 0, .tls = false},
                         {.address = "127.0.0.1", .port = 0, .tls = true}};
    options.tls = TlsFiles{folder_ / "cert.pem", folder_ / "key.pem"};
    hub_.emplace(options, [this](HttpServer& server) { add_routes(server.router()); });
  }

  Hub& hub() { return *hub_; }
  Seen& seen() { return seen_; }
  int port() { return hub_->port(0); }
  template <class Task>
  auto on_hub(Task task) {
    return hub_->on_hub(std::move(task));
  }
  bool eventually(std::function<bool()> condition) { return test::eventually(*hub_, std::move(condition)); }
  std::string file(std::string_view name, std::string_view bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  /// HTTP/2; returns what curl prints.
  std::string curl(const std::string& arguments, std::string_view path = "/up") {
    std::string command =
        fmt::format("curl -s -k --http2 --max-time 20 -X POST {} https://127.0.0.1:{}{} 2>&1", arguments,
                    hub_->port(1), path);
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string out;
    std::array<char, 4096> buffer;
    while (size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
      out.append(buffer.data(), got);
    return out;
  }

 private:
  void add_routes(Router& router) {
    UploadRoute route;
    route.max_body = kMost;
    route.max_at_once = 3;
    route.max_per_caller = 2;
    route.accept = [this](const Request& request,
                          UploadFlow flow) -> std::expected<std::unique_ptr<UploadSink>, Response> {
      if (request.header("authorization") == "none")
        return std::unexpected(Response::error(401, "unauthorized", "who are you?", request.id));
      if (request.header("authorization") == "throw") throw std::runtime_error("broken");
      seen_.flows.push_back(std::move(flow));
      return std::make_unique<Sink>(seen_);
    };
    router.upload(Method::kPost, "/up", route);
    router.get("/hello",
               [](const Request&, Responder responder) { responder.send(Response::text(200, "hello")); });
  }

  TemporaryFolder folder_;
  Seen seen_;
  std::optional<Hub> hub_;
};

std::string post(std::string_view headers) {
  return fmt::format("POST /up HTTP/1.1\r\nHost: a\r\n{}\r\n", headers);
}

}  // namespace

TEST_CASE("a streamed body arrives whole and in order, in both protocols") {
  Place place;
  std::string body = content(3'000'000);
  uint32_t sum = sum_of(0, as_bytes(body));
  SECTION("HTTP/1.1 by length, with a request behind it") {
    Client client(place.port());
    client.send(post("Content-Length: 3000000\r\n"));
    client.send(body);
    client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.read()->body == "3000000");
    CHECK(client.read()->body == "hello");
  }
  SECTION("HTTP/1.1 in chunks") {
    Client client(place.port());
    std::string text = post("Transfer-Encoding: chunked\r\n");
    for (size_t at = 0; at < body.size(); at += 70'001) {
      std::string piece = body.substr(at, 70'001);
      text += fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    }
    client.send(text + "0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(client.read()->body == "3000000");
    CHECK(client.read()->body == "hello");
  }
  SECTION("HTTP/2") {
    CHECK(place.curl("--data-binary @" + place.file("body", body)) == "3000000");
  }
  place.on_hub([&] {
    CHECK(place.seen().sum == sum);
    CHECK(place.seen().finished == 1);
    CHECK(place.seen().dropped == 0);
    CHECK(place.seen().largest <= 64 * 1024);
  });
}

TEST_CASE("a body may be empty, and its head alone be refused") {
  Place place;
  Client client(place.port());
  client.send(post("Content-Length: 0\r\n"));
  CHECK(client.read()->body == "0");
  CHECK(place.curl("-d ''") == "0");
  CHECK(place.curl("-H 'Authorization: none' -d x -o /dev/null -w '%{http_code}'") == "401");
  client.send(post("Content-Length: 3\r\nAuthorization: none\r\nExpect: 100-continue\r\n"));
  CHECK(client.read()->status == 401);  // and nothing before it
  CHECK(client.at_end());
  Client third(place.port());
  third.send(post("Content-Length: 3\r\nAuthorization: throw\r\n"));
  CHECK(third.read()->status == 500);
  CHECK(place.on_hub([&] { return place.seen().accepted; }) == 2);
}

TEST_CASE("a client that asks first is told to go on") {
  Place place;
  Client client(place.port());
  client.send(post("Content-Length: 3\r\nExpect: 100-continue\r\n"));
  CHECK(client.read()->status == 100);
  client.send("abc");
  CHECK(client.read()->body == "3");
  std::string out = place.curl("-i -H 'Expect: 100-continue' -d abc");
  CHECK(out.starts_with("HTTP/2 100"));
  CHECK(out.ends_with("\r\n\r\n6"));
}

TEST_CASE("a body of ten gigabytes is refused before a byte of it is taken") {
  Place place;
  Client client(place.port());
  client.send(post("Content-Length: 10737418240\r\n"));
  auto refused = client.read().value();
  CHECK(refused.status == 413);
  CHECK(refused.header("connection") == "close");
  std::string more(1 << 20, 'x');
  int sent = 0;
  while (sent < 1000 && client.send(more)) ++sent;
  CHECK(sent < 200);  // megabytes; mostly socket buffers
  std::string sparse = place.file("sparse", "");
  std::filesystem::resize_file(sparse, 10'737'418'240);
  CHECK(place.curl("-o /dev/null -w '%{http_code}' -T " + sparse) == "413");
  place.on_hub([&] {
    CHECK(place.seen().accepted == 0);
    CHECK(place.seen().taken == 0);
  });
}

TEST_CASE("a body without an end is refused at its bound") {
  Place place;
  SECTION("HTTP/1.1") {
    Client client(place.port());
    client.send(post("Transfer-Encoding: chunked\r\n"));
    std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    int sent = 0;
    while (sent < 10'000 && client.send(chunk)) ++sent;
    CHECK(sent < 10'000);
  }
  SECTION("HTTP/1.1, the answer") {
    Client client(place.port());
    client.send(post("Transfer-Encoding: chunked\r\n"));
    std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
    for (size_t sent = 0; sent <= kMost; sent += 0x10000) client.send(chunk);
    CHECK(client.read()->status == 413);
    CHECK(client.at_end());
  }
  SECTION("HTTP/2") {
    CHECK(place.curl("-o /dev/null -w '%{http_code}' -T /dev/zero") == "413");
  }
  CHECK(place.eventually([&] { return place.seen().dropped == 1; }));
  CHECK(place.on_hub([&] { return place.seen().taken; }) <= kMost);
}

TEST_CASE("a compressed body is refused") {
  Place place;
  for (const char* coding : {"gzip", "br", "gzip, identity"}) {
    Client client(place.port());
    client.send(post(fmt::format("Content-Length: 3\r\nContent-Encoding: {}\r\n", coding)) + "abc");
    CHECK(client.read()->status == 415);
    CHECK(place.curl(fmt::format("-H 'Content-Encoding: {}' -d abc -o /dev/null -w '%{{http_code}}'",
                                 coding)) == "415");
  }
  Client client(place.port());
  client.send(post("Content-Length: 3\r\nContent-Encoding: identity\r\n") + "abc");
  CHECK(client.read()->status == 200);
  CHECK(place.on_hub([&] { return place.seen().accepted; }) == 1);
}

TEST_CASE("a sink that waits holds its client up, and nobody else") {
  Place place;
  place.on_hub([&] { place.seen().decide = [] { return UploadSink::Next::kWait; }; });
  std::string body = content(kMost);
  SECTION("HTTP/1.1") {
    Client client(place.port());
    std::thread sender([&] {
      client.send(post(fmt::format("Content-Length: {}\r\n", body.size())));
      client.send(body);
    });
    REQUIRE(place.eventually([&] { return place.seen().taken > 0; }));
    size_t then = place.on_hub([&] { return place.seen().taken; });
    for (int turn = 0; turn < 50; ++turn) CHECK(Client(place.port()).get("/hello")->status == 200);
    CHECK(place.on_hub([&] { return place.seen().taken; }) == then);
    CHECK(place.eventually([&] {
      place.seen().flows[0].go_on();
      return place.seen().finished == 1;
    }));
    sender.join();
    CHECK(client.read()->body == std::to_string(kMost));
  }
  SECTION("HTTP/2") {
    std::string file = place.file("body", body);
    auto answer = std::async(std::launch::async, [&] { return place.curl("--data-binary @" + file); });
    REQUIRE(place.eventually([&] { return place.seen().taken > 0; }));
    size_t then = place.on_hub([&] { return place.seen().taken; });
    for (int turn = 0; turn < 50; ++turn) CHECK(Client(place.port()).get("/hello")->status == 200);
    CHECK(place.on_hub([&] { return place.seen().taken; }) == then);
    CHECK(place.eventually([&] {
      place.seen().flows[0].go_on();
      return place.seen().finished == 1;
    }));
    CHECK(answer.get() == std::to_string(kMost));
  }
  place.on_hub([&] {
    CHECK(place.seen().sum == sum_of(0, as_bytes(body)));
    CHECK(place.seen().largest <= 128 * 1024);
    place.seen().flows[0].go_on();  // its body is over: nothing happens
  });
}

TEST_CASE("a sink that goes on within its own call is asked again") {
  Place place;
  place.on_hub([&] {
    place.seen().decide = [&] {
      place.seen().flows.back().go_on();
      return UploadSink::Next::kWait;
    };
  });
  CHECK(place.curl("--data-binary @" + place.file("body", content(300'000))) == "300000");
}

TEST_CASE("a sink that never goes on is answered for") {
  HttpOptions options;
  options.answer_timeout = milliseconds(300);
  Place place(options);
  place.on_hub([&] { place.seen().decide = [] { return UploadSink::Next::kWait; }; });
  Client client(place.port());
  client.send(post("Content-Length: 3\r\n") + "abc");
  auto late = client.read().value();
  CHECK(late.status == 503);
  CHECK_FALSE(late.header("retry-after").empty());
  CHECK(place.curl("-d abc -o /dev/null -w '%{http_code}'") == "503");
  CHECK(place.eventually([&] { return place.seen().dropped == 2; }));
}

TEST_CASE("a body that trickles is cut off") {
  HttpOptions options;
  options.header_timeout = seconds(1);
  Place place(options);
  SECTION("HTTP/1.1, nothing more comes") {
    Client client(place.port());
    client.send(post("Content-Length: 1000000\r\n") + "abc");
    CHECK(client.read()->status == 408);
  }
  SECTION("HTTP/1.1, a byte now and then") {
    Client client(place.port());
    client.send(post("Content-Length: 1000000\r\n"));
    pollfd answer{client.fd(), POLLIN, 0};
    for (int i = 0; i < 500 && ::poll(&answer, 1, 10) == 0; ++i) client.send("x");
    CHECK(client.read()->status == 408);
  }
  SECTION("HTTP/2") {
    std::string pipe = place.file("body", "") + ".pipe";
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    UniqueFd slow(::open(pipe.c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(::write(slow.get(), "abc", 3) == 3);  // and no more
    // curl waits for its input and sees no answer meanwhile, so the server tells.
    place.curl("--max-time 5 -T . < " + pipe);
    CHECK(place.hub().counters().by_status[408] == 1);
  }
  CHECK(place.eventually([&] { return place.seen().dropped == 1; }));
  CHECK(place.on_hub([&] { return place.seen().finished; }) == 0);
}

TEST_CASE("a sink ends when its client leaves in the middle") {
  Place place;
  for (bool hard : {false, true}) {
    Client client(place.port());
    client.send(post("Content-Length: 1000\r\n") + "abc");
    REQUIRE(place.eventually([&] { return place.seen().accepted == place.seen().dropped + 1; }));
    hard ? client.abort() : client.close();
    CHECK(place.eventually([&] { return place.seen().accepted == place.seen().dropped; }));
  }
  std::string file = place.file("body", content(3'000'000));
  place.on_hub([&] { place.seen().decide = [] { return UploadSink::Next::kWait; }; });
  place.curl("--max-time 0.5 -T " + file);
  CHECK(place.eventually([&] { return place.seen().dropped == 3; }));
  CHECK(place.on_hub([&] { return place.seen().accepted; }) == 3);
  CHECK(place.hub().counters().requests_open == 0);
}

TEST_CASE("a sink may refuse in the middle, or fail") {
  Place place;
  place.on_hub([&] {
    place.seen().decide = [&]() -> std::expected<UploadSink::Next, Response> {
      if (place.seen().taken < 100'000) return UploadSink::Next::kMore;
      if (place.seen().accepted > 2) throw std::runtime_error("broken");
      return std::unexpected(Response::error(422, "invalid", "no photo", ""));
    };
  });
  for (const char* status : {"422", "500"}) {
    place.on_hub([&] { place.seen().taken = 0; });
    Client client(place.port());
    client.send(post("Content-Length: 200000\r\n") + content(150'000));
    CHECK(std::to_string(client.read()->status) == status);
    CHECK(client.at_end());
    place.on_hub([&] { place.seen().taken = 0; });
    CHECK(place.curl("-o /dev/null -w '%{http_code}' -T " + place.file("body", content(2'000'000))) ==
          status);
  }
  place.on_hub([&] {
    CHECK(place.seen().dropped == 4);
    CHECK(place.seen().finished == 0);
  });
  CHECK(place.hub().counters().handler_failures == 2);
}

TEST_CASE("uploads at once are bounded, in all and for one caller, and places come back") {
  HttpOptions options;
  options.unbounded = {"127.0.0.9/32"};
  Place place(options);
  std::vector<std::unique_ptr<Client>> clients;
  auto begin = [&](const char* source) {
    clients.push_back(std::make_unique<Client>(place.port(), 0, source));
    clients.back()->send(post("Content-Length: 1000\r\nExpect: 100-continue\r\n"));
    return clients.back()->read()->status;
  };
  CHECK(begin("127.0.0.2") == 100);
  CHECK(begin("127.0.0.2") == 100);
  CHECK(begin("127.0.0.2") == 503);  // the caller's
  CHECK(begin("127.0.0.9") == 100);
  CHECK(begin("127.0.0.9") == 503);  // all
  clients[0]->close();
  REQUIRE(place.eventually([&] { return place.seen().dropped == 1; }));
  CHECK(begin("127.0.0.9") == 100);
  clients[1]->send(content(1000));
  CHECK(clients[1]->read()->status == 200);
  CHECK(begin("127.0.0.2") == 100);
}

TEST_CASE("a handler of uploads can be tried without a server") {
  Router router;
  Seen seen;
  UploadRoute route;
  route.max_body = 10;
  route.accept = [&](const Request&, UploadFlow) { return std::make_unique<Sink>(seen); };
  router.upload(Method::kPut, "/x", route);
  Request request;
  request.method = Method::kPut;
  request.path = "/x";
  request.body = {1, 2, 3};
  int status = 0;
  router.dispatch(request, make_responder([&](const Response& answer) { status = answer.status; }));
  CHECK(status == 200);
  CHECK(seen.taken == 3);
  request.method = Method::kGet;
  router.dispatch(request, make_responder([&](const Response& answer) { status = answer.status; }));
  CHECK(status == 405);
}
