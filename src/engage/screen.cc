#include "engage/screen.h"

#include "engage/detect.h"
#include "engage/letters.h"

namespace openday::engage {

namespace {

TextFinding finding_in(std::string_view text, const Folded& folded, Severity severity, std::string rule,
                       Stretch stretch) {
  TextFinding out{.severity = severity, .rule = std::move(rule)};
  out.from = folded[stretch.first].from;
  out.to = folded[stretch.last].to;
  out.from16 = utf16_length(text.substr(0, out.from));
  out.to16 = out.from16 + utf16_length(text.substr(out.from, out.to - out.from));
  return out;
}

}  // namespace

std::optional<TextFinding> screen(std::string_view text, const Lexicon& lexicon) {
  Folded folded = fold(text);
  std::optional<WordMatch> word = lexicon.find(folded);
  if (word && word->severity == Severity::kRefuse) {
    return finding_in(text, folded, Severity::kRefuse, "word:" + std::string(word->list),
                      {word->first, word->last});
  }
  std::optional<Stretch> first;
  std::string rule;
  auto offer = [&](std::string_view name, std::optional<Stretch> found) {
    if (!found || (first && first->first <= found->first)) return;
    first = found;
    rule = name;
  };
  // Where two begin together, the first offered stands: an identity number may have a telephone number in it.
  offer("id_number", find_id_number(folded));
  offer("phone", find_phone(folded));
  offer("link", find_link(folded));
  offer("link", find_contact(folded));
  if (word) offer("word:" + std::string(word->list), Stretch{word->first, word->last});
  if (!first) return std::nullopt;
  return finding_in(text, folded, Severity::kHold, std::move(rule), *first);
}

uint64_t fingerprint(std::string_view text) {
  Folded folded = fold(text);
  Letters letters = letters_of(folded);
  uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a, four bytes at a time
  auto mix = [&](char32_t c) { hash = (hash ^ c) * 0x100000001B3u; };
  for (size_t i = 0; i < letters.letters.size(); ++i) {
    const Letter& letter = letters.letters[i];
    bool repeated = i > 0 && letter.c == letters.letters[i - 1].c && letter.kind != Kind::kDigit;
    if (!repeated) mix(letter.c);
  }
  if (letters.letters.empty()) {  // emoji only
    char32_t before = 0;
    for (const FoldedChar& sign : folded) {
      if (sign.kind == Kind::kSpace || sign.c == before) continue;
      mix(sign.c);
      before = sign.c;
    }
  }
  return hash ^ hash >> 32;
}

std::u32string looks_of(std::string_view name) {
  return letters_seen_in(fold(name)).key();
}

}  // namespace openday::engage
