// The letters of a folded text without what stands between them: what word lists are looked for in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engage/fold.h"

namespace openday::engage {

/// What lies between a letter and the one before it; bits.
using Gap = uint8_t;
inline constexpr Gap kGapSign = 1;
inline constexpr Gap kGapSpace = 2;
inline constexpr Gap kGapStop = 4;  // the end of a clause
inline constexpr Gap kGapFar = 8;   // more than kWidestGap characters
/// The apostrophe of "he'll" and "Tom's": both sides are one word, and neither is a part of another.
inline constexpr Gap kGapContraction = 16;
inline constexpr uint32_t kWidestGap = 20;

struct Letter {
  char32_t c = 0;
  Kind kind = Kind::kLetter;
  Gap gap = 0;
  bool disguised = false;  // c is what the text's character looks like
  bool foreign = false;    // and that one is a letter, too
  uint32_t at = 0;         // in the folded text
};

/// A letter and its repetitions, whatever lies between them.
struct Run {
  uint32_t first = 0;  // in `letters`
  uint32_t count = 0;
};

struct Letters {
  std::vector<Letter> letters;
  std::vector<Run> runs;
  [[nodiscard]] std::u32string key() const;  // a letter for each run
  [[nodiscard]] const Letter& head(const Run& run) const { return letters[run.first]; }
};

Letters letters_of(const Folded& text);
/// The same with foreign letters, digits and signs as the Latin letters they look like; 'l' counts as 'i'.
Letters letters_seen_in(const Folded& text);

}  // namespace openday::engage
