#include "app/config.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "wrap/ssl/self_signed.h"

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
  CHECK(config.error().message ==
        "c:2: encode.ladder: b: one sound serves all renditions, expected the same audio_kbps");
}

TEST_CASE("a ladder that the engine would refuse is refused at the rung that does not fit") {
  auto problem = [](const std::string& rungs, const std::string& house = "") {
    auto config = parse_config("[encode]\nladder = [\n" + rungs + "]\n" + house, "c");
    return config ? "fine" : config.error().message;
  };
  CHECK(problem("\"a 640x360 700 128\",\n\"b 320x180 200 128\"\n") == "fine");
  CHECK(problem("\"a 640x360 700 128\",\n\"a 320x180 200 128\"\n") ==
        "c:4: encode.ladder: two renditions are named \"a\"");
  CHECK(problem("\"audio 640x360 700 128\"\n") == "c:3: encode.ladder: \"audio\" cannot be a name");
  std::string large = "\"a 1920x1080 4000 128\"\n";
  CHECK(problem(large) == "c:3: encode.ladder: a: 1920x1080 is not an even size within the house's 1280x720");
  CHECK(problem(large, "[house]\nwidth = 1920\nheight = 1080\n") == "fine");
  CHECK(problem(large, "[house]\nwidth = 1920\nheight = 1\n") ==
        "c:7: house.height: expected 180 to 1080, not 1");
}

TEST_CASE("proxies and readers of metrics that are no addresses or networks are refused") {
  for (const std::string key : {"trusted_proxies", "metrics_from"}) {
    CHECK(parse_config("[http]\n" + key + " = [\"10.0.0.0/8\", \"::1\", \"2001:db8::/32\", \"192.0.2.1\"]\n",
                       "c"));
    for (const std::string bad : {"proxy.example", "10.0.0.0/33", "10.0.0/8", ""}) {
      auto config = parse_config("[http]\n" + key + " = [\"::1\",\n\"" + bad + "\"]\n", "c");
      REQUIRE_FALSE(config);
      CHECK(config.error().message == "c:3: http." + key +
                                          ": expected a list of addresses or networks, each like "
                                          "\"192.0.2.1\" or \"10.0.0.0/8\", not \"" +
                                          bad + "\"");
    }
  }
}

TEST_CASE("what is no address that can be listened on is refused") {
  for (const std::string bad :
       {"localhost:8080", "127.0.0.1", ":8080", "127.0.0.1:0", "127.0.0.1:65536", "::1"}) {
    auto config = parse_config("[http]\nlisten = [\"" + bad + "\"]\n", "c");
    REQUIRE_FALSE(config);
    CHECK(config.error().message ==
          "c:2: http.listen: expected a list of \"ADDRESS:PORT\", each like "
          "\"127.0.0.1:8080\" or \"[::1]:8080\", not \"" +
              bad + "\"");
  }
  auto config = parse_config("[http]\nlisten = [\"[::1]:8080\", \"0.0.0.0:8081\"]\n", "c");
  REQUIRE(config);
  CHECK(config->hub["http"]["listen"][0]["address"] == "::1");

  auto nowhere = parse_config("[http]\nlisten = []\n", "c");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().message == "c:2: http.listen: expected an address here or in http.tls");

  auto ingest = parse_config("[ingest]\naddress = \"live.example\"\n", "c");
  REQUIRE_FALSE(ingest);
  CHECK(ingest.error().message ==
        "c:2: ingest.address: expected an IP address (0.0.0.0 is all), not \"live.example\"");
}

TEST_CASE("listeners that would take each other's port are refused") {
  const std::string certificate = "certificate = \"c.pem\"\nprivate_key = \"k.pem\"\n";  // lines 2 and 3
  auto problem = [&](const std::string& rest) {
    auto config = parse_config("[http]\n" + certificate + rest, "c");
    return config ? "fine" : config.error().message;
  };
  CHECK(problem("listen = [\"127.0.0.1:80\", \"[::1]:80\"]\ntls = [\"127.0.0.2:80\"]\n") == "fine");
  CHECK(problem("[ingest]\nsrt_port = 1935\n") == "fine");  // UDP
  CHECK(problem("tls = [\"0.0.0.0:8080\"]\n") ==
        "c:4: http.tls: expected another port; http.listen listens on 127.0.0.1:8080");
  CHECK(problem("listen = [\"127.0.0.1:80\",\n\"[::]:80\"]\n") ==
        "c:5: http.listen: expected another port; http.listen listens on 127.0.0.1:80");
  CHECK(problem("listen = [\"127.0.0.1:1935\"]\n") ==
        "c:4: http.listen: expected another port; ingest.rtmp_port listens on 0.0.0.0:1935");
  CHECK(problem("[ingest]\nrtmps_port = 1935\n") ==
        "c:5: ingest.rtmps_port: expected another port; ingest.rtmp_port listens on 0.0.0.0:1935");
}

