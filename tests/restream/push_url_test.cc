#include "output/push_url.h"

#include <catch2/catch.hpp>

namespace openday::output {

TEST_CASE("an RTMP target is an application and a key") {
  auto place = parse_place("rtmp://live.example/app", "se-cret", {});
  REQUIRE(place);
  auto& target = std::get<rtmp::PushTarget>(*place);
  CHECK(target.host == "live.example");
  CHECK(target.port == 1935);
  CHECK(target.app == "app");
  CHECK(target.stream == "se-cret");
  CHECK(std::get<rtmp::PushTarget>(*parse_place("rtmps://live.example/app", "k", {})).tls);
}

TEST_CASE("an SRT target is an address, a stream id and a passphrase") {
  auto place =
      parse_place("srt://live.example:9000?streamid=%23!::r=live/one,m=publish&latency=400&mode=caller",
                  "a passphrase", {});
  REQUIRE(place);
  auto& target = std::get<SrtPlace>(*place);
  CHECK(target.host == "live.example");
  CHECK(target.port == 9000);
  CHECK(target.stream_id == "#!::r=live/one,m=publish");
  CHECK(target.passphrase == "a passphrase");
  CHECK(target.latency == milliseconds(400));
  auto in_url = parse_place("srt://live.example:9000?passphrase=another%20one", "", {});
  CHECK(std::get<SrtPlace>(*in_url).passphrase == "another one");
}

TEST_CASE("an SRT latency in FFmpeg's microseconds is understood") {
  CHECK(std::get<SrtPlace>(*parse_place("srt://a.example:1?latency=200000", "", {})).latency ==
        milliseconds(200));
  CHECK(std::get<SrtPlace>(*parse_place("srt://a.example:1?latency=8000", "", {})).latency ==
        milliseconds(8000));
  CHECK_FALSE(parse_place("srt://a.example:1?latency=9000000", "", {}));
  CHECK_FALSE(parse_place("srt://a.example:1?latency=-1", "", {}));
  CHECK_FALSE(parse_place("srt://a.example:1?latency=1x", "", {}));
}

TEST_CASE("a target that cannot be is refused, and neither URL nor key is repeated") {
  struct Case {
    const char* url;
    const char* key;
    Errc code;
  };
  for (const auto& [url, key, code] : {
           Case{"http://live.example/hidden", "secret", Errc::kRefused},
           Case{"rtmp://127.0.0.1/hidden", "secret", Errc::kRefused},
           Case{"srt://10.0.0.1:9000?streamid=hidden", "secret", Errc::kRefused},
           Case{"rtmp://169.254.169.254/hidden", "secret", Errc::kRefused},
           Case{"rtmp://live.example", "secret", Errc::kInvalid},
           Case{"srt://live.example?streamid=hidden", "secret", Errc::kInvalid},
           Case{"srt://live.example:9000?streamid=hidden", "secret",
                Errc::kInvalid},  // too short a passphrase
           Case{"srt://live.example:9000?mode=listener&streamid=hidden", "", Errc::kInvalid},
           Case{"hidden", "secret", Errc::kInvalid},
       }) {
    INFO(url);
    auto place = parse_place(url, key, {});
    REQUIRE_FALSE(place);
    CHECK(place.error().code == code);
    CHECK(place.error().message.find("hidden") == std::string::npos);
    CHECK(place.error().message.find("secret") == std::string::npos);
  }
  CHECK(parse_place("rtmp://127.0.0.1/app", "secret", {.allow_private = true}));
}

}  // namespace openday::output
