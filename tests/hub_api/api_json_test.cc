#include <catch2/catch.hpp>

#include "hub/api_bodies.h"
#include "hub/api_values.h"

using namespace openday;
using namespace openday::hub;

namespace {

Json object(std::string_view text) {
  auto parsed = parse_object(text);
  REQUIRE(parsed);
  return *parsed;
}

template <class T>
std::string refusal(const Result<T>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error().message;
}

}  // namespace

TEST_CASE("a body is one JSON object, no deeper than it needs to be, and says each thing once") {
  CHECK(parse_object(R"({"a": [1, {"b": null}]})"));
  for (const char* bad :
       {"", " ", "[]", "1", "\"x\"", "null", "{", "{}x", "{} {}", R"({"a":1,})", R"({a:1})", R"({"a":NaN})",
        "{\"a\":\"\xff\"}", "{\"a\":\"\n\"}", R"({"a":01})", R"({"a":1e999})"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_object(bad));
  }
  CHECK(refusal(parse_object(R"({"a":1,"b":{"c":1,"c":2}})")) == "the key \"c\" is given twice");
  auto deep = parse_object(R"({"a":[[[[[[[[1]]]]]]]]})");
  REQUIRE_FALSE(deep);
  CHECK(deep.error().code == Errc::kLimit);
}

