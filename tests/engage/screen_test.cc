#include "engage/screen.h"

#include <catch2/catch.hpp>
#include <utility>

#include "shared.h"

using namespace openday;
using namespace openday::engage;

TEST_CASE("a finding says where it is, in bytes and as a page counts") {
  auto lexicon = test::lexicon_of("!赌博\n");
  auto finding = screen("😀去賭\u200B.博吧", *lexicon);
  REQUIRE(finding);
  CHECK(*finding == TextFinding{Severity::kRefuse, "word:test", 7, 17, 3, 7});
}

TEST_CASE("a refusal stands before what holds, else what begins first") {
  auto lexicon = test::lexicon_of("!bad\nmild\n");
  CHECK(screen("mild 13800138000 bad", *lexicon)->rule == "word:test");
  CHECK(screen("mild 13800138000 bad", *lexicon)->severity == Severity::kRefuse);
  CHECK(screen("13800138000 mild", *lexicon)->rule == "phone");
  CHECK(screen("mild 13800138000", *lexicon)->rule == "word:test");
  CHECK(screen("11010519491231002X", *lexicon)->rule == "id_number");
  CHECK(screen("example.com", *lexicon)->rule == "link");
  CHECK(screen("加微信abc123", *lexicon)->rule == "link");
  CHECK_FALSE(screen("good morning", *lexicon));
  CHECK_FALSE(screen("", *lexicon));
}

TEST_CASE("the same said in another dress has the same fingerprint") {
  auto same = fingerprint("Hello, World!");
  CHECK(fingerprint("ＨＥＬＬＯ　world") == same);
  CHECK(fingerprint("hel\u200Blo... wörld 👍") == same);
  CHECK(fingerprint("helllooo world") == same);
  CHECK(fingerprint("hello words") != same);
  CHECK(fingerprint("哈哈哈哈") == fingerprint("哈哈"));
  CHECK(fingerprint("賭博") == fingerprint("赌博"));
  CHECK(fingerprint("100") != fingerprint("10"));
  CHECK(fingerprint("👍") == fingerprint("👍 👍"));
  CHECK(fingerprint("👍") != fingerprint("👎"));
}

TEST_CASE("a long text of one letter, sign or digit takes no longer than another of its length") {
  // Quadratic work would take minutes here.
  auto lexicon = test::lexicon_of("fuck*\naaaa\n=aaab\n赌博\n=赌博赌\nxxx\nclick here\n");
  const std::pair<const char*, const char*> kCases[] = {
      {"a", "word:test"}, {"aaaab ", ""},      {"1", ""},    {"1 ", ""},     {"1.", ""},
      {".", ""},          {"!", ""},           {"@", ""},    {"赌", ""},     {"赌博", "word:test"},
      {"*", ""},          {"a*", "word:test"}, {"q", ""},    {"加", ""},     {"0.", ""},
      {"dot ", ""},       {"+", ""},           {"'s", ""},   {"\u0301", ""}, {"http", ""},
      {"click ", ""},     {"微信 ", ""},       {"加v ", ""}, {"4", ""},      {"x.x", "word:test"}};
  for (const auto& [piece, rule] : kCases) {
    std::string text;
    while (text.size() < 20'000) text += piece;
    auto finding = screen(text, *lexicon);
    INFO(piece);
    CHECK((finding ? finding->rule : "") == rule);
    CHECK(fingerprint(text) == fingerprint(text + " "));
  }
}
