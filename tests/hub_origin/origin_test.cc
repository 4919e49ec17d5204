#include "hub/origin.h"

#include <catch2/catch.hpp>

#include "hub/origin_broadcast.h"
#include "stage.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;

TEST_CASE("what is not there is not found, and what is about to be comes later") {
  Stage stage;
  CHECK(stage.get("/hls/none/live.m3u8")->status() == 404);
  CHECK(stage.get("/media/none/720p/0.m4s")->status() == 404);
  CHECK(stage.get("/thumb/none/poster.jpg")->status() == 404);
  OriginSetup setup;
  setup.id = "b";
  setup.names = {"b"};
  stage.origin.put(setup);
  CHECK(stage.get("/hls/b/live.m3u8")->status() == 404);  // scheduled
  stage.live("b");
  auto early = stage.get("/hls/b/live.m3u8");
  CHECK(early->status() == 503);
  CHECK(early->header("Retry-After") == "1");
  CHECK(stage.get("/hls/b/720p/live.m3u8")->status() == 503);
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  CHECK(stage.get("/hls/b/360p/live.m3u8")->status() == 404);
  auto first = stage.get("/hls/b/720p/live.m3u8");  // the very first part is waited for
  CHECK_FALSE(first->answered);
  run.part();
  CHECK(first->status() == 200);
  CHECK(stage.get("/hls/b/live.m3u8")->has("720p/live.m3u8"));
  CHECK(stage.get("/hls/b/replay.m3u8")->status() == 404);
}

TEST_CASE("a blocked reload is answered when its part exists, and not before") {
  Stage stage;
  stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.parts(8);
  auto next = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=1&_HLS_part=2");
  auto after = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=1&_HLS_part=3");
  auto whole = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=1");
  CHECK_FALSE(next->answered);
  run.part();
  REQUIRE(next->status() == 200);
  CHECK(next->has("/media/run1/720p/1.2.m4s\""));
  CHECK_FALSE(next->has("1.3.m4s\",IND"));
  CHECK(next->header("Cache-Control") == "public, max-age=6");
  CHECK_FALSE(after->answered);
  run.part();
  CHECK(after->status() == 200);
  CHECK_FALSE(whole->answered);
  run.parts(2);
  CHECK(whole->status() == 200);
  CHECK(whole->has("/media/run1/720p/1.m4s"));
  // What is there already is answered at once.
  CHECK(stage.get("/hls/b/720p/live.m3u8?_HLS_msn=1&_HLS_part=0")->status() == 200);
  CHECK(stage.get("/hls/b/720p/live.m3u8?_HLS_msn=0")->status() == 200);
}

TEST_CASE("requests that nobody who follows the playlist would make are refused") {
  Stage stage;
  stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.parts(8);
  for (const char* query : {"_HLS_msn=4", "_HLS_msn=99999999999", "_HLS_msn=1&_HLS_part=99", "_HLS_part=1",
                            "_HLS_msn=-1", "_HLS_msn=x", "_HLS_msn=1&_HLS_msn=1"}) {
    INFO(query);
    CHECK(stage.get(std::string("/hls/b/720p/live.m3u8?") + query)->status() == 400);
  }
  CHECK(stage.origin.metrics().waiters == 0);
}

