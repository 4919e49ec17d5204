// A text as the rules see it: one spelling for what looks or means the same, and where each character stands
// in the original. Pure functions, any thread; the first call builds the table (docs/MODERATION.md has its
// cost).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace openday::engage {

enum class Kind : uint8_t {
  kLetter,    // of a script that puts spaces between words
  kDigit,     // 0 to 9, whatever the script
  kUnspaced,  // Han and other scripts without spaces
  kSpace,
  kStop,  // what ends a clause: , ! ? ; : 。 、
  kSign   // other punctuation, symbols, emoji
};

struct FoldedChar {
  char32_t c = 0;
  Kind kind = Kind::kSign;
  bool greek_capital = false;  // which looks unlike its small letter
  uint32_t from = 0;           // bytes of the original
  uint32_t to = 0;             // with the invisible characters and accents behind it
};
using Folded = std::vector<FoldedChar>;

constexpr bool is_word_char(Kind kind) {
  return kind == Kind::kLetter || kind == Kind::kDigit || kind == Kind::kUnspaced;
}

/// NFKC and case folding, without accents, zero-width and format characters, variation selectors; full-width
/// as ASCII, digits of any script and in circles as 0 to 9, traditional Chinese as simplified. Each by
/// itself, so it is linear, and text and word lists fold alike. A byte that is no UTF-8 becomes U+FFFD. Texts
/// of up to 4 GiB.
Folded fold(std::string_view utf8);

/// That something of it can be seen: a letter, digit, sign or emoji, not only spaces, zero-width and format
/// characters, fillers and accents on nothing.
bool is_visible(std::string_view utf8);

/// The UTF-16 units of valid UTF-8: what a page counts in.
uint32_t utf16_length(std::string_view utf8);

/// The Latin letter or digit a folded letter of another script, or a letter in a frame, is drawn like; else
/// 0.
char32_t latin_look(const FoldedChar& folded);
/// The letter a digit or sign stands for in "l33t"; else 0. 1, l, | and ! are one: 'i'.
char32_t leet_look(char32_t folded);

}  // namespace openday::engage
