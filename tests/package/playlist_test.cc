#include "package/playlist.h"

#include <catch2/catch.hpp>

#include "golden.h"

using namespace openday;
using namespace openday::package;
using openday::test::golden;

TEST_CASE("the multivariant playlist names codecs, bandwidths, sizes and frame rates") {
  std::string text = render_multivariant({
      {.uri = "720p/live.m3u8",
       .codecs = "avc1.64001f,mp4a.40.2",
       .bandwidth = 3200000,
       .average_bandwidth = 2628000,
       .width = 1280,
       .height = 720,
       .fps = 30},
      {.uri = "360p/live.m3u8",
       .codecs = "avc1.64001e,mp4a.40.2",
       .bandwidth = 900000,
       .width = 640,
       .height = 360,
       .fps = 30},
  });
  CHECK(text == golden("multivariant.m3u8", text));
}

TEST_CASE("a part hold-back below three part targets is raised to them, and targets are rounded up") {
  MediaPlaylist playlist;
  playlist.target_duration = 2;
  playlist.low_latency =
      LowLatency{.part_target = 10.0 / 30, .part_hold_back = 0.5, .preload_hint = "", .reports = {}};
  std::string text = render(playlist);
  CHECK(text.find("PART-TARGET=0.33334\n") != std::string::npos);
  CHECK(text.find("PART-HOLD-BACK=1.001\n") != std::string::npos);
  playlist.low_latency->part_target = 0.36;
  playlist.low_latency->part_hold_back = 1.5;
  text = render(playlist);
  CHECK(text.find("PART-TARGET=0.36000\n") != std::string::npos);
  CHECK(text.find("PART-HOLD-BACK=1.500\n") != std::string::npos);
  CHECK(text.find("CAN-SKIP-UNTIL") == std::string::npos);
}

TEST_CASE("a blocking query is read strictly") {
  auto read = [](std::string_view query) { return parse_blocking_query(query); };
  CHECK(read("_HLS_msn=12&_HLS_part=3") == BlockingRequest{.msn = 12, .part = 3});
  CHECK(read("_HLS_part=0&token=a&_HLS_msn=7") == BlockingRequest{.msn = 7, .part = 0});
  CHECK(read("_HLS_msn=7") == BlockingRequest{.msn = 7, .part = std::nullopt});
  CHECK(read("_HLS_msn=9007199254740991") == BlockingRequest{.msn = 9007199254740991, .part = std::nullopt});
  for (const char* none : {"", "a=b", "_hls_msn=1", "x_HLS_msn=1", "&&=", "_HLS_skip=YES"}) {
    INFO(none);
    auto result = read(none);
    REQUIRE(result);
    CHECK(!*result);
  }
  for (const char* bad :
       {"_HLS_msn=", "_HLS_msn", "_HLS_msn=-1", "_HLS_msn=+1", "_HLS_msn= 1", "_HLS_msn=1 ", "_HLS_msn=0x1",
        "_HLS_msn=1.5", "_HLS_msn=9007199254740992", "_HLS_msn=99999999999999999999", "_HLS_msn=1&_HLS_msn=1",
        "_HLS_part=1", "_HLS_msn=1&_HLS_part=", "_HLS_msn=1&_HLS_part=10000",
        "_HLS_msn=1&_HLS_part=1&_HLS_part=2", "_HLS_msn=1%30"}) {
    INFO(bad);
    auto result = read(bad);
    REQUIRE(!result);
    CHECK(result.error().code == Errc::kInvalid);
  }
}
