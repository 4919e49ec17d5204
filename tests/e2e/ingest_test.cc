// Every way a picture can come in, at once, each in its tile of the program: RTMP, RTMPS and SRT pushed to
// us, RTSP, SRT and HLS pulled by us, a file, the test pattern.
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/text.h"
#include "tests/e2e/harness.h"
#include "tests/feed/rtsp_server.h"
#include "tests/feed/test_media.h"

using namespace openday;
using namespace openday::e2e;
using synth::TileBox;
using synth::TileLog;

namespace {

constexpr Size kSize{640, 360, 30};
constexpr int kFileSeconds = 5;

// The encoders that publish in turn as the first venue, and the others.
const std::vector<std::string> kWays = {"rtmp",     "rtmps",    "srt",  "rtsp-pull",
                                        "srt-pull", "hls-pull", "file", "test"};

struct Folder {
  std::string path;
  Folder() {
    char pattern[] = "/tmp/openday-e2e-XXXXXX";
    REQUIRE(::mkdtemp(pattern) != nullptr);
    path = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
};

// Serves a folder as it is at each moment.
class FolderServer {
 public:
  explicit FolderServer(std::string folder)
      : folder_(std::move(folder)), server_([this](test::Peer& peer) { serve(peer); }) {}
  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}/", server_.port()); }

 private:
  void serve(test::Peer& peer) {
    std::string request = peer.request();
    if (request.rfind("GET /", 0) != 0) return;
    auto file = read_file(folder_ + request.substr(4, request.find(' ', 4) - 4), 64 << 20);
    peer.send(fmt::format("HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
                          file ? "200 OK" : "404 Not Found", file ? file->size() : 0));
    if (file) peer.send(*file);
  }

  const std::string folder_;
  test::TcpServer server_;  // last
};

// GStreamer publishing an FLV file in real time.
std::unique_ptr<Program> gstreamer(const std::string& file, const std::string& sink, const std::string& log) {
  return std::make_unique<Program>(
      std::vector<std::string>{"sh", "-c",
                               fmt::format("exec gst-launch-1.0 -q filesrc location={} ! flvdemux name=d "
                                           "d.video ! queue ! h264parse ! identity sync=true ! m. "
                                           "d.audio ! queue ! aacparse ! m. "
                                           "flvmux name=m streamable=true ! {}",
                                           file, sink)},
      log);
}

// Whether what a tile shows moves from frame to frame; a slate does not.
class Motion {
 public:
  explicit Motion(TileBox box) : box_(box) {}
  void look(const media::Image& image) {
    std::vector<uint8_t> row;
    const uint8_t* at = image.plane(0) + (box_.y + box_.height / 2) * image.stride(0) + box_.x;
    row.assign(at, at + box_.width);
    double difference = 0;
    for (size_t i = 0; i < row.size() && row.size() == last_.size(); ++i)
      difference += std::abs(row[i] - last_[i]);
    moved_ += difference > 0 ? 1 : 0;
    ++frames_;
    last_ = std::move(row);
  }
  [[nodiscard]] double share() const { return static_cast<double>(moved_) / static_cast<double>(frames_); }

 private:
  TileBox box_;
  std::vector<uint8_t> last_;
  size_t moved_ = 0;
  size_t frames_ = 0;
};

}  // namespace

