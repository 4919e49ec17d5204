#include "engage/letters.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace openday::engage {

namespace {

bool is_apostrophe(char32_t c) {
  return c == U'\'' || c == U'’' || c == U'‘' || c == U'`' || c == U'′' || c == U'ʼ';
}

/// Whether 's, 't, 'd, 'm, 'll, 're or 've ends a word at the apostrophe `at`. 't only behind an n.
bool is_contraction(const Folded& text, uint32_t at) {
  static constexpr std::array<std::u32string_view, 7> kEndings = {U"s",  U"t",  U"d", U"m",
                                                                  U"ll", U"re", U"ve"};
  std::u32string ending;
  uint32_t i = at + 1;
  for (; i < text.size() && text[i].kind == Kind::kLetter && ending.size() < 3; ++i) ending += text[i].c;
  for (auto known : kEndings) {
    if (ending == known) return ending != U"t" || text[at - 1].c == U'n';
  }
  return false;
}

Gap gap_between(const Folded& text, uint32_t before, uint32_t after) {
  Gap gap = 0;
  if (after - before - 1 > kWidestGap) gap |= kGapFar;
  for (uint32_t i = before + 1; i < after; ++i) {
    gap |= text[i].kind == Kind::kSpace ? kGapSpace : text[i].kind == Kind::kStop ? kGapStop : kGapSign;
  }
  // One full stop and a blank end a sentence.
  if (text[before + 1].c == U'.' && after > before + 2 && text[before + 2].kind == Kind::kSpace)
    gap |= kGapStop;
  bool apostrophe = after == before + 2 && is_apostrophe(text[before + 1].c);
  return apostrophe && is_contraction(text, before + 1) ? kGapContraction : gap;
}

void append(Letters& out, const Folded& text, Letter letter) {
  if (!out.letters.empty()) letter.gap = gap_between(text, out.letters.back().at, letter.at);
  bool again = !out.letters.empty() && out.letters.back().c == letter.c;
  if (again) {
    ++out.runs.back().count;
  } else {
    out.runs.push_back({static_cast<uint32_t>(out.letters.size()), 1});
  }
  out.letters.push_back(letter);
}

/// A sign is a letter where it touches one: '!' and the like only before one, for behind one they end a
/// sentence.
bool sign_is_letter(const Folded& text, uint32_t at) {
  auto is_sign = [&](uint32_t i) { return text[i].kind != Kind::kLetter && leet_look(text[i].c) != 0; };
  auto is_plain = [&](uint32_t i) { return text[i].kind == Kind::kLetter || text[i].kind == Kind::kDigit; };
  constexpr uint32_t kMostSigns = 4;  // in a row; looked at from each of them
  for (uint32_t i = at + 1; i < text.size() && i <= at + kMostSigns; ++i) {
    if (is_plain(i)) return true;
    if (!is_sign(i)) break;
  }
  bool ends_words = text[at].c == U'!' || text[at].c == U'|' || text[at].c == U'+';
  for (uint32_t back = 1; !ends_words && back <= std::min(at, kMostSigns); ++back) {
    if (is_plain(at - back)) return true;
    if (!is_sign(at - back)) break;
  }
  return false;
}

}  // namespace

std::u32string Letters::key() const {
  std::u32string out;
  out.reserve(runs.size());
  for (const Run& run : runs) out += head(run).c;
  return out;
}

Letters letters_of(const Folded& text) {
  Letters out;
  out.letters.reserve(text.size());
  out.runs.reserve(text.size());
  for (uint32_t i = 0; i < text.size(); ++i) {
    if (is_word_char(text[i].kind)) append(out, text, {.c = text[i].c, .kind = text[i].kind, .at = i});
  }
  return out;
}

Letters letters_seen_in(const Folded& text) {
  Letters out;
  out.letters.reserve(text.size());
  out.runs.reserve(text.size());
  for (uint32_t i = 0; i < text.size(); ++i) {
    const FoldedChar& seen = text[i];
    char32_t look = latin_look(seen);
    bool leet = look == 0 && leet_look(seen.c) != 0 && (seen.kind == Kind::kDigit || sign_is_letter(text, i));
    if (leet) look = leet_look(seen.c);
    if (look == 0 && !is_word_char(seen.kind)) continue;
    Letter letter{.c = look != 0 ? look : seen.c,
                  .kind = look != 0 ? Kind::kLetter : seen.kind,
                  .disguised = look != 0,
                  .foreign = look != 0 && !leet,
                  .at = i};
    if (letter.c == U'l') letter.c = U'i';
    append(out, text, letter);
  }
  return out;
}

}  // namespace openday::engage
