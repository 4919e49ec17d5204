#include "feed/picture_size.h"

#include <catch2/catch.hpp>

using openday::feed::fit_size;
using openday::feed::Size;

TEST_CASE("a picture fits inside the wanted size, keeps its shape and has even sides") {
  CHECK(fit_size({1280, 720}, {1280, 720}) == Size{1280, 720});
  CHECK(fit_size({1280, 720}, {640, 360}) == Size{640, 360});
  CHECK(fit_size({1920, 1080}, {1280, 720}) == Size{1280, 720});
  CHECK(fit_size({640, 480}, {640, 360}) == Size{480, 360});
  CHECK(fit_size({1280, 720}, {427, 240}) == Size{426, 240});
  CHECK(fit_size({1080, 1920}, {1280, 720}) == Size{406, 720});
}

TEST_CASE("a picture is never made larger than its source") {
  CHECK(fit_size({320, 180}, {1280, 720}) == Size{320, 180});
  CHECK(fit_size({321, 181}, {1280, 720}) == Size{322, 182});
}

TEST_CASE("anamorphic pictures get square samples") {
  CHECK(fit_size({720, 576, 16, 11}, {1280, 720}) == Size{1048, 576});
  CHECK(fit_size({720, 576, 16, 15}, {1280, 720}) == Size{768, 576});
  CHECK(fit_size({1440, 1080, 4, 3}, {1280, 720}) == Size{1280, 720});
  CHECK(fit_size({1280, 720, 1, 2}, {1280, 720}) == Size{640, 720});
}

TEST_CASE("nonsense is survived") {
  CHECK(fit_size({0, 0, 0, 0}, {1280, 720}) == Size{2, 2});
  CHECK(fit_size({4096, 2}, {16, 16}) == Size{16, 2});
  CHECK(fit_size({1280, 720, 100000, 1}, {640, 360}) == Size{640, 360});
  CHECK(fit_size({1280, 720}, {1, 1}) == Size{2, 2});
}
