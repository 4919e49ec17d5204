// Push targets that work and that hang, a disk that is full, words that are taken back, and the recording
// after the end: one broadcast from go-live to its MP4.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.h"
#include "tests/e2e/harness.h"
#include "tests/restream/rtmp_server.h"

using namespace openday;
using namespace openday::e2e;
using synth::TileLog;
using test::Manners;
using test::RtmpServer;

namespace {

constexpr Size kSize{640, 360, 30};
const std::string kLive = "/hls/day/360p/live.m3u8";

Server::Options options() {
  Server::Options options;
  options.house = kSize;
  options.ladder = {"360p 640x360 1200 128", "180p 320x180 250 128"};
  return options;
}

// What a process may write into one file, as if its disk were full beyond that. As any user may do to its
// own.
class FullDisk {
 public:
  FullDisk(int pid, rlim_t bytes) : pid_(pid) {
    REQUIRE(::prlimit(pid_, RLIMIT_FSIZE, nullptr, &before_) == 0);
    rlimit full{bytes, before_.rlim_max};
    REQUIRE(::prlimit(pid_, RLIMIT_FSIZE, &full, nullptr) == 0);
  }
  ~FullDisk() { ::prlimit(pid_, RLIMIT_FSIZE, &before_, nullptr); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  const int pid_;
  rlimit before_{};
};

// What a file shows of venue 0, picture by picture, and what it sounds like.
struct Seen {
  Decoded decoded;
  TileLog tile{{0, 0, 0, 0}};
};

Seen look_at(const std::string& file, Size size) {
  Seen seen;
  seen.tile = TileLog({0, 0, size.width, size.height});
  seen.decoded = decode(file, size, [&](const media::Image& image) { seen.tile.look(image); });
  return seen;
}

void check_program(const std::string& file, Size size, size_t least_seconds) {
  Seen seen = look_at(file, size);
  const auto& pts = seen.decoded.video_pts;
  INFO(fmt::format("{}: {} pictures, {} of the venue, {} counted, longest hold {}", file, pts.size(),
                   seen.tile.showing(0), seen.tile.counted(), seen.tile.longest_hold()));
  CHECK(seen.decoded.errors == "");
  CHECK(pts.size() >= least_seconds * static_cast<size_t>(size.fps));
  size_t uneven = 0;
  for (size_t i = 1; i < pts.size(); ++i)
    uneven += std::abs(pts[i] - pts[i - 1] - 90000 / size.fps) > 90 ? 1 : 0;
  CHECK(uneven == 0);  // FLV counts in ms
  CHECK(seen.tile.showing(0) == seen.tile.frames());
  CHECK(seen.tile.counted() >= seen.tile.frames() * 98 / 100);
  CHECK(seen.tile.longest_hold() <= 4);
  CHECK(synth::tone_level(seen.decoded.sound, 0) > synth::kToneLevel / 2);
  auto sync = synth::av_sync(seen.tile.flashes(), size.fps, seen.decoded.video_start,
                             synth::beeps(seen.decoded.sound, 0), seen.decoded.audio_start);
  INFO(fmt::format("{} flashes, median {:.0f} ms, worst {:.0f} ms", sync.pairs, sync.median_ms,
                   sync.worst_ms));
  CHECK(sync.pairs + 2 >= least_seconds);
  CHECK(sync.median_ms <= 40);
}

// The hash of every picture's coded data.
std::vector<std::string> coded_pictures(const std::string& file) {
  std::istringstream lines(run({"ffprobe", "-v", "error", "-select_streams", "v", "-show_data_hash", "md5",
                                "-show_entries", "packet=data_hash", "-of", "csv=p=0", file}));
  std::vector<std::string> hashes;
  for (std::string line; std::getline(lines, line);) hashes.push_back(line);
  return hashes;
}

// Downloads the recording; the first question is answered while it is made.
std::string download(const Server& server, const std::string& name) {
  Http answer;
  REQUIRE(
      eventually(seconds(20), [&] { return (answer = server.get("/hls/day/replay.mp4")).status != 202; }));
  REQUIRE(answer.status == 200);
  std::string file = server.folder() + "/" + name;
  std::ofstream(file, std::ios::binary) << answer.body;
  return file;
}

}  // namespace

TEST_CASE(
    "targets that hang and a full disk touch nothing else and are reported; what is withdrawn stays away") {
  Server server(options());
  SystemClock clock;
  server.set_up("day", 1);
  auto publisher = publish(venue_file(0, 120, kSize, "flv"), server.publish_url("v0", "rtmp"),
                           server.folder() + "/publisher");
  REQUIRE(server.wait_live("day", "v0"));
  server.admin("POST", "/broadcasts/day/take", {{"layout", "full"}, {"venues", {"v0"}}});
  server.admin("POST", "/broadcasts/day/go-live", Json::object());
  REQUIRE(eventually(seconds(10), [&] { return server.get(kLive).status == 200; }));
  Viewer viewer(server, kLive);
  auto pass = [&](size_t segments) {
    size_t until = viewer.segments() + segments;
    REQUIRE(eventually(seconds(30), [&] { return viewer.segments() >= until; }));
  };
  auto target = [&](const std::string& id) {
    Json status = server.status("day");
    for (const auto& one : status["targets"]) {
      if (one["id"] == id) return one;
    }
    return Json::object();
  };
  auto push_to = [&](const std::string& id, const std::string& url, const std::string& key,
                     const std::string& rendition = "360p") {
    server.admin(
        "POST", "/broadcasts/day/targets",
        {{"id", id}, {"name", id}, {"url", url}, {"key", key}, {"rendition", rendition}, {"enabled", true}});
  };
  auto becomes = [&](const std::string& id, const std::string& state, milliseconds patience = seconds(15)) {
    bool did = eventually(patience, [&] { return target(id).value("state", "") == state; });
    INFO(id << " should be " << state << ": " << target(id).dump());
    CHECK(did);
  };
  auto says = [&](const std::string& sample) { return metric(server.get("/metrics").body, sample) == 1; };
  auto logged = [&](const std::string& text) { return server.log().find(text) != std::string::npos; };

  // Targets that work: FFmpeg as the platform, by RTMP and by encrypted SRT, and one that stays to the end.
  test::HeldPort rtmp_port;
  std::string rtmp_url = fmt::format("rtmp://127.0.0.1:{}/app", rtmp_port.number());
  std::string srt_url = fmt::format("srt://127.0.0.1:{}", test::free_udp_port());
  auto rtmp = recorder({"-f", "flv", "-listen", "1", "-i", rtmp_url + "/a-stream-key"},
                       server.folder() + "/rtmp.flv", 7, server.folder() + "/recorder");
  auto srt = recorder({"-f", "mpegts", "-i", srt_url + "?mode=listener&passphrase=a-long-passphrase"},
                      server.folder() + "/srt.ts", 7, server.folder() + "/recorder");
  RtmpServer steady(Manners::kTake);
  push_to("rtmp", rtmp_url, "a-stream-key");
  push_to("srt", srt_url, "a-long-passphrase", "180p");
  push_to("steady", steady.url(), "key");
  for (const char* id : {"rtmp", "srt", "steady"}) becomes(id, "live");
  REQUIRE(rtmp->wait(seconds(20)));
  REQUIRE(srt->wait(seconds(20)));
  CHECK(rtmp->status() == 0);
  CHECK(srt->status() == 0);
  for (const char* id : {"rtmp", "srt"}) {
    CHECK(target(id)["acked_bytes"].get<int64_t>() > 50'000);
    server.admin("DELETE", std::string("/broadcasts/day/targets/") + id);
  }
  HouseTime quiet_end = clock.now();

  // Targets that hang: one takes the connection and says nothing, one takes the publisher and then nothing
  // more, one is an SRT server that has stopped.
  RtmpServer silent(Manners::kSilent);
  RtmpServer deaf(Manners::kHangAfterPublish);
  srt_url = fmt::format("srt://127.0.0.1:{}", test::free_udp_port());
  auto frozen = recorder({"-f", "mpegts", "-i", srt_url + "?mode=listener"}, server.folder() + "/frozen.ts",
                         60, server.folder() + "/recorder");
  push_to("silent", silent.url(), "key-of-silent");
  push_to("deaf", deaf.url(), "key-of-deaf");
  push_to("frozen", srt_url, "", "180p");
  becomes("frozen", "live");
  frozen->signal(SIGSTOP);
  for (const char* id : {"deaf", "frozen", "silent"}) {
    becomes(id, "backoff");
    CHECK(eventually(seconds(5), [&] {
      return says(
                 fmt::format(R"(openday_target_state{{broadcast="day",target="{}",state="backoff"}})", id)) ||
             target(id)["state"] != "backoff";
    }));
    CHECK(!target(id)["why"].get<std::string>().empty());
    CHECK(logged(fmt::format(R"("event":"target_failed","target":"{}")", id)));
  }
  CHECK(!logged("key-of-"));
  // They are tried again, later each time, and one that has come to itself is pushed to again.
  REQUIRE(eventually(seconds(20), [&] { return deaf.accepted() >= 2 && silent.accepted() >= 2; }));
  deaf.behave(Manners::kTake);
  size_t taken = deaf.media_count();
  REQUIRE(eventually(seconds(30), [&] { return deaf.media_count() > taken + 60; }));
  becomes("deaf", "live");
  CHECK(target("deaf")["reconnects"].get<int>() >= 1);

  // A full disk, first under the recording, then under the books as well.
  size_t log_size = std::filesystem::file_size(server.folder() + "/log");
  {
    FullDisk recording(server.pid_of("day", "engine"), log_size + 8 * 1024);
    auto state = [&] { return server.status("day")["recording"]["state"].get<std::string>(); };
    CHECK(eventually(seconds(10), [&] { return state() == "full"; }));
    CHECK(says(R"(openday_recording_state{broadcast="day",state="full"})"));
    CHECK(!server.status("day")["recording"]["why"].get<std::string>().empty());
    CHECK(logged(R"("event":"recording_stopped")"));
    FullDisk books(server.pid_of("day", "hub"), 1);
    Http refused = server.admin_raw("PATCH", "/api/v1/admin/broadcasts/day", {{"title", "Another"}});
    CHECK(refused.status == 503);
    CHECK(refused.json()["error"]["code"] == "io");
    Http ready = server.get("/readyz");
    CHECK(ready.status == 503);
    CHECK(ready.body.find("database") != std::string::npos);
    // What the program needs works whatever the disk does.
    CHECK(server.admin("POST", "/broadcasts/day/take", {{"layout", "full"}, {"venues", {"v0"}}})["ok"] ==
          true);
    pass(2);
    CHECK(server.get("/hls/day/live.m3u8").status == 200);
  }
  CHECK(eventually(seconds(15), [&] { return server.status("day")["recording"]["state"] == "recording"; }));
  server.admin("PATCH", "/broadcasts/day", {{"title", "Test broadcast"}});
  CHECK(server.get("/readyz").status == 200);
  Json end = server.status("day");
  CHECK(end["dropped_ticks"] == 0);
  CHECK(end["recording"]["dropped"].get<int>() >= 1);
  CHECK(target("steady")["state"] == "live");
  CHECK(target("steady")["reconnects"] == 0);
  CHECK(target("steady")["dropped"] == 0);
  pass(3);

  // Words are taken back while live: out of the DVR, the thumbnails, and what was known by its name.
  std::vector<ListedSegment> dvr = segments_of(server, "/hls/day/360p/dvr.m3u8");
  int64_t slot = (dvr.front().from_ms / 10'000 + 1) * 10'000;  // a thumbnail's ten seconds
  int64_t from = slot + 2'500;
  int64_t to = slot + 6'500;
  auto thumbnail = [&](int64_t at) { return server.get(fmt::format("/thumb/day/{}.jpg", at)).status; };
  auto check_withdrawn = [&](const std::vector<ListedSegment>& before) {
    size_t gone = 0;
    for (const auto& one : before) {
      INFO(one.path << " " << one.from_ms - slot << " … " << one.to_ms - slot);
      int status = one.gap ? 0 : server.get(one.path).status;
      if (one.overlaps(from, to)) CHECK((status == 404 || status == 410));
      if (!one.overlaps(from, to) && !one.gap) CHECK(status == 200);
      gone += one.overlaps(from, to) ? 1 : 0;
    }
    CHECK(gone >= 2);
  };
  CHECK(thumbnail(slot) == 200);
  for (const auto& one : dvr) {
    if (one.overlaps(from, to)) REQUIRE(server.get(one.path).status == 200);
  }
  CHECK(server.admin("POST", "/broadcasts/day/withdraw",
                     {{"from", from}, {"to", to}, {"reason", "a name"}})["segments"] >= 2);
  check_withdrawn(dvr);
  CHECK(thumbnail(slot) == 410);
  CHECK(thumbnail(slot + 10'000) == 200);
  for (const auto& one : segments_of(server, "/hls/day/360p/dvr.m3u8"))
    CHECK((one.gap || !one.overlaps(from, to)));
  pass(2);

  server.admin("POST", "/broadcasts/day/end", {{"confirm", "day"}});
  auto parts = viewer.parts();
  auto program = viewer.finish(server.folder() + "/program.mp4");
  CHECK(program.inits.size() == 1);

  // Nothing of all that was seen by a viewer.
  double quiet_worst = -1e9;
  double fault_worst = -1e9;
  for (const auto& [late, at] : lateness(parts)) {
    (at < quiet_end ? quiet_worst : fault_worst) = std::max(at < quiet_end ? quiet_worst : fault_worst, late);
  }
  WARN(fmt::format("parts: latest {:.0f} ms in the quiet phase, {:.0f} ms afterwards", quiet_worst,
                   fault_worst));
  CHECK(fault_worst <= quiet_worst + 100);
  check_program(program.file, kSize, 30);

  check_program(server.folder() + "/rtmp.flv", kSize, 6);
  check_program(server.folder() + "/srt.ts", {320, 180, 30}, 6);

  // The replay and its MP4 are what was recorded, without what was withdrawn and without a second encode.
  std::vector<std::string> aired = coded_pictures(program.file);
  std::set<std::string> known(aired.begin(), aired.end());
  auto check_recording = [&](const std::string& name) {
    REQUIRE(eventually(seconds(10), [&] { return server.get("/hls/day/360p/replay.m3u8").status == 200; }));
    double length_ms = 0;
    for (const auto& one : segments_of(server, "/hls/day/360p/replay.m3u8")) {
      CHECK(!one.overlaps(from, to));
      CHECK(server.get(one.path).status == 200);
      length_ms += static_cast<double>(one.to_ms - one.from_ms);
    }
    CHECK(run({"ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", server.url() + "/hls/day/replay.m3u8",
               "-f", "null", "-"}) == "");
    std::string file = download(server, name);
    Seen seen = look_at(file, kSize);
    CHECK(seen.decoded.errors == "");
    double duration = std::stod(
        run({"ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", file}));
    INFO(fmt::format("{}: {} s, the playlist {} s, {} pictures", name, duration, length_ms / 1000,
                     seen.decoded.video_pts.size()));
    CHECK(std::abs(duration - length_ms / 1000) < 0.1);
    CHECK(std::abs(static_cast<double>(seen.decoded.video_pts.size()) / kSize.fps - length_ms / 1000) < 0.1);
    CHECK(std::abs(static_cast<double>(seen.decoded.sound.size()) / 96'000 - length_ms / 1000) < 0.1);
    size_t encoded_again = 0;
    for (const auto& hash : coded_pictures(file)) encoded_again += known.contains(hash) ? 0 : 1;
    CHECK(encoded_again <=
          60 + static_cast<size_t>(kSize.fps));  // what was aired before this viewer's first segment
    return seen;
  };
  Seen recorded = check_recording("first.mp4");
  // The counters of the pictures say which moments are there.
  Seen live = look_at(program.file, kSize);
  auto counters = [&](int64_t begin, int64_t until) {
    std::set<uint32_t> all;
    for (size_t i = 0; i < live.decoded.video_pts.size(); ++i) {
      int64_t at = program.first_at_ms + (live.decoded.video_pts[i] - live.decoded.video_pts[0]) / 90;
      if (at >= begin && at < until && live.tile.readings()[i].counter)
        all.insert(*live.tile.readings()[i].counter);
    }
    return all;
  };
  auto shown = [](const Seen& seen, const std::set<uint32_t>& of) {
    size_t count = 0;
    for (const auto& reading : seen.tile.readings())
      count += reading.counter && of.contains(*reading.counter) ? 1 : 0;
    return count;
  };
  auto withdrawn = counters(from, to);
  REQUIRE(withdrawn.size() >= 100);
  CHECK(shown(recorded, withdrawn) == 0);

  // And once more, after the end.
  std::vector<ListedSegment> replay = segments_of(server, "/hls/day/360p/replay.m3u8");
  slot += 10'000;
  from = slot + 1'000;
  to = slot + 4'000;
  auto again = counters(from, to);
  REQUIRE(shown(recorded, again) >= 60);
  REQUIRE(thumbnail(slot) == 200);
  CHECK(server.admin("POST", "/broadcasts/day/withdraw",
                     {{"from", from}, {"to", to}, {"reason", "a face"}})["segments"] >= 2);
  check_withdrawn(replay);
  CHECK(thumbnail(slot) == 410);
  Seen later = check_recording("second.mp4");
  CHECK(shown(later, withdrawn) == 0);
  CHECK(shown(later, again) == 0);
  CHECK(later.tile.frames() < recorded.tile.frames());
}
