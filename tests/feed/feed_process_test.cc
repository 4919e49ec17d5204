// The feed as a process: sandboxed, fed through its links, watched as the mixer would.
#include <random>

#include "studio.h"

using namespace openday;
using namespace openday::test;
using link::Json;

namespace {

const Json kGateway = {{"source", {{"kind", "gateway"}}}};

std::string flash_flv(int seconds = 6) {
  return make_media("flash" + std::to_string(seconds) + ".flv",
                    flash_and_beep("160x90", 30, seconds) + kH264 + "-g 30 -c:a aac -f flv");
}

double median(const std::vector<double>& sorted) {
  return sorted.at(sorted.size() / 2);
}

/// How far the pictures' moments stray from their source's time, from `since` on: what a seam or a jump would
/// move. It says the same on a busy machine, where this test does not see every picture.
int64_t strayed_ms(const std::vector<Studio::Shown>& shown, HouseTime since = {}) {
  int64_t least = INT64_MAX;
  int64_t most = INT64_MIN;
  for (const auto& picture : shown) {
    if (picture.info.show_at < since) continue;
    int64_t difference = picture.info.show_at.ns - picture.info.source_pts * 100'000 / 9;
    least = std::min(least, difference);
    most = std::max(most, difference);
  }
  return (most - least) / kMs;
}

}  // namespace

TEST_CASE("an RTMP publisher is lip-synchronous on the ring, and said to be gone when it is") {
  Studio studio(kGateway);
  REQUIRE(studio.run_until_state("waiting"));
  studio.want(160, 90, "program");
  studio.begin("flv");
  studio.publish(flv_sendings(flash_flv()));
  auto pictures = studio.pictures();
  REQUIRE(pictures.size() > 100);
  CHECK(pictures.back().info.width == 160);
  CHECK(studio.now() - studio.heartbeat() < milliseconds(300));
  auto offsets = studio.av_offsets();
  REQUIRE(offsets.size() >= 4);
  CHECK(std::abs(median(offsets)) <= 40);
  CHECK(std::max(std::abs(offsets.front()), std::abs(offsets.back())) <= 40);
  Json state = studio.last();
  CHECK(state["state"] == "live");
  CHECK(state["caught_up"] == true);
  CHECK(state["source"]["video"]["codec"] == "h264");
  CHECK(state["source"]["video"]["width"] == 160);
  CHECK(state["source"]["audio"]["rate"] == 48000);
  CHECK(state["stats"]["frames"].get<int>() > 100);
  CHECK(state["stats"]["decode_errors"] == 0);
  CHECK(state["stats"]["kbps"].get<int>() > 0);
  studio.end();
  studio.run_until_state("waiting");
}

TEST_CASE("an SRT publisher is lip-synchronous, and its timestamps may wrap") {
  // 2^33 / 90000 s = 95443.7 s: this one wraps after two seconds.
  std::string path = make_media("wrap.ts", flash_and_beep("160x90", 30, 6) + kH264 +
                                               "-g 30 -c:a aac -output_ts_offset 95440.3 -f mpegts");
  Studio studio(kGateway);
  studio.want(160, 90, "program");
  studio.begin("ts");
  studio.publish(ts_sendings(path));
  auto pictures = studio.pictures();
  REQUIRE(pictures.size() > 100);
  // In the first second the delay grows for the sound, which the multiplexer holds back.
  HouseTime settled = pictures.front().info.show_at + milliseconds(1500);
  CHECK(strayed_ms(pictures, settled) <= 500);  // a busy machine makes the delay grow
  CHECK(pictures.back().info.show_at - settled > seconds(2));
  auto offsets = studio.av_offsets();
  REQUIRE(offsets.size() >= 4);
  CHECK(std::abs(median(offsets)) <= 40);
  CHECK(studio.last()["stats"]["reanchors"] == 0);
  CHECK(studio.last()["source"]["audio"]["codec"] == "aac");
}

TEST_CASE("a publisher that is replaced by one of another size and rate goes on") {
  Studio studio(kGateway);
  studio.want(1280, 720, "program");
  studio.begin("flv");
  studio.publish(flv_sendings(flash_flv(3)));
  studio.end();
  studio.begin("flv");
  studio.publish(flv_sendings(
      make_media("other.flv", flash_and_beep("320x240", 25, 3) + kH264 + "-g 25 -c:a aac -ar 44100 -f flv")));
  auto pictures = studio.pictures();
  CHECK(pictures.back().info.width == 320);
  CHECK(studio.last()["state"] == "live");
  CHECK(studio.last()["source"]["audio"]["rate"] == 44100);
  CHECK(studio.last()["stats"]["reconnects"] == 1);
  CHECK(studio.last()["stats"]["fps"].is_number());
  studio.begin("flv");  // takes over: the one before was not said to have ended
  studio.run_until([&] { return studio.states.back()["stats"]["reconnects"] == 2; }, seconds(5),
                   "the encoder that took over is counted");
}

TEST_CASE("garbage from a publisher is counted and the next one is shown") {
  std::mt19937 random(3);
  auto garbage = [&](size_t size) {
    auto bytes = std::make_shared<Bytes>(size);
    for (auto& byte : *bytes) byte = static_cast<uint8_t>(random());
    return bytes;
  };
  Studio studio(kGateway);
  studio.want(160, 90, "program");
  studio.begin("ts");
  for (int i = 0; i < 500; ++i) studio.send({Duration(0), Json::object(), garbage(1316)});
  studio.end();
  studio.begin("flv");
  auto tags = flv_sendings(flash_flv(3));
  for (size_t i = 0; i < tags.size(); ++i) {
    if (i > 4 && tags[i].body->size() > 10) {
      auto body = std::make_shared<Bytes>(*tags[i].body);
      for (size_t k = 5; k < body->size(); ++k) (*body)[k] = static_cast<uint8_t>(random());
      tags[i].body = body;
    }
    studio.send(tags[i]);
  }
  studio.run_until(
      [&] { return !studio.states.empty() && studio.states.back()["stats"]["decode_errors"] > 10; },
      seconds(5), "decode errors are counted");
  studio.end();
  studio.begin("none");
  studio.run_until_state("error");
  studio.begin("flv");
  studio.forget();
  studio.publish(flv_sendings(flash_flv(3)));
  CHECK(studio.pictures().size() > 60);
  CHECK(studio.last()["state"] == "live");
}

