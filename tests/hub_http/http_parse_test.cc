#include "hub/http_parse.h"

#include <catch2/catch.hpp>

#include "hub/http.h"

using namespace openday;
using namespace openday::hub;

TEST_CASE("a path is decoded once and keeps its segments") {
  CHECK(parse_path("/") == "/");
  CHECK(parse_path("/watch/open-day") == "/watch/open-day");
  CHECK(parse_path("/a/") == "/a/");
  CHECK(parse_path("/%E5%BA%AD").value() == "/庭");
  CHECK(parse_path("/100%2525").value() == "/100%25");
}

TEST_CASE("a path that could mean another file is refused, not resolved") {
  for (const char* bad : {"", "a", "/..", "/a/../b", "/./a", "/a//b", "//", "/%2e%2e/etc", "/a%2fb", "/a%5Cb",
                          "/%00", "/a%", "/a%4", "/%zz", "/%0a", "/%ff", "http://host/", "*"}) {
    INFO(bad);
    CHECK_FALSE(parse_path(bad).has_value());
  }
  CHECK(parse_path(std::string(kMaxPath, '/')).error().code == Errc::kInvalid);
  CHECK(parse_path("/" + std::string(kMaxPath, 'a')).error().code == Errc::kLimit);
}

TEST_CASE("a query gives its first value, and integers only where they are whole") {
  auto query =
      Query::parse("_HLS_msn=12&_HLS_part=3&x=%20y&flag&_HLS_msn=9&n=1x&big=1234567890123456789").value();
  CHECK(query.get("x") == " y");
  CHECK(query.get("flag") == "");
  CHECK_FALSE(query.get("none"));
  CHECK(query.integer("_HLS_msn").value() == 12);
  CHECK_FALSE(query.integer("none").value().has_value());
  CHECK_FALSE(query.integer("n").has_value());
  CHECK_FALSE(query.integer("flag").has_value());
  CHECK_FALSE(query.integer("big").has_value());
}

TEST_CASE("a query has bounds") {
  std::string many;
  for (int i = 0; i < 33; ++i) many += "a=1&";
  CHECK(Query::parse(many).error().code == Errc::kLimit);
  CHECK(Query::parse(std::string(kMaxQuery + 1, 'a')).error().code == Errc::kLimit);
  CHECK_FALSE(Query::parse("a=%").has_value());
}

TEST_CASE("ranges follow RFC 9110 14") {
  auto partial = [](uint64_t first, uint64_t length) {
    return RangeAnswer{RangeKind::kPartial, {first, length}};
  };
  auto same = [](RangeAnswer a, RangeAnswer b) { return a.kind == b.kind && a.range == b.range; };
  CHECK(same(parse_range("bytes=0-0", 10), partial(0, 1)));
  CHECK(same(parse_range("bytes=2-", 10), partial(2, 8)));
  CHECK(same(parse_range("Bytes=2-99", 10), partial(2, 8)));
  CHECK(same(parse_range("bytes=-3", 10), partial(7, 3)));
  CHECK(same(parse_range("bytes=-30", 10), partial(0, 10)));
  CHECK(parse_range("bytes=10-", 10).kind == RangeKind::kUnsatisfiable);
  CHECK(parse_range("bytes=-0", 10).kind == RangeKind::kUnsatisfiable);
  CHECK(parse_range("bytes=0-", 0).kind == RangeKind::kUnsatisfiable);
  for (const char* ignored : {"", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=0-1,3-4", "items=0-1",
                              "bytes=1", "bytes=99999999999999999999-", "bytes=+1-2"}) {
    INFO(ignored);
    CHECK(parse_range(ignored, 10).kind == RangeKind::kWhole);
  }
}

TEST_CASE("gzip is used only where the client allows it") {
  CHECK(accepts_coding("gzip, deflate, br", "gzip"));
  CHECK(accepts_coding("br;q=1.0, GZIP;q=0.5", "gzip"));
  CHECK(accepts_coding("*", "gzip"));
  CHECK_FALSE(accepts_coding("", "gzip"));
  CHECK_FALSE(accepts_coding("gzip;q=0", "gzip"));
  CHECK_FALSE(accepts_coding("gzip; q=0.000, *", "gzip"));
  CHECK_FALSE(accepts_coding("*;q=0", "gzip"));
  CHECK_FALSE(accepts_coding("xgzip", "gzip"));
}

TEST_CASE("entity tags compare weakly") {
  CHECK(etag_matches("\"a\", W/\"b\"", "\"b\""));
  CHECK(etag_matches("*", "\"b\""));
  CHECK_FALSE(etag_matches("\"a\"", "\"b\""));
  CHECK_FALSE(etag_matches("", "\"b\""));
}

TEST_CASE("dates are in the fixed form of RFC 9110") {
  CHECK(http_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST_CASE("networks contain their addresses and no others") {
  auto ten = Network::parse("10.0.0.0/8").value();
  CHECK(ten.contains("10.255.0.1"));
  CHECK(ten.contains("::ffff:10.1.2.3"));
  CHECK_FALSE(ten.contains("11.0.0.1"));
  CHECK_FALSE(ten.contains("not an address"));
  auto odd = Network::parse("192.168.4.0/22").value();
  CHECK(odd.contains("192.168.7.255"));
  CHECK_FALSE(odd.contains("192.168.8.0"));
  CHECK(Network::parse("2001:db8::/32").value().contains("2001:db8:1::1"));
  CHECK(Network::parse("127.0.0.1").value().contains("127.0.0.1"));
  CHECK_FALSE(Network::parse("10.0.0.0/33").has_value());
  CHECK_FALSE(Network::parse("ten").has_value());
  CHECK(is_loopback("127.3.2.1"));
  CHECK(is_loopback("::1"));
  CHECK(is_loopback("::ffff:127.0.0.1"));
  CHECK_FALSE(is_loopback("10.0.0.1"));
}

TEST_CASE("the client behind trusted proxies is the nearest one nobody trusts") {
  auto trusted = [](std::string_view a) { return a == "10.0.0.1" || a == "10.0.0.2"; };
  CHECK(forwarded_client("203.0.113.5, 10.0.0.2", trusted) == "203.0.113.5");
  CHECK(forwarded_client("1.1.1.1, 203.0.113.5, 10.0.0.2", trusted) == "203.0.113.5");
  CHECK(forwarded_client("garbage, 203.0.113.5", trusted) == "203.0.113.5");
  CHECK(forwarded_client("garbage", trusted).empty());
  CHECK(forwarded_client("10.0.0.1", trusted) == "10.0.0.1");
  CHECK(forwarded_client("", trusted).empty());
}
