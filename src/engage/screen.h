// What a text has that it should not: the rules `word:NAME`, `link`, `phone` and `id_number`. Pure, any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engage/lexicon.h"

namespace openday::engage {

struct TextFinding {
  Severity severity = Severity::kHold;
  std::string rule;     // as docs/ROOM.md names it
  uint32_t from = 0;    // bytes of the text
  uint32_t to = 0;      // behind the last
  uint32_t from16 = 0;  // the same in UTF-16 units, as pages count
  uint32_t to16 = 0;
  bool operator==(const TextFinding&) const = default;
};

/// The most severe finding; of several the one that begins first. Linear: about 7 µs for 50 characters.
std::optional<TextFinding> screen(std::string_view text, const Lexicon& lexicon);

/// Of what is said, not how it is dressed: equal for texts that differ in case, width, accents, signs, blanks
/// and repeated letters. Not a secret, and not proof against somebody who looks for two texts with the same.
uint64_t fingerprint(std::string_view text);

/// What a name looks like, for comparison only: equal for names whose letters are drawn alike, of whatever
/// scripts, with digits and signs as the letters they stand for, and in whatever the fingerprint leaves out.
/// Empty: it has no letters.
std::u32string looks_of(std::string_view name);

}  // namespace openday::engage
