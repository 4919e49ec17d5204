// A comment of arbitrary bytes: spans stay within it, and at the borders of characters.
#include <span>
#include <string_view>

#include "base/text.h"
#include "engage/screen.h"

using namespace openday;
using namespace openday::engage;

namespace {

void expect(bool holds) {
  if (!holds) __builtin_trap();
}

const Lexicon& lexicon() {
  static const auto built = [] {
    auto list = parse_word_list(
        "fuzz",
        "fuck*\n!casino\n*bank\nass\n=bass\nclick here\n敏感词\n!赌博\n妈的\n=妈妈的\n傻b\n呵呵\nxxx\n");
    return Lexicon::compile(std::span(&*list, 1));
  }();
  return *built;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Folded folded = fold(text);
  uint32_t before = 0;
  for (const FoldedChar& c : folded) {
    expect(c.from < c.to && c.to <= size && c.from >= before);
    before = c.from;
  }
  (void)fingerprint(text);
  auto finding = screen(text, lexicon());
  if (!finding) return 0;
  expect(finding->from < finding->to && finding->to <= size && !finding->rule.empty());
  if (!is_valid_utf8(text)) return 0;
  expect(is_valid_utf8(text.substr(0, finding->from)) &&
         is_valid_utf8(text.substr(finding->from, finding->to - finding->from)));
  expect(finding->from16 < finding->to16 && finding->to16 <= utf16_length(text));
  return 0;
}
