#include "mixer/canvas.h"

#include <catch2/catch.hpp>

#include "mixer/slate.h"

using namespace openday;
using namespace openday::mixer;

namespace {

media::SharedImage flat(int width, int height, uint8_t y) {
  auto image = std::make_shared<media::Image>(width, height);
  image->fill(y, 100, 150);
  return image;
}

int luma(const media::Image& image, int x, int y) {
  return image.plane(0)[y * image.stride(0) + x];
}

Placed place_at(Rect rect, media::SharedImage image) {
  return {rect, rect, std::move(image)};
}

// The share of pixels of `area` whose luma is at least `bright`.
double bright_share(const media::Image& image, const Rect& area, int bright) {
  int count = 0;
  for (int y = area.y; y < area.y + area.height; ++y) {
    for (int x = area.x; x < area.x + area.width; ++x) count += luma(image, x, y) >= bright ? 1 : 0;
  }
  return static_cast<double>(count) / (area.width * area.height);
}

}  // namespace

TEST_CASE("tiles cover exactly their place, and the rest is background") {
  Compositor compositor(64, 36);
  auto image = compositor.compose({place_at({2, 2, 20, 10}, flat(20, 10, 200))}, nullptr);
  for (int y = 0; y < 36; ++y) {
    for (int x = 0; x < 64; ++x) {
      bool inside = x >= 2 && x < 22 && y >= 2 && y < 12;
      REQUIRE(luma(*image, x, y) == (inside ? 200 : kBackground.y));
      REQUIRE(image->plane(2)[y / 2 * image->stride(2) + x / 2] == (inside ? 150 : kBackground.v));
    }
  }
}

TEST_CASE("one picture that fills the program is handed on without a copy") {
  Compositor compositor(64, 36);
  auto picture = flat(64, 36, 90);
  CHECK(compositor.compose({place_at({0, 0, 64, 36}, picture)}, nullptr) == picture);
  CHECK(compositor.drawn() == 0);
}

TEST_CASE("when nothing has changed the last picture is handed on again") {
  Compositor compositor(64, 36);
  auto left = flat(32, 36, 90);
  auto right = flat(32, 36, 120);
  std::vector<Placed> placed = {place_at({0, 0, 32, 36}, left), place_at({32, 0, 32, 36}, right)};
  auto first = compositor.compose(placed, nullptr);
  CHECK(compositor.compose(placed, nullptr) == first);
  CHECK(compositor.drawn() == 1);
  placed[1].image = flat(32, 36, 140);
  auto second = compositor.compose(placed, nullptr);
  CHECK(second != first);
  CHECK(luma(*second, 40, 10) == 140);
  CHECK(luma(*first, 40, 10) == 120);  // a frame that was handed out never changes
}

TEST_CASE("a reused canvas shows nothing of an earlier arrangement") {
  Compositor compositor(64, 36);
  for (int round = 0; round < 20; ++round) {
    auto wide = compositor.compose({place_at({0, 0, 64, 20}, flat(64, 20, 200))}, nullptr);
    CHECK(luma(*wide, 60, 10) == 200);
    CHECK(luma(*wide, 60, 30) == kBackground.y);
    wide.reset();
    auto narrow = compositor.compose({place_at({0, 0, 20, 36}, flat(20, 36, 80))}, nullptr);
    CHECK(luma(*narrow, 60, 10) == kBackground.y);
    CHECK(luma(*narrow, 10, 30) == 80);
  }
}

TEST_CASE("an overlay that has gone leaves no trace on the background") {
  Compositor compositor(640, 360);
  Rect tile{0, 0, 640, 180};
  auto title = lower_third(640, 360, "测试");
  REQUIRE(title);
  REQUIRE(title->y > 180);
  int x = title->x + 2;
  int y = title->y + 2;
  for (int round = 0; round < 30; ++round) {
    auto with = compositor.compose({place_at(tile, flat(640, 180, static_cast<uint8_t>(50 + round)))}, title);
    CHECK(luma(*with, x, y) != kBackground.y);
    with.reset();
    auto without =
        compositor.compose({place_at(tile, flat(640, 180, static_cast<uint8_t>(100 + round)))}, nullptr);
    for (int row = 180; row < 360; ++row) {
      for (int column = 0; column < 640; ++column) REQUIRE(luma(*without, column, row) == kBackground.y);
    }
  }
}

