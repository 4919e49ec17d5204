#include "engage/word_list.h"

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::engage;

namespace {

std::string fault(std::string_view text) {
  auto list = parse_word_list("mine", text);
  return list ? "taken" : list.error().message;
}

}  // namespace

TEST_CASE("a word list has a word a line, and marks for what it does") {
  auto list = parse_word_list("mine", "\uFEFF# insults\r\n\n  word \n!bad*\r\n= a phrase\n*end\n傻b\n# !x");
  REQUIRE(list);
  CHECK(list->name == "mine");
  CHECK(list->words() == 4);
  using enum Entry::Kind;
  CHECK(list->entries == std::vector<Entry>{{"word", kHold, false, false},
                                            {"bad", kRefuse, false, true},
                                            {"a phrase", kShield, false, false},
                                            {"end", kHold, true, false},
                                            {"傻b", kHold, false, false}});
  CHECK(parse_word_list("mine", "")->entries.empty());
}

TEST_CASE("a bad line is told by list, number, what is wrong and what was expected") {
  CHECK(fault("good\n!\n") == "word list 'mine', line 2: no letters; expected a word");
  CHECK(fault("...") == "word list 'mine', line 1: no letters; expected a word");
  CHECK(fault("**") == "word list 'mine', line 1: no letters; expected a word");
  CHECK(fault("\n\nx") ==
        "word list 'mine', line 3: a single letter, which most comments have; expected two or more");
  CHECK(fault("a*b") ==
        "word list 'mine', line 1: '*' within a word; expected it at the beginning or the end");
  CHECK(fault("赌博*") ==
        "word list 'mine', line 1: '*' beside a Chinese character; expected none, for those are found "
        "anywhere");
  CHECK(fault("\xFF\xFE") == "word list 'mine', line 1: not UTF-8; expected a text saved as UTF-8");
  CHECK(fault(std::string(65, 'a')) == "word list 'mine', line 1: 65 letters; expected at most 64");
  CHECK(fault(std::string(401, '.')) == "word list 'mine', line 1: 401 bytes; expected at most 400");
  CHECK(fault("死") == "taken");
}

TEST_CASE("a word list is bounded") {
  std::string lines(kMostLines, '\n');
  CHECK(fault(lines) == "taken");
  CHECK(fault(lines + "\n") == "word list 'mine': more lines than 20000; expected several lists");
  CHECK(fault(std::string(kLargestList + 1, '\n')) ==
        "word list 'mine': 1048577 bytes; expected at most 1048576");
}
