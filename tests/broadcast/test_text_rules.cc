#include <catch2/catch.hpp>

#include "broadcast/json.h"
#include "broadcast/text_rules.h"

using namespace openday;
using namespace openday::broadcast;

TEST_CASE("URLs come apart into scheme, user, host, port and the rest") {
  auto url = parse_url("url", "RTMP://user:p%40ss@[2001:db8::1]:1936/app/x?y=1");
  REQUIRE(url);
  CHECK(url->scheme == "rtmp");
  CHECK(url->userinfo == "user:p%40ss");
  CHECK(url->host == "2001:db8::1");
  CHECK(url->port == 1936);
  CHECK(url->rest == "/app/x?y=1");
  CHECK(parse_url("url", "srt://h:1")->port == 1);
}

TEST_CASE("malformed URLs are refused") {
  for (const char* bad : {"", "rtmp", "://x", "rtmp://", "rtmp:///app", "rtmp://h:0/", "rtmp://h:65536/",
                          "rtmp://h:x/", "rtmp://[::1/", "rtmp://[::1]x/", "rtmp://h/a b", "rtmp://h/\n",
                          "rt mp://h/", "rtmp://h\"/", "rtmp://\xE5\xBA\xAD/"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_url("url", bad));
  }
  CHECK_FALSE(parse_url("url", "rtmp://h/" + std::string(2048, 'a')));
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
