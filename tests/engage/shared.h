// What the tests of the text rules share.
#pragma once

#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "engage/lexicon.h"

namespace openday::test {

/// A lexicon of one list called "test".
inline std::shared_ptr<const engage::Lexicon> lexicon_of(std::string_view text) {
  auto list = engage::parse_word_list("test", text);
  if (!list) throw std::runtime_error(list.error().message);
  return engage::Lexicon::compile(std::span(&*list, 1));
}

inline std::string utf8_of(char32_t c) {
  std::string out;
  auto tail = [&](int shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  return out;
}

inline std::string text_of(const engage::Folded& folded) {
  std::string out;
  for (const auto& c : folded) out += utf8_of(c.c);
  return out;
}

}  // namespace openday::test
