// Whatever shape, colours and channels a source has.
#include <cmath>

#include "test_media.h"

using namespace openday;
using namespace openday::test;
using feed::Mode;

TEST_CASE("interlaced, anamorphic and portrait sources are fitted with square samples") {
  House house(house_720());
  house.pipeline.want({1280, 720, Mode::kProgram}, house.now);
  house.play(
      units_of(make_media("pal.ts",
                          "-f lavfi -i testsrc2=s=720x576:r=50:d=3 -vf setsar=16/11,interlace -c:v "
                          "libx264 -flags +ildct+ilme -preset veryfast -bf 0 -pix_fmt yuv420p -f mpegts")));
  house.settle();
  REQUIRE(house.recorder.pictures.size() >= 70);
  CHECK(house.recorder.pictures.back().width == 1048);
  CHECK(house.recorder.pictures.back().height == 576);
  house.pipeline.restart();
  house.pipeline.want({640, 360, Mode::kProgram}, house.now);
  house.play(
      units_of(make_media("tall.ts", "-f lavfi -i testsrc2=s=360x640:r=30:d=3 " + kH264 + "-f mpegts")));
  house.settle();
  CHECK(house.recorder.pictures.back().width == 202);
  CHECK(house.recorder.pictures.back().height == 360);
}

TEST_CASE("declared bt601 and full-range colours come out as bt709 limited, undeclared ones unchanged") {
  // One red, told three ways. bt709 limited: Y 63, Cb 102, Cr 240.
  struct Case {
    const char* name;
    const char* filter;
    int luma, cb, cr;
  };
  for (const Case& c : {Case{"c709.ts",
                             "format=gbrp,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams="
                             "colorspace=bt709:range=tv",
                             63, 102, 240},
                        Case{"c601.ts",
                             "format=gbrp,scale=out_color_matrix=bt601:out_range=tv,format=yuv420p,setparams="
                             "colorspace=smpte170m:range=tv",
                             63, 102, 240},
                        Case{"full.ts",
                             "format=gbrp,scale=out_color_matrix=bt709:out_range=pc,format=yuv420p,setparams="
                             "colorspace=bt709:range=pc",
                             63, 102, 240},
                        Case{"none.ts",
                             "format=gbrp,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,setparams="
                             "colorspace=unknown:range=unknown",
                             63, 102, 240}}) {
    INFO(c.name);
    House house(house_720());
    house.pipeline.want({1280, 720, Mode::kProgram}, house.now);
    house.play(units_of(
        make_media(c.name, std::string("-f lavfi -i color=red:s=160x96:r=30:d=1 -vf ") + c.filter +
                               " -c:v libx264 -preset ultrafast -tune zerolatency -qp 1 -f mpegts")));
    house.settle();
    REQUIRE(!house.recorder.pictures.empty());
    const auto& picture = house.recorder.pictures.back();
    CHECK(std::abs(picture.luma - c.luma) <= 3);
    CHECK(std::abs(picture.cb - c.cb) <= 3);
    CHECK(std::abs(picture.cr - c.cr) <= 3);
  }
}

TEST_CASE("mono keeps its level on both sides and a full 5.1 mix does not clip") {
  House house(house_720());
  house.play(units_of(
      make_media("mono.ts", "-f lavfi -i aevalsrc='0.5*sin(6283*t)':s=48000:d=3 -c:a mp2 -f mpegts")));
  house.settle();
  CHECK(house.recorder.peak > 0.45f);
  CHECK(house.recorder.peak < 0.56f);
  House surround(house_720());
  surround.play(units_of(make_media(
      "six.ts",
      "-f lavfi -i "
      "aevalsrc='0.9*sin(6283*t)|0.9*sin(6283*t)|0.9*sin(6283*t)|0|0.9*sin(6283*t)|0.9*sin(6283*t)':"
      "c=5.1:s=48000:d=3 -c:a ac3 -b:a 448k -f mpegts")));
  surround.settle();
  CHECK(surround.recorder.peak > 0.6f);
  CHECK(surround.recorder.peak <= 1.0f);
}