TEST_CASE("all who wait for a part share one response, gzip'd once") {
  Stage stage;
  stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.part();
  std::vector<std::shared_ptr<Visit>> plain;
  std::vector<std::shared_ptr<Visit>> packed;
  for (int i = 0; i < 10; ++i) {
    plain.push_back(stage.get("/hls/b/720p/live.m3u8?_HLS_msn=0&_HLS_part=1"));
    packed.push_back(
        stage.get("/hls/b/720p/live.m3u8?_HLS_msn=0&_HLS_part=1", {{"accept-encoding", "gzip"}}));
  }
  CHECK(stage.origin.metrics().waiters == 20);
  uint64_t renders = stage.origin.metrics().counters.renders;
  run.part();
  auto wire_of = [](const Visit& visit) {
    return std::get<std::shared_ptr<const SharedResponse>>(visit.response.body)->wire().get();
  };
  for (const auto& visit : plain) CHECK(wire_of(*visit) == wire_of(*plain[0]));
  for (const auto& visit : packed) CHECK(wire_of(*visit) == wire_of(*packed[0]));
  CHECK(packed[0]->header("Content-Encoding") == "gzip");
  CHECK(packed[0]->header("Vary") == "Accept-Encoding");
  CHECK(packed[0]->header("Access-Control-Allow-Origin") == "*");
  CHECK(packed[0]->text() == plain[0]->text());
  CHECK(stage.origin.metrics().counters.renders == renders + 1);
  CHECK(stage.origin.metrics().waiters == 0);
}

TEST_CASE("media is served from memory, and a hinted part is held until it exists") {
  Stage stage;
  stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.parts(8);
  CHECK(stage.get("/media/run1/720p/init.mp4")->text() == "init");
  CHECK(stage.get("/media/run1/720p/0.m4s")->text() == "0.0;0.1;0.2;0.3;0.4;0.5;");
  auto part = stage.get("/media/run1/720p/1.1.m4s");
  CHECK(part->text() == "1.1;");
  CHECK(part->header("Content-Type") == "video/mp4");
  CHECK(part->header("Cache-Control") == "public, max-age=60, immutable");
  CHECK(stage.get("/hls/b/720p/live.m3u8")
            ->has("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"/media/run1/720p/1.2.m4s\""));
  auto hinted = stage.get("/media/run1/720p/1.2.m4s");
  CHECK_FALSE(hinted->answered);
  CHECK(stage.get("/media/run1/720p/1.3.m4s")->status() == 404);  // not hinted yet
  run.part();
  CHECK(hinted->text() == "1.2;");
  for (const char* unknown :
       {"/media/run1/720p/1.m4s", "/media/run1/720p/x.m4s", "/media/run1/720p/1.2.3.m4s",
        "/media/run1/720p/-1.m4s", "/media/run1/720p/1.mp4", "/media/run1/360p/0.m4s",
        "/media/run2/720p/0.m4s", "/media/run1/720p/99999999999999999999.m4s"}) {
    INFO(unknown);
    CHECK(stage.get(unknown)->status() == 404);
  }
}

TEST_CASE("the origin takes only so many waiters, and those who have left make room") {
  OriginOptions options;
  options.max_waiters = 3;
  Stage stage(options);
  stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.part();
  std::vector<std::shared_ptr<Visit>> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(stage.get("/hls/b/720p/live.m3u8?_HLS_msn=0&_HLS_part=1"));
  auto fourth = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=0&_HLS_part=1");
  CHECK(fourth->status() == 503);
  CHECK(fourth->header("Retry-After") == "1");
  CHECK(stage.get("/media/run1/720p/0.1.m4s")->status() == 503);
  CHECK(stage.origin.metrics().counters.waits_refused == 2);
  waiting[0]->left = true;
  // Looking for those who have left is done ten times a second at most.
  stage.clock.advance(milliseconds(101));
  CHECK_FALSE(stage.get("/hls/b/720p/live.m3u8?_HLS_msn=0&_HLS_part=1")->answered);
  run.part();
  CHECK(waiting[1]->status() == 200);
  CHECK(stage.origin.metrics().waiters == 0);
}

TEST_CASE("a wait ends with 503, a wait for a part with 404") {
  Stage stage;
  stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.part();
  auto list = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=0&_HLS_part=1");
  auto part = stage.get("/media/run1/720p/0.1.m4s");
  CHECK(list->patience == seconds(6));
  Response late = list->on_deadline();
  CHECK(late.status == 503);
  CHECK(part->on_deadline().status == 404);
  CHECK(stage.origin.metrics().counters.waits_timed_out == 2);
}

