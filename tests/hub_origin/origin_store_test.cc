// The origin's DVR, replay and thumbnails from a real store, over real sockets.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "origin_hub.h"
#include "output/store_index.h"
#include "stage.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

namespace {

constexpr ProgramTime kStart{1'790'000'000'000};

/// A store as the engine writes it: one run, segments of 2 s.
class Store {
 public:
  explicit Store(std::string run = "run1", std::vector<std::string> renditions = {"720p", "audio"})
      : run_(std::move(run)), renditions_(std::move(renditions)) {
    for (const std::string& name : renditions_) {
      media::InitSegment init;
      init.run = run_;
      init.rendition = name;
      bool audio = init.rendition == "audio";
      init.codecs = audio ? "mp4a.40.2" : "avc1.64001f,mp4a.40.2";
      init.width = audio ? 0 : 1280;
      init.height = audio ? 0 : 720;
      init.fps = audio ? 0 : 30;
      init.bandwidth = 1'000'000;
      init.part_target = 1.0 / 3;
      init.start = kStart;
      write(output::init_path(run_, name), "init of " + name);
      tell(init);
    }
    std::filesystem::create_directories(folder_ / "thumb");
  }
  void segments(int64_t from, int64_t to) {
    for (int64_t msn = from; msn < to; ++msn) {
      for (const std::string& name : renditions_) segment(name, msn);
    }
  }
  void segment(const std::string& rendition, int64_t msn) {
    std::string content = rendition + " segment " + std::to_string(msn);
    write(output::segment_path(run_, rendition, msn), content);
    tell(media::StoredSegment{run_, rendition, msn, at(msn), 2, content.size(), false});
  }
  void tell(const output::IndexFact& fact) {
    std::ofstream(output::index_path(folder_.path()), std::ios::app) << output::to_line(fact);
  }
  void write(const std::string& name, std::string_view content) {
    std::string path = folder_ / name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << content;
  }
  [[nodiscard]] ProgramTime at(int64_t msn) const { return kStart + milliseconds(msn * 2000); }
  [[nodiscard]] const std::string& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  std::string run_;
  std::vector<std::string> renditions_;
};

}  // namespace

TEST_CASE("the DVR plays from the store while the broadcast is live") {
  Store store;
  store.segments(0, 5);
  OriginHub hub;
  hub.put(store.path(), OriginState::kLive);
  auto list = hub.get("/hls/b/dvr.m3u8");
  CHECK(list.status == 200);
  CHECK(list.body.find("720p/dvr.m3u8") != std::string::npos);
  CHECK(list.body.find("audio") == std::string::npos);
  auto dvr = hub.get("/hls/b/720p/dvr.m3u8");
  CHECK(dvr.body.find("/media/run1/720p/4.m4s") != std::string::npos);
  CHECK(dvr.body.find("#EXT-X-ENDLIST") == std::string::npos);
  CHECK(hub.get("/hls/b/audio/dvr.m3u8").status == 200);
  CHECK(hub.get("/media/run1/720p/init.mp4").body == "init of 720p");
  auto segment = hub.get("/media/run1/720p/3.m4s");
  CHECK(segment.body == "720p segment 3");
  CHECK(segment.header("content-type") == "video/mp4");
  CHECK(segment.header("cache-control") == "public, max-age=60, immutable");
  CHECK(segment.header("access-control-allow-origin") == "*");
  CHECK(hub.get("/media/run1/audio/3.m4s").header("content-type") == "audio/mp4");
  CHECK(hub.get("/media/run1/720p/5.m4s").status == 404);
  store.segments(5, 6);                                      // the engine goes on
  while (hub.get("/media/run1/720p/5.m4s").status != 200) {  // the index is read a few times a second
  }
  CHECK(hub.get("/hls/b/720p/dvr.m3u8").body.find("5.m4s") != std::string::npos);
  CHECK(hub.get("/hls/b/replay.m3u8").status == 404);
}

TEST_CASE("stored media honours ranges") {
  Store store;
  store.segments(0, 1);
  OriginHub hub;
  hub.put(store.path(), OriginState::kLive);
  auto part = hub.get("/media/run1/720p/0.m4s", "Range: bytes=5-11\r\n");
  CHECK(part.status == 206);
  CHECK(part.body == "segment");
  CHECK(part.header("content-range") == "bytes 5-11/14");
  CHECK(part.header("content-length") == "7");
  auto outside = hub.get("/media/run1/720p/0.m4s", "Range: bytes=99-\r\n");
  CHECK(outside.status == 416);
  CHECK(outside.header("content-range") == "bytes */14");
  CHECK(hub.get("/media/run1/720p/0.m4s", "Range: bytes=a-\r\n").status == 200);
}

