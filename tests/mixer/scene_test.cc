#include "mixer/scene.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::mixer;

namespace {

std::string fault(const char* text) {
  auto scene = parse_scene(Json::parse(text));
  return scene ? "" : scene.error().message;
}

}  // namespace

TEST_CASE("a scene survives the way to JSON and back") {
  Scene scene{.layout = "grid",
              .venues = {"court-1", "court-2"},
              .slate = true,
              .follow_audio = false,
              .title = "庭审直播"};
  auto back = parse_scene(to_json(scene));
  REQUIRE(back);
  CHECK(*back == scene);
}

TEST_CASE("what a scene does not say has its default, and what nobody knows is ignored") {
  auto scene = parse_scene(Json::parse(R"({"layout":"full","venues":["a"],"colour":"red"})"));
  REQUIRE(scene);
  CHECK(*scene ==
        Scene{.layout = "full", .venues = {"a"}, .slate = false, .follow_audio = true, .title = {}});
  CHECK(parse_scene(Json::parse(R"({"slate":true})")));
}

TEST_CASE("a broken scene is refused with the key and what was expected") {
  CHECK(fault("[]") == "scene: expected an object");
  CHECK(fault(R"({"layout":7})") == "scene.layout: expected the name of a layout");
  CHECK(fault(R"({"layout":"../etc"})") == "scene.layout: expected the name of a layout");
  CHECK(fault(R"({"venues":"a"})") == "scene.venues: expected a list of venue ids");
  CHECK(fault(R"({"venues":["a",3]})") == "scene.venues[1]: expected a venue id");
  CHECK(fault(R"({"venues":["a","a"]})") == "scene.venues[1]: \"a\" is already in this scene");
  CHECK(fault(R"({"venues":["a","b","c","d","e","f","g","h","i"]})") ==
        "scene.venues: at most 8 venues, not 9");
  CHECK(fault(R"({"slate":1})") == "scene.slate: expected true or false");
  CHECK(fault(R"({"follow_audio":"yes"})") == "scene.follow_audio: expected true or false");
  CHECK(fault(R"({"title":5})") == "scene.title: expected text");
  CHECK(fault(R"({"title":"two\nlines"})") == "scene.title: expected one line of UTF-8 text");
  Json huge = {{"title", std::string(kMaxTitleBytes + 1, 'x')}};
  CHECK(parse_scene(huge).error().code == Errc::kLimit);
}
