#include "engage/lexicon.h"

#include <algorithm>
#include <array>

namespace openday::engage {

namespace {

constexpr uint32_t kShortestMasked = 4;

/// What four or five letters fall into by chance, with a blank between two words.
bool is_small_word(std::u32string_view word) {
  static constexpr std::array<std::u32string_view, 78> kWords = {
      U"a",   U"al",  U"am",  U"an",  U"and", U"any", U"are", U"as",  U"at",  U"bad", U"be",  U"big", U"bit",
      U"but", U"by",  U"can", U"car", U"day", U"did", U"do",  U"for", U"get", U"go",  U"had", U"has", U"he",
      U"her", U"him", U"his", U"hit", U"how", U"i",   U"if",  U"in",  U"is",  U"it",  U"its", U"let", U"man",
      U"may", U"me",  U"men", U"my",  U"new", U"no",  U"not", U"now", U"o",   U"of",  U"off", U"old", U"on",
      U"one", U"or",  U"our", U"out", U"pen", U"put", U"ran", U"re",  U"run", U"see", U"set", U"she", U"so",
      U"sum", U"the", U"to",  U"too", U"two", U"up",  U"us",  U"was", U"way", U"we",  U"who", U"won", U"you"};
  return std::ranges::binary_search(kWords, word);
}

/// English hardly ever doubles these.
bool seldom_doubled(char32_t c) {
  return std::u32string_view(U"ahijkquvwxy").contains(c);
}

bool is_mask(char32_t c) {
  return std::u32string_view(U"*#×○●■_-%&^~+=?!@$©®").contains(c);
}

uint64_t mask_key(char32_t first, char32_t last, size_t length) {
  return static_cast<uint64_t>(first) << 42 | static_cast<uint64_t>(last) << 21 | length;
}

}  // namespace

Lexicon::Word Lexicon::word_of(const Letters& letters, const Entry& entry, uint32_t list) {
  Word word{.pieces = {},
            .letters = static_cast<uint32_t>(letters.letters.size()),
            .open_left = entry.open_left,
            .open_right = entry.open_right,
            .kind = entry.kind,
            .list = list};
  for (const Run& run : letters.runs) {
    const Letter& head = letters.head(run);
    Piece piece{.c = head.c, .kind = head.kind, .count = run.count};
    for (uint32_t i = run.first; i < run.first + run.count; ++i) piece.gap |= letters.letters[i].gap;
    word.pieces.push_back(piece);
    word.spaced = word.spaced && head.kind != Kind::kUnspaced;
  }
  return word;
}

void Lexicon::add(const Entry& entry, uint32_t list) {
  Folded folded = fold(entry.word);
  Letters plain = letters_of(folded);
  if (plain.letters.empty()) return;
  auto index = static_cast<uint32_t>(words_.size());
  words_.push_back(word_of(plain, entry, list));
  plain_.add(plain.key(), index);
  const Word& word = words_.back();
  if (entry.kind == Entry::Kind::kShield) return;

  Letters seen = letters_seen_in(folded);
  if (std::ranges::any_of(word.pieces, [](const Piece& piece) { return piece.kind == Kind::kLetter; })) {
    disguised_.add(seen.key(), static_cast<uint32_t>(seen_.size()));
    seen_.push_back(word_of(seen, entry, list));
  }
  bool one_word = std::ranges::none_of(plain.letters,
                                       [](const Letter& l) { return l.kind != Kind::kLetter || l.gap != 0; });
  if (one_word && word.letters >= kShortestMasked) {
    std::u32string spelling;
    for (const Letter& letter : plain.letters) spelling += letter.c;
    masked_.emplace(mask_key(spelling.front(), spelling.back(), spelling.size()), std::pair(spelling, index));
  }
}

std::shared_ptr<const Lexicon> Lexicon::compile(std::span<const WordList> lists) {
  (void)fold(" ");  // its table is made now, not while the first comment waits
  auto lexicon = std::make_shared<Lexicon>();
  for (const WordList& list : lists) {
    auto number = static_cast<uint32_t>(lexicon->lists_.size());
    lexicon->lists_.push_back(list.name);
    for (const Entry& entry : list.entries) lexicon->add(entry, number);
  }
  lexicon->plain_.build();
  lexicon->disguised_.build();
  return lexicon;
}

/// Of the outer runs only as much as the word needs, in whole stretches: "bus stop" has the word "bus".
Lexicon::Span Lexicon::span_of(const Word& word, const Letters& text, size_t end_run) {
  const auto& letters = text.letters;
  const Run& last = text.runs[end_run];
  const Run& first = text.runs[end_run + 1 - word.pieces.size()];
  bool substring = word.pieces.front().kind == Kind::kUnspaced;
  Span span{first.first, last.first + last.count - 1};
  if (uint32_t needed = word.pieces.front().count; word.pieces.size() > 1 && first.count > needed) {
    span.first = first.first + first.count - needed;
    while (!substring && span.first > first.first && letters[span.first].gap == 0) --span.first;
  }
  substring = word.pieces.back().kind == Kind::kUnspaced;
  if (uint32_t needed = word.pieces.back().count; last.count > needed) {
    span.last = last.first + needed - 1;
    while (!substring && span.last + 1 < last.first + last.count && letters[span.last + 1].gap == 0)
      ++span.last;
  }
  return span;
}

Lexicon::Fit Lexicon::fit_repeats(const Word& word, const Letters& text, Span span) {
  Fit fit = Fit::kExact;
  uint32_t at = span.first;
  for (size_t i = 0; i < word.pieces.size(); ++i) {
    const Piece& piece = word.pieces[i];
    uint32_t begin = at;
    while (at <= span.last && text.letters[at].c == piece.c) ++at;
    uint32_t count = at - begin;
    if (count < piece.count) return Fit::kNo;
    if (count == piece.count) continue;
    if (piece.kind == Kind::kDigit) return Fit::kNo;
    // "shoot" may be "shot" shouted, but "good" is not "god".
    bool doubled = piece.kind == Kind::kLetter && count < 3 && !seldom_doubled(piece.c);
    if (doubled && word.letters < 4) return Fit::kNo;
    fit = std::min(fit, doubled || piece.kind == Kind::kUnspaced ? Fit::kGuess : Fit::kPlain);
  }
  return fit;
}

Lexicon::Fit Lexicon::fit_gaps(const Word& word, const Letters& text, Span span) {
  Fit fit = Fit::kExact;
  bool any_space = false;
  bool any_sentence = false;  // one ends within
  bool all_single = true;     // every stretch between blanks is one letter, perhaps repeated
  bool any_scrap = false;     // a stretch that is no word
  bool single = true;
  std::u32string stretch;
  auto close_stretch = [&] {
    all_single = all_single && single;
    any_scrap = any_scrap || !is_small_word(stretch);
    single = true;
    stretch.clear();
  };
  size_t piece = 0;
  for (uint32_t i = span.first; i <= span.last; ++i) {
    const Letter& letter = text.letters[i];
    if (i > span.first) {
      bool repeated = letter.c == text.letters[i - 1].c;
      if (!repeated) ++piece;
      bool expected = word.pieces[piece].gap != 0;
      if (!expected && (letter.gap & (kGapContraction | kGapFar)) != 0) return Fit::kNo;
      constexpr Gap kSentence = kGapStop | kGapSpace;
      bool sentence = word.spaced && (letter.gap & kSentence) == kSentence;
      if (expected && sentence && (word.pieces[piece].gap & kGapStop) == 0) return Fit::kNo;
      any_sentence = any_sentence || sentence;
      if (!expected && letter.gap != 0) fit = std::min(fit, Fit::kPlain);
      if (!expected && !word.spaced && (letter.gap & kGapStop) != 0) fit = Fit::kGuess;
      if (!expected && (letter.gap & kGapSpace) != 0) {
        any_space = true;
        close_stretch();
      } else {
        single = single && repeated;
      }
    }
    stretch += letter.c;
  }
  close_stretch();
  if (!word.spaced) {
    // 打赌，博物馆: two characters with a clause's end between them are a word only if they stand alone.
    bool alone = (span.first == 0 || text.letters[span.first].gap != 0) &&
                 (span.last + 1 == text.letters.size() || text.letters[span.last + 1].gap != 0);
    return fit == Fit::kGuess && word.letters == 2 && !alone ? Fit::kNo : fit;
  }
  if (!any_space) return fit;
  if (all_single && word.letters >= 3) return fit;
  // "gamb ling" and "sh it", but not "the pen is" and "Push. It works"; and no beginning of a longer word.
  bool torn = !any_sentence && (word.letters >= 6 || (word.letters >= 4 && any_scrap));
  return torn && stands_alone(word, text, span, false) ? Fit::kGuess : Fit::kNo;
}

/// At a border of words on both sides, where its script has such.
bool Lexicon::stands_alone(const Word& word, const Letters& text, Span span, bool may_go_on) {
  const auto& letters = text.letters;
  auto joined = [&](uint32_t before, bool contraction_joins) {
    const Letter& right = letters[before + 1];
    bool touches = right.gap == 0 || (contraction_joins && right.gap == kGapContraction);
    return touches && letters[before].kind == right.kind;
  };
  if (letters[span.first].kind != Kind::kUnspaced && !(may_go_on && word.open_left) && span.first > 0 &&
      joined(span.first - 1, true)) {
    return false;
  }
  return letters[span.last].kind == Kind::kUnspaced || (may_go_on && word.open_right) ||
         span.last + 1 == letters.size() || !joined(span.last, false);
}

Lexicon::Fit Lexicon::fit(const Word& word, const Letters& text, Span span) {
  if (!stands_alone(word, text, span, true)) return Fit::kNo;
  Fit repeats = fit_repeats(word, text, span);
  return repeats == Fit::kNo ? Fit::kNo : std::min(repeats, fit_gaps(word, text, span));
}

/// 455 is a number, a55 a road; sh1t is neither.
bool Lexicon::is_disguise(const Word& word, const Letters& text, Span span) {
  uint32_t disguised = 0;
  uint32_t own = 0;  // letters that are letters, of whatever script
  for (uint32_t i = span.first; i <= span.last; ++i) {
    const Letter& letter = text.letters[i];
    if (letter.disguised) ++disguised;
    if (!letter.disguised || letter.foreign) ++own;
  }
  if (own < 2) return false;
  return disguised > 0 || word.letters >= 5;  // the rest are 'i' for 'l': ldiot
}

Lexicon::Found Lexicon::found_at(const Word& word, const Letters& text, Span span, Fit fit) const {
  bool refuses = word.kind == Entry::Kind::kRefuse && fit >= Fit::kPlain;
  return {{lists_[word.list], refuses ? Severity::kRefuse : Severity::kHold, text.letters[span.first].at,
           text.letters[span.last].at},
          word.kind == Entry::Kind::kShield};
}

void Lexicon::find_plain(const Letters& text, std::vector<Found>& found) const {
  plain_.scan(text.key(), [&](uint32_t value, size_t end_run) {
    const Word& word = words_[value];
    Span span = span_of(word, text, end_run);
    Fit how = fit(word, text, span);
    bool counts = word.kind == Entry::Kind::kShield ? how == Fit::kExact : how != Fit::kNo;
    if (counts) found.push_back(found_at(word, text, span, how));
  });
}

void Lexicon::find_disguised(const Folded& text, std::vector<Found>& found) const {
  Letters seen = letters_seen_in(text);
  disguised_.scan(seen.key(), [&](uint32_t value, size_t end_run) {
    const Word& word = seen_[value];
    Span span = span_of(word, seen, end_run);
    if (!is_disguise(word, seen, span) || fit(word, seen, span) == Fit::kNo) return;
    found.push_back(found_at(word, seen, span, Fit::kGuess));
  });
}

/// f*ck, s**t: signs in the place of letters, as many as there were.
void Lexicon::find_masked(const Folded& text, std::vector<Found>& found) const {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i].kind != Kind::kLetter || (i > 0 && text[i - 1].kind == Kind::kLetter)) continue;
    size_t end = i;
    bool masked = false;
    size_t last = i;  // the last letter so far
    for (; end < text.size() && end - i <= kLongestWord; ++end) {
      if (text[end].kind == Kind::kLetter) {
        last = end;
      } else if (!is_mask(text[end].c)) {
        break;
      }
    }
    for (size_t k = i; k < last; ++k) masked = masked || text[k].kind != Kind::kLetter;
    size_t length = last + 1 - i;
    if (masked && length >= kShortestMasked) {
      auto [from, to] = masked_.equal_range(mask_key(text[i].c, text[last].c, length));
      for (auto it = from; it != to; ++it) {
        const auto& [spelling, index] = it->second;
        bool same = true;
        for (size_t k = 0; same && k < length; ++k) {
          same = text[i + k].kind != Kind::kLetter || text[i + k].c == spelling[k];
        }
        if (!same) continue;
        WordMatch match{lists_[words_[index].list], Severity::kHold, static_cast<uint32_t>(i),
                        static_cast<uint32_t>(last)};
        found.push_back({match, false});
      }
    }
    i = last;
  }
}

std::optional<WordMatch> Lexicon::find(const Folded& text) const {
  std::vector<Found> found;
  find_plain(letters_of(text), found);
  find_disguised(text, found);
  find_masked(text, found);
  if (found.empty()) return std::nullopt;
  // How far the shields reach that begin at a character or before it.
  std::vector<uint32_t> sheltered(text.size());
  for (const Found& one : found) {
    if (one.shield) sheltered[one.match.first] = std::max(sheltered[one.match.first], one.match.last + 1);
  }
  for (size_t i = 1; i < sheltered.size(); ++i) sheltered[i] = std::max(sheltered[i], sheltered[i - 1]);
  std::optional<WordMatch> best;
  for (const Found& one : found) {
    if (one.shield || one.match.last < sheltered[one.match.first]) continue;
    bool better = !best || one.match.severity > best->severity ||
                  (one.match.severity == best->severity && one.match.first < best->first);
    if (better) best = one.match;
  }
  return best;
}

}  // namespace openday::engage
