#include "engage/fold.h"

#include <catch2/catch.hpp>

#include "shared.h"

using namespace openday;
using namespace openday::engage;

namespace {

std::string folded(std::string_view text) {
  return test::text_of(fold(text));
}

}  // namespace

TEST_CASE("what means the same folds to the same") {
  CHECK(folded("ＡＢＣ　１２３") == "abc 123");
  CHECK(folded("Straße ÀÉÎ") == "strasse aei");
  CHECK(folded("𝓯𝔲𝕟 ⓐⓑ ①❷𝟛٣") == "fun ab 1233");
  CHECK(folded("賭博腦殘") == "赌博脑残");
  CHECK(folded("⼈渣") == "人渣");
  CHECK(folded("ﬁne ㎏") == "fine kg");
  CHECK(folded("a\tb\nc\u00A0d\u3000e") == "a b c d e");
  CHECK(folded("") == "");
}

TEST_CASE("what cannot be seen is not there") {
  CHECK(folded("f\u200Bu\u200Dc\u2060k\uFEFF") == "fuck");
  CHECK(folded("a\u00ADb\uFE0F\u034Fc\u202Ed") == "abcd");
  CHECK(folded("s\u0336h\u0336i\u0336t\u0336") == "shit");
  CHECK(folded("1\uFE0F\u20E3") == "1");
}

TEST_CASE("a text is visible by one character that is") {
  for (const char* one : {"",
                          " ",
                          "\u3000",
                          "\u00A0\u2003",
                          "\u200B",
                          "\u200B \u200D\u2060\uFEFF",
                          "\uFE0F",
                          "\u00AD",
                          "\u2028",
                          "\u180E",
                          "\u061C\u200F",
                          "\u115F\u1160",
                          "\u3164",
                          "\uFFA0",
                          "\u0301",
                          "\U000E0041\U000E007F",
                          "\u2800",
                          "\U0001D159",
                          "\U0001D173",
                          "\uFFF9"}) {
    const std::string nothing = one;
    CAPTURE(nothing);
    CHECK_FALSE(is_visible(nothing));
    CHECK(is_visible(nothing + "x"));
    CHECK(is_visible("证" + nothing));
  }
  for (const char* something : {"a",
                                "7",
                                "证",
                                "？！",
                                "。",
                                "…",
                                "👍",
                                "👍🏽",
                                "❤\uFE0F",
                                "🇨🇳",
                                "👨\u200D👩\u200D👧",
                                "1\uFE0F\u20E3",
                                "´",
                                "¨",
                                "゛",
                                "‾",
                                "〰",
                                "~",
                                "ك",
                                "ำ",
                                "〇",
                                "㊙",
                                "\xFF"}) {
    CAPTURE(something);
    CHECK(is_visible(something));
  }
}

TEST_CASE("marks that are letters of a script stay") {
  CHECK(folded("नमस्ते") == "नमस्ते");
  CHECK(folded("สวัสดี") == "สวัสดี");
  CHECK(folded("한국") == "한국");
}

TEST_CASE("every folded character knows its bytes, with the invisible ones behind it") {
  std::string text = "é̶ﬁ賭\u200B😀";
  Folded all = fold(text);
  REQUIRE(all.size() == 5);
  auto piece = [&](size_t i) { return text.substr(all[i].from, all[i].to - all[i].from); };
  CHECK(piece(0) == "é̶");
  CHECK(piece(1) == "ﬁ");
  CHECK(piece(2) == "ﬁ");
  CHECK(piece(3) == "賭\u200B");
  CHECK(piece(4) == "😀");
}

TEST_CASE("characters are sorted by what they are") {
  auto kind = [](std::string_view text) { return fold(text).at(0).kind; };
  CHECK(kind("A") == Kind::kLetter);
  CHECK(kind("я") == Kind::kLetter);
  CHECK(kind("７") == Kind::kDigit);
  CHECK(kind("博") == Kind::kUnspaced);
  CHECK(kind("〇") == Kind::kUnspaced);
  CHECK(kind("ひ") == Kind::kUnspaced);
  CHECK(kind("\r") == Kind::kSpace);
  CHECK(kind("，") == Kind::kStop);
  CHECK(kind("。") == Kind::kStop);
  CHECK(kind(".") == Kind::kSign);
  CHECK(kind("😀") == Kind::kSign);
  CHECK(kind("’") == Kind::kSign);
  CHECK(kind("\u02BC") == Kind::kSign);
}

TEST_CASE("bytes that are no UTF-8 are replaced one by one") {
  CHECK(folded("a\xFF\x80z") == "a\uFFFD\uFFFDz");
  CHECK(folded("\xE4\xBD") == "\uFFFD\uFFFD");
  CHECK(folded("\xED\xA0\x80") == "\uFFFD\uFFFD\uFFFD");
  CHECK(folded("\xF4\x90\x80\x80") == "\uFFFD\uFFFD\uFFFD\uFFFD");
  CHECK(folded("\xC0\xAF") == "\uFFFD\uFFFD");
}

TEST_CASE("offsets are told in UTF-16 units, too") {
  CHECK(utf16_length("") == 0);
  CHECK(utf16_length("aé赌") == 3);
  CHECK(utf16_length("😀a") == 3);
}

TEST_CASE("letters that look Latin and digits that stand for letters are told apart") {
  auto look = [](std::string_view text) { return latin_look(fold(text).at(0)); };
  CHECK(look("а") == U'a');
  CHECK(look("μ") == U'u');
  CHECK(look("Μ") == U'm');
  CHECK(look("🅰") == U'a');
  CHECK(look("🇨🇳") == U'c');
  CHECK(look("a") == 0);
  CHECK(look("0") == 0);
  CHECK(leet_look(U'0') == U'o');
  CHECK(leet_look(U'@') == U'a');
  CHECK(leet_look(U'9') == U'g');
  CHECK(leet_look(U'2') == 0);
  CHECK(leet_look(U'x') == 0);
}
