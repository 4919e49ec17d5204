#include "base/egress.h"

#include <catch2/catch.hpp>

namespace openday {
namespace {

AddressClass class_of(const std::string& ip) {
  auto address = SocketAddress::parse(ip, 1);
  REQUIRE(address);
  return classify(*address);
}

Errc code_of(const Result<Url>& result) {
  REQUIRE_FALSE(result);
  return result.error().code;
}

}  // namespace

TEST_CASE("addresses of the public internet are public") {
  for (const char* ip : {"1.1.1.1",         "8.8.8.8",         "9.255.255.255",        "11.0.0.0",
                         "100.63.255.255",  "100.128.0.0",     "126.255.255.255",      "128.0.0.0",
                         "169.253.255.255", "169.255.0.0",     "172.15.255.255",       "172.32.0.0",
                         "192.167.255.255", "192.169.0.0",     "198.17.255.255",       "198.20.0.0",
                         "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888", "2001:200::1",
                         "240e::1",         "3fff:1000::1"}) {
    INFO(ip);
    CHECK(class_of(ip) == AddressClass::kPublic);
  }
}

TEST_CASE("addresses of somebody's own network are private") {
  for (const char* ip : {"10.0.0.0", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
                         "127.255.255.254", "172.16.0.0", "172.31.255.255", "192.168.0.1", "198.18.0.1",
                         "::1", "fc00::1", "fdff::1", "64:ff9b:1::1"}) {
    INFO(ip);
    CHECK(class_of(ip) == AddressClass::kPrivate);
  }
}

TEST_CASE("addresses that nobody should be sent to are never allowed") {
  for (const char* ip :
       {"0.0.0.0",      "0.1.2.3",     "169.254.169.254", "192.0.0.8",       "192.0.2.1", "192.88.99.1",
        "198.51.100.7", "203.0.113.9", "224.0.0.1",       "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::",           "::7f00:1",    "fe80::1",         "febf::1",         "fec0::1",   "ff02::1",
        "2001:db8::1",  "2001::1",     "2001:1ff:ffff::", "3fff:fff::1",     "100::1",    "5f00::1",
        "4000::1"}) {
    INFO(ip);
    CHECK(class_of(ip) == AddressClass::kNever);
    CHECK_FALSE(is_allowed(*SocketAddress::parse(ip, 1), {.allow_private = true}));
  }
}

TEST_CASE("an IPv4 address inside an IPv6 one is judged by itself") {
  CHECK(class_of("::ffff:8.8.8.8") == AddressClass::kPublic);
  CHECK(class_of("::ffff:127.0.0.1") == AddressClass::kPrivate);
  CHECK(class_of("::ffff:169.254.169.254") == AddressClass::kNever);
  CHECK(class_of("64:ff9b::8.8.8.8") == AddressClass::kPublic);
  CHECK(class_of("64:ff9b::10.0.0.1") == AddressClass::kPrivate);
  CHECK(class_of("2002:0a00:0001::1") == AddressClass::kPrivate);  // 6to4 of 10.0.0.1
  CHECK(class_of("2002:a9fe:a9fe::1") == AddressClass::kNever);    // 6to4 of 169.254.169.254
  CHECK(class_of("2002:0808:0808::1") == AddressClass::kPublic);
}

TEST_CASE("private addresses pass only where the policy says so") {
  auto lan = *SocketAddress::parse("192.168.1.20", 554);
  CHECK_FALSE(is_allowed(lan, {}));
  CHECK(is_allowed(lan, {.allow_private = true}));
}

TEST_CASE("a URL is taken apart") {
  auto url = parse_url("RTMP://user:pw@Live.Example:1936/app/key?x=1&name=a%20b");
  REQUIRE(url);
  CHECK(url->scheme == "rtmp");
  CHECK(url->user_info == "user:pw");
  CHECK(url->host == "live.example");
  CHECK(url->port == 1936);
  CHECK(url->path == "/app/key");
  CHECK(url->query == "x=1&name=a%20b");
  CHECK(url->parameter("name") == "a b");
  CHECK(url->parameter("x") == "1");
  CHECK_FALSE(url->parameter("n"));
  CHECK(url->text() == "rtmp://user:pw@live.example:1936/app/key?x=1&name=a%20b");
  CHECK(url->origin() == "rtmp://live.example:1936");
}

TEST_CASE("a URL's port is its scheme's when none is written") {
  CHECK(parse_url("rtmp://a/b")->port == 1935);
  CHECK(parse_url("rtmps://a/b")->port == 443);
  CHECK(parse_url("rtsp://a")->port == 554);
  CHECK(parse_url("https://a?q=1")->port == 443);
  CHECK(parse_url("srt://a")->port == 0);
}

TEST_CASE("an IPv6 literal stands in brackets") {
  auto url = parse_url("srt://[2001:4860::1]:9000?mode=caller");
  REQUIRE(url);
  CHECK(url->host == "2001:4860::1");
  CHECK(url->port == 9000);
  CHECK(url->origin() == "srt://[2001:4860::1]:9000");
  CHECK_FALSE(parse_url("srt://[2001:4860::1:9000"));
  CHECK_FALSE(parse_url("srt://[::1]x:9000"));
  CHECK_FALSE(parse_url("srt://[127.0.0.1]:9000"));
}

TEST_CASE("malformed URLs are refused without being quoted") {
  for (const char* text : {"", "rtmp:/a", "://a", "rtmp://", "rtmp:///path", "rtmp://a b/c", "rtmp://a/\n",
                           "rtmp://a:0/", "rtmp://a:65536/", "rtmp://a:12x/", "rtmp://a\\@b/", "rtmp://a/#f",
                           "rt mp://a/", "rtmp://a%00/", "rtmp://ex\xC3\xA4mple/", "rtmp://a/\xFF"}) {
    INFO(text);
    CHECK(code_of(parse_url(text)) == Errc::kInvalid);
  }
  auto secret = parse_url("rtmp://live.example/app/sec ret");
  REQUIRE_FALSE(secret);
  CHECK(secret.error().message.find("sec") == std::string::npos);
  CHECK_FALSE(parse_url("rtmp://a/" + std::string(2048, 'x')));
}

TEST_CASE("only listed schemes pass") {
  CHECK(check_url("rtmp://live.example/app", kPushSchemes, {}));
  CHECK(check_url("srt://live.example:9000", kPushSchemes, {}));
  for (const char* text :
       {"http://live.example/", "file:///etc/passwd", "udp://live.example:1", "concat://a:1/b"}) {
    INFO(text);
    CHECK_FALSE(check_url(text, kPushSchemes, {}));
  }
  CHECK(code_of(check_url("http://live.example/", kPushSchemes, {})) == Errc::kRefused);
  CHECK(code_of(check_url("srt://live.example", kPushSchemes, {})) == Errc::kInvalid);  // no port
}

TEST_CASE("an address literal in a URL is checked at once") {
  CHECK(code_of(check_url("rtmp://127.0.0.1/app", kPushSchemes, {})) == Errc::kRefused);
  CHECK(code_of(check_url("rtmp://[::ffff:10.0.0.1]/app", kPushSchemes, {})) == Errc::kRefused);
  CHECK(check_url("rtmp://127.0.0.1/app", kPushSchemes, {.allow_private = true}));
  CHECK_FALSE(check_url("http://169.254.169.254/latest/meta-data", kPullSchemes, {.allow_private = true}));
}

TEST_CASE("rtsps is not pulled, and why is said with what to use instead") {
  CHECK(check_pull_url("rtsp://cam.example/1", {}));
  CHECK(code_of(check_pull_url("gopher://cam.example/", {})) == Errc::kRefused);
  auto refused = check_pull_url("rtsps://viewer:secret@cam.example/1", {});
  REQUIRE(code_of(refused) == Errc::kRefused);
  for (const char* word : {"certificate", "VPN", "passphrase", "RTMPS"}) {
    CHECK(refused.error().message.find(word) != std::string::npos);
  }
  CHECK(refused.error().message.find("secret") == std::string::npos);
}

TEST_CASE("what a name resolves to is what is checked") {
  auto refused = resolve("localhost", 1935, {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kRefused);
  auto allowed = resolve("localhost", 1935, {.allow_private = true});
  REQUIRE(allowed);
  CHECK(allowed->front().port() == 1935);
  CHECK(classify(allowed->front()) == AddressClass::kPrivate);
}

TEST_CASE("numbers that only a resolver takes for an address are checked as that address") {
  for (const char* text : {"0x7f.1", "2130706433", "0177.0.0.1", "127.1"}) {
    INFO(text);
    CHECK_FALSE(SocketAddress::parse(text, 1));
    CHECK_FALSE(resolve(text, 1, {}));
  }
}

TEST_CASE("a socket address says what it is") {
  auto v4 = *SocketAddress::parse("192.0.2.1", 1935);
  CHECK(v4.text() == "192.0.2.1:1935");
  CHECK(v4.caller() == "192.0.2.1");
  auto v6 = *SocketAddress::parse("[2001:db8:1:2:3::4]", 9000);
  CHECK(v6.text() == "[2001:db8:1:2:3::4]:9000");
  CHECK(v6.caller() == "2001:db8:1:2::/64");
  auto mapped = *SocketAddress::parse("::ffff:192.0.2.1", 1935);
  CHECK(mapped.text() == "192.0.2.1:1935");
  CHECK(mapped.caller() == "192.0.2.1");
  CHECK(mapped == v4);
  v6.set_port(5);
  CHECK(v6.port() == 5);
  CHECK_FALSE(SocketAddress::from(v4.raw(), 4));
  sockaddr unix_address{};
  unix_address.sa_family = AF_UNIX;
  CHECK_FALSE(SocketAddress::from(&unix_address, sizeof unix_address));
}

}  // namespace openday