TEST_CASE("the multivariant playlist begins with what a modest line carries and leaves the audio out") {
  Stage stage;
  stage.live("b");
  int bandwidth = 700'000;
  for (const char* name : {"360p", "480p", "720p", "audio"}) {
    Run run(stage.origin, "b", "run1", name);
    run.init().bandwidth = bandwidth;
    bandwidth *= 2;
    run.begin();
    run.part();
  }
  std::string text = stage.get("/hls/b/live.m3u8")->text();
  size_t p480 = text.find("480p/live.m3u8");
  size_t p720 = text.find("720p/live.m3u8");
  size_t p360 = text.find("360p/live.m3u8");
  CHECK(p480 < p720);
  CHECK(p720 < p360);
  CHECK(p360 != std::string::npos);
  CHECK(text.find("audio") == std::string::npos);
  auto audio = stage.get("/hls/b/audio/live.m3u8");
  CHECK(audio->status() == 200);
  CHECK_FALSE(audio->has("RENDITION-REPORT"));
  auto video = stage.get("/hls/b/720p/live.m3u8");
  CHECK(video->has("#EXT-X-RENDITION-REPORT:URI=\"../480p/live.m3u8\",LAST-MSN=0,LAST-PART=0"));
  CHECK_FALSE(video->has("../audio"));
  auto view = stage.origin.view("b").value();
  CHECK(view.renditions == std::vector<std::string>{"360p", "480p", "720p"});
  CHECK(view.has_audio);
}

TEST_CASE("several broadcasts live side by side") {
  Stage stage;
  stage.live("a");
  stage.live("b");
  Run run_a(stage.origin, "a", "run-a", "720p");
  Run run_b(stage.origin, "b", "run-b", "720p", 100);
  run_a.begin();
  run_b.begin();
  run_a.part();
  run_b.part();
  auto of_a = stage.get("/hls/a/720p/live.m3u8?_HLS_msn=0&_HLS_part=1");
  auto of_b = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=100&_HLS_part=1");
  run_b.part();
  CHECK(of_b->has("/media/run-b/720p/100.1.m4s"));
  CHECK_FALSE(of_a->answered);
  stage.origin.remove("a");
  CHECK(of_a->status() == 404);
  CHECK(stage.get("/hls/a/720p/live.m3u8")->status() == 404);
  CHECK(stage.get("/media/run-a/720p/0.0.m4s")->status() == 404);
  CHECK(stage.get("/media/run-b/720p/100.0.m4s")->status() == 200);
}

TEST_CASE("the end is told to those who wait, and the live playlist stays for those who watch") {
  Stage stage;
  auto setup = stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.parts(8);
  auto waiting = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=1&_HLS_part=2");
  setup.state = OriginState::kEnded;
  stage.origin.put(setup);
  REQUIRE(waiting->status() == 200);
  CHECK(waiting->has("#EXT-X-ENDLIST"));
  CHECK(stage.get("/hls/b/720p/live.m3u8?_HLS_msn=5")->has("#EXT-X-ENDLIST"));
  CHECK(stage.get("/media/run1/720p/1.0.m4s")->status() == 200);
  stage.clock.advance(seconds(61));
  stage.origin.tick();
  CHECK(stage.get("/hls/b/720p/live.m3u8")->status() == 410);
  CHECK(stage.get("/hls/b/live.m3u8")->status() == 410);
  CHECK(stage.get("/media/run1/720p/1.0.m4s")->status() == 404);  // not in memory any more
}

TEST_CASE("who waits for the first part of what ends before it begins is told that there is nothing") {
  Stage stage;
  auto setup = stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  auto plain = stage.get("/hls/b/720p/live.m3u8");
  auto blocking = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=0&_HLS_part=0");
  CHECK_FALSE(plain->answered);
  setup.state = OriginState::kEnded;
  stage.origin.put(setup);
  CHECK(plain->status() == 404);
  CHECK(blocking->status() == 404);
  CHECK(stage.get("/hls/b/720p/live.m3u8")->status() == 404);
  CHECK(stage.get("/hls/b/720p/live.m3u8?_HLS_msn=0&_HLS_part=0")->status() == 404);
}

