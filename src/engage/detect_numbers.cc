#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "engage/detect.h"

namespace openday::engage {

namespace {

struct Digit {
  int value = 0;
  uint32_t at = 0;
};

/// Digits that stand together.
struct Group {
  uint32_t first = 0;  // in Digits::digits
  uint32_t size = 0;
  char32_t before = 0;   // what parts it from the group before, if that is one character; 0: more than one
  bool stop = false;     // a clause's end among that
  bool begins = true;    // nothing before it belongs to the same number
  bool bracket = false;  // ( or ) or - or . among it: how telephone numbers are grouped
};

struct Digits {
  std::vector<Digit> digits;
  std::vector<Group> groups;
};

constexpr uint32_t kWidestSeparator = 4;
constexpr uint32_t kLongestNumber = 18;

/// o, l and i written for 0 and 1: in a run as long as a mobile number that is digits at least in part,
/// hyphens apart.
std::vector<bool> letters_for_digits(const Folded& text) {
  std::vector<bool> out(text.size());
  auto is_stand_in = [&](size_t i) { return text[i].c == U'o' || text[i].c == U'l' || text[i].c == U'i'; };
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    size_t real = 0;
    size_t hyphens = 0;
    for (; end < text.size(); ++end) {
      bool hyphen = text[end].c == U'-' && end > i && text[end - 1].c != U'-';
      if (!hyphen && digit_of(text[end]) < 0 && !is_stand_in(end)) break;
      if (hyphen) ++hyphens;
      if (digit_of(text[end]) >= 0) ++real;
    }
    bool mobile = end - i == hyphens + 11 && (is_stand_in(i) ? text[i].c != U'o' : digit_of(text[i]) == 1);
    if (end - i >= hyphens + 11 && real >= 4 && (hyphens == 0 || mobile)) {
      for (size_t k = i; k < end; ++k) out[k] = is_stand_in(k);
    }
    i = std::max(end, i + 1);
  }
  return out;
}

bool separates(const FoldedChar& c) {
  return !is_word_char(c.kind) || c.c == U'杠' || c.c == U'横';
}

Digits digits_in(const Folded& text) {
  Digits out;
  std::vector<bool> stand_in = letters_for_digits(text);
  for (uint32_t i = 0; i < text.size(); ++i) {
    int value = stand_in[i] ? (text[i].c == U'o' ? 0 : 1) : digit_of(text[i]);
    if (value < 0) continue;
    uint32_t gap = out.digits.empty() ? 0 : i - out.digits.back().at - 1;
    if (out.digits.empty() || gap > 0) {
      Group group{.first = static_cast<uint32_t>(out.digits.size())};
      group.begins = out.digits.empty() || gap > kWidestSeparator;
      for (uint32_t k = i - std::min(gap, kWidestSeparator); k < i; ++k) {
        group.begins = group.begins || !separates(text[k]);
        group.stop = group.stop || text[k].kind == Kind::kStop;
        group.bracket = group.bracket || std::u32string_view(U"()-.").contains(text[k].c);
      }
      if (gap == 1) group.before = text[i - 1].c;
      out.groups.push_back(group);
    }
    out.digits.push_back({value, i});
    ++out.groups.back().size;
  }
  return out;
}

/// Some groups one after the other, read as one number.
struct Number {
  const Folded& text;
  const Digits& all;
  size_t first_group = 0;
  size_t groups = 0;
  uint32_t length = 0;  // digits