TEST_CASE("an ended broadcast is a replay, also for a hub that never saw it live") {
  Store store;
  store.segments(0, 4);
  OriginHub hub;
  hub.put(store.path(), OriginState::kEnded);
  CHECK(hub.get("/media/run1/720p/2.m4s").body == "720p segment 2");  // before any playlist
  auto list = hub.get("/hls/b/replay.m3u8");
  CHECK(list.body.find("720p/replay.m3u8") != std::string::npos);
  auto replay = hub.get("/hls/b/720p/replay.m3u8", "Accept-Encoding: gzip\r\n");
  CHECK(replay.header("content-encoding") == "gzip");
  std::string text(as_text(wrap::gunzip(as_bytes(replay.body), 1 << 20).value()));
  CHECK(text.find("#EXT-X-PLAYLIST-TYPE:VOD") != std::string::npos);
  CHECK(text.find("#EXT-X-ENDLIST") != std::string::npos);
  CHECK(text.find("/media/run1/720p/3.m4s") != std::string::npos);
  CHECK(hub.get("/hls/b/none/replay.m3u8").status == 404);
}

TEST_CASE("of an ended broadcast that nobody watches the folders are listed, and its index is not read") {
  Store asleep("run-asleep");
  asleep.segments(0, 4);
  asleep.write(output::thumbnail_path(kStart), "picture");
  Store watched("run-watched");
  watched.segments(0, 4);
  OriginHub hub;
  hub.put(asleep.path(), OriginState::kEnded, {}, "asleep");
  hub.put(watched.path(), OriginState::kEnded, {}, "watched");
  auto view = [&](const char* id) { return hub.hub().on_hub([&] { return hub.origin().view(id).value(); }); };
  CHECK(eventually(hub.hub(), [&] {
    return hub.origin().view("asleep")->has_media && hub.origin().view("watched")->has_media;
  }));
  CHECK(hub.get("/thumb/asleep/poster.jpg").body == "picture");
  CHECK(hub.get("/media/unknown/720p/2.m4s").status == 404);
  CHECK(hub.get("/hls/watched/replay.m3u8").status == 200);
  CHECK(view("watched").dvr_s == 8);
  CHECK(view("asleep").renditions.empty());
  CHECK(view("asleep").dvr_s == 0);
  CHECK(hub.get("/media/run-asleep/720p/2.m4s").body == "720p segment 2");
  CHECK(view("asleep").dvr_s == 8);
}

TEST_CASE("a media request that comes before the stores are listed finds its run in any of them") {
  std::vector<std::unique_ptr<Store>> stores;
  OriginHub hub;
  for (int i = 0; i < 20; ++i) {
    stores.push_back(std::make_unique<Store>("run" + std::to_string(i)));
    stores.back()->segments(0, 1);
    hub.put(stores.back()->path(), OriginState::kEnded, {}, "b" + std::to_string(i));
  }
  CHECK(hub.get("/media/run19/720p/0.m4s").body == "720p segment 0");
  CHECK(eventually(hub.hub(), [&] {
    for (int i = 0; i < 20; ++i) {
      if (!hub.origin().view("b" + std::to_string(i))->has_media) return false;
    }
    return true;
  }));
}

TEST_CASE("whether something is recorded is read from the store as it is now, not as it was a moment ago") {
  Store store;
  OriginHub hub;
  hub.put(store.path(), OriginState::kLive);
  auto ask = [&] {
    std::optional<std::optional<bool>> told;
    hub.hub().on_hub(
        [&] { hub.origin().ask_recorded("b", [&](std::optional<bool> recorded) { told = recorded; }); });
    REQUIRE(eventually(hub.hub(), [&] { return told.has_value(); }));
    return *told;
  };
  CHECK(ask() == false);
  store.segments(0, 1);  // within the time that a read counts as fresh for viewers
  CHECK(ask() == true);
}

TEST_CASE("patience with a disk counts from when a read begins, not from when it was asked for") {
  Store hanging;
  std::string index = output::index_path(hanging.path());
  std::filesystem::remove(index);
  REQUIRE(::mkfifo(index.c_str(), 0600) == 0);
  ManualClock clock;
  auto loop = Loop::create(clock).value();
  StoreFollower follower(*loop);
  std::vector<std::string> done;
  auto ask = [&](const char* name) {
    CHECK(follower.read(std::make_shared<output::IndexReader>(hanging.path()), "",
                        [&done, &loop, name](StoreFollower::News) {
                          done.emplace_back(name);
                          loop->stop();
                        }));
  };
  auto let_one_go = [&] {
    int writer = -1;  // lets the thread go that reads
    while ((writer = ::open(index.c_str(), O_WRONLY | O_NONBLOCK)) < 0) std::this_thread::yield();
    ::close(writer);
  };
  CHECK(follower.idle());
  ask("first");
  ask("second");
  clock.advance(seconds(3));
  CHECK(follower.busy_for() == seconds(3));
  let_one_go();
  loop->run();
  CHECK(done == std::vector<std::string>{"first"});
  CHECK_FALSE(follower.idle());
  CHECK(follower.busy_for() == Duration(0));
  clock.advance(seconds(1));
  CHECK(follower.busy_for() == seconds(1));
  let_one_go();
}

