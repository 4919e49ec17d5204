// TLS and HTTP/2, with curl as the client.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "harness.h"
#include "wrap/ssl/self_signed.h"
#include "wrap/ssl/tls.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

struct HeldBack {
  std::vector<Responder> responders;
  int left = 0;
};

class SecureHub {
 public:
  explicit SecureHub(HttpOptions options = {}) {
    renew("one.test");
    options.listeners = {{.address = "127.0.0.1", .port = 0, .tls = true}};
    options.tls = TlsFiles{folder_ / "cert.pem", folder_ / "key.pem"};
    options.hsts = true;
    hub_.emplace(options, [this](HttpServer& server) { add_routes(server.router()); });
  }

  void renew(std::string_view name) {
    auto made = wrap::make_self_signed(name).value();
    certificate_ = made.certificate_pem;
    REQUIRE(write_file_atomic(folder_ / "cert.pem", made.certificate_pem));
    REQUIRE(write_file_atomic(folder_ / "key.pem", made.key_pem));
  }

  Hub& hub() { return *hub_; }
  HeldBack& held() { return held_; }
  const TemporaryFolder& folder() { return folder_; }
  const std::string& certificate() { return certificate_; }
  std::string url(std::string_view path) { return fmt::format("https://127.0.0.1:{}{}", hub_->port(), path); }

  /// Runs curl and returns what it prints.
  std::string curl(const std::string& arguments) {
    std::string command = fmt::format("curl -s -S -k --max-time 20 {} 2>&1", arguments);
    std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string out;
    std::array<char, 4096> buffer;
    while (size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe.get()))
      out.append(buffer.data(), got);
    return out;
  }

 private:
  void add_routes(Router& router) {
    router.get("/hello", [](const Request& request, Responder responder) {
      responder.send(Response::text(
          200, fmt::format("{} {} {}", request.http_version, request.secure, request.header("host"))));
    });
    router.get("/headers", [](const Request& request, Responder responder) {
      std::string all;
      for (const Header& one : request.headers) all += one.name + "=" + one.value + "\n";
      responder.send(Response::text(200, all));
    });
    RouteOptions options;
    options.max_body = 100'000;
    router.add(
        Method::kPost, "/body",
        [](const Request& request, Responder responder) {
          responder.send(Response::text(200, std::to_string(request.body.size())));
        },
        options);
    router.get("/big", [](const Request&, Responder responder) {
      responder.send(Response::bytes(200, "application/octet-stream",
                                     std::make_shared<const Bytes>(8 * 1024 * 1024, 'x')));
    });
    router.get("/file", [this](const Request&, Responder responder) {
      auto file =
          std::make_shared<const UniqueFd>(::open((folder_ / "file.bin").c_str(), O_RDONLY | O_CLOEXEC));
      responder.send({200, {}, FileRange{file, 10, 1'000'000}});
    });
    auto shared =
        std::make_shared<const SharedResponse>(200, std::vector<Header>{{"Content-Type", "text/plain"}},
                                               std::make_shared<const Bytes>(Bytes{'a', 'b', 'c'}));
    router.get("/shared",
               [shared](const Request&, Responder responder) { responder.send(Response::shared(shared)); });
    router.get("/mirror", [](const Request&, Responder responder) {
      responder.send(Response::text(200, "ok").with(
          "X-Name", std::string_view("a\r\nSet-Cookie: b=c\r\n\r\n<p>\nd\0e", 29)));
    });
    router.get("/wait", [this](const Request&, Responder responder) {
      responder.when_gone([this] { ++held_.left; });
      held_.responders.push_back(std::move(responder));
    });
  }

  TemporaryFolder folder_;
  std::string certificate_;
  HeldBack held_;
  std::optional<Hub> hub_;
};