TEST_CASE("withdrawn media is gone at once") {
  Stage stage;
  stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.parts(14);
  ProgramTime from = run.segment_at(1) + milliseconds(100);
  stage.origin.withdraw("b", from, from + milliseconds(500));
  CHECK(stage.get("/media/run1/720p/1.m4s")->status() == 410);
  CHECK(stage.get("/media/run1/720p/1.0.m4s")->status() == 410);
  CHECK(stage.get("/media/run1/720p/0.m4s")->status() == 200);
  CHECK(stage.get("/media/run1/720p/2.0.m4s")->status() == 200);
  CHECK(stage.get("/hls/b/720p/live.m3u8")->has("#EXT-X-GAP"));
}

TEST_CASE("a rehearsal is seen under its own name only, and nothing of it once the broadcast is live") {
  Stage stage;
  OriginSetup setup;
  setup.id = "b";
  setup.names = {"preview-7f3a"};
  setup.state = OriginState::kLive;
  stage.origin.put(setup);
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.parts(9);
  CHECK(stage.get("/hls/preview-7f3a/720p/live.m3u8")->status() == 200);
  CHECK(stage.get("/hls/b/720p/live.m3u8")->status() == 404);
  setup.names = {"b"};
  setup.public_from = run.at();
  stage.origin.put(setup);
  CHECK(stage.get("/hls/preview-7f3a/720p/live.m3u8")->status() == 404);
  CHECK(stage.get("/media/run1/720p/0.m4s")->status() == 404);
  CHECK(stage.get("/media/run1/720p/1.0.m4s")->status() == 404);
  auto first = stage.get("/hls/b/720p/live.m3u8");
  CHECK_FALSE(first->answered);
  run.parts(3);  // the rest of a segment that began before
  CHECK_FALSE(first->answered);
  run.part();
  REQUIRE(first->status() == 200);
  CHECK(first->has("#EXT-X-MEDIA-SEQUENCE:2\n"));
  CHECK_FALSE(first->has("/1."));
}

TEST_CASE("a hub that comes back shows nothing before the engine has told it all") {
  Stage stage;
  stage.live("b");
  REQUIRE(stage.origin.take("b", link::make_message("snapshot", {{"run", "run1"}})).value());
  Run run(stage.origin, "b", "run1", "720p", 40);
  run.begin();
  auto far = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=43&_HLS_part=1");
  run.parts(6);
  auto ahead = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=43&_HLS_part=1");  // would be too far, were this all
  CHECK_FALSE(ahead->answered);
  run.parts(13);
  CHECK_FALSE(far->answered);
  REQUIRE(stage.origin.take("b", link::make_message("snapshot_end")).value());
  CHECK_FALSE(far->answered);
  run.part();
  CHECK(far->status() == 200);
  CHECK(ahead->status() == 200);
}

TEST_CASE(
    "an engine's next run goes on with a discontinuity, and whoever waited for the old one is answered") {
  Stage stage;
  stage.live("b");
  Run first(stage.origin, "b", "run1", "720p");
  first.begin();
  first.parts(8);
  auto list = stage.get("/hls/b/720p/live.m3u8?_HLS_msn=1&_HLS_part=2");
  auto part = stage.get("/media/run1/720p/1.2.m4s");
  Run second(stage.origin, "b", "run2", "720p", 2, first.segment_at(2));
  second.init().discontinuity = 1;
  second.begin();
  CHECK(part->status() == 404);
  second.part();
  REQUIRE(list->status() == 200);
  CHECK(list->has("#EXT-X-DISCONTINUITY\n"));
  CHECK(list->has("/media/run2/720p/init.mp4"));
  CHECK(stage.get("/media/run1/720p/1.0.m4s")->status() == 200);
}

