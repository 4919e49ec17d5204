#include "encode/ladder_choice.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::encode;

namespace {

LadderBook product() {
  auto book = LadderBook::load(OPENDAY_PIPELINES "/ladders.json");
  REQUIRE(book);
  return *book;
}

std::vector<std::string> names(const std::vector<media::Rendition>& ladder) {
  std::vector<std::string> out;
  for (const auto& r : ladder) out.push_back(r.name);
  return out;
}

std::string fault(const char* text) {
  auto book = LadderBook::parse("ladders.json", text);
  return book ? "" : book.error().message;
}

}  // namespace

TEST_CASE("two cores and a 720p house get 720p, 480p and 360p") {
  auto ladder = product().choose(2, {1280, 720, 30});
  REQUIRE(names(ladder) == std::vector<std::string>{"720p", "480p", "360p"});
  CHECK(ladder[0].width == 1280);
  CHECK(ladder[1].width == 854);
  CHECK(ladder[2].width == 640);
  for (const auto& r : ladder) {
    CHECK(r.audio_kbps == 128);
    CHECK(r.video_kbps > 0);
  }
}

TEST_CASE("more cores add larger renditions, but never larger than the house") {
  CHECK(names(product().choose(8, {1920, 1080, 25})) ==
        std::vector<std::string>{"1080p", "720p", "480p", "360p"});
  CHECK(names(product().choose(64, {1280, 720, 30})) == std::vector<std::string>{"720p", "480p", "360p"});
  CHECK(names(product().choose(1, {1280, 720, 30})) == std::vector<std::string>{"480p", "240p"});
  CHECK(names(product().choose(0, {1280, 720, 30})) == std::vector<std::string>{"480p", "240p"});
}

TEST_CASE("a house smaller than every rung gets one rendition of its own size") {
  auto ladder = product().choose(2, {160, 90, 25});
  REQUIRE(ladder.size() == 1);
  CHECK(ladder[0].name == "90p");
  CHECK(ladder[0].width == 160);
  CHECK(ladder[0].height == 90);
  CHECK(ladder[0].video_kbps >= 50);
}

TEST_CASE("every rendition of every house is even in both directions") {
  for (int cores : {1, 2, 4, 16}) {
    for (auto [w, h] : {std::pair{1920, 1080}, {1280, 720}, {1024, 768}, {720, 1280}, {960, 540}}) {
      for (const auto& r : product().choose(cores, {w, h, 30})) {
        CHECK(r.width % 2 == 0);
        CHECK(r.height % 2 == 0);
        CHECK(r.width <= w);
        CHECK(r.height <= h);
      }
    }
  }
}

TEST_CASE("a fault in the ladders names the key and what was expected") {
  CHECK(fault("{") == "ladders.json: expected a JSON object");
  CHECK(fault("{}") == "ladders.json: preset: expected the name of an x264 preset");
  CHECK(fault(R"({"preset":"superfast","audio_kbps":1})") ==
        "ladders.json: audio_kbps: expected a whole number, 32 to 320");
  CHECK(fault(R"({"preset":"superfast","audio_kbps":128,"rungs":[{"height":720}]})") ==
        "ladders.json: rungs[0].kbps: expected a whole number, 50 to 50000");
  CHECK(fault(R"({"preset":"superfast","audio_kbps":128,"rungs":[{"height":720,"kbps":900}],
                  "rules":[{"cores":1,"heights":[480]}]})") ==
        "ladders.json: rules[0].heights: expected heights that are among the rungs, not 480");
}
