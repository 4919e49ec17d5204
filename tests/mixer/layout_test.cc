#include "mixer/layout.h"

#include <catch2/catch.hpp>
#include <set>

using namespace openday;
using namespace openday::mixer;

namespace {

bool touch_inside(const Rect& a, const Rect& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

std::string fault(std::string_view text) {
  auto layout = parse_layout("pipelines/layouts/example.json", text);
  return layout ? "" : layout.error().message;
}

}  // namespace

TEST_CASE("the layouts of the product are the ones it promises") {
  auto book = LayoutBook::load(OPENDAY_PIPELINES "/layouts");
  REQUIRE(book);
  CHECK(book->names() == std::vector<std::string>{"full", "grid", "lecture", "pip", "side-by-side"});
  CHECK(book->tiles("full", 1));
  CHECK(book->tiles("side-by-side", 2));
  CHECK(book->tiles("pip", 2));
  for (int venues = 2; venues <= kMaxVenues; ++venues) {
    CHECK(book->tiles("grid", venues));
    CHECK(book->tiles("lecture", venues));
  }
}

TEST_CASE(
    "every layout with every count of venues stays inside the program, on even pixels, without unwanted "
    "overlap") {
  auto book = LayoutBook::load(OPENDAY_PIPELINES "/layouts");
  REQUIRE(book);
  struct Size {
    int width, height;
  };
  for (Size size : {Size{1920, 1080}, {1280, 720}, {854, 480}, {640, 360}, {160, 90}, {720, 1280}}) {
    for (const std::string& name : book->names()) {
      for (const auto& [count, tiles] : book->find(name)->variants) {
        CAPTURE(name, count, size.width, size.height);
        auto rects = place(tiles, size.width, size.height);
        REQUIRE(rects.size() == static_cast<size_t>(count));
        for (size_t i = 0; i < rects.size(); ++i) {
          const Rect& r = rects[i];
          CHECK(r.x % 2 == 0);
          CHECK(r.y % 2 == 0);
          CHECK(r.width % 2 == 0);
          CHECK(r.height % 2 == 0);
          CHECK(r.x >= 0);
          CHECK(r.y >= 0);
          CHECK(r.width >= 2);
          CHECK(r.height >= 2);
          CHECK(r.x + r.width <= size.width);
          CHECK(r.y + r.height <= size.height);
          for (size_t j = 0; j < i && !book->find(name)->overlap; ++j) CHECK_FALSE(touch_inside(r, rects[j]));
        }
      }
    }
  }
}

TEST_CASE("tiles on a 16:9 program are 16:9 themselves, so that venues are not letterboxed") {
  auto book = LayoutBook::load(OPENDAY_PIPELINES "/layouts");
  REQUIRE(book);
  for (const std::string& name : book->names()) {
    for (const auto& [count, tiles] : book->find(name)->variants) {
      for (const Rect& r : place(tiles, 1280, 720)) {
        CAPTURE(name, count, r.width, r.height);
        CHECK(std::abs(r.width * 9 - r.height * 16) <= 48);
      }
    }
  }
}

TEST_CASE("the large tile of a lecture is the first and at least three times as wide as the others") {
  auto book = LayoutBook::load(OPENDAY_PIPELINES "/layouts");
  REQUIRE(book);
  for (const auto& [count, tiles] : book->find("lecture")->variants) {
    for (size_t i = 1; i < tiles.size(); ++i) CHECK(tiles[0].width >= 3 * tiles[i].width);
  }
}

TEST_CASE("a full-screen tile covers a program of any even size exactly") {
  auto rects = place({{0, 0, 1000, 1000}}, 854, 480);
  CHECK(rects[0] == Rect{0, 0, 854, 480});
}

TEST_CASE("tiles that touch in the data touch on the picture") {
  auto rects = place({{0, 0, 333, 1000}, {333, 0, 334, 1000}, {667, 0, 333, 1000}}, 1280, 720);
  CHECK(rects[0].x + rects[0].width == rects[1].x);
  CHECK(rects[1].x + rects[1].width == rects[2].x);
  CHECK(rects[2].x + rects[2].width == 1280);
}

TEST_CASE("a picture is fitted into its tile in its own proportions and centred") {
  Rect tile{100, 50, 640, 360};
  CHECK(fit(tile, 640, 360) == tile);
  CHECK(fit(tile, 1280, 720) == tile);
  CHECK(fit(tile, 320, 180) == tile);
  CHECK(fit(tile, 480, 480) == Rect{240, 50, 360, 360});    // square: bars left and right
  CHECK(fit(tile, 360, 640) == Rect{318, 50, 202, 360});    // portrait
  CHECK(fit(tile, 2000, 500) == Rect{100, 150, 640, 160});  // very wide: bars above and below
}

TEST_CASE("a picture that its feed has already fitted keeps its size, so that nothing is scaled twice") {
  CHECK(fit({0, 0, 426, 240}, 426, 238) == Rect{0, 0, 426, 238});
  CHECK(fit({0, 0, 640, 360}, 480, 360) == Rect{80, 0, 480, 360});
  CHECK(fit({0, 0, 640, 360}, 638, 360) == Rect{0, 0, 638, 360});
}

TEST_CASE("a fitted picture never leaves its tile, whatever its size") {
  Rect tile{318, 178, 94, 54};
  for (int w = 2; w < 4096; w = w * 3 / 2 + 2) {
    for (int h = 2; h < 4096; h = h * 3 / 2 + 2) {
      Rect r = fit(tile, w & ~1, h & ~1);
      CAPTURE(w, h, r.x, r.y, r.width, r.height);
      CHECK(r.x >= tile.x);
      CHECK(r.y >= tile.y);
      CHECK(r.x + r.width <= tile.x + tile.width);
      CHECK(r.y + r.height <= tile.y + tile.height);
      CHECK((r.x % 2 == 0 && r.y % 2 == 0 && r.width % 2 == 0 && r.height % 2 == 0));
      CHECK((r.width >= 2 && r.height >= 2));
    }
  }
}

TEST_CASE("a fault in a layout names the file, the key and what was expected") {
  CHECK(fault("nonsense") == "pipelines/layouts/example.json: not JSON");
  CHECK(fault("[]") == "pipelines/layouts/example.json: expected an object");
  CHECK(fault(R"({"tile": {}})") ==
        "pipelines/layouts/example.json: tile: expected \"tiles\" instead of this key");
  CHECK(fault(R"({"tiles": {}})") ==
        "pipelines/layouts/example.json: tiles: expected an object of number of venues → tiles");
  CHECK(fault(R"({"tiles": {"9": []}})") ==
        "pipelines/layouts/example.json: tiles.9: expected a number of venues, 1 to 8");
  CHECK(fault(R"({"tiles": {"2": [[0,0,500,500]]}})") ==
        "pipelines/layouts/example.json: tiles.2: expected 2 tiles");
  CHECK(fault(R"({"tiles": {"1": [[0,0,1001,1000]]}})") ==
        "pipelines/layouts/example.json: tiles.1[0]: expected a tile of at least 50 inside 0 … 1000");
  CHECK(fault(R"({"tiles": {"1": [[0,0,9223372036854775807,1000]]}})").find("tiles.1[0]") !=
        std::string::npos);
  CHECK(fault(R"({"tiles": {"1": [[0.5,0,1,1]]}})").find("four whole numbers") != std::string::npos);
  CHECK(fault(R"({"tiles": {"2": [[0,0,500,500],[499,0,500,500]]}})") ==
        "pipelines/layouts/example.json: tiles.2[1]: expected no overlap with tile 0 (or \"overlap\": true)");
  CHECK(fault(R"({"overlap": true, "tiles": {"2": [[0,0,500,500],[499,0,500,500]]}})").empty());
  CHECK(fault(R"({"overlap": 1, "tiles": {"1": [[0,0,500,500]]}})").find("overlap: expected true or false") !=
        std::string::npos);
}

TEST_CASE(
    "asking for a layout that does not exist, or for a count it does not have, is answered with what there "
    "is") {
  auto book = LayoutBook::load(OPENDAY_PIPELINES "/layouts");
  REQUIRE(book);
  CHECK(book->tiles("gird", 3).error().message == "layout \"gird\" does not exist; nearest is \"grid\"");
  CHECK(book->tiles("pip", 5).error().message == "layout \"pip\" takes 2, 3 venues, not 5");
  CHECK(LayoutBook::load(OPENDAY_PIPELINES "/nowhere").error().code == Errc::kIo);
}

TEST_CASE("the control page gets every layout with its tiles") {
  auto book = LayoutBook::load(OPENDAY_PIPELINES "/layouts");
  REQUIRE(book);
  Json json = book->to_json();
  REQUIRE(json["layouts"].size() == 5);
  CHECK(json["layouts"][0]["name"] == "full");
  CHECK(json["layouts"][0]["labels"]["zh-CN"] == "全屏");
  CHECK(json["layouts"][0]["tiles"]["1"] == Json::parse("[[0,0,1000,1000]]"));
}
