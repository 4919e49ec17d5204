// What Unicode says about characters, from ICU. Every function may be called from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace openday::icu {

/// The NFKC_Casefold mapping of one code point (UAX #44; Unicode 3.13, D145), its accents taken apart. Empty
/// for what is ignorable by default: zero-width characters, variation selectors, tags. A Hangul syllable
/// stays one.
std::u32string casefold(char32_t c);

/// Traditional Chinese characters as simplified ones, each by itself (CLDR's transform Hant-Hans); what has
/// no single simplified form stays. As long as `text`. Slow to begin with (tens of milliseconds): for tables.
std::u32string simplified(std::u32string_view text);

enum class Category : uint8_t {
  kOther,     // punctuation, symbols, what is not assigned
  kSpace,     // white space and control characters
  kFormat,    // invisible
  kAccent,    // a mark of no script of its own, such as U+0301
  kLetter,    // of a script that puts spaces between words, marks of that script included
  kUnspaced,  // of a script without spaces: Han, kana, Hangul, Thai, …
  kDigit
};
Category category(char32_t c);

/// 0 to 9 for decimal digits of any script and for digits in circles; else -1.
int digit_value(char32_t c);

}  // namespace openday::icu
