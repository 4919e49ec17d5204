// config/nginx/openday.conf under a real nginx: however many players wait for a part, the origin is asked
// once or twice.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <regex>

#include "../hub_http/harness.h"
#include "hub/origin.h"
#include "stage.h"
#include "wrap/ssl/self_signed.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

int free_port() {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

void replace(std::string& text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  INFO(from);
  REQUIRE(at != std::string::npos);  // the shipped file has changed: so must this
  while (at != std::string::npos) {
    text.replace(at, from.size(), to);
    at = text.find(from, at + to.size());
  }
}

/// The shipped configuration with this test's ports and folders; TLS is left to the tests of TLS.
class Nginx {
 public:
  explicit Nginx(int upstream) : port_(free_port()) {
    std::string site =
        read_file(std::string(OPENDAY_SOURCE_DIR) + "/config/nginx/openday.conf", 1 << 20).value();
    replace(site, "/var/cache/nginx/openday", folder_ / "cache");
    replace(site, "server 127.0.0.1:8080;", fmt::format("server 127.0.0.1:{};", upstream));
    replace(site, "listen 80;", fmt::format("listen 127.0.0.1:{};", free_port()));
    replace(site, "listen 443 ssl http2;",
            fmt::format("listen 127.0.0.1:{} ssl http2; listen 127.0.0.1:{};", free_port(), port_));
    auto certificate = wrap::make_self_signed("tv.test").value();
    REQUIRE(write_file_atomic(folder_ / "cert.pem", certificate.certificate_pem));
    REQUIRE(write_file_atomic(folder_ / "key.pem", certificate.key_pem));
    replace(site, "/etc/ssl/openday/fullchain.pem", folder_ / "cert.pem");
    replace(site, "/etc/ssl/openday/privkey.pem", folder_ / "key.pem");
    std::ofstream(folder_ / "nginx.conf")
        << (::getuid() == 0 ? "user root;\n" : "") << "daemon off;\npid " << folder_ / "nginx.pid"
        << ";\nerror_log " << folder_ / "error.log"
        << ";\nworker_processes 1;\nevents { worker_connections 1024; }\nhttp {\n"
        << "client_body_temp_path " << folder_ / "body" << ";\nproxy_temp_path " << folder_ / "proxy"
        << ";\nfastcgi_temp_path " << folder_ / "fastcgi" << ";\nuwsgi_temp_path " << folder_ / "uwsgi"
        << ";\nscgi_temp_path " << folder_ / "scgi" << ";\n"
        << site << "}\n";
    std::string config = folder_ / "nginx.conf";
    std::string errors = folder_ / "error.log";
    const char* arguments[] = {"nginx",        "-p", folder_.path().c_str(), "-c",
                               config.c_str(), "-e", errors.c_str(),         nullptr};
    REQUIRE(::posix_spawnp(&pid_, "nginx", nullptr, nullptr, const_cast<char**>(arguments), environ) == 0);
    auto end = std::chrono::steady_clock::now() + seconds(10);
    while (!Client(port_).connected()) {
      INFO(read_file(errors, 1 << 20).value_or("no log"));
      REQUIRE(::waitpid(pid_, nullptr, WNOHANG) == 0);
      REQUIRE(std::chrono::steady_clock::now() < end);
    }
  }
  ~Nginx() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Nginx(const Nginx&) = delete;
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string log() const { return read_file(folder_ / "error.log", 1 << 20).value_or(""); }

 private:
  TemporaryFolder folder_;
  int port_;
  pid_t pid_ = -1;
};

}  // namespace

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
  Nginx nginx(hub.port());
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