  [[nodiscard]] const Group& group(size_t i) const { return all.groups[first_group + i]; }
  [[nodiscard]] int digit(size_t i) const { return all.digits[group(0).first + i].value; }
  [[nodiscard]] uint32_t from() const { return all.digits[group(0).first].at; }
  [[nodiscard]] uint32_t to() const { return all.digits[group(0).first + length - 1].at; }
  [[nodiscard]] int64_t value(size_t at, size_t count) const {  // kLongestNumber digits fit
    int64_t out = 0;
    for (size_t i = at; i < at + count; ++i) out = out * 10 + digit(i);
    return out;
  }
  [[nodiscard]] int64_t group_value(size_t i) const {
    return value(group(i).first - group(0).first, group(i).size);
  }
  [[nodiscard]] bool sizes(std::initializer_list<uint32_t> wanted) const {
    if (groups != wanted.size()) return false;
    for (size_t i = 0; i < groups; ++i) {
      if (group(i).size != wanted.begin()[i]) return false;
    }
    return true;
  }
  /// No digits before or behind it.
  [[nodiscard]] bool is_whole() const {
    size_t next = first_group + groups;
    return group(0).begins && (next == all.groups.size() || all.groups[next].begins);
  }
  template <class Test>
  [[nodiscard]] bool each(size_t from_group, Test&& test) const {
    for (size_t i = from_group; i < groups; ++i) {
      if (!test(i)) return false;
    }
    return true;
  }
  [[nodiscard]] bool parted_by(char32_t c) const {
    return each(1, [&](size_t i) { return group(i).before == c; });
  }
};

bool is_amount(const Number& number) {
  uint32_t after = number.to() + 1;
  if (after < number.text.size() && std::u32string_view(U"元块亿次票%").contains(number.text[after].c))
    return true;
  return number.from() > 0 && std::u32string_view(U"¥$€£").contains(number.text[number.from() - 1].c);
}

/// What looks like a number of groups and is an address, a version, a fraction, years or times of day.
bool is_other_grouping(const Number& number) {
  auto within = [&](size_t i, int least, int most) {
    return number.group_value(i) >= least && number.group_value(i) <= most;
  };
  if (number.groups == 2 && number.parted_by(U'.')) return true;
  if (number.groups == 4 && number.parted_by(U'.') &&
      number.each(0, [&](size_t i) { return within(i, 0, 255); })) {
    return true;
  }
  if (number.sizes({4, 4, 3}) && within(0, 1900, 2099) && within(1, 1900, 2099)) return true;
  return number.groups > 1 && number.each(0, [&](size_t i) {
    return number.group(i).size == 4 && number.group_value(i) / 100 < 24 && number.group_value(i) % 100 < 60;
  });
}

bool is_mobile(const Number& number) {
  if (number.length != 11 || number.digit(0) != 1 || number.digit(1) < 3) return false;
  if (number.groups == 1 || number.groups == 11 || number.sizes({3, 4, 4})) return true;
  if (!number.each(1, [&](size_t i) { return !number.group(i).stop; })) return false;
  uint32_t first = number.group(0).size;
  if (first == 1) return number.groups <= 5 || number.group(1).size == 1;
  bool sizeable = number.each(0, [&](size_t i) { return number.group(i).size >= 2; });
  return first >= 3 && (number.groups > 4 || sizeable);
}

/// 86 or 0086 in front, and all of it in one.
bool is_mobile_with_country(const Number& number) {
  if (number.groups != 1 || (number.length != 13 && number.length != 15)) return false;
  size_t prefix = number.length - 11;
  return number.value(0, prefix) == 86 && number.digit(prefix) == 1 && number.digit(prefix + 1) >= 3;
}

bool is_landline(const Number& number) {
  if (number.digit(0) != 0 || number.digit(1) == 0) return false;
  if (number.groups == 1) {
    bool short_code = number.digit(1) == 2 || (number.digit(1) == 1 && number.digit(2) == 0);
    return short_code ? number.length == 11
                      : number.digit(1) >= 3 && (number.length == 11 || number.length == 12);
  }
  return number.length >= 10 && number.length <= 12 && number.groups <= 4 && number.each(0, [&](size_t i) {
    return number.group(i).size >= 3 && (i == 0 || !number.group(i).stop);
  });
}

bool is_service_number(const Number& number) {
  if (number.length != 10 || (number.value(0, 3) != 400 && number.value(0, 3) != 800)) return false;
  return number.groups == 1 || number.sizes({3, 3, 4}) || number.sizes({4, 3, 3}) ||
         number.sizes({3, 4, 3}) || number.sizes({3, 7});
}

bool is_american(const Number& number) {
  if (number.sizes({1, 3, 3, 4})) return number.digit(0) == 1 && number.parted_by(U'-');
  return number.sizes({3, 3, 4}) && number.digit(0) >= 2 && number.group(1).bracket &&
         number.group(2).bracket;
}

bool is_international(const Number& number) {
  if (number.length >= 11 && number.length <= 16 && number.value(0, 2) == 0 && number.digit(2) != 0) {
    return number.groups == 1 || number.group(0).size >= 4;
  }
  uint32_t at = number.from();
  while (at > 0 && (number.text[at - 1].kind == Kind::kSpace || number.text[at - 1].c == U'(')) --at;
  bool plus = at > 0 && (number.text[at - 1].c == U'+' || number.text[at - 1].c == U'➕');
  bool sum = at > 1 && number.text[at - 2].kind == Kind::kDigit;
  return plus && !sum && number.digit(0) != 0 && number.length >= (number.groups > 1 ? 8 : 9) &&
         number.length <= 15;
}

/// 电话 62345678, call me at 555 0199: what comes before says what it is.
bool is_announced(const Number& number) {
  static constexpr std::array<std::u32string_view, 16> kWords = {
      U"电话", U"手机",  U"致电", U"拨打", U"打给我", U"联系我", U"座机", U"来电",
      U"call", U"phone", U"tel",  U"dial", U"mobile", U"number", U"ring", U"text"};
  static constexpr std::array<std::u32string_view, 12> kBetween = {
      U"号码", U"号", U"是", U"为", U"me", U"us", U"at", U"on", U"is", U"my", U"number", U"no"};
  if (number.length < 7 || number.length > 12 || number.groups > 3) return false;
  if (!number.each(
          0, [&](size_t i) { return number.group(i).size >= 3 && (i == 0 || !number.group(i).stop); })) {
    return false;
  }
  std::u32string before;
  uint32_t from = number.from() > 24 ? number.from() - 24 : 0;
  for (uint32_t i = from; i < number.from(); ++i) before += number.text[i].c;
  auto take = [&](std::u32string_view word) {
    if (!before.ends_with(word)) return false;
    before.resize(before.size() - word.size());
    return true;
  };
  for (int words = 0; words < 4; ++words) {
    while (!before.empty() && std::u32string_view(U" :-.#(").contains(before.back())) before.pop_back();
    if (std::ranges::any_of(kWords, [&](auto word) { return before.ends_with(word); })) return true;
    if (!std::ranges::any_of(kBetween, take)) return false;
  }
  return false;
}

bool is_phone(const Number& number) {
  if (number.length < 7 || is_amount(number) || is_other_grouping(number)) return false;
  return is_mobile(number) || is_mobile_with_country(number) || is_landline(number) ||
         is_service_number(number) || is_american(number) || is_international(number) || is_announced(number);
}

bool is_province(int64_t code) {
  return (code >= 11 && code <= 15) || (code >= 21 && code <= 23) || (code >= 31 && code <= 37) ||
         (code >= 41 && code <= 46) || (code >= 50 && code <= 54) || (code >= 61 && code <= 65) ||
         code == 71 || (code >= 81 && code <= 83) || code == 91;
}

bool is_day(int64_t year, int64_t month, int64_t day) {
  static constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1) return false;
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return day <= kDays[static_cast<size_t>(month - 1)] + (leap && month == 2 ? 1 : 0);
}

