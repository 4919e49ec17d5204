#include "engage/word_list.h"

#include <algorithm>

#include "base/text.h"
#include "engage/fold.h"

namespace openday::engage {

namespace {

/// What is wrong with it, or nothing.
std::string fault_of(const Entry& entry) {
  Folded folded = fold(entry.word);
  std::erase_if(folded, [](const FoldedChar& c) { return !is_word_char(c.kind); });
  if (folded.empty()) return "no letters; expected a word";
  if (folded.size() > kLongestWord) {
    return std::to_string(folded.size()) + " letters; expected at most " + std::to_string(kLongestWord);
  }
  if (folded.size() == 1 && folded[0].kind != Kind::kUnspaced) {
    return "a single letter, which most comments have; expected two or more";
  }
  if (entry.word.find('*') != std::string::npos)
    return "'*' within a word; expected it at the beginning or the end";
  if ((entry.open_left && folded.front().kind == Kind::kUnspaced) ||
      (entry.open_right && folded.back().kind == Kind::kUnspaced)) {
    return "'*' beside a Chinese character; expected none, for those are found anywhere";
  }
  return {};
}

Entry entry_in(std::string_view line) {
  Entry entry;
  if (line.front() == '!') entry.kind = Entry::Kind::kRefuse;
  if (line.front() == '=') entry.kind = Entry::Kind::kShield;
  if (entry.kind != Entry::Kind::kHold) line = trim_blanks(line.substr(1));
  if (line.starts_with('*')) {
    entry.open_left = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('*')) {
    entry.open_right = true;
    line.remove_suffix(1);
  }
  entry.word = line;
  return entry;
}

}  // namespace

size_t WordList::words() const {
  return static_cast<size_t>(
      std::ranges::count_if(entries, [](const Entry& entry) { return entry.kind != Entry::Kind::kShield; }));
}

Result<WordList> parse_word_list(std::string_view name, std::string_view text) {
  WordList list;
  list.name = name;
  std::string what = "word list '" + list.name + "'";
  if (text.size() > kLargestList) {
    return fail(Errc::kLimit, what + ": " + std::to_string(text.size()) + " bytes; expected at most " +
                                  std::to_string(kLargestList));
  }
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // some editors begin a file so
  for (size_t number = 1; !text.empty(); ++number) {
    if (number > kMostLines) {
      return fail(Errc::kLimit,
                  what + ": more lines than " + std::to_string(kMostLines) + "; expected several lists");
    }
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trim_blanks(line);
    if (line.empty() || line.front() == '#') continue;
    std::string at = what + ", line " + std::to_string(number) + ": ";
    if (line.size() > kLongestLine) {
      return fail(Errc::kLimit, at + std::to_string(line.size()) + " bytes; expected at most " +
                                    std::to_string(kLongestLine));
    }
    if (!is_valid_utf8(line)) return fail(Errc::kInvalid, at + "not UTF-8; expected a text saved as UTF-8");
    Entry entry = entry_in(line);
    if (std::string fault = fault_of(entry); !fault.empty()) return fail(Errc::kInvalid, at + fault);
    list.entries.push_back(std::move(entry));
  }
  return list;
}

}  // namespace openday::engage