TEST_CASE("an unknown key is named together with the nearest one that is known") {
  CHECK(refusal(read_scene(object(R"({"layot":"full","venues":[]})"))) == "layout is missing");
  CHECK(refusal(read_scene(object(R"({"layout":"full","venues":[],"follow_audo":true})"))) ==
        "follow_audo is not known; did you mean follow_audio?");
  CHECK(refusal(read_new_venue(object(R"({"name":"x","source":{"kind":"pull","ulr":"rtsp://h"}})"))) ==
        "source.url is missing");
  CHECK(refusal(read_new_venue(object(R"({"name":"x","source":{"kind":"test","sed":1}})"))) ==
        "source.sed is not known");
  CHECK(refusal(read_new_broadcast(object(R"({"title":"x","targets":[{"name":"n","url":"u","keey":1}]})"),
                                   {})) == "targets[0].keey is not known; did you mean key?");
  CHECK(refusal(read_nothing(object(R"({"anything":1})"))) == "anything is not known");
}

TEST_CASE("values of the wrong type or out of range are refused by name") {
  CHECK(refusal(read_new_venue(object(R"({"name":7})"))) == "name must be a string");
  CHECK(refusal(read_new_venue(object(R"({"name":"x","av_offset_ms":1.5})"))) ==
        "av_offset_ms must be a whole number");
  CHECK(refusal(read_new_venue(object(R"({"name":"x","av_offset_ms":1001})"))) ==
        "av_offset_ms must be from -1000 to 1000");
  CHECK(refusal(read_new_venue(object(R"({"name":"x","av_offset_ms":18446744073709551615})"))) ==
        "av_offset_ms must be from -1000 to 1000");
  CHECK(refusal(read_new_venue(object(R"({"name":"x","source":"test"})"))) == "source must be an object");
  CHECK(refusal(read_new_venue(object(R"({"name":"x","source":{"kind":"pul","url":"x"}})"))) ==
        "source.kind is not known; did you mean pull?");
  CHECK(refusal(read_new_venue(object(R"({"name":"x","source":{"kind":"ingest","url":"x"}})"))) ==
        "source.url belongs to kind pull");
  CHECK(refusal(read_switch(object(R"({"on":1})"))) == "on must be true or false");
  CHECK(refusal(read_switch(object("{}"))) == "on is missing");
  CHECK(refusal(read_scene(object(R"({"layout":"full","venues":[1]})"))) == "venues must hold strings only");
  CHECK(refusal(read_scene(object(R"({"layout":"full","venues":{}})"))) == "venues must be a list");
  CHECK(refusal(read_mix(object(R"({"venues":{"a":{"gain_db":13}}})"), {})) ==
        "venues.a.gain_db must be from -60 to 12");
  CHECK(refusal(read_new_broadcast(object(R"({"title":"x","house":{"fps":60}})"), {})) ==
        "house.fps must be from 25 to 30");
}

TEST_CASE("times are RFC 3339 or milliseconds, and can be taken back with null") {
  auto wanted = read_new_broadcast(object(R"({"title":"x","starts_at":"2026-12-01T09:00:00+08:00"})"), {});
  REQUIRE(wanted);
  CHECK(wanted->starts_at == ProgramTime{1'796'086'800'000});
  CHECK(read_new_broadcast(object(R"({"title":"x","starts_at":1796086800000})"), {})->starts_at ==
        wanted->starts_at);
  for (const char* bad :
       {R"("tomorrow")", "-1", "1.5", "true", R"("2026-13-01T00:00:00Z")", "99999999999999999"}) {
    CAPTURE(bad);
    CHECK_FALSE(read_new_broadcast(object(std::string(R"({"title":"x","starts_at":)") + bad + "}"), {}));
  }
  auto none = read_broadcast_changes(object(R"({"starts_at":null})"), {});
  REQUIRE(none);
  REQUIRE(none->starts_at);
  CHECK_FALSE(none->starts_at->has_value());
  CHECK_FALSE(read_broadcast_changes(object("{}"), {})->starts_at);
}

TEST_CASE("what a venue's mix leaves out stays") {
  auto mix = read_mix(object(R"({"venues":{"a":{"mute":true},"b":{"gain_db":3}}})"), {{"a", {-6, false}}});
  REQUIRE(mix);
  CHECK(mix->at("a") == broadcast::Mix{-6, true});
  CHECK(mix->at("b") == broadcast::Mix{3, false});
}

TEST_CASE("a broadcast is shown to the public without what is the institution's") {
  broadcast::Broadcast b;
  b.id = "day";
  b.title = "开放日";
  b.preview = "preview-secret";
  b.seats = {{0, "a", "Hall A"}};
  b.state = broadcast::State::kRehearsal;
  Json shown = public_json(b, {600, false});
  CHECK(shown["state"] == "scheduled");
  CHECK(shown["live"].is_null());
  CHECK(shown["replay"].is_null());
  CHECK(shown["venues"] == Json::parse(R"([{"id":"a","name":"Hall A"}])"));
  CHECK(dump(shown).find("preview-secret") == std::string::npos);
  Json full = broadcast_json(b, {}, {600, false});
  CHECK(full["state"] == "rehearsal");
  CHECK(full["preview"]["hls"] == "/hls/preview-secret/live.m3u8");

  b.state = broadcast::State::kLive;
  b.live_at = ProgramTime{1'790'000'000'000};
  shown = public_json(b, {600, true});
  CHECK(shown["state"] == "live");
  CHECK(shown["live_at"] == "2026-09-21T14:13:20.000Z");
  CHECK(shown["poster"] == "/thumb/day/poster.jpg");
  CHECK(shown["live"] == Json::parse(R"({"hls":"/hls/day/live.m3u8","dvr":"/hls/day/dvr.m3u8",
      "audio":"/hls/day/audio/live.m3u8","audio_dvr":"/hls/day/audio/dvr.m3u8","dvr_window_s":600})"));

  b.state = broadcast::State::kEnded;
  CHECK(public_json(b, {})["state"] == "ended");
  b.recorded = true;
  CHECK(public_json(b, {})["state"] == "replay");
  CHECK(public_json(b, {})["replay"]["mp4"] == "/hls/day/replay.mp4");
}

TEST_CASE("secrets of targets and pull sources never come back") {
  broadcast::Target target{"t", "day", "N", "rtmp://h/a", {}, {1, 2, 3}, "", true};
  CHECK(target_json(target) ==
        Json::parse(
            R"({"id":"t","name":"N","url":"rtmp://h/a","rendition":null,"enabled":true,"has_key":true})"));
  broadcast::Venue venue{"v", "V", {broadcast::SourceKind::kPull, "rtsp://u:***@h", {9, 9}, ""}, 0, 120, {}};
  CHECK(venue_json(venue, false)["source"] == Json::parse(R"({"kind":"pull","url":"rtsp://u:***@h"})"));
}

TEST_CASE("a fresh key is told for each protocol that is on") {
  broadcast::IngestSecrets secrets{"stream", "phrase"};
  Json all = key_json({"live.example", 1935, 1936, 9000}, "east", secrets);
  CHECK(all == Json::parse(R"({"rtmp":{"url":"rtmp://live.example:1935/live","stream_key":"stream"},
      "rtmps":{"url":"rtmps://live.example:1936/live","stream_key":"stream"},
      "srt":{"url":"srt://live.example:9000","stream_id":"east","passphrase":"phrase"}})"));
  CHECK(key_json({"::1", 1935, 0, 0}, "east", secrets)["rtmp"]["url"] == "rtmp://[::1]:1935/live");
  CHECK(key_json({"h", 1935, 0, 0}, "east", secrets)["rtmps"].is_null());
  CHECK(key_json({"h", 1935, 0, 0}, "east", secrets)["srt"].is_null());
}
