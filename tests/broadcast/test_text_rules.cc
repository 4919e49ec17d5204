#include <catch2/catch.hpp>

#include "broadcast/json.h"
#include "broadcast/text_rules.h"

using namespace openday;
using namespace openday::broadcast;

TEST_CASE("a URL is shown without its password and query") {
  CHECK(shown("rtsp://op:secret@cam.example:554/live?token=abc") == "rtsp://op:***@cam.example:554/live?***");
  CHECK(shown("rtsp://op@cam.example/live") == "rtsp://op@cam.example:554/live");
  CHECK(shown("not a url with a secret") == "***");
}

TEST_CASE("lines and paragraphs have their lengths and no control characters") {
  CHECK(check_line("name", "第一法庭", 1, 4));
  CHECK_FALSE(check_line("name", "第一法庭", 1, 3));
  CHECK_FALSE(check_line("name", "a\tb", 1, 10));
  CHECK_FALSE(check_line("name", "\u202Emoc.elpmaxe", 1, 20));
  CHECK_FALSE(check_line("name", "   ", 1, 10));
  CHECK(check_line("name", "", 0, 10));
  CHECK(check_paragraph("text", "a\r\n\tb", 10));
  CHECK_FALSE(check_paragraph("text", std::string("a\0b", 3), 10));
  CHECK_FALSE(check_paragraph("text", "\xC3", 10));
}

TEST_CASE("language tags have the common shapes") {
  for (const char* good : {"zh-CN", "en", "zh-Hans-CN", "yue"}) CHECK(check_language(good));
  for (const char* bad : {"", "z", "-", "zh-", "zh_CN", "chinese", "zh-C", "12"}) {
    CAPTURE(bad);
    CHECK_FALSE(check_language(bad));
  }
}

TEST_CASE("a scene survives its trip through JSON") {
  Scene scene{"grid", {"a", "b"}, true, false, "第一法庭"};
  CHECK(scene_from(to_json(scene)) == scene);
  CHECK_FALSE(scene_from(Json::parse(R"({"layout": 1})")));
  CHECK_FALSE(scene_from(Json::parse(R"({"venues": [1]})")));
  CHECK_FALSE(scene_from(Json::parse("[]")));
  CHECK(scene_from(Json::parse(R"({"layout": "full", "newer": true})"))->layout == "full");
}
