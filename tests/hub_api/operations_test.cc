#include "control_house.h"
#include "prometheus_checker.h"

using namespace openday;
using namespace openday::hub;
using namespace openday::hub::test;
using openday::test::PrometheusChecker;

namespace {

Answered from(ControlHouse& house, const std::string& path, const std::string& peer) {
  Request request = ControlHouse::request(Method::kGet, path, "");
  request.peer = peer;
  request.peer_is_loopback = peer == "127.0.0.1";
  return house.send(std::move(request));
}

}  // namespace

TEST_CASE("readiness tells the truth about database, gateway and engines") {
  ControlHouse house;
  house.furnish();
  CHECK(from(house, "/healthz", "203.0.113.9").status == 200);
  auto reasons = [&] { return from(house, "/readyz", "127.0.0.1").json["reasons"]; };
  CHECK(from(house, "/readyz", "127.0.0.1").status == 503);
  CHECK(reasons() == Json::parse(R"(["the gateway is not there"])"));
  house.start_gateway();
  CHECK(from(house, "/readyz", "127.0.0.1").status == 200);
  REQUIRE(house.post("/api/v1/admin/broadcasts/day/rehearse").status == 200);
  CHECK(reasons() == Json::parse(R"(["the engine of broadcast day is starting"])"));
  auto& engine = house.start_engine("day");
  CHECK(reasons().size() == 1);  // there, but has not reported
  house.on_loop([&] {
    engine.say("stats", {{"tick", 1}});
    return 0;
  });
  house.until([&] { return house.engines->stats("day") != nullptr; });
  CHECK(from(house, "/readyz", "127.0.0.1").status == 200);
  house.on_loop([&] {
    house.books_health.trouble = "disk full";
    return 0;
  });
  CHECK(reasons() == Json::parse(R"(["database: disk full"])"));
  auto outside = from(house, "/readyz", "203.0.113.9");
  CHECK(outside.status == 503);
  CHECK(outside.text.find("disk full") == std::string::npos);
}