/// GB 11643-1999, 4.1: region, birthday, order, and a check character after ISO 7064 MOD 11-2.
bool is_modern_id(const Number& number, int check) {
  int64_t year = number.value(6, 4);
  if (!is_province(number.value(0, 2)) || year < 1850 || year > 2100) return false;
  if (!is_day(year, number.value(10, 2), number.value(12, 2))) return false;
  int sum = 0;
  int weight = 2;
  for (size_t i = 17; i-- > 0; weight = weight * 2 % 11) sum += number.digit(i) * weight;
  return (sum + check) % 11 == 1;
}

/// The last character of `number`, if it is an identity number.
std::optional<uint32_t> id_end(const Number& number) {
  if (number.length == 18 && is_modern_id(number, number.digit(17))) return number.to();
  if (number.length == 17) {
    uint32_t at = number.to() + 1;
    while (at < number.text.size() && at - number.to() <= kWidestSeparator && separates(number.text[at]))
      ++at;
    bool is_x = at < number.text.size() && (number.text[at].c == U'x' || number.text[at].c == U'×');
    if (is_x && is_modern_id(number, 10)) return at;
  }
  bool old = number.length == 15 && (number.group(0).size >= 6 || number.is_whole()) &&
             is_province(number.value(0, 2)) &&
             is_day(1900 + number.value(6, 2), number.value(8, 2), number.value(10, 2));
  return old ? std::optional(number.to()) : std::nullopt;
}

