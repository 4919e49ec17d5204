// Strangers at every door of a running server: what they send is refused, costs little, and disturbs nobody.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <random>
#include <sstream>

#include "base/fd.h"
#include "rtmp/client_session.h"
#include "tests/e2e/harness.h"

using namespace openday;
using namespace openday::e2e;
using synth::TileLog;

namespace {

constexpr Size kSize{640, 360, 30};
const std::string kLive = "/hls/day/360p/live.m3u8";
// Strangers call from another address than our own publishers and viewers do.
constexpr const char* kStranger = "127.0.0.66";

sockaddr_in address_of(const char* ip, int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  ::inet_pton(AF_INET, ip, &address.sin_addr);
  return address;
}

// A stranger's connection.
class Caller {
 public:
  explicit Caller(int port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto from = address_of(kStranger, 0);
    auto to = address_of("127.0.0.1", port);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&from), sizeof from) == 0);
    REQUIRE(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  }

  /// False once the server has closed, or takes nothing for five seconds.
  bool send(ByteView bytes) {
    timeval patience{5, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    while (!bytes.empty()) {
      ssize_t put = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes = bytes.subspan(static_cast<size_t>(put));
    }
    return true;
  }
  bool send(const std::string& text) { return send(as_bytes(text)); }

  /// What comes until the server closes, or until `patience` is over.
  std::string read(milliseconds patience) {
    std::string out;
    auto until = std::chrono::steady_clock::now() + patience;
    while (!closed_) {
      auto left = std::chrono::duration_cast<milliseconds>(until - std::chrono::steady_clock::now());
      pollfd ready{socket_.get(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) break;
      char buffer[16384];
      ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
      if (got <= 0) {
        closed_ = true;
      } else {
        out.append(buffer, static_cast<size_t>(got));
      }
    }
    return out;
  }
  /// The server has closed within `patience`.
  bool closed(milliseconds patience) {
    read(patience);
    return closed_;
  }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  UniqueFd socket_;
  bool closed_ = false;
};

// How an attempt to publish by RTMP ends: empty when it was let in, else what the server says.
std::string publish_as_stranger(int port, const std::string& key) {
  SystemClock clock;
  auto target = rtmp::parse_push_url(fmt::format("rtmp://127.0.0.1:{}/live", port), key);
  REQUIRE(target);
  rtmp::ClientSession session(*target, clock);
  Caller caller(port);
  session.start();
  for (;;) {
    caller.send(session.take_output());
    if (session.live()) return {};
    pollfd ready{caller.fd(), POLLIN, 0};
    ::poll(&ready, 1, 5000);
    uint8_t buffer[16384];
    ssize_t got = ::recv(caller.fd(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got <= 0) return "closed without a word";
    if (auto fed = session.feed({buffer, static_cast<size_t>(got)}); !fed) return fed.error().message;
  }
}

// kB of a process: resident now, or at most.
int64_t memory_of(int pid, const std::string& what) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(what + ":", 0) == 0) return std::stoll(line.substr(what.size() + 1));
  }
  return -1;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

Bytes text(const std::string& words) {
  return {words.begin(), words.end()};
}

// Bytes without sense, the same in every run.
Bytes garbage(size_t count) {
  static std::mt19937 source(66);
  Bytes bytes(count);
  for (auto& byte : bytes) byte = static_cast<uint8_t>(source());
  return bytes;
}

}  // namespace

