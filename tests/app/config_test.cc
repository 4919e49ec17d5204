#include "app/config.h"

#include <catch2/catch.hpp>

#include "base/text.h"

using openday::Errc;
using openday::app::parse_config;

TEST_CASE("an empty file is the default configuration") {
  auto config = parse_config("", "openday.toml");
  REQUIRE(config);
  CHECK(config->data_dir == "/var/lib/openday");
  CHECK(config->hub["http"]["listen"][0]["port"] == 8080);
  CHECK(config->hub["store"]["dir"] == "/var/lib/openday/media");
  CHECK(config->gateway["rtmps"].is_null());
}

TEST_CASE("a mistyped key is refused with its file, line and the nearest known key") {
  auto config = parse_config("[house]\nwidth = 1280\nhieght = 720\n", "openday.toml");
  REQUIRE_FALSE(config);
  CHECK(config.error().code == Errc::kInvalid);
  CHECK(config.error().message == "openday.toml:3: house.hieght: unknown key; did you mean house.height?");
}

TEST_CASE("a mistyped table is refused with the nearest known table") {
  auto config = parse_config("\n[injest]\nrtmp_port = 1\n", "c.toml");
  REQUIRE_FALSE(config);
  CHECK(config.error().message == "c.toml:2: injest: unknown table; did you mean [ingest]?");
}

TEST_CASE("every problem of a file is told at once") {
  auto config = parse_config(
      "[house]\nfps = 50\n[http]\nlisten = [\"nowhere\"]\n[encode]\npreset = \"fastest\"\n", "c");
  REQUIRE_FALSE(config);
  const auto& text = config.error().message;
  CHECK(text.find("c:2: house.fps: expected 25 to 30, not 50") != std::string::npos);
  CHECK(text.find("c:4: http.listen: expected a list of \"ADDRESS:PORT\"") != std::string::npos);
  CHECK(text.find("c:6: encode.preset: expected one of ultrafast") != std::string::npos);
}

TEST_CASE("a value of the wrong type says what was expected") {
  auto config = parse_config("[egress]\nallow_private = \"yes\"\n", "c");
  REQUIRE_FALSE(config);
  CHECK(config.error().message == "c:2: egress.allow_private: expected true or false");
}

TEST_CASE("a syntax error names file and line") {
  auto config = parse_config("[http]\nlisten = [\n", "c.toml");
  REQUIRE_FALSE(config);
  CHECK(config.error().message.rfind("c.toml:", 0) == 0);
}

TEST_CASE("TLS without a certificate is refused") {
  auto config = parse_config("[http]\ntls = [\"0.0.0.0:8443\"]\n", "c");
  REQUIRE_FALSE(config);
  CHECK(config.error().message.find("c:2: http.tls: expected http.certificate") != std::string::npos);
}

TEST_CASE("a ladder is read rung by rung") {
  auto config = parse_config("[encode]\nladder = [\"160p 284x160 200 64\"]\n", "c");
  REQUIRE(config);
  CHECK(config->hub["encode"]["ladder"][0]["name"] == "160p");
  CHECK(config->hub["encode"]["ladder"][0]["audio_kbps"] == 64);
  CHECK_FALSE(parse_config("[encode]\nladder = [\"160p 285x160 200 64\"]\n", "c"));
}

TEST_CASE("renditions with different sound are refused, for one sound serves all") {
  auto config = parse_config("[encode]\nladder = [\"a 640x360 700 128\", \"b 320x180 200 64\"]\n", "c");
  REQUIRE(!config);
  CHECK(config.error().message.find("c:2: encode.ladder: all renditions share one sound") !=
        std::string::npos);
}

TEST_CASE("the operator's guide lists every key as the program knows it") {
  auto guide = openday::read_file(OPENDAY_SOURCE_DIR "/docs/OPERATOR.md", 1 << 20);
  REQUIRE(guide);
  CHECK(guide->find(openday::app::config_reference()) != std::string::npos);
}

TEST_CASE("the example configuration is fine") {
  CHECK(openday::app::load_config(OPENDAY_SOURCE_DIR "/config/openday.toml"));
}
