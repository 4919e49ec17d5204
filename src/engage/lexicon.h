// All word lists of the institution, made ready to be looked for in a text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engage/automaton.h"
#include "engage/fold.h"
#include "engage/letters.h"
#include "engage/word_list.h"

namespace openday::engage {

enum class Severity : uint8_t { kHold, kRefuse };

struct WordMatch {
  std::string_view list;  // lives as long as the lexicon
  Severity severity = Severity::kHold;
  uint32_t first = 0;  // characters of the folded text, both included
  uint32_t last = 0;
};

/// Immutable: any thread. A changed list makes a new one, which replaces the shared pointer.
///
/// A word is found with signs, blanks and emoji between its letters and with letters repeated. What is not
/// the word's plain spelling but a guess (a look-alike letter, a word written in pieces) holds even where the
/// word refuses. Words of spaced scripts match whole words; see docs/MODERATION.md.
class Lexicon {
 public:
  static std::shared_ptr<const Lexicon> compile(std::span<const WordList> lists);

  /// The most severe match, the first of them. Linear in the text.
  [[nodiscard]] std::optional<WordMatch> find(const Folded& text) const;

 private:
  struct Piece {  // a run of one letter
    char32_t c = 0;
    Kind kind = Kind::kLetter;
    uint32_t count = 0;
    Gap gap = 0;  // what the word itself has before or within the run
  };
  struct Word {
    std::vector<Piece> pieces;
    uint32_t letters = 0;
    bool spaced = true;  // all letters are of spaced scripts
    bool open_left = false;
    bool open_right = false;
    Entry::Kind kind = Entry::Kind::kHold;
    uint32_t list = 0;
  };
  enum class Fit : uint8_t {
    kNo,
    kGuess,
    kPlain,  // with repeats and gaps that leave no doubt
    kExact   // with neither
  };
  struct Span {
    uint32_t first = 0;  // letters
    uint32_t last = 0;
  };
  struct Found {
    WordMatch match;
    bool shield = false;
  };

  void add(const Entry& entry, uint32_t list);
  static Word word_of(const Letters& letters, const Entry& entry, uint32_t list);

  static Span span_of(const Word& word, const Letters& text, size_t end_run);
  static Fit fit(const Word& word, const Letters& text, Span span);
  static Fit fit_repeats(const Word& word, const Letters& text, Span span);
  static Fit fit_gaps(const Word& word, const Letters& text, Span span);
  static bool stands_alone(const Word& word, const Letters& text, Span span, bool may_go_on);
  static bool is_disguise(const Word& word, const Letters& text, Span span);

  void find_plain(const Letters& text, std::vector<Found>& found) const;
  void find_disguised(const Folded& text, std::vector<Found>& found) const;
  void find_masked(const Folded& text, std::vector<Found>& found) const;
  [[nodiscard]] Found found_at(const Word& word, const Letters& text, Span span, Fit fit) const;

  std::vector<std::string> lists_;
  std::vector<Word> words_;  // as letters_of() spells them
  std::vector<Word> seen_;   // as letters_seen_in() does; those with spaced letters
  Automaton plain_;
  Automaton disguised_;
  /// Words of four letters or more by first letter, last letter and length: what f**k may stand for.
  std::unordered_multimap<uint64_t, std::pair<std::u32string, uint32_t>> masked_;
};

}  // namespace openday::engage
