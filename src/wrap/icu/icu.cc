#include "wrap/icu/icu.h"

#include <unicode/normalizer2.h>
#include <unicode/translit.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <memory>

namespace openday::icu {

namespace {

UChar32 of(char32_t c) {
  return static_cast<UChar32>(c);
}

bool unspaced(UScriptCode script) {
  switch (script) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_BOPOMOFO:
    case USCRIPT_HANGUL:
    case USCRIPT_YI:
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
    case USCRIPT_TIBETAN: return true;
    default: return false;
  }
}

}  // namespace

std::u32string casefold(char32_t c) {
  UErrorCode status = U_ZERO_ERROR;
  const ::icu::Normalizer2* folding = ::icu::Normalizer2::getNFKCCasefoldInstance(status);
  ::icu::UnicodeString mapped;
  bool syllable = c >= 0xAC00 && c <= 0xD7A3;
  if (U_FAILURE(status) || syllable || !folding->getDecomposition(of(c), mapped)) return {c};
  std::u32string out;
  for (int32_t i = 0; i < mapped.length(); i = mapped.moveIndex32(i, 1)) {
    out += static_cast<char32_t>(mapped.char32At(i));
  }
  return out;
}

std::u32string simplified(std::u32string_view text) {
  std::u32string out(text);
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<::icu::Transliterator> transform(
      ::icu::Transliterator::createInstance("Hant-Hans", UTRANS_FORWARD, status));
  if (U_FAILURE(status)) return out;
  // Line breaks keep neighbours from being taken for words.
  ::icu::UnicodeString lines;
  for (char32_t c : text) lines.append(of(c)).append(u'\n');
  transform->transliterate(lines);
  int32_t begin = 0;
  for (char32_t& c : out) {
    int32_t end = lines.indexOf(u'\n', begin);
    if (end < 0) break;
    if (lines.countChar32(begin, end - begin) == 1) c = static_cast<char32_t>(lines.char32At(begin));
    begin = end + 1;
  }
  return out;
}

Category category(char32_t c) {
  UErrorCode status = U_ZERO_ERROR;
  UScriptCode script = uscript_getScript(of(c), &status);
  switch (u_charType(of(c))) {
    case U_CONTROL_CHAR:
    case U_SPACE_SEPARATOR:
    case U_LINE_SEPARATOR:
    case U_PARAGRAPH_SEPARATOR: return Category::kSpace;
    case U_FORMAT_CHAR: return Category::kFormat;
    case U_DECIMAL_DIGIT_NUMBER: return Category::kDigit;
    case U_NON_SPACING_MARK:
    case U_ENCLOSING_MARK:
    case U_COMBINING_SPACING_MARK:
      if (script == USCRIPT_INHERITED || script == USCRIPT_COMMON) return Category::kAccent;
      [[fallthrough]];
    case U_UPPERCASE_LETTER:
    case U_LOWERCASE_LETTER:
    case U_TITLECASE_LETTER:
    case U_MODIFIER_LETTER:
    case U_OTHER_LETTER: return unspaced(script) ? Category::kUnspaced : Category::kLetter;
    case U_LETTER_NUMBER: return script == USCRIPT_HAN ? Category::kUnspaced : Category::kOther;  // 〇
    default: return Category::kOther;
  }
}

int digit_value(char32_t c) {
  int type = u_getIntPropertyValue(of(c), UCHAR_NUMERIC_TYPE);
  bool digit = u_charType(of(c)) == U_DECIMAL_DIGIT_NUMBER;
  // UCHAR_NUMERIC_TYPE calls Han numerals and vulgar fractions numeric, circled ones digits.
  if (!digit && type != U_NT_DIGIT) return -1;
  return static_cast<int>(u_getNumericValue(of(c)));
}

}  // namespace openday::icu
