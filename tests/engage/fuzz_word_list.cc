// A word list as somebody uploaded it. What was taken compiles, and its words are found in themselves.
#include <span>
#include <string_view>

#include "engage/lexicon.h"

using namespace openday::engage;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto list = parse_word_list("fuzz", text);
  if (!list) {
    if (list.error().message.find("word list 'fuzz'") == std::string::npos) __builtin_trap();
    return 0;
  }
  auto lexicon = Lexicon::compile(std::span(&*list, 1));
  if (list->words() < list->entries.size()) return 0;  // shields may shelter words
  for (size_t i = 0; i < list->entries.size() && i < 32; ++i) {
    if (!lexicon->find(fold(list->entries[i].word))) __builtin_trap();
  }
  return 0;
}
