// Links, ways to be contacted elsewhere, telephone numbers and identity numbers in a folded text. Pure,
// linear.
#pragma once

#include <cstdint>
#include <optional>

#include "engage/fold.h"

namespace openday::engage {

/// Characters of the folded text, both included.
struct Stretch {
  uint32_t first = 0;
  uint32_t last = 0;
};

/// A web address, with or without its scheme, also taken apart ("example . com", "example dot com").
std::optional<Stretch> find_link(const Folded& text);
/// A messenger's name with an account behind it: 加微信 abc123, QQ 1234567.
std::optional<Stretch> find_contact(const Folded& text);
/// Chinese mobile and landline numbers, 400 and 800 ones, international ones, however they are grouped. Short
/// hotlines (110, 12345) are none.
std::optional<Stretch> find_phone(const Folded& text);
/// A Chinese identity number: 18 characters with the right check character (GB 11643-1999), or the old 15
/// digits.
std::optional<Stretch> find_id_number(const Folded& text);

/// The value of a digit, a Chinese one included; else -1.
int digit_of(const FoldedChar& c);

}  // namespace openday::engage