TEST_CASE("the replay playlists of all renditions leave out what the disk had no room for in one of them") {
  Store store("run1", {"480p", "720p", "audio"});
  store.segments(0, 2);
  store.segment("480p", 2);
  store.segment("audio", 2);
  store.segments(3, 4);
  store.segment("720p", 4);
  store.segments(5, 6);
  OriginHub hub;
  hub.put(store.path(), OriginState::kEnded);
  auto numbers = [&](const std::string& rendition) {
    std::string text = hub.get("/hls/b/" + rendition + "/replay.m3u8").body;
    std::string prefix = "/media/run1/" + rendition + "/";
    for (size_t at; (at = text.find(prefix)) != std::string::npos;) text.erase(at, prefix.size());
    return text;
  };
  std::string best = numbers("720p");
  CHECK(best.find("\n1.m4s\n#EXT-X-DISCONTINUITY\n") != std::string::npos);
  CHECK(best.find("\n3.m4s\n#EXT-X-DISCONTINUITY\n") != std::string::npos);
  CHECK(best.find("\n2.m4s") == std::string::npos);
  CHECK(best.find("\n4.m4s") == std::string::npos);
  CHECK(numbers("480p") == best);
  CHECK(numbers("audio") == best);
}

TEST_CASE("what was withdrawn is gone from the store's media, its lists and its thumbnails") {
  Store store;
  store.segments(0, 12);
  store.write(output::thumbnail_path(kStart), "first");
  store.write(output::thumbnail_path(kStart + milliseconds(10'000)), "second");
  OriginHub hub;
  hub.put(store.path(), OriginState::kEnded);
  auto url = [](int64_t ms) { return "/thumb/b/" + std::to_string(kStart.ms + ms) + ".jpg"; };
  auto thumb = hub.get(url(12'345));
  CHECK(thumb.body == "second");
  CHECK(thumb.header("content-type") == "image/jpeg");
  CHECK(hub.get(url(25'000)).status == 404);
  std::atomic<int> recorded = -1;
  hub.hub().on_hub([&] {
    hub.origin().withdraw("b", store.at(6), store.at(7));
    hub.origin().count_recorded("b", store.at(6), store.at(7),
                                [&](size_t segments) { recorded = static_cast<int>(segments); });
  });
  CHECK(eventually(hub.hub(), [&] { return recorded == 1; }));
  CHECK(hub.get("/media/run1/720p/5.m4s").status == 200);
  CHECK(hub.get("/media/run1/720p/6.m4s").status != 200);
  CHECK(hub.get("/hls/b/720p/replay.m3u8").body.find("/6.m4s") == std::string::npos);
  CHECK(hub.get(url(12'345)).status == 410);
  CHECK(hub.get(url(0)).body == "first");
  store.tell(output::Withdrawn{store.at(2), store.at(3)});  // as the engine writes it
  CHECK(eventually(hub.hub(), [&] { return hub.origin().view("b").has_value(); }));
  Answer later = hub.get("/hls/b/720p/replay.m3u8");
  while (later.body.find("/2.m4s") != std::string::npos) later = hub.get("/hls/b/720p/replay.m3u8");
  CHECK(hub.get("/media/run1/720p/2.m4s").status != 200);
}

TEST_CASE("the poster of a hub that starts anew is the last thumbnail that may be seen") {
  Store store;
  store.segments(0, 15);
  store.write(output::thumbnail_path(kStart), "first");
  store.write(output::thumbnail_path(kStart + milliseconds(10'000)), "second");
  store.write(output::thumbnail_path(kStart + milliseconds(20'000)), "third");
  store.write("thumb/notes.txt", "not a picture");
  OriginHub hub;
  hub.put(store.path(), OriginState::kEnded);
  CHECK(eventually(hub.hub(), [&] { return hub.origin().view("b")->has_poster; }));
  CHECK(hub.get("/thumb/b/poster.jpg").body == "third");
  CHECK(hub.get("/thumb/b/poster.jpg").header("content-type") == "image/jpeg");

  // The engine's own picture comes first, until its moment is withdrawn.
  int64_t at = kStart.ms + 25'000;
  auto give = [&] {
    hub.hub().on_hub([&] {
      auto jpeg = std::make_shared<const Bytes>(Bytes{'n', 'e', 'w'});
      CHECK(hub.origin()
                .take("b", link::make_message("thumbnail", {{"what", "poster"}, {"at", at}}, jpeg))
                .value());
    });
  };
  give();
  CHECK(hub.get("/thumb/b/poster.jpg").body == "new");
  hub.hub().on_hub([&] { hub.origin().withdraw("b", ProgramTime{at - 1000}, ProgramTime{at + 1000}); });
  CHECK(hub.get("/thumb/b/poster.jpg").body == "second");
  give();  // was on its way
  CHECK(hub.get("/thumb/b/poster.jpg").body == "second");
  hub.hub().on_hub([&] { hub.origin().withdraw("b", kStart, kStart + milliseconds(20'000)); });
  CHECK(hub.get("/thumb/b/poster.jpg").status == 404);
  CHECK(eventually(hub.hub(), [&] { return !hub.origin().view("b")->has_poster; }));
}

TEST_CASE("the poster never shows the rehearsal") {
  Store store;
  store.segments(0, 10);
  store.write(output::thumbnail_path(kStart), "rehearsal");
  OriginHub hub;
  hub.put(store.path(), OriginState::kLive, kStart + milliseconds(5'000));
  CHECK(hub.get("/thumb/b/poster.jpg").status == 404);
}

TEST_CASE("what was recorded in rehearsal is never played") {
  Store store;
  store.segments(0, 6);
  OriginHub hub;
  hub.put(store.path(), OriginState::kLive, store.at(3));
  auto dvr = hub.get("/hls/b/720p/dvr.m3u8");
  CHECK(dvr.body.find("/2.m4s") == std::string::npos);
  CHECK(dvr.body.find("/3.m4s") != std::string::npos);
  CHECK(hub.get("/media/run1/720p/2.m4s").status == 404);
  CHECK(hub.get("/media/run1/720p/3.m4s").status == 200);
}

TEST_CASE("files that are missing, links, or folders are not found") {
  Store store;
  store.segments(0, 3);
  OriginHub hub;
  hub.put(store.path(), OriginState::kLive);
  std::filesystem::remove(store.path() + "/run1/720p/0.m4s");
  std::filesystem::remove(store.path() + "/run1/720p/1.m4s");
  std::filesystem::create_symlink("/etc/passwd", store.path() + "/run1/720p/1.m4s");
  std::filesystem::remove(store.path() + "/run1/720p/2.m4s");
  std::filesystem::create_directory(store.path() + "/run1/720p/2.m4s");
  for (int msn = 0; msn < 3; ++msn) {
    CHECK(hub.get("/media/run1/720p/" + std::to_string(msn) + ".m4s").status == 404);
  }
  CHECK(hub.get("/media/run1/720p/..%2finit.mp4").status == 400);
}

TEST_CASE("a store that does not answer holds nobody up for long, and live nobody at all") {
  Store store;
  store.segments(0, 4);
  // A disk that hangs: whoever opens this for reading waits until somebody writes.
  std::string index = output::index_path(store.path());
  std::string kept = index + ".kept";
  std::filesystem::rename(index, kept);
  REQUIRE(::mkfifo(index.c_str(), 0600) == 0);
  OriginHub hub;
  hub.put(store.path(), OriginState::kLive);
  hub.hub().on_hub([&] {
    Run run(hub.origin(), "b", "run2", "720p", 10);
    run.begin();
    run.part();
  });
  CHECK(hub.get("/hls/b/720p/live.m3u8").status == 200);
  CHECK(hub.get("/hls/b/720p/dvr.m3u8").status == 503);  // nothing known yet, after the patience
  CHECK(hub.get("/hls/b/720p/live.m3u8").status == 200);
  std::atomic<int> told = -1;
  hub.hub().on_hub([&] {
    hub.origin().count_recorded("b", store.at(0), store.at(9),
                                [&](size_t recorded) { told = static_cast<int>(recorded); });
  });
  CHECK(told == 0);
  std::optional<bool> recorded = true;
  hub.hub().on_hub([&] { hub.origin().ask_recorded("b", [&](std::optional<bool> any) { recorded = any; }); });
  CHECK_FALSE(recorded);
  // Nor is anybody kept who may want something of another store.
  Store other("run3");
  hub.put(other.path(), OriginState::kEnded, {}, "other");
  CHECK(hub.get("/media/run3/720p/0.m4s").status == 503);

  // It answers again.
  int writer = -1;
  CHECK(eventually(hub.hub(), [&] { return (writer = ::open(index.c_str(), O_WRONLY | O_NONBLOCK)) >= 0; }));
  std::filesystem::rename(kept, index);
  ::close(writer);
  CHECK(eventually(hub.hub(), [&] { return hub.origin().view("b")->dvr_s >= 8; }));
  CHECK(hub.get("/hls/b/720p/dvr.m3u8").status == 200);
}