TEST_CASE("who waits for a part of a run that has died never gets the same part of the next run") {
  Stage stage;
  stage.live("b");
  Run first(stage.origin, "b", "run1", "720p");
  first.begin();
  first.parts(6);
  auto part = stage.get("/media/run1/720p/1.0.m4s");
  Run second(stage.origin, "b", "run2", "720p", 1, first.segment_at(1));
  second.init().discontinuity = 1;
  second.begin();
  CHECK(part->status() == 404);
  auto next = stage.get("/media/run2/720p/1.0.m4s");
  CHECK_FALSE(next->answered);
  CHECK(stage.get("/media/run1/720p/1.0.m4s")->status() == 404);
  second.part();
  CHECK(next->text() == "1.0;");
  CHECK(stage.get("/media/run1/720p/1.0.m4s")->status() == 404);
}

TEST_CASE("messages that do not fit are refused and change nothing") {
  Stage stage;
  stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.part();
  CHECK_FALSE(stage.origin.take("none", link::make_message("part")).has_value());
  CHECK_FALSE(stage.origin.take("b", link::make_message("part")).has_value());
  CHECK_FALSE(stage.origin.take("b", link::make_message("init", {{"run", "../x"}})).has_value());
  CHECK(stage.origin.take("b", link::make_message("levels")).value() == false);
  for (int i = 0; i < 40; ++i) {
    Run more(stage.origin, "b", "run1", "r" + std::to_string(i));
    static_cast<void>(stage.origin.take("b", package::to_message(more.init())));
  }
  CHECK(stage.origin.metrics().counters.messages_refused > 20);  // renditions are bounded
  CHECK(stage.get("/hls/b/720p/live.m3u8")->status() == 200);
}

TEST_CASE("the poster is the newest the engine gave") {
  Stage stage;
  stage.live("b");
  CHECK(stage.get("/thumb/b/poster.jpg")->status() == 404);
  auto jpeg = std::make_shared<const Bytes>(Bytes{1, 2, 3});
  CHECK(
      stage.origin.take("b", link::make_message("thumbnail", {{"what", "poster"}, {"at", 1}}, jpeg)).value());
  CHECK(
      stage.origin.take("b", link::make_message("thumbnail", {{"what", "venue"}, {"at", 1}}, jpeg)).value() ==
      false);
  auto poster = stage.get("/thumb/b/poster.jpg");
  CHECK(poster->bytes() == *jpeg);
  CHECK(poster->header("Content-Type") == "image/jpeg");
}

TEST_CASE("viewers are estimated from how often playlists are asked for") {
  ViewerEstimate estimate;
  for (int second = 0; second < 8; ++second) {
    for (int part = 0; part < 3; ++part) {
      estimate.part();
      for (int viewer = 0; viewer < 200; ++viewer) estimate.blocked(false);
    }
    if (second % 2 == 0) {
      for (int viewer = 0; viewer < 50; ++viewer) estimate.polled(false);
    }
    estimate.tick();
  }
  CHECK(estimate.viewers() == Approx(250));
  for (int second = 0; second < 8; ++second) estimate.tick();
  CHECK(estimate.viewers() == 0);
}

TEST_CASE("the estimate is a lower bound while a proxy asks for most of the playlists") {
  Stage stage;
  stage.live("b");
  Run run(stage.origin, "b", "run1", "720p");
  run.begin();
  run.parts(6);
  CHECK_FALSE(stage.origin.view("b")->viewers_at_least);  // nobody asked
  const std::string next = "/hls/b/720p/live.m3u8?_HLS_msn=1&_HLS_part=0";
  stage.get(next, {}, true);
  stage.get("/hls/b/720p/live.m3u8", {}, true);
  stage.get("/hls/b/720p/live.m3u8");
  run.part();  // who waited is answered, and counted
  stage.get(next);
  stage.origin.tick();
  CHECK_FALSE(stage.origin.view("b")->viewers_at_least);  // one in two
  stage.get(next, {}, true);
  stage.origin.tick();
  CHECK(stage.origin.view("b")->viewers_at_least);
  for (int second = 0; second < 8; ++second) stage.origin.tick();
  CHECK_FALSE(stage.origin.view("b")->viewers_at_least);
}
