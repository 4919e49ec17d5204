#include "engage/lexicon.h"

#include <catch2/catch.hpp>
#include <random>

#include "shared.h"

using namespace openday;
using namespace openday::engage;

namespace {

/// What is found in `text`: "refuse 'it'", "hold 'it'" or "".
std::string find(std::string_view words, std::string_view text) {
  auto lexicon = test::lexicon_of(words);
  Folded folded = fold(text);
  auto match = lexicon->find(folded);
  if (!match) return "";
  CHECK(match->list == "test");
  uint32_t from = folded[match->first].from;
  return (match->severity == Severity::kRefuse ? "refuse '" : "hold '") +
         std::string(text.substr(from, folded[match->last].to - from)) + "'";
}

}  // namespace

TEST_CASE("a word of spaced letters is found as a whole word") {
  CHECK(find("cunt", "Scunthorpe") == "");
  CHECK(find("cunt", "a cunt.") == "hold 'cunt'");
  CHECK(find("fuck*", "fucking") == "hold 'fuck'");
  CHECK(find("fuck", "fucking") == "");
  CHECK(find("*bank", "the megabank") == "hold 'bank'");
  CHECK(find("*bank*", "unbankable") == "hold 'bank'");
  CHECK(find("bank", "bank24") == "hold 'bank'");
  CHECK(find("сука", "ах сука!") == "hold 'сука'");
  CHECK(find("сука", "барсука") == "");
  CHECK(find("hell", "he'll") == "");
  CHECK(find("hell", "hell's") == "hold 'hell'");
}

TEST_CASE("a Chinese word is found anywhere, and with Latin letters at a border of those") {
  CHECK(find("赌博", "网络赌博平台") == "hold '赌博'");
  CHECK(find("傻b", "你个傻B吗") == "hold '傻B'");
  CHECK(find("傻b", "傻boy") == "");
  CHECK(find("vx", "加vx吧") == "hold 'vx'");
}

TEST_CASE("the mark ! refuses what is spelled plainly; a guess holds") {
  CHECK(find("!idiot", "IDIOT") == "refuse 'IDIOT'");
  CHECK(find("!idiot", "i.d.i.o.t") == "refuse 'i.d.i.o.t'");
  CHECK(find("!idiot", "iiidiot") == "refuse 'iiidiot'");
  CHECK(find("!idiot", "1diot") == "hold '1diot'");
  CHECK(find("!idiot", "idіot") == "hold 'idіot'");
  CHECK(find("!idiot", "idi ot") == "hold 'idi ot'");
  CHECK(find("!idiot", "id*ot") == "hold 'id*ot'");
  CHECK(find("!idiot", "idiott") == "hold 'idiott'");
  CHECK(find("!赌博", "賭·博") == "refuse '賭·博'");
  CHECK(find("!百家乐", "百，家，乐") == "hold '百，家，乐'");
  CHECK(find("!百家乐", "百家家乐") == "hold '百家家乐'");
}

TEST_CASE("the most severe match stands, then the first") {
  CHECK(find("one\n!two\n!three", "one two three") == "refuse 'two'");
  CHECK(find("one\ntwo", "two one") == "hold 'two'");
  auto first = parse_word_list("first", "alpha");
  auto second = parse_word_list("second", "!beta");
  std::vector lists = {*first, *second};
  auto lexicon = Lexicon::compile(lists);
  auto match = lexicon->find(fold("alpha beta"));
  REQUIRE(match);
  CHECK(match->list == "second");
  CHECK_FALSE(Lexicon::compile({})->find(fold("alpha beta")));
}

TEST_CASE("a shield shelters what lies within it, in every list") {
  CHECK(find("妈的\n=妈妈的", "妈妈的手") == "");
  CHECK(find("妈的\n=妈妈的", "妈妈的，妈的") == "hold '妈的'");
  CHECK(find("妈的\n=妈妈的", "妈.妈.的") == "hold '妈.的'");
  CHECK(find("!cock\n=cock-a-doodle-doo", "Cock-a-doodle-doo!") == "");
  CHECK(find("!cock\n=cock-a-doodle-doo", "cock a doodle doo") == "");
  CHECK(find("shot\n=shoot", "shoot") == "");
  CHECK(find("shot\n=shoot", "shooot") == "hold 'shooot'");
  CHECK(find("shot\n=shoot", "shot") == "hold 'shot'");
  auto words = parse_word_list("words", "!ass");
  auto ours = parse_word_list("ours", "=ass and cart");
  std::vector lists = {*words, *ours};
  auto lexicon = Lexicon::compile(lists);
  CHECK_FALSE(lexicon->find(fold("an ass and cart")));
  CHECK(lexicon->find(fold("an ass")));
}

TEST_CASE("repeated letters are looked through where no other word comes of it") {
  CHECK(find("god", "good") == "");
  CHECK(find("god", "goood") == "hold 'goood'");
  CHECK(find("ass", "as") == "");
  CHECK(find("ass", "assss") == "hold 'assss'");
  CHECK(find("fuck", "fuuck") == "hold 'fuuck'");
  CHECK(find("bus", "bus stop") == "hold 'bus'");
  CHECK(find("top", "bus stop") == "");
  CHECK(find("110", "1110") == "");
  CHECK(find("呵呵", "呵呵呵呵") != "");
  CHECK(find("呵呵", "呵") == "");
}

TEST_CASE("letters may stand apart, words may not") {
  CHECK(find("penis", "the pen is red") == "");
  CHECK(find("penis", "p e n i s") == "hold 'p e n i s'");
  CHECK(find("penis", "pen.is") == "hold 'pen.is'");
  CHECK(find("shit", "Tom's hit") == "");
  CHECK(find("ass", "as soon") == "");
  CHECK(find("shit", "Push it! Sh. It sleeps") == "");
  CHECK(find("shit", "s. h. i. t.") == "hold 's. h. i. t'");
  CHECK(find("idiot*", "an ID iota") == "");
  CHECK(find("drop dead", "Drop. Dead silence") == "");
  CHECK(find("well, well", "Well, well") == "hold 'Well, well'");
  CHECK(find("click here", "clickhere") == "hold 'clickhere'");
  CHECK(find("click here", "click... HERE") == "hold 'click... HERE'");
  CHECK(find("赌博", "这场赌，博得同情") == "");
  CHECK(find("赌博", "赌，博") == "hold '赌，博'");
  CHECK(find("赌博", "赌" + std::string(20, '.') + "博") != "");
  CHECK(find("赌博", "赌" + std::string(21, '.') + "博") == "");
}

TEST_CASE("numbers are no words in disguise") {
  CHECK(find("ass", "455") == "");
  CHECK(find("ass", "a55") == "");
  CHECK(find("ass", "4ss") == "hold '4ss'");
  CHECK(find("boob", "8008") == "");
}

TEST_CASE("every word is found in a text of words, as a plain search finds them") {
  std::mt19937 random(7);
  auto word = [&] {
    std::string out;
    for (size_t i = 0, n = 2 + random() % 4; i < n; ++i) out += test::utf8_of(U"天地玄黄"[random() % 4]);
    return out;
  };
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> words;
    std::string list;
    for (int i = 0; i < 5; ++i) list += words.emplace_back(word()) + "\n";
    std::string text;
    for (int i = 0; i < 4; ++i) text += word();
    bool contained = false;
    for (const auto& w : words) contained = contained || text.find(w) != std::string::npos;
    INFO(list << text);
    // Repeats count, too: 天地地玄 has 天地玄 for a guess. What is contained must be found.
    if (contained) CHECK(find(list, text) != "");
  }
}