TEST_CASE("a publisher joined between key frames is heard, and said to wait for one, until it comes") {
  Studio studio(kGateway);
  studio.want(160, 90, "program");
  studio.begin("flv", true);
  auto tags = flv_sendings(flash_flv(6));
  // As the gateway sends it: headers and sound, pictures withheld.
  std::vector<Sending> sound;
  for (const auto& tag : tags) {
    bool picture = tag.head["tag"] == 9 && (*tag.body)[1] != 0;  // FLV annex E.4.3.1: 0 is the header
    if (!picture && tag.at < seconds(2)) sound.push_back(tag);
  }
  studio.publish(sound);
  Json state = studio.last();
  CHECK(state["state"] == "starting");
  CHECK(state["waiting_for_key_frame"] == true);
  CHECK(state["why"] == "waiting for the encoder's next key frame");
  CHECK(state["source"]["audio"]["codec"] == "aac");
  CHECK(studio.pictures().empty());
  std::vector<Sending> rest;
  for (auto tag : tags) {  // one key frame a second
    if (tag.at < seconds(2)) continue;
    tag.at -= seconds(2);
    rest.push_back(tag);
  }
  studio.publish(rest);
  CHECK(studio.last()["state"] == "live");
  CHECK(studio.last()["waiting_for_key_frame"] == false);
  CHECK(studio.pictures().size() > 60);
}

TEST_CASE("a publisher that falls silent is said to be stalled, and live again when it goes on") {
  Studio studio(kGateway);
  studio.want(160, 90, "program");
  studio.begin("flv");
  auto tags = flv_sendings(flash_flv(6));
  auto half = tags.begin() + static_cast<long>(tags.size() / 2);
  studio.publish({tags.begin(), half});
  REQUIRE(studio.run_until_state("stalled"));
  std::vector<Sending> rest(half, tags.end());
  Duration from = rest.front().at;
  for (auto& sending : rest) sending.at -= from;
  studio.forget();
  studio.publish(rest);
  CHECK(studio.last()["state"] == "live");
  CHECK(studio.pictures().size() > 60);
}

TEST_CASE("a short file plays over and over without a seam") {
  std::string path =
      make_media("loop.mp4", flash_and_beep("160x90", 30, 2) + kH264 + "-g 30 -c:a aac -f mp4");
  Studio studio({{"source", {{"kind", "file"}, {"path", "loop.mp4"}}},
                 {"egress", {{"allow_private", false}, {"media_root", media_folder()}}}});
  studio.want(160, 90, "program");
  REQUIRE(studio.run_until_state("live"));
  studio.forget();
  studio.wait_for(seconds(6));
  auto pictures = studio.pictures();
  REQUIRE(pictures.size() > 100);
  CHECK(strayed_ms(pictures) <= 5);
  CHECK(pictures.back().info.source_pts - pictures.front().info.source_pts > 5 * 90000);
  CHECK(studio.last()["stats"]["reanchors"] == 0);
  auto offsets = studio.av_offsets();
  REQUIRE(offsets.size() >= 4);
  CHECK(std::abs(median(offsets)) <= 30);
}

TEST_CASE("a file outside the media root, or none, is an error that is told") {
  make_media("root/inside.ts", "-f lavfi -i color=s=16x16:d=1 -c:v mpeg2video -f mpegts");
  for (const char* path : {"../flash3.flv", "/etc/passwd", "missing.mp4", "."}) {
    Studio studio({{"source", {{"kind", "file"}, {"path", path}}},
                   {"egress", {{"allow_private", false}, {"media_root", media_folder() + "/root"}}}});
    INFO(path);
    REQUIRE(studio.run_until_state("error"));
    CHECK(!studio.last()["why"].get<std::string>().empty());
  }
}

TEST_CASE("the test pattern is live at once, moves, and differs by its seed") {
  std::vector<int> lumas;
  for (int seed : {1, 2}) {
    Studio studio(Json{{"source", {{"kind", "test"}, {"seed", seed}}}});
    studio.want(320, 180, "program");
    REQUIRE(studio.run_until_state("live"));
    REQUIRE(studio.run_until([&] { return studio.shown.size() > 45; }, seconds(5), "pictures come"));
    auto pictures = studio.pictures();
    CHECK(pictures.back().info.width == 320);
    CHECK(strayed_ms(pictures) <= 1);
    std::lock_guard lock(studio.mutex);
    CHECK(studio.peak > 0.09f);
    CHECK(studio.peak < 0.11f);
    lumas.push_back(studio.shown.back().luma);
  }
  CHECK(lumas[0] != lumas[1]);
}

TEST_CASE("a feed that is killed leaves the ring readable, and the next one writes on") {
  Studio studio(Json{{"source", {{"kind", "test"}, {"seed", 3}}}});
  studio.want(320, 180, "program");
  REQUIRE(studio.run_until_state("live"));
  REQUIRE(studio.run_until([&] { return studio.shown.size() > 10; }, seconds(5), "pictures come"));
  studio.kill_feed();
  studio.wait_for(milliseconds(100));
  CHECK(studio.pictures().size() > 10);
}