TEST_CASE("every way in is seen and heard in the program") {
  Server::Options options;
  options.house = kSize;
  options.ladder = {"360p 640x360 1500 128"};
  options.extra =
      fmt::format("[store]\nreserve_mb = 10\n[egress]\nallow_private = true\nmedia_root = \"{}/venues\"\n",
                  OPENDAY_BUILD_DIR);
  std::vector<std::string> flv;
  for (int v = 0; v < 7; ++v)
    flv.push_back(venue_file(v, v == 6 ? kFileSeconds : 60, kSize, v == 2 || v == 4 ? "ts" : "flv"));
  // A live HLS source, which lists its newest segments; it needs some time to have them.
  Folder folder;
  std::string hls = folder.path + "/hls";
  std::filesystem::create_directory(hls);
  Program hls_sender({"ffmpeg",
                      "-nostdin",
                      "-v",
                      "error",
                      "-re",
                      "-stream_loop",
                      "-1",
                      "-i",
                      flv[5],
                      "-c",
                      "copy",
                      "-f",
                      "hls",
                      "-hls_time",
                      "2",
                      "-hls_list_size",
                      "5",
                      "-hls_flags",
                      "delete_segments+temp_file",
                      hls + "/index.m3u8"},
                     folder.path + "/hls.log");
  FolderServer web(hls);

  Server server(options);
  std::string log = server.folder() + "/encoders";

  // What we pull from.
  test::RtspServer camera(test::units_of(flv[3]));
  std::string srt_source = fmt::format("srt://127.0.0.1:{}", test::free_udp_port());
  auto srt_sender = publish(flv[4], srt_source + "?mode=listener&passphrase=a-long-passphrase", log);
  auto venue = [&](const std::string& id, const Json& source) {
    server.admin("POST", "/venues", {{"id", id}, {"name", id}, {"source", source}});
  };
  for (const char* id : {"rtmp", "rtmps", "srt"}) venue(id, {{"kind", "ingest"}});
  venue("rtsp-pull", {{"kind", "pull"}, {"url", camera.url()}});
  venue("srt-pull", {{"kind", "pull"}, {"url", srt_source + "?passphrase=a-long-passphrase"}});
  REQUIRE(eventually(seconds(15), [&] {  // players begin three segments before the end
    std::string list = read_file(hls + "/index.m3u8", 1 << 20).value_or("");
    return list.find("index4.ts") != std::string::npos;
  }));
  venue("hls-pull", {{"kind", "pull"}, {"url", web.url() + "index.m3u8"}});
  venue("file", {{"kind", "file"}, {"path", std::filesystem::path(flv[6]).filename()}});
  venue("test", {{"kind", "test"}});
  server.admin("POST", "/broadcasts", {{"id", "day"}, {"title", "Every way in"}, {"venues", kWays}});
  server.admin("POST", "/broadcasts/day/rehearse", Json::object());
  std::string rtmp_url = server.publish_url("rtmp", "rtmp");
  auto rtmp = publish(flv[0], rtmp_url, log);
  // The server's own certificate must do for an encoder that checks it.
  std::string rtmps_url = server.publish_url("rtmps", "rtmps");
  REQUIRE(rtmps_url.rfind(fmt::format("rtmps://127.0.0.1:{}/", server.rtmps_port()), 0) == 0);
  Program rtmps({"ffmpeg", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", flv[1], "-c", "copy",
                 "-f", "flv", "-tls_verify", "1", "-ca_file", server.folder() + "/cert.pem", rtmps_url},
                log);
  auto srt = publish(flv[2], server.publish_url("srt", "srt"), log);
  for (const auto& way : kWays) {
    bool live = server.wait_live("day", way, seconds(20));
    INFO(way << ": " << server.status("day")["slots"].dump() << read_file(log, 1 << 20).value_or(""));
    REQUIRE(live);
  }
  server.admin("POST", "/broadcasts/day/take", {{"layout", "grid"}, {"venues", kWays}});
  server.admin("POST", "/broadcasts/day/go-live", Json::object());
  REQUIRE(eventually(seconds(10), [&] { return server.get("/hls/day/360p/live.m3u8").status == 200; }));
  Viewer viewer(server, "/hls/day/360p/live.m3u8");

  // Three encoders after each other as one venue, each with the key of the one before.
  struct Phase {
    std::string encoder;
    int64_t from = 0;
    int64_t to = 0;
  };
  std::vector<Phase> phases;
  auto tick = [&] { return server.status("day")["tick"].get<int64_t>(); };
  auto phase = [&](const std::string& encoder, int64_t frames) {
    int64_t from = tick() + 45;  // the picture from before is let go, the new one has come
    REQUIRE(eventually(seconds(30), [&] { return tick() >= from + frames; }));
    phases.push_back({encoder, from, from + frames});
  };
  auto since = [&] {
    Json status = server.status("day");
    for (const auto& one : status["publishers"]) {
      if (one["venue"] == "rtmp" && one["state"] == "streaming") return one["since_ms"].get<int64_t>();
    }
    return int64_t{0};
  };
  // Starts the next encoder with the key of the one that is still publishing.
  auto replace_by = [&](const std::string& sink) {
    int64_t before = since();
    auto next = gstreamer(flv[0], sink + rtmp_url, log);
    REQUIRE(eventually(seconds(15), [&] { return since() > before; }));
    return next;
  };
  phase("FFmpeg", 6 * 30);
  auto rtmp2 = replace_by("rtmp2sink location=");
  CHECK(rtmp->wait(seconds(5)));
  phase("GStreamer's rtmp2sink", 4 * 30);
  // librtmp, which is what OBS publishes with: releaseStream, FCPublish, @setDataFrame, the key as stream
  // name.
  auto librtmp = replace_by("rtmpsink location=");
  phase("librtmp", 4 * 30);
  size_t until = viewer.segments() + 3;
  REQUIRE(eventually(seconds(15), [&] { return viewer.segments() >= until; }));
  auto recording = viewer.finish(server.folder() + "/program.mp4");
  CHECK(viewer.misses() == 0);

  auto tiles = tiles_of(server, "grid", kWays.size());
  REQUIRE(tiles.size() == kWays.size());
  std::vector<TileLog> logs;
  for (const auto& tile : tiles) logs.emplace_back(picture_in(tile, kSize));
  std::vector<TileLog> first_tile(phases.size(), logs[0]);
  Motion pattern(picture_in(tiles.back(), kSize));
  std::istringstream first(run({"ffprobe", "-v", "error", "-select_streams", "v", "-read_intervals", "%+#1",
                                "-show_entries", "packet=pts_time", "-of", "csv=p=0", recording.file}));
  double first_s = 0;
  REQUIRE(first >> first_s);
  int64_t at = std::llround(first_s * kSize.fps);
  Decoded decoded = decode(recording.file, kSize, [&](const media::Image& image) {
    for (size_t v = 1; v < logs.size(); ++v) logs[v].look(image);
    for (size_t p = 0; p < phases.size(); ++p) {
      if (at >= phases[p].from && at < phases[p].to) first_tile[p].look(image);
    }
    pattern.look(image);
    ++at;
  });
  const auto& pts = decoded.video_pts;
  for (size_t i = 1; i < pts.size(); ++i) REQUIRE(pts[i] - pts[i - 1] == 90000 / kSize.fps);
  auto check = [](const TileLog& seen, const std::string& what, int number, uint32_t loop) {
    INFO(fmt::format("{}: {} of {} frames, {} counted, longest hold {}, back {}", what, seen.showing(number),
                     seen.frames(), seen.counted(), seen.longest_hold(), seen.went_back(loop)));
    CHECK(seen.frames() >= 4 * 30);
    CHECK(seen.showing(number) == seen.frames());
    CHECK(seen.counted() >= seen.frames() * 95 / 100);
    CHECK(seen.longest_hold() <= 8);
    CHECK(seen.went_back(loop) == 0);
  };
  for (size_t p = 0; p < phases.size(); ++p) check(first_tile[p], phases[p].encoder, 0, 60 * 30);
  for (int v = 1; v < 7; ++v) {
    check(logs[static_cast<size_t>(v)], kWays[static_cast<size_t>(v)], v, (v == 6 ? kFileSeconds : 60) * 30);
    double level = synth::tone_level(decoded.sound, v);
    INFO(kWays[static_cast<size_t>(v)] << " is heard at " << level);
    CHECK(level > synth::kToneLevel / 2);
  }
  CHECK(logs[6].went_back(0) >= 2);  // the file began anew
  INFO("the test pattern moves in " << pattern.share() << " of all frames");
  CHECK(pattern.share() > 0.5);
}