TEST_CASE("a certificate that HTTPS or RTMPS could not start with is refused, with what to do") {
  char folder[] = "/tmp/openday-config-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  auto in = [&](const char* name) { return std::string(folder) + "/" + name; };
  auto one = openday::wrap::make_self_signed("one.test").value();
  auto two = openday::wrap::make_self_signed("two.test").value();
  REQUIRE(openday::write_file_atomic(in("one.pem"), one.certificate_pem));
  REQUIRE(openday::write_file_atomic(in("one.key"), one.key_pem));
  REQUIRE(openday::write_file_atomic(in("two.key"), two.key_pem));
  auto problem = [&](const char* certificate, const char* key, const std::string& rest) {
    auto config = parse_config(
        "[http]\ncertificate = \"" + in(certificate) + "\"\nprivate_key = \"" + in(key) + "\"\n" + rest, "c");
    REQUIRE(config);
    auto checked = openday::app::check_certificate(*config, "c");
    return checked ? "fine" : checked.error().message;
  };
  const std::string https = "tls = [\"127.0.0.1:8443\"]\n";
  const std::string rtmps = "[ingest]\nrtmps_port = 1936\n";
  CHECK(problem("one.pem", "one.key", https) == "fine");
  CHECK(problem("none.pem", "none.key", "") == "fine");  // nobody needs them
  for (const auto& user : {https, rtmps}) {
    CHECK_THAT(problem("none.pem", "one.key", user),
               Catch::StartsWith("c: http.certificate: " + in("none.pem") + ": ") &&
                   Catch::EndsWith("; name a PEM file that this user may read"));
    CHECK_THAT(problem("one.pem", "none.key", user),
               Catch::StartsWith("c: http.private_key: " + in("none.key")));
    CHECK_THAT(problem("one.pem", "two.key", user),
               Catch::StartsWith("c: http.certificate, http.private_key: ") &&
                   Catch::Contains("does not belong to the certificate") && Catch::Contains("; give the "));
    CHECK_THAT(problem("one.key", "one.key", user), Catch::Contains("certificate is not PEM"));
  }
  std::filesystem::remove_all(folder);
}

TEST_CASE("the gateway gets the certificate's key for RTMPS and for nothing else") {
  const std::string https =
      "[http]\ntls = [\"127.0.0.1:8443\"]\ncertificate = \"c.pem\"\nprivate_key = \"k.pem\"\n";
  auto without = parse_config(https, "c");
  REQUIRE(without);
  CHECK(without->gateway["tls"].is_null());
  auto with = parse_config(https + "[ingest]\nrtmps_port = 1936\n", "c");
  REQUIRE(with);
  CHECK(with->gateway["tls"]["private_key"] == "k.pem");
}

TEST_CASE("tips are taken when the file says so, on listeners of their own") {
  CHECK(parse_config("", "x")->hub["tips"].is_null());
  auto config = parse_config("[tips]\nenabled = true\nurl = \"https://t.example/\"\nspam_days = 7\n", "x");
  REQUIRE(config);
  CHECK(config->hub["tips"]["listen"][0]["port"] == 8081);
  CHECK(config->hub["tips"]["url"] == "https://t.example/");
  CHECK(config->hub["tips"]["days"]["spam"] == 7);
  CHECK(parse_config("[tips]\nenabled = true\nlisten = [\"127.0.0.1:8080\"]\n", "x").error().message ==
        "x:3: tips.listen: expected another port; http.listen listens on 127.0.0.1:8080");
  CHECK(parse_config("[tips]\nlisten = [\"127.0.0.1:8080\"]\n", "x"));  // off: nothing listens there
  CHECK(parse_config("[tips]\nenabled = true\nlisten = []\n", "x").error().message ==
        "x:3: tips.listen: expected an address here or in tips.tls");
  CHECK(parse_config("[tips]\nenabled = true\ntls = [\"127.0.0.1:8443\"]\n", "x").error().message ==
        "x:3: tips.tls: expected http.certificate and http.private_key as well");
  CHECK(parse_config("[tips]\nenabled = true\n", "x")->hub["tips"]["emergency_number"] == "110");
  for (const char* good : {"", "112", "+861234567"}) {
    CAPTURE(good);
    CHECK(parse_config("[tips]\nemergency_number = \"" + std::string(good) + "\"\n", "x"));
  }
  for (const char* wrong : {"+", "1 1 2", "12+", "112;x", "tel"}) {
    CAPTURE(wrong);
    CHECK(parse_config("[tips]\nemergency_number = \"" + std::string(wrong) + "\"\n", "x").error().message ==
          "x:2: tips.emergency_number: expected digits, in front of them at most a +");
  }
}

TEST_CASE("the operator's guide lists every key as the program knows it") {
  auto guide = openday::read_file(OPENDAY_SOURCE_DIR "/docs/OPERATOR.md", 1 << 20);
  REQUIRE(guide);
  CHECK(guide->find(openday::app::config_reference()) != std::string::npos);
}

TEST_CASE("the example configuration is fine") {
  CHECK(openday::app::load_config(OPENDAY_SOURCE_DIR "/config/openday.toml"));
}
