#include "hub/http1_parser.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::hub;
using Kind = Http1HeadState::Kind;

namespace {

Http1HeadState parse(std::string_view text, Http1Head& head, Http1Limits limits = {}) {
  size_t scanned = 0;
  return parse_http1_head(text, limits, scanned, head);
}

int status_of_head(std::string_view text) {
  Http1Head head;
  auto state = parse(text, head);
  return state.kind == Kind::kBad ? state.status : state.kind == Kind::kComplete ? 0 : -1;
}

Result<std::string> unchunk(std::string_view text, size_t limit = 100) {
  ChunkedDecoder decoder;
  Bytes out;
  OPENDAY_TRY(size_t used, decoder.feed(text, out, limit));
  if (!decoder.done()) return fail(Errc::kInvalid, "not done");
  return std::string(out.begin(), out.end()) + "|" + std::string(text.substr(used));
}

}  // namespace

TEST_CASE("a head is read whole, with names in lower case and values trimmed") {
  Http1Head head;
  std::string text =
      "POST /a?b=1 HTTP/1.1\r\nHost: x:80\r\nX-A:  one \r\nx-a:\ttwo\r\nCookie: a=1\r\nCookie: b=2\r\n"
      "Content-Length: 5\r\n\r\nhello";
  auto state = parse(text, head);
  REQUIRE(state.kind == Kind::kComplete);
  CHECK(state.consumed == text.size() - 5);
  CHECK(head.method == "POST");
  CHECK(head.target == "/a?b=1");
  CHECK(head.headers ==
        std::vector<Header>{
            {"host", "x:80"}, {"x-a", "one, two"}, {"cookie", "a=1; b=2"}, {"content-length", "5"}});
  CHECK(head.content_length == 5);
  CHECK(head.keep_alive);
}

TEST_CASE("a head that trickles in is complete at its last byte and not before") {
  std::string text = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
  size_t scanned = 0;
  Http1Head head;
  for (size_t i = 1; i < text.size(); ++i) {
    CHECK(parse_http1_head(std::string_view(text).substr(0, i), {}, scanned, head).kind == Kind::kIncomplete);
  }
  CHECK(parse_http1_head(text, {}, scanned, head).kind == Kind::kComplete);
}

TEST_CASE("what two parsers could read differently is refused") {
  CHECK(status_of_head(
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n") == 501);
  CHECK(
      status_of_head(
          "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n") ==
      501);
  CHECK(status_of_head("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a\r\n folded: 1\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a\rX: 1\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\nHost: a b\r\n\r\n") == 400);
  CHECK(status_of_head("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of_head("GET  / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  CHECK(status_of_head(std::string("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29)) == 400);
}

TEST_CASE("other protocols are told at their first bytes") {
  CHECK(status_of_head("\x16\x03\x01") == 400);
  CHECK(status_of_head("GET / HTTP/2.0\r\n\r\n") == 505);
  CHECK(status_of_head("PRI * HTTP/2.0\r\n\r\n") == 505);
  CHECK(status_of_head("GET /\r\n\r\n") == 400);
  CHECK(status_of_head("GET / FTP/1.1\r\n\r\n") == 400);
}

TEST_CASE("heads have bounds") {
  CHECK(status_of_head("GET /" + std::string(9000, 'a')) == 414);
  CHECK(status_of_head("GET / HTTP/1.1\r\nX: " + std::string(9000, 'a')) == 431);
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 64; ++i) many += "a" + std::to_string(i) + ": b\r\n";
  CHECK(status_of_head(many + "\r\n") == 431);
}

TEST_CASE("connection options, versions and absolute targets are understood") {
  Http1Head head;
  parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n", head);
  CHECK_FALSE(head.keep_alive);
  parse("GET / HTTP/1.0\r\n\r\n", head);
  CHECK_FALSE(head.keep_alive);
  CHECK(head.version == 10);
  parse("GET http://other:81/p?q HTTP/1.1\r\nHost: a\r\n\r\n", head);
  CHECK(head.target == "/p?q");
  CHECK(head.headers.front() == Header{"host", "other:81"});
  CHECK(head.headers.size() == 1);
  parse("GET http://other?q HTTP/1.1\r\nHost: a\r\n\r\n", head);
  CHECK(head.target == "/?q");
  CHECK(status_of_head("GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n", head);
  CHECK(head.upgrade == "websocket");
  parse("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\n\r\n", head);
  CHECK(head.upgrade.empty());
  CHECK(status_of_head("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: cake\r\n\r\n") == 417);
}

TEST_CASE("chunked bodies are put together and nothing else is") {
  CHECK(unchunk("5\r\nhello\r\n0\r\n\r\nGET") == "hello|GET");
  CHECK(unchunk("5;x=\"y\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n") == "hello0123456789|");
  for (const char* bad :
       {"\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhelloX\r\n0\r\n\r\n", "g\r\n", "-1\r\n", " 5\r\nhello\r\n",
        "5\r\nhello\n0\r\n\r\n", "0\r\n\n", "5;a\nb\r\n", "1234567890abcdef0\r\n"}) {
    INFO(bad);
    CHECK_FALSE(unchunk(bad).has_value());
  }
  CHECK(unchunk("65\r\n" + std::string(101, 'a') + "\r\n0\r\n\r\n").error().code == Errc::kLimit);
  CHECK(unchunk("0\r\n" + std::string(5000, 'a')).error().code == Errc::kLimit);
  CHECK(unchunk("1;" + std::string(5000, 'a')).error().code == Errc::kLimit);
}

TEST_CASE("a chunked body may be cut anywhere") {
  std::string text = "3;e\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nT: 1\r\n\r\n";
  for (size_t cut = 1; cut < text.size(); ++cut) {
    ChunkedDecoder decoder;
    Bytes out;
    REQUIRE(decoder.feed(std::string_view(text).substr(0, cut), out, 100) == cut);
    REQUIRE_FALSE(decoder.done());
    REQUIRE(decoder.feed(std::string_view(text).substr(cut), out, 100) == text.size() - cut);
    CHECK(decoder.done());
    CHECK(as_text(out) == "abc0123456789abcdef");
  }
}