TEST_CASE("metrics are for this machine and the configured networks") {
  ControlHouse house;
  CHECK(from(house, "/metrics", "203.0.113.9").status == 403);
  CHECK(from(house, "/metrics", "192.0.2.77").status == 200);
  auto local = from(house, "/metrics", "127.0.0.1");
  CHECK(local.status == 200);
  CHECK(local.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
}

TEST_CASE("metrics say per venue, program, encoder, target, publisher and process what was reported") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post("/api/v1/admin/broadcasts/day/go-live").status == 200);
  auto& engine = house.start_engine("day");
  auto& gateway = house.start_gateway();
  house.on_loop([&] {
    gateway.say("publisher", {{"venue", "a"}, {"state", "connected"}, {"protocol", "rtmp"}});
    gateway.say(
        "stats",
        Json::parse(R"({"publishers":[{"venue":"a","protocol":"rtmp","bytes":1000,"kbps":2500,"rtt_ms":12,
        "lost":3,"dropped":6}],"refused":{"wrong_key":4},"connections":1})"));
    engine.say("stats",
               Json::parse(R"({"tick":900,"late_ms":2.5,"dropped_ticks":1,"repeated_ticks":0,"link_dropped":0,
      "sound_lost_ms":465,"packager":{"without_audio":3,"without_picture":4},
      "shedding":"thumbnails","program":{"peak_db":[-3,-4],"lufs":-23.1},
      "slots":[{"slot":0,"venue":"a","state":"live","on_air":true,"feed":{"state":"live","waiting_for_key_frame":true,
         "source":{"video":{"codec":"h264","width":1280,"height":720,"fps":30}},
         "stats":{"frames":300,"dropped":2,"decode_errors":1,"kbps":2400,"fps":29.5,"reconnects":4,"jitter_ms":8,"queue_ms":120,
         "av_offset_ms":-12,"reanchors":1}}},
         {"slot":1,"venue":"b","state":"slate","on_air":false,"feed":null}],
      "encoders":[{"rendition":"720p","fps":30,"speed":2.5,"queue":1,"shed":0,"kbps":2800}],
      "targets":[{"id":"p","state":"live","kbps":2800,"acked_bytes":5000,"reconnects":2,"dropped":0}],
      "recording":{"state":"recording","bytes":123456,"free_bytes":1e9,"dropped":0}})"));
    house.conductor->on_children(
        Json::parse(R"([{"role":"feed","id":"day/a","state":"ready","restarts":2}])"));
    house.http.by_status[200] = 5;
    return 0;
  });
  house.until([&] { return house.engines->stats("day") != nullptr && !house.publishers->stats().is_null(); });
  PrometheusChecker metrics(from(house, "/metrics", "127.0.0.1").text);
  CHECK(metrics.error() == "");
  std::map<std::string, std::string> a = {{"broadcast", "day"}, {"venue", "a"}};
  CHECK(metrics.value("openday_ready") == 1);
  CHECK(metrics.value("openday_engine_up", {{"broadcast", "day"}}) == 1);
  CHECK(metrics.value("openday_venue_state", {{"broadcast", "day"}, {"venue", "a"}, {"state", "live"}}) == 1);
  CHECK(metrics.value("openday_venue_state", {{"broadcast", "day"}, {"venue", "a"}, {"state", "error"}}) ==
        0);
  CHECK(metrics.value("openday_venue_state", {{"broadcast", "day"}, {"venue", "b"}, {"state", "live"}}) == 0);
  CHECK(metrics.value("openday_venue_waiting_for_key_frame", a) == 1);
  CHECK(metrics.value("openday_program_sound_lost_milliseconds_total", {{"broadcast", "day"}}) == 465);
  CHECK(metrics.value("openday_program_parts_without_sound_total", {{"broadcast", "day"}}) == 3);
  CHECK(metrics.value("openday_program_parts_without_picture_total", {{"broadcast", "day"}}) == 4);
  CHECK(metrics.value("openday_venue_kbps", a) == 2400);
  CHECK(metrics.value("openday_venue_fps", a) == 29.5);
  CHECK(metrics.value("openday_venue_reconnects_total", a) == 4);
  CHECK(metrics.value("openday_venue_dropped_total", a) == 2);
  CHECK(metrics.value("openday_venue_decode_errors_total", a) == 1);
  CHECK(metrics.value("openday_venue_queue_milliseconds", a) == 120);
  CHECK(metrics.value("openday_venue_av_offset_milliseconds", a) == -12);
  CHECK(metrics.value("openday_venue_on_air", a) == 1);
  CHECK(metrics.value("openday_program_late_milliseconds", {{"broadcast", "day"}}) == 2.5);
  CHECK(metrics.value("openday_program_dropped_ticks_total", {{"broadcast", "day"}}) == 1);
  CHECK(metrics.value("openday_program_shedding", {{"broadcast", "day"}, {"what", "thumbnails"}}) == 1);
  CHECK(metrics.value("openday_encoder_speed", {{"broadcast", "day"}, {"rendition", "720p"}}) == 2.5);
  CHECK(metrics.value("openday_target_state", {{"broadcast", "day"}, {"target", "p"}, {"state", "live"}}) ==
        1);
  CHECK(metrics.value("openday_target_reconnects_total", {{"broadcast", "day"}, {"target", "p"}}) == 2);
  CHECK(metrics.value("openday_recording_free_bytes", {{"broadcast", "day"}}) == 1e9);
  CHECK(metrics.value("openday_publisher_connects_total", {{"venue", "a"}}) == 1);
  CHECK(metrics.value("openday_publisher_kbps", {{"venue", "a"}, {"protocol", "rtmp"}}) == 2500);
  CHECK(metrics.value("openday_publisher_dropped_total", {{"venue", "a"}, {"protocol", "rtmp"}}) == 6);
  CHECK(metrics.value("openday_gateway_refused_total", {{"reason", "wrong_key"}}) == 4);
  CHECK(metrics.value("openday_process_restarts_total", {{"role", "feed"}, {"id", "day/a"}}) == 2);
  CHECK(metrics.value("openday_process_up", {{"role", "feed"}, {"id", "day/a"}}) == 1);
  CHECK(metrics.value("openday_http_requests_total", {{"status", "200"}}) == 5);
  CHECK(metrics.value("openday_store_healthy") == 1);
}

TEST_CASE("metrics stay well-formed when reports make no sense") {
  ControlHouse house;
  house.furnish();
  REQUIRE(house.post("/api/v1/admin/broadcasts/day/go-live").status == 200);
  auto& engine = house.start_engine("day");
  house.on_loop([&] {
    engine.say("stats",
               Json::parse(R"({"tick":"x","slots":[1,{"venue":7},{"venue":"a\"\n","feed":[]}],"encoders":{},
      "targets":[[],{"id":"x","state":1}],"recording":5,"program":null})"));
    house.conductor->on_children(Json::parse(R"([1,{"role":3,"restarts":"x"}])"));
    return 0;
  });
  house.until([&] { return house.engines->stats("day") != nullptr; });
  CHECK(PrometheusChecker(from(house, "/metrics", "127.0.0.1").text).error() == "");
}