/// Does a TLS handshake that trusts `authority` alone; true when it succeeds.
bool handshakes(int port, std::string_view authority, const std::string& host) {
  auto context = wrap::TlsContext::client(authority).value();
  auto session = wrap::TlsSession::connect(context, host).value();
  Client client(port);
  Bytes plain;
  while (!session.established()) {
    Bytes wire = session.take_wire();
    client.send(as_text(wire));
    std::string answer = client.read_exactly(1);
    if (answer.empty()) return false;
    answer += client.read_exactly(client.buffered());
    if (!session.receive(as_bytes(answer), plain)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("curl speaks HTTP/2 and HTTP/1.1 over TLS, each by ALPN") {
  SecureHub secure;
  CHECK(secure.curl("--http2 " + secure.url("/hello")) ==
        fmt::format("20 true 127.0.0.1:{}", secure.hub().port()));
  CHECK(secure.curl("--http1.1 " + secure.url("/hello")) ==
        fmt::format("11 true 127.0.0.1:{}", secure.hub().port()));
  std::string head = secure.curl("--http2 -I " + secure.url("/hello"));
  CHECK(head.starts_with("HTTP/2 200"));
  CHECK(head.find("strict-transport-security: max-age=31536000") != std::string::npos);
  CHECK(head.find("content-length: 2") != std::string::npos);
}

TEST_CASE("HTTP/2 passes every header, joins cookies and knows the host") {
  SecureHub secure;
  std::string out =
      secure.curl("--http2 -H 'X-Openday: 1' -H 'Cookie: a=1' -H 'Cookie: b=2' -H 'Range: bytes=0-1' " +
                  secure.url("/headers"));
  CHECK(out.find("x-openday=1\n") != std::string::npos);
  CHECK(out.find("cookie=a=1; b=2\n") != std::string::npos);
  CHECK(out.find("range=bytes=0-1\n") != std::string::npos);
  CHECK(out.starts_with("host=127.0.0.1:"));
}

TEST_CASE("a header's value cannot split the headers, in either protocol") {
  SecureHub secure;
  for (const char* version : {"--http2", "--http1.1"}) {
    INFO(version);
    std::string head = secure.curl(fmt::format("{} -i {}", version, secure.url("/mirror")));
    CHECK(head.starts_with("HTTP/"));
    CHECK(head.find(": a  Set-Cookie: b=c    <p> d e\r\n") != std::string::npos);
    CHECK(head.find("\nSet-Cookie") == std::string::npos);
    CHECK(head.ends_with("\r\n\r\nok"));
  }
}

TEST_CASE("bodies and their bound hold over HTTP/2") {
  SecureHub secure;
  std::ofstream(secure.folder() / "small", std::ios::binary) << std::string(90'000, 'x');
  std::ofstream(secure.folder() / "large", std::ios::binary) << std::string(300'000, 'x');
  CHECK(secure.curl(fmt::format("--http2 --data-binary @{} {}", secure.folder() / "small",
                                secure.url("/body"))) == "90000");
  std::string refused = secure.curl(
      fmt::format("--http2 -i --data-binary @{} {}", secure.folder() / "large", secure.url("/body")));
  CHECK(refused.starts_with("HTTP/2 413"));
  CHECK(secure.curl("--http2 -d x -o /dev/null -w '%{http_code}' " + secure.url("/hello")) == "405");
  CHECK(secure.curl("--http2 -o /dev/null -w '%{http_code}' " + secure.url("/a/%2e%2e/b") +
                    " --path-as-is") == "400");
}

TEST_CASE("large answers, files and shared ones are whole over TLS in both protocols") {
  SecureHub secure;
  std::string content;
  for (int i = 0; content.size() < 1'000'020; ++i) content += std::to_string(i) + ",";
  std::ofstream(secure.folder() / "file.bin", std::ios::binary) << content;
  for (const char* version : {"--http2", "--http1.1"}) {
    INFO(version);
    CHECK(secure.curl(fmt::format("{} {}", version, secure.url("/big"))).size() == 8u << 20);
    CHECK(secure.curl(fmt::format("{} {}", version, secure.url("/file"))) == content.substr(10, 1'000'000));
    CHECK(secure.curl(fmt::format("{} {}", version, secure.url("/shared"))) == "abc");
  }
}

TEST_CASE("a file that has shrunk ends the answer, not the server") {
  SecureHub secure;
  std::ofstream(secure.folder() / "file.bin", std::ios::binary) << std::string(500'000, 'x');
  for (const char* version : {"--http2", "--http1.1"}) {
    std::string out =
        secure.curl(fmt::format("{} -o /dev/null -w '%{{exitcode}}' {}", version, secure.url("/file")));
    CHECK_FALSE(out.ends_with(" 0"));
    CHECK(out != "0");
  }
  CHECK(secure.curl(secure.url("/shared")) == "abc");
}

TEST_CASE("many streams of one connection wait and are answered together") {
  SecureHub secure;
  auto result = std::async(std::launch::async, [&] {
    std::string urls;
    for (int i = 0; i < 20; ++i) urls += secure.url("/wait") + " ";
    return secure.curl("--http2 -Z --parallel-max 20 -w '%{http_code},' " + urls);
  });
  REQUIRE(eventually(secure.hub(), [&] { return secure.held().responders.size() == 20; }));
  CHECK(secure.hub().counters().connections_open == 1);
  secure.hub().on_hub([&] {
    for (Responder& one : secure.held().responders) one.send(Response::empty(204));
    secure.held().responders.clear();
  });
  std::string out = result.get();
  CHECK(std::ranges::count(out, ',') == 20);
  CHECK(out.find("204,204,") != std::string::npos);
}

TEST_CASE("a handler learns that an HTTP/2 client has gone") {
  SecureHub secure;
  std::string out = secure.curl("--http2 --max-time 0.3 " + secure.url("/wait"));
  CHECK(out.find("timed out") != std::string::npos);
  CHECK(eventually(secure.hub(), [&] { return secure.held().left == 1; }));
  secure.hub().on_hub([&] { secure.held().responders.clear(); });
  CHECK(secure.hub().counters().requests_open == 0);
}

TEST_CASE("a renewed certificate serves the next connection and a broken one changes nothing") {
  SecureHub secure;
  std::string first = secure.certificate();
  CHECK(handshakes(secure.hub().port(), first, "one.test"));
  secure.renew("two.test");
  std::string second = secure.certificate();
  CHECK_FALSE(handshakes(secure.hub().port(), second, "two.test"));
  REQUIRE(secure.hub().on_hub([&] { return secure.hub().server().reload_certificate().has_value(); }));
  CHECK(handshakes(secure.hub().port(), second, "two.test"));
  CHECK_FALSE(handshakes(secure.hub().port(), first, "one.test"));
  std::ofstream(secure.folder() / "key.pem") << "broken";
  CHECK_FALSE(secure.hub().on_hub([&] { return secure.hub().server().reload_certificate().has_value(); }));
  CHECK(handshakes(secure.hub().port(), second, "two.test"));
}

TEST_CASE("a certificate that cannot be used keeps nobody out but those who need it") {
  TemporaryFolder folder;
  auto renew = [&](const std::string& certificate, const std::string& key) {
    REQUIRE(write_file_atomic(folder / "cert.pem", certificate));
    REQUIRE(write_file_atomic(folder / "key.pem", key));
  };
  auto old = wrap::make_self_signed("one.test").value();
  auto fresh = wrap::make_self_signed("one.test").value();
  renew(fresh.certificate_pem, old.key_pem);  // half renewed
  HttpOptions options;
  options.listeners = {{.address = "127.0.0.1", .port = 0, .tls = false},
                       {.address = "127.0.0.1", .port = 0, .tls = true}};
  options.tls = TlsFiles{folder / "cert.pem", folder / "key.pem"};
  Hub hub(options, [](HttpServer& server) {
    server.router().get(
        "/hello", [](const Request&, Responder responder) { responder.send(Response::text(200, "hello")); });
  });
  int secure = hub.on_hub([&] { return hub.server().port(1); });
  CHECK(Client(hub.port()).get("/hello").value().status == 200);
  CHECK(Client(secure).at_end());
  renew(fresh.certificate_pem, fresh.key_pem);
  REQUIRE(hub.on_hub([&] { return hub.server().reload_certificate().has_value(); }));
  CHECK(handshakes(secure, fresh.certificate_pem, "one.test"));
}

TEST_CASE("clients that speak no TLS, or begin and stop, are let go") {
  HttpOptions options;
  options.header_timeout = milliseconds(300);
  SecureHub secure(options);
  Client plain(secure.hub().port());
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  while (plain.more()) {  // an alert may come first
  }
  Client stuck(secure.hub().port());
  stuck.send("\x16\x03\x01");
  CHECK(stuck.at_end());
  CHECK(eventually(secure.hub(), [&] { return secure.hub().server().counters().connections_open == 0; }));
  CHECK(secure.hub().counters().handshakes_failed == 1);
  CHECK(secure.hub().counters().timeouts == 1);
}

TEST_CASE("a TLS listener without a certificate does not start") {
  HttpOptions options;
  options.listeners = {{.address = "127.0.0.1", .port = 0, .tls = true}};
  SystemClock clock;
  auto loop = Loop::create(clock).value();
  CHECK(HttpServer::create(options, *loop).error().code == Errc::kInvalid);
  options.tls = TlsFiles{"/nonexistent/cert.pem", "/nonexistent/key.pem"};
  CHECK_FALSE(HttpServer::create(options, *loop).has_value());
}
