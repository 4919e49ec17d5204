// Sources that a feed fetches by itself, inside its sandbox.
#include "feed/pull_source.h"

#include <sys/socket.h>

#include <cerrno>

#include "feed/pacer.h"
#include "rtsp_server.h"
#include "studio.h"
#include "wrap/av_decode/connect_guard.h"

using namespace openday;
using namespace openday::test;
using link::Json;

namespace {

Json pull(const std::string& url, Json options = Json::object(), bool allow_private = true) {
  return {{"source", {{"kind", "pull"}, {"url", url}, {"options", std::move(options)}}},
          {"egress", {{"allow_private", allow_private}, {"media_root", ""}}}};
}

std::string flash(const std::string& name, int seconds = 6) {
  return make_media(name, flash_and_beep("160x90", 30, seconds) + kH264 + "-g 30 -c:a aac -f " +
                              (name.ends_with("flv") ? "flv" : "mpegts"));
}

/// A live stream over HTTP: endless as far as the client knows, at the pace of its clock.
HttpServer::Handler live_ts(const std::string& path) {
  return [sendings = ts_sendings(path)](Peer& peer) {
    if (!peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: video/mp2t\r\n\r\n")) return;
    HouseTime start = peer.now();
    for (const auto& sending : sendings) {
      if (!peer.wait_until(start + sending.at) || !peer.send(*sending.body)) return;
    }
  };
}

void check_lips(Studio& studio) {
  auto offsets = studio.av_offsets();
  REQUIRE(offsets.size() >= 3);
  CHECK(std::abs(offsets.at(offsets.size() / 2)) <= 40);
}

}  // namespace

TEST_CASE("MPEG-TS over HTTP is pulled, and pulled again when it ends") {
  HttpServer server;
  server.route("/live", live_ts(flash("pull.ts")));
  Studio studio(pull(server.url("/live")));
  studio.want(160, 90, "program");
  REQUIRE(studio.run_until_state("live"));
  REQUIRE(studio.run_until_state("error"));
  CHECK(!studio.last()["why"].get<std::string>().empty());
  check_lips(studio);
  REQUIRE(studio.run_until_state("live"));
  CHECK(server.connections() == 2);
}

TEST_CASE("HLS is pulled through its playlists at the pace of its timestamps") {
  std::string folder = media_folder() + "/hls";
  make_media("hls/index.m3u8", flash_and_beep("160x90", 30, 6) + kH264 +
                                   "-g 30 -sc_threshold 0 -c:a aac -hls_time 1 -hls_list_size 0 -f hls");
  HttpServer server;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    server.file("/hls/" + entry.path().filename().string(), read_all(entry.path().string()));
  }
  std::string master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=500000,RESOLUTION=160x90\nindex.m3u8\n";
  server.file("/hls/master.m3u8", Bytes(master.begin(), master.end()));
  Studio studio(pull(server.url("/hls/master.m3u8")));
  studio.want(160, 90, "program");
  REQUIRE(studio.run_until_state("live"));
  REQUIRE(
      studio.run_until([&] { return studio.shown.size() > 90; }, seconds(15), "three seconds of pictures"));
  auto pictures = studio.pictures();
  auto length = pictures.back().info.show_at - pictures.front().info.show_at;
  auto own = Duration((pictures.back().info.source_pts - pictures.front().info.source_pts) * 100'000 / 9);
  CHECK(std::abs((length - own).count()) < 400 * kMs);
  CHECK(studio.last()["stats"]["reanchors"] == 0);
  check_lips(studio);
}

TEST_CASE("FLV over HTTP is pulled") {
  HttpServer server;
  server.route("/live.flv", [path = flash("pull.flv")](Peer& peer) {
    peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: video/x-flv\r\n\r\n");
    Bytes file = read_all(path);
    HouseTime start = peer.now();
    size_t at = 13;
    peer.send(ByteView(file).first(at));
    while (at + 11 < file.size()) {
      ByteReader tag(ByteView(file).subspan(at));
      tag.skip(1);
      size_t size = tag.u24() + size_t{15};
      int64_t time = tag.u24();
      if (!peer.wait_until(start + milliseconds(time)) || !peer.send(ByteView(file).subspan(at, size)))
        return;
      at += size;
    }
  });
  Studio studio(pull(server.url("/live.flv")));
  studio.want(160, 90, "program");
  REQUIRE(studio.run_until_state("live"));
  REQUIRE(studio.run_until_state("error"));
  check_lips(studio);
}

TEST_CASE("a camera is pulled over RTSP") {
  RtspServer camera(units_of(flash("camera.flv", 6)));
  Studio studio(pull(camera.url()));
  studio.want(160, 90, "program");
  REQUIRE(studio.run_until_state("live"));
  CHECK(studio.run_until([&] { return studio.beeps.size() >= 5; }, seconds(15), "five beeps are heard"));
  check_lips(studio);
  CHECK(studio.last()["source"]["video"]["codec"] == "h264");
  CHECK(studio.last()["source"]["audio"]["codec"] == "aac");
}

TEST_CASE("an SRT source is pulled with its passphrase") {
  std::string path = flash("srt.ts", 10);
  int port = 0;
  {
    UniqueFd probe(::socket(AF_INET, SOCK_DGRAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(probe.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(probe.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
  std::string url = "srt://127.0.0.1:" + std::to_string(port);
  pid_t sender = ::fork();
  if (sender == 0) {
    std::string target = url + "?mode=listener&passphrase=a-long-secret";
    ::execlp("ffmpeg", "ffmpeg", "-nostdin", "-v", "error", "-re", "-i", path.c_str(), "-c", "copy", "-f",
             "mpegts", target.c_str(), nullptr);
    ::_exit(127);
  }
  {
    Studio studio(pull(url, {{"passphrase", "a-long-secret"}, {"latency_ms", 120}}));
    studio.want(160, 90, "program");
    CHECK(studio.run_until_state("live", seconds(20)));
    CHECK(studio.run_until([&] { return studio.beeps.size() >= 5; }, seconds(15), "five beeps are heard"));
    check_lips(studio);
  }
  ::kill(sender, SIGKILL);
  ::waitpid(sender, nullptr, 0);
}

TEST_CASE("a redirect or a playlist that leads to a forbidden address is refused, and so is a local file") {
  HttpServer server;
  server.redirect("/metadata.ts", "http://169.254.169.254/latest/");
  server.redirect("/file.ts", "file:///etc/passwd");
  std::string list =
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://169.254.169.254/a.ts\n#EXTINF:1,\nfile:///etc/"
      "passwd\n"
      "#EXT-X-ENDLIST\n";
  server.file("/list.m3u8", Bytes(list.begin(), list.end()));
  for (const char* path : {"/metadata.ts", "/file.ts", "/list.m3u8"}) {
    INFO(path);
    HouseTime start = SystemClock().now();
    Studio studio(pull(server.url(path)));
    REQUIRE(studio.run_until_state("error"));
    CHECK(SystemClock().now() - start < seconds(8));  // refused at once; a time-out would take ten seconds
    CHECK(studio.pictures().empty());
  }
}

TEST_CASE("private addresses, other schemes and listeners are refused before anything is tried") {
  HttpServer server;
  for (const std::string& url :
       {server.url("/live"), std::string("http://localhost/"), std::string("file:///etc/passwd"),
        std::string("udp://0.0.0.0:5000"), std::string("concat:a|b"), std::string("rtsp://10.0.0.1/"),
        std::string("nonsense")}) {
    INFO(url);
    Studio studio(pull(url, Json::object(), false));
    REQUIRE(studio.run_until_state("error"));
    CHECK(!studio.last()["why"].get<std::string>().empty());
    CHECK(studio.last()["why"].get<std::string>().find("passwd") == std::string::npos);
  }
  CHECK(server.connections() == 0);
}

TEST_CASE("connect() itself refuses what the policy forbids") {
  auto try_to = [&](const EgressPolicy& policy, const char* ip) {
    pid_t child = ::fork();
    if (child == 0) {
      wrap::guard_connections(policy);
      UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      auto address = SocketAddress::parse(ip, 9);
      int result = ::connect(fd.get(), address->raw(), address->size());
      ::_exit(result != 0 && errno == EACCES ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status) == 1;
  };
  CHECK(try_to({.allow_private = false}, "127.0.0.1"));
  CHECK(try_to({.allow_private = false}, "10.1.2.3"));
  CHECK(try_to({.allow_private = true}, "169.254.169.254"));
  CHECK_FALSE(try_to({.allow_private = true}, "127.0.0.1"));
}

TEST_CASE("the pacer lets units go at their own pace and starts anew after a jump or a wait") {
  feed::Pacer pacer;
  HouseTime start{1000 * kSecond};
  CHECK(pacer.due(seconds(5), start) == start);
  CHECK(pacer.due(seconds(6), start) == start + seconds(1));
  CHECK(pacer.due(milliseconds(5900), start) == start + seconds(1));  // never before the one before it
  CHECK(pacer.due(seconds(60), start) == start + seconds(1));         // a jump forward
  CHECK(pacer.due(seconds(61), start) == start + seconds(2));
  CHECK(pacer.due(seconds(1), start) == start + seconds(2));                 // and back
  CHECK(pacer.due(seconds(2), start + seconds(30)) == start + seconds(30));  // kept waiting
  CHECK(pacer.due(seconds(3), start + seconds(30)) == start + seconds(31));
}