TEST_CASE("a letterboxed inset has dark bars, not the picture below it") {
  Compositor compositor(64, 36);
  Rect inset{40, 20, 20, 12};
  auto image = compositor.compose(
      {place_at({0, 0, 64, 36}, flat(64, 36, 220)), Placed{inset, {46, 20, 8, 12}, flat(8, 12, 90)}},
      nullptr);
  CHECK(luma(*image, 42, 25) == kBackground.y);
  CHECK(luma(*image, 58, 25) == kBackground.y);
  CHECK(luma(*image, 50, 25) == 90);
  CHECK(luma(*image, 38, 25) == 220);
  CHECK(luma(*image, 50, 18) == 220);
}

TEST_CASE("blending follows alpha: none, all, half") {
  media::Image canvas(16, 16);
  canvas.fill(100, 100, 100);
  Overlay overlay{4, 4, media::Image(4, 4), std::vector<uint8_t>(16, 0), std::vector<uint8_t>(4, 0)};
  overlay.picture.fill(0, 0, 0);
  blend(overlay, canvas);
  CHECK(luma(canvas, 5, 5) == 100);
  overlay.picture.fill(50, 64, 64);
  std::fill(overlay.alpha.begin(), overlay.alpha.end(), uint8_t{128});
  blend(overlay, canvas);
  CHECK(luma(canvas, 5, 5) == Approx(100).margin(1));  // 50 + 100 / 2
  overlay.picture.fill(200, 64, 64);
  std::fill(overlay.alpha.begin(), overlay.alpha.end(), uint8_t{255});
  blend(overlay, canvas);
  CHECK(luma(canvas, 5, 5) == 200);
  CHECK(luma(canvas, 3, 5) == 100);
  CHECK(luma(canvas, 8, 5) == 100);
}

TEST_CASE("an overlay larger than the canvas is cut at its edges") {
  media::Image canvas(16, 16);
  canvas.fill(100, 100, 100);
  Overlay overlay{8, 8, media::Image(64, 64), std::vector<uint8_t>(64 * 64, 255),
                  std::vector<uint8_t>(32 * 32, 255)};
  overlay.picture.fill(30, 30, 30);
  blend(overlay, canvas);
  CHECK(luma(canvas, 15, 15) == 30);
  CHECK(luma(canvas, 7, 15) == 100);
}

TEST_CASE("slates and titles have the size asked for and show text, Chinese included") {
  for (auto [w, h] : {std::pair{1280, 720}, {640, 360}, {426, 240}, {320, 180}, {160, 90}}) {
    CAPTURE(w, h);
    auto empty = venue_slate(w, h, "");
    auto named = venue_slate(w, h, "第一审判庭");
    CHECK(named->width() == w);
    CHECK(named->height() == h);
    Rect middle{0, h / 4, w, h / 2};
    CHECK(bright_share(*named, middle, 180) > bright_share(*empty, middle, 180) + 0.001);
    // Different characters look different: boxes for missing glyphs would not.
    auto other = venue_slate(w, h, "第二审判庭");
    bool differs = false;
    for (int y = 0; y < h && !differs; ++y) {
      differs =
          !std::equal(named->plane(0) + y * named->stride(0), named->plane(0) + y * named->stride(0) + w,
                      other->plane(0) + y * other->stride(0));
    }
    CHECK(differs);
  }
  auto slate = program_slate(1280, 720, "检察开放日", {"江城市人民检察院", "People's Procuratorate"});
  CHECK(slate->width() == 1280);
  CHECK(bright_share(*slate, {0, 260, 1280, 160}, 180) > 0.005);
}

TEST_CASE("a lower third stays inside the program and is no wider than it may be, however long its text") {
  std::string endless;
  for (int i = 0; i < 60; ++i) endless += "公开审理";
  for (auto [w, h] : {std::pair{1280, 720}, {640, 360}, {160, 90}}) {
    for (const std::string& text : {std::string("短"), endless, std::string(240, 'W')}) {
      auto title = lower_third(w, h, text);
      REQUIRE(title);
      CHECK(title->x >= 0);
      CHECK(title->y >= 0);
      CHECK(title->x + title->picture.width() <= w);
      CHECK(title->y + title->picture.height() <= h);
      CHECK(title->x % 2 == 0);
      CHECK(title->y % 2 == 0);
    }
  }
  CHECK(lower_third(1280, 720, "") == nullptr);
}