/// 138a1234b5678, 138中间1234中间5678: a mobile number of three groups, parted by one or two letters or twice
/// the same.
std::optional<Stretch> parted_mobile(const Folded& text) {
  Digits all = digits_in(text);
  for (size_t i = 0; i + 2 < all.groups.size(); ++i) {
    const Group* group = &all.groups[i];
    if (group[0].size != 3 || group[1].size != 4 || group[2].size != 4 || !group[0].begins) continue;
    const Digit* digit = &all.digits[group[0].first];
    if (digit[0].value != 1 || digit[1].value < 3) continue;
    if (i + 3 < all.groups.size() && all.digits[group[3].first].at == digit[10].at + 1) continue;
    auto between = [&](size_t last) {
      std::u32string out;
      for (uint32_t k = digit[last].at + 1; k < digit[last + 1].at && out.size() <= 2; ++k) out += text[k].c;
      return out;
    };
    std::u32string first = between(2);
    std::u32string second = between(6);
    bool latin = std::ranges::all_of(first + second, [](char32_t c) { return c >= U'a' && c <= U'z'; });
    if (first.size() > 2 || second.size() > 2 || (!latin && first != second)) continue;
    Number number{.text = text, .all = all, .first_group = i, .groups = 3, .length = 11};
    if (!is_amount(number)) return Stretch{digit[0].at, digit[10].at};
  }
  return std::nullopt;
}

/// The first number of whole groups for which `end_of` tells an end.
template <class EndOf>
std::optional<Stretch> first_number(const Folded& text, EndOf&& end_of) {
  Digits all = digits_in(text);
  if (all.digits.size() < 7) return std::nullopt;
  for (size_t first = 0; first < all.groups.size(); ++first) {
    std::optional<Stretch> best;
    Number number{.text = text, .all = all, .first_group = first};
    for (size_t last = first; last < all.groups.size(); ++last) {
      if (last > first && all.groups[last].begins) break;
      number.length += all.groups[last].size;
      ++number.groups;
      if (number.length > kLongestNumber) break;
      if (std::optional<uint32_t> end = end_of(number)) best = Stretch{number.from(), *end};
    }
    if (best) return best;
  }
  return std::nullopt;
}

}  // namespace

int digit_of(const FoldedChar& c) {
  if (c.kind == Kind::kDigit) return static_cast<int>(c.c - U'0');
  switch (c.c) {
    case U'零':
    case U'〇': return 0;
    case U'一':
    case U'壹':
    case U'幺':
    case U'弌': return 1;
    case U'二':
    case U'贰':
    case U'两':
    case U'弍': return 2;
    case U'三':
    case U'叁':
    case U'弎': return 3;
    case U'四':
    case U'肆': return 4;
    case U'五':
    case U'伍': return 5;
    case U'六':
    case U'陆': return 6;
    case U'七':
    case U'柒': return 7;
    case U'八':
    case U'捌': return 8;
    case U'九':
    case U'玖': return 9;
    default: return -1;
  }
}

std::optional<Stretch> find_phone(const Folded& text) {
  auto found = first_number(text, [](const Number& number) {
    return is_phone(number) ? std::optional(number.to()) : std::nullopt;
  });
  return found ? found : parted_mobile(text);
}

std::optional<Stretch> find_id_number(const Folded& text) {
  return first_number(text, id_end);
}

}  // namespace openday::engage
