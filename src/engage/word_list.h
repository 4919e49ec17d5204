// A word list as people write it (docs/MODERATION.md, "Word lists"). Pure, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace openday::engage {

inline constexpr size_t kMostLines = 20'000;         // of a list, comments included
inline constexpr size_t kLongestLine = 400;          // bytes
inline constexpr size_t kLongestWord = 64;           // letters, as folded
inline constexpr size_t kLargestList = 1024 * 1024;  // bytes

struct Entry {
  enum class Kind : uint8_t {
    kHold,    // word
    kRefuse,  // !word
    kShield   // =phrase: what lies within it is innocent
  };
  std::string word;  // without the marks
  Kind kind = Kind::kHold;
  bool open_left = false;   // *word: a longer word may end in it
  bool open_right = false;  // word*: a longer word may begin with it
  bool operator==(const Entry&) const = default;
};

struct WordList {
  std::string name;
  std::vector<Entry> entries;
  [[nodiscard]] size_t words() const;  // shields are not counted
  bool operator==(const WordList&) const = default;
};

/// kInvalid and kLimit say which list and line, what is wrong and what was expected.
Result<WordList> parse_word_list(std::string_view name, std::string_view text);

}  // namespace openday::engage
