// What must be quick. These need a machine that is not busy with anything else.
#include "studio.h"

using namespace openday;
using namespace openday::test;
using link::Json;

namespace {

const Json kGateway = {{"source", {{"kind", "gateway"}}}};

}  // namespace

TEST_CASE("a publisher's first picture is on the ring within 400 ms of its key frame") {
  std::string path =
      make_media("start.flv", flash_and_beep("640x360", 30, 3) + kH264 + "-g 30 -c:a aac -f flv");
  Studio studio(kGateway);
  studio.want(640, 360, "program");
  REQUIRE(studio.run_until_state("waiting"));
  studio.begin("flv");
  HouseTime start = studio.now();
  studio.publish(flv_sendings(path));
  auto pictures = studio.pictures();
  REQUIRE(!pictures.empty());
  CHECK((pictures.front().seen - start).count() / kMs <= 400);
  int64_t longest = 0;
  for (size_t i = 1; i < pictures.size(); ++i) {
    longest = std::max(longest, (pictures[i].info.show_at - pictures[i - 1].info.show_at).count() / kMs);
  }
  CHECK(longest <= 70);
}

TEST_CASE("an idle 720p venue is caught up within half a second of being wanted") {
  std::string path = make_media("idle.flv",
                                "-f lavfi -i testsrc2=s=1280x720:r=30:d=8 -f lavfi -i sine=440:d=8 -c:v "
                                "libx264 -preset ultrafast -bf 0 -g 60 -sc_threshold 0 -b:v 3M -pix_fmt "
                                "yuv420p -c:a aac -shortest -f flv");
  auto sendings = flv_sendings(path);
  Studio studio(kGateway);
  studio.want(320, 180, "idle");
  studio.begin("flv");
  // Up to just before the key frame at 6 s: the longest run there is to catch up on.
  auto near_the_end = std::ranges::find_if(sendings, [](const auto& s) { return s.at > milliseconds(5850); });
  std::vector<Sending> first(sendings.begin(), near_the_end);
  studio.publish(first);
  CHECK(studio.pictures().size() <= 4);
  CHECK(studio.pictures().back().info.width == 320);
  CHECK(studio.last()["caught_up"] == false);
  CHECK(studio.last()["state"] == "live");
  studio.forget();
  HouseTime wanted = studio.now();
  studio.want(1280, 720, "program");
  std::vector<Sending> rest(near_the_end, sendings.end());
  for (auto& sending : rest) sending.at -= first.back().at;
  studio.publish(rest);
  std::lock_guard lock(studio.mutex);
  REQUIRE(!studio.shown.empty());
  auto large = std::ranges::find_if(studio.shown, [](const auto& p) { return p.info.width == 1280; });
  REQUIRE(large != studio.shown.end());
  CHECK((large->seen - wanted).count() / kMs <= 500);
  CHECK(large->info.show_at > wanted - milliseconds(50));
  auto told = std::ranges::find_if(studio.states, [](const Json& s) { return s["caught_up"] == true; });
  REQUIRE(told != studio.states.end());
  CHECK((*told)["stats"]["decode_errors"] == 0);
}