TEST_CASE(
    "garbage, truncated and oversize input is refused at every port, costs little, and the service goes on") {
  Server::Options options;
  options.house = kSize;
  options.ladder = {"360p 640x360 700 128"};
  Server server(options);
  SystemClock clock;
  server.set_up("day", 2);
  std::string url = server.publish_url("v0", "rtmp");
  std::string key = url.substr(url.rfind('/') + 1);
  std::string srt_url = server.publish_url("v1", "srt");
  auto publisher = publish(venue_file(0, 60, kSize, "flv"), url, server.folder() + "/publisher");
  REQUIRE(server.wait_live("day", "v0"));
  server.admin("POST", "/broadcasts/day/take", {{"layout", "full"}, {"venues", {"v0"}}});
  server.admin("POST", "/broadcasts/day/go-live", Json::object());
  REQUIRE(eventually(seconds(10), [&] { return server.get(kLive).status == 200; }));
  Viewer viewer(server, kLive);
  auto pass = [&](size_t segments) {
    size_t until = viewer.segments() + segments;
    REQUIRE(eventually(seconds(30), [&] { return viewer.segments() >= until; }));
  };
  auto refusals = [&](const std::string& reason) {
    std::string sample = fmt::format(R"(openday_gateway_refused_total{{reason="{}"}})", reason);
    return static_cast<int64_t>(metric(server.get("/metrics").body, sample).value_or(0));
  };
  pass(4);
  HouseTime quiet_end = clock.now();
  int gateway = server.pid_of("day", "gateway");
  int hub = server.pid_of("day", "hub");
  int64_t gateway_before = memory_of(gateway, "VmRSS");
  int64_t hub_before = memory_of(hub, "VmRSS");
  REQUIRE(gateway_before > 0);

  // RTMP and RTMPS. These wait for their deadline meanwhile: nothing said, half a handshake, a byte now and
  // then.
  Caller mute(server.rtmp_port());
  Caller half(server.rtmp_port());
  Caller slow(server.rtmp_port());
  Caller mute_tls(server.rtmps_port());
  REQUIRE(half.send(joined({Bytes{3}, Bytes(700, 1)})));
  const Bytes handshake = joined({Bytes{3}, Bytes(8, 0), garbage(1528), Bytes(1536, 0)});
  Bytes deep = {0x03, 0, 0, 0, 0, 0x02, 0, 20, 0, 0, 0, 0};  // AMF0: objects in objects
  for (int i = 0; i < 128; ++i) {
    if (i > 0 && i % 32 == 0) deep.push_back(0xC3);
    deep.insert(deep.end(), {0x03, 0, 1, 'a'});
  }
  const std::pair<const char*, Bytes> broken[] = {
      {"random bytes", garbage(100'000)},
      {"another protocol", text("GET / HTTP/1.1\r\nHost: x\r\n\r\n")},
      {"encrypted RTMP", joined({Bytes{6}, Bytes(1536, 7)})},
      {"garbage after the handshake", joined({handshake, Bytes(100'000, 0xFF)})},
      {"a message of 16 MB",
       joined({handshake, {0x03, 0, 0, 0, 0xFF, 0xFF, 0xFF, 20, 0, 0, 0, 0}, Bytes(50'000, 0)})},
      {"a chunk size of 2 GB and a long message",
       joined({handshake,
               {0x02, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF},
               {0x03, 0, 0, 0, 0x3F, 0xFF, 0xFF, 20, 0, 0, 0, 0},
               Bytes(200'000, 'a')})},
      {"a chunk size of nothing", joined({handshake, {0x02, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0}})},
      {"depth without end", joined({handshake, deep})},
      {"a command cut short", joined({handshake, {0x03, 0, 0, 0, 0, 0, 3, 20, 0, 0, 0, 0, 0x02, 0xFF, 0}})},
  };
  int64_t protocol_before = refusals("protocol");
  for (int port : {server.rtmp_port(), server.rtmps_port()}) {
    for (const auto& [what, bytes] : broken) {
      INFO(what << " to port " << port);
      Caller caller(port);
      caller.send(bytes);
      CHECK(caller.closed(seconds(4)));  // at once, not by the deadline for handshakes
    }
  }
  CHECK(eventually(seconds(3), [&] { return refusals("protocol") - protocol_before >= 9; }));
  // As many as come: of one address sixteen are kept, the others turned away.
  {
    std::vector<std::unique_ptr<Caller>> crowd;
    for (int i = 0; i < 2000; ++i) {
      crowd.push_back(std::make_unique<Caller>(server.rtmp_port()));
      if (crowd.size() >= 200) crowd.erase(crowd.begin());
    }
    CHECK(eventually(seconds(3), [&] { return refusals("per_address") >= 1500; }));
  }
  while (slow.send(Bytes{3})) {
    if (slow.closed(milliseconds(200))) break;
  }
  for (Caller* one : {&mute, &half, &mute_tls}) CHECK(one->closed(seconds(8)));
  CHECK(eventually(seconds(3), [&] { return refusals("timeout") >= 4; }));

  // A wrong key is refused before anything may be sent; after ten of them, few of that address are looked
  // at. Whoever has a right one gets in all the same.
  server.admin("POST", "/venues", {{"id", "neighbour"}, {"name", "Neighbour"}});
  std::string neighbour = server.publish_url("neighbour", "rtmp");
  std::string wrong = "0123456789abcdef0123456789abcdef";
  for (int i = 0; i < 10; ++i) {
    std::string said = publish_as_stranger(server.rtmp_port(), wrong + std::to_string(i));
    INFO(said);
    CHECK(said.find("not known") != std::string::npos);
  }
  CHECK(publish_as_stranger(server.rtmp_port(), neighbour.substr(neighbour.rfind('/') + 1)).empty());
  std::string last;
  for (int i = 10; i < 200 && last.find("Too many wrong keys") == std::string::npos; ++i)
    last = publish_as_stranger(server.rtmp_port(), wrong + std::to_string(i));
  CHECK(last.find("Too many wrong keys") != std::string::npos);
  CHECK(eventually(seconds(3), [&] { return refusals("wrong_key") >= 10; }));
  CHECK(eventually(seconds(3), [&] { return refusals("too_many_wrong_keys") >= 1; }));

  // SRT: datagrams of anything, handshakes that are none, a stream id nobody has, a wrong passphrase.
  UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  auto to = address_of("127.0.0.1", server.srt_port());
  for (int i = 0; i < 5000; ++i) {
    Bytes datagram = garbage(1 + static_cast<size_t>(i) * 7 % 1400);
    if (i % 3 == 0) {  // a control packet that says it is a handshake, cut anywhere
      datagram[0] = 0x80;
      std::fill_n(datagram.begin() + 1, std::min<size_t>(datagram.size() - 1, 3), 0);
    }
    ::sendto(udp.get(), datagram.data(), datagram.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to);
  }
  std::string ts = venue_file(1, 20, kSize, "ts");
  auto denied = [&](const std::string& where) {
    Program encoder(
        {"ffmpeg", "-nostdin", "-v", "error", "-re", "-i", ts, "-c", "copy", "-f", "mpegts", where},
        server.folder() + "/strangers");
    return encoder.wait(seconds(10)) && encoder.status() != 0;
  };
  size_t secret = srt_url.find("passphrase=") + 11;
  CHECK(denied(srt_url.substr(0, secret) + "a-wrong-passphrase"));
  std::string stream = srt_url;
  stream.replace(stream.find("streamid=") + 9, 2, "nobody");
  CHECK(denied(stream));

  // HTTP/1.1, by plain text and with the API's own rules.
  auto http = [&](const std::string& request) {
    Caller caller(std::stoi(server.url().substr(server.url().rfind(':') + 1)));
    caller.send(request);
    return caller.read(seconds(4)).substr(0, 12);
  };
  const std::string host = "Host: localhost\r\nConnection: close\r\n";
  CHECK(http("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n" + host + "\r\n").rfind("HTTP/1.1 4", 0) ==
        0);
  CHECK(http("GET / HTTP/1.1\r\n" + host + "X: " + std::string(100'000, 'b') + "\r\n\r\n")
            .rfind("HTTP/1.1 4", 0) == 0);
  CHECK(http("\x16\x03\x01 nonsense\r\n\r\n").rfind("HTTP/1.1 400", 0) == 0);
  CHECK(http("GET / HTTP/9.9\r\n\r\n").rfind("HTTP/1.1 ", 0) == 0);
  CHECK(http("POST /api/v1/admin/venues HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999\r\n\r\n")
            .rfind("HTTP/1.1 4", 0) == 0);
  CHECK(http("POST /api/v1/admin/venues HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n")
            .rfind("HTTP/1.1 4", 0) == 0);
  CHECK(server.admin_raw("POST", "/api/v1/admin/venues", {{"name", std::string(100'000, 'c')}}).status ==
        413);
  CHECK(server.admin_raw("POST", "/api/v1/admin/venues", {{"nmae", "c"}})
            .json()["error"]["message"]
            .get<std::string>()
            .find("name") != std::string::npos);
  CHECK(http("POST /api/v1/admin/venues HTTP/1.1\r\n" + host +
             "Authorization: Bearer guess\r\nContent-Length: 1\r\n\r\n{")
            .rfind("HTTP/1.1 401", 0) == 0);
  CHECK(server.get("/hls/day/360p/live.m3u8?_HLS_msn=999999999").status == 400);
  CHECK(server.get("/media/" + std::string(500, 'd') + "/360p/1.m4s").status == 404);
  // Many at once that never finish their request.
  {
    std::vector<std::unique_ptr<Caller>> crowd;
    for (int i = 0; i < 500; ++i) {
      crowd.push_back(std::make_unique<Caller>(std::stoi(server.url().substr(server.url().rfind(':') + 1))));
      crowd.back()->send("GET /healthz HTTP/1.1\r\nX-Slow: " + std::string(1000, 'e'));
    }
    CHECK(server.get("/healthz").status == 200);
  }
  // HTTP/2 and TLS. What begins like a client's hello and never ends waits for its deadline of ten seconds.
  Caller half_hello(server.tls_port());
  half_hello.send(Bytes{0x16, 3, 1, 0x20, 0, 1});
  std::string file = server.folder() + "/garbage";
  for (int i = 0; i < 5; ++i) {
    Bytes frames =
        joined({text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), garbage(static_cast<size_t>(i) * 10'000 + 9)});
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(frames.data()), static_cast<std::streamsize>(frames.size()));
    Program client({"sh", "-c",
                    fmt::format("openssl s_client -connect 127.0.0.1:{} -alpn h2 -quiet -ign_eof < '{}'",
                                server.tls_port(), file)},
                   "/dev/null");
    CHECK(client.wait(seconds(8)));  // the server closes
    Caller raw(server.tls_port());
    raw.send(garbage(5000));
    CHECK(raw.closed(seconds(4)));
  }
  CHECK(half_hello.closed(seconds(15)));
  CHECK(run({"curl", "-s", "--http2", "--cacert", server.folder() + "/cert.pem", "-o", "/dev/null", "-w",
             "%{http_version} %{http_code}",
             fmt::format("https://localhost:{}/healthz", server.tls_port())}) == "2 200");

  // The same processes, about as large as before.
  CHECK(server.pid_of("day", "gateway") == gateway);
  CHECK(server.pid_of("day", "hub") == hub);
  int64_t gateway_most = memory_of(gateway, "VmHWM");
  int64_t hub_most = memory_of(hub, "VmHWM");
  WARN(fmt::format("gateway {} kB, at most {} kB; hub {} kB, at most {} kB", gateway_before, gateway_most,
                   hub_before, hub_most));
  CHECK(gateway_most < gateway_before + 16 * 1024);
  CHECK(hub_most < hub_before + 48 * 1024);
  // Nobody's key is in the log, neither the guesses nor the true ones.
  std::string log = server.log();
  CHECK(log.find(R"("event":"publisher_refused")") != std::string::npos);
  CHECK(log.find(wrong) == std::string::npos);
  CHECK(log.find(key) == std::string::npos);
  CHECK(log.find(srt_url.substr(secret)) == std::string::npos);
  CHECK(log.find("a-wrong-passphrase") == std::string::npos);

  // Who comes properly is served as before, and who was there has seen nothing of it.
  auto second = publish(venue_file(1, 60, kSize, "ts"), srt_url, server.folder() + "/publisher");
  REQUIRE(server.wait_live("day", "v1"));
  pass(2);
  Viewer fresh(server, kLive);
  REQUIRE(eventually(seconds(10), [&] { return fresh.parts().size() >= 6; }));
  CHECK(publisher->running());
  CHECK(server.status("day")["dropped_ticks"] == 0);
  auto parts = viewer.parts();
  CHECK(viewer.misses() == 0);
  double quiet_worst = -1e9;
  double worst = -1e9;
  for (const auto& [late, at] : lateness(parts)) {
    (at < quiet_end ? quiet_worst : worst) = std::max(at < quiet_end ? quiet_worst : worst, late);
  }
  WARN(fmt::format("parts: latest {:.0f} ms in the quiet phase, {:.0f} ms afterwards", quiet_worst, worst));
  CHECK(worst <= quiet_worst + 100);
  auto recording = viewer.finish(server.folder() + "/program.mp4");
  TileLog tile({0, 0, kSize.width, kSize.height});
  Decoded decoded = decode(recording.file, kSize, [&](const media::Image& image) { tile.look(image); });
  for (size_t i = 1; i < decoded.video_pts.size(); ++i)
    REQUIRE(decoded.video_pts[i] - decoded.video_pts[i - 1] == 3000);
  CHECK(tile.showing(0) == tile.frames());
  CHECK(tile.longest_hold() <= 4);
}
