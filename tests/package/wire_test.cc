#include "package/wire.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::package;

namespace {

SharedBytes some_bytes() {
  return std::make_shared<const Bytes>(Bytes{1, 2, 3});
}

media::InitSegment some_init() {
  return {.run = "0123abcd",
          .rendition = "720p",
          .codecs = "avc1.64001f,mp4a.40.2",
          .width = 1280,
          .height = 720,
          .fps = 30,
          .bandwidth = 3'000'000,
          .part_target = 1.0 / 3,
          .first_msn = 17,
          .discontinuity = 2,
          .start = {1'790'000'000'000},
          .data = some_bytes()};
}

media::Part some_part() {
  return {.rendition = "720p",
          .msn = 18,
          .index = 5,
          .independent = true,
          .last = true,
          .duration = 1.0 / 3,
          .at = {1'790'000'000'333},
          .data = some_bytes()};
}

}  // namespace

TEST_CASE("init segments, parts and segments survive the link") {
  auto init = init_from(to_message(some_init()));
  REQUIRE(init);
  CHECK(to_message(*init).head == to_message(some_init()).head);
  CHECK(init->data == to_message(*init).body);

  auto part = part_from(to_message("0123abcd", some_part()));
  REQUIRE(part);
  CHECK(part->run == "0123abcd");
  CHECK(to_message(part->run, part->value).head == to_message("0123abcd", some_part()).head);
  CHECK(*part->value.data == Bytes{1, 2, 3});

  media::Segment segment{.rendition = "audio",
                         .msn = 18,
                         .parts = 6,
                         .duration = 1.984,
                         .at = {5},
                         .discontinuity = true,
                         .bytes = 99};
  auto arrived = segment_from(to_message("0123abcd", segment, "0123abcd/audio/18.m4s"));
  REQUIRE(arrived);
  CHECK(arrived->path == "0123abcd/audio/18.m4s");
  CHECK(to_message(arrived->run, arrived->segment, arrived->path).head ==
        to_message("0123abcd", segment, "0123abcd/audio/18.m4s").head);
  CHECK(segment_from(to_message("0123abcd", segment, ""))->path.empty());
}

TEST_CASE("a part without a body is a gap, an init message without one is refused") {
  link::Message part = to_message("0123abcd", some_part());
  part.body = nullptr;
  REQUIRE(part_from(part));
  CHECK(part_from(part)->value.data == nullptr);
  link::Message init = to_message(some_init());
  init.body = nullptr;
  CHECK(init_from(init).error().code == Errc::kInvalid);
}

TEST_CASE("every field is checked: missing, of another type, out of range") {
  link::Message good = to_message("0123abcd", some_part());
  for (const char* field : {"run", "rendition", "msn", "index", "independent", "last", "duration", "at"}) {
    for (const link::Json& bad : {link::Json(), link::Json(nullptr), link::Json::array(), link::Json(-1),
                                  link::Json("../../etc"), link::Json(1e300)}) {
      INFO(field << " = " << bad.dump());
      link::Message message = link::make_message("part", good.head, good.body);
      message.head[field] = bad;
      CHECK(!part_from(message));
    }
    link::Message message = link::make_message("part", good.head, good.body);
    message.head.erase(field);
    CHECK(part_from(message).error().message.find(field) != std::string::npos);
  }
}
