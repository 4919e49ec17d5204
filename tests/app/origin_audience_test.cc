#include "app/origin_audience.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "../hub_http/harness.h"
#include "../hub_origin/stage.h"

#include "output/store_index.h"

using namespace openday;
using namespace openday::app;
using hub::test::Run;
using hub::test::Stage;
using hub::test::TemporaryFolder;

TEST_CASE("what was recorded before the broadcast was public does not count as recorded") {
  TemporaryFolder media;
  hub::HouseSettings settings;
  settings.store["dir"] = media.path();
  std::filesystem::create_directories(media / "b");
  media::InitSegment init;
  init.run = "run1";
  init.rendition = "720p";
  std::ofstream index(output::index_path(media / "b"));
  index << output::to_line(init);
  for (int64_t msn : {0, 1, 2}) {
    index << output::to_line(
        media::StoredSegment{"run1", "720p", msn, ProgramTime{1'000'000 + msn * 2000}, 2, 9, false});
  }
  index.close();
  auto recorded_since = [&](ProgramTime public_from) {
    Stage stage;
    OriginAudience audience(stage.origin, settings, 0);
    broadcast::Broadcast broadcast;
    broadcast.id = "b";
    broadcast.state = broadcast::State::kEnded;
    broadcast.public_from = public_from;
    audience.update(broadcast);
    std::optional<bool> told;
    audience.ask_recorded("b", [&](std::optional<bool> any) {
      told = any;
      stage.loop->stop();
    });
    stage.loop->run();
    return told;
  };
  CHECK(recorded_since({1'004'000}) == true);
  CHECK(recorded_since({1'006'000}) == false);
}

TEST_CASE("what is withdrawn is gone before the disk has said how much that was") {
  TemporaryFolder media;
  hub::HouseSettings settings;
  settings.store["dir"] = media.path();
  std::filesystem::create_directories(media / "b");
  // A disk that hangs: whoever opens this for reading waits until somebody writes.
  std::string index = output::index_path(media / "b");
  REQUIRE(::mkfifo(index.c_str(), 0600) == 0);
  Stage stage;
  OriginAudience audience(stage.origin, settings, 0);
  int copies_told = 0;
  audience.on_withdrawn = [&](const std::string&, ProgramTime, ProgramTime) { ++copies_told; };
  broadcast::Broadcast broadcast;
  broadcast.id = "b";
  broadcast.state = broadcast::State::kLive;
  audience.update(broadcast);
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.parts(14);
  REQUIRE(stage.get("/media/run1/720p/1.m4s")->status() == 200);

  bool counted = false;
  audience.withdraw("b", run.segment_at(1), run.segment_at(2), [&](int64_t) { counted = true; });
  CHECK_FALSE(counted);
  CHECK(copies_told == 1);
  CHECK(stage.get("/media/run1/720p/1.0.m4s")->status() == 410);
  CHECK(stage.get("/media/run1/720p/1.m4s")->status() != 200);
  CHECK(stage.get("/media/run1/720p/2.0.m4s")->status() == 200);
  CHECK(stage.get("/hls/b/720p/live.m3u8")->has("#EXT-X-GAP"));

  int writer = -1;  // lets the thread go that reads
  while ((writer = ::open(index.c_str(), O_WRONLY | O_NONBLOCK)) < 0) std::this_thread::yield();
  ::close(writer);
}
