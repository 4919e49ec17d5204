#include <array>
#include <string_view>

#include "engage/detect.h"
#include "engage/letters.h"

namespace openday::engage {

namespace {

struct Messenger {
  std::u32string_view name;
  enum class Account : uint8_t { kDigits, kName } account = Account::kName;
  bool asked = false;  // counts only behind "add": one letter is too little
};

constexpr auto kDigits = Messenger::Account::kDigits;
constexpr auto kName = Messenger::Account::kName;
// Longer names stand before their beginnings.
constexpr std::array kMessengers = {
    Messenger{U"微信", kName},      Messenger{U"薇信", kName},       Messenger{U"徽信", kName},
    Messenger{U"威信", kName},      Messenger{U"维信", kName},       Messenger{U"微x", kName},
    Messenger{U"薇x", kName},       Messenger{U"v信", kName},        Messenger{U"wei信", kName},
    Messenger{U"weixin", kName},    Messenger{U"wechat", kName},     Messenger{U"vx", kName},
    Messenger{U"wx", kName},        Messenger{U"vxin", kName},       Messenger{U"telegram", kName},
    Messenger{U"电报", kName},      Messenger{U"tg", kName},         Messenger{U"whatsapp", kName},
    Messenger{U"抖音号", kName},    Messenger{U"快手号", kName},     Messenger{U"qq", kDigits},
    Messenger{U"扣扣", kDigits},    Messenger{U"球球", kDigits},     Messenger{U"企鹅", kDigits},
    Messenger{U"加群", kDigits},    Messenger{U"进群", kDigits},     Messenger{U"群号", kDigits},
    Messenger{U"q群", kDigits},     Messenger{U"q号", kDigits},      Messenger{U"微", kName, true},
    Messenger{U"薇", kName, true},  Messenger{U"威", kName, true},   Messenger{U"v", kName, true},
    Messenger{U"q", kDigits, true}, Messenger{U"扣", kDigits, true}, Messenger{U"我", kName, true},
};
constexpr size_t kShortestAccountName = 5;
constexpr size_t kLongestAccountName = 20;
constexpr size_t kShortestAccountNumber = 5;
constexpr size_t kLongestAccountNumber = 11;

bool adds(char32_t c) {
  return std::u32string_view(U"加+➕扣").contains(c);
}

/// The letter behind the messenger's name that begins at `at`; 0: another word.
size_t behind_name(const Letters& text, size_t at, std::u32string_view name) {
  const auto& letters = text.letters;
  if (at + name.size() > letters.size()) return 0;
  for (size_t i = 0; i < name.size(); ++i) {
    const Letter& letter = letters[at + i];
    if (letter.c != name[i] || (i > 0 && (letter.gap & (kGapFar | kGapStop | kGapContraction)) != 0))
      return 0;
  }
  bool joined = at > 0 && letters[at].gap == 0 && letters[at - 1].kind == Kind::kLetter;
  return joined && letters[at].kind == Kind::kLetter ? 0 : at + name.size();
}

bool is_asked_for(const Folded& folded, const Letters& text, size_t at) {
  if (at > 0 && adds(text.letters[at - 1].c)) return true;
  uint32_t begin = text.letters[at].at;
  while (begin > 0 && folded[begin - 1].kind == Kind::kSpace) --begin;
  return begin > 0 && adds(folded[begin - 1].c);
}

/// v: abc123, 薇❤abc123
bool is_marked(const Folded& folded, const Letters& text, size_t behind) {
  if (behind >= text.letters.size() || text.letters[behind - 1].c == U'我') return false;
  uint32_t mark = text.letters[behind - 1].at + 1;
  return mark < text.letters[behind].at && std::u32string_view(U":❤♥→➡👉=").contains(folded[mark].c);
}

struct Account {
  size_t last = 0;  // its last letter
  size_t length = 0;
  size_t digits = 0;
  bool joined = false;  // with _ or -
};

/// A number, whatever stands between its digits.
Account number_at(const Folded& folded, const Letters& text, size_t at) {
  Account out;
  for (size_t i = at; i < text.letters.size(); ++i) {
    const Letter& letter = text.letters[i];
    if (digit_of(folded[letter.at]) < 0 || (i > at && (letter.gap & (kGapFar | kGapStop)) != 0)) break;
    out.last = i;
    out.digits = ++out.length;
  }
  return out;
}

/// Letters, digits, _ and - without a blank.
Account name_at(const Folded& folded, const Letters& text, size_t at) {
  Account out;
  for (size_t i = at; i < text.letters.size(); ++i) {
    const Letter& letter = text.letters[i];
    if (letter.kind == Kind::kUnspaced || (i > at && (letter.gap & ~kGapSign) != 0)) break;
    if (i > at && letter.gap != 0) {
      char32_t between = folded[letter.at - 1].c;
      if (between != U'_' && between != U'-') break;
      out.joined = true;
    }
    out.last = i;
    ++out.length;
    if (letter.kind == Kind::kDigit) ++out.digits;
  }
  return out;
}

bool is_quantity(const Folded& folded, const Letters& text, size_t last) {
  uint32_t after = text.letters[last].at + 1;
  if (after < folded.size() && folded[after].kind == Kind::kSpace) ++after;
  return after < folded.size() &&
         std::u32string_view(U"元块万亿人次票分名位个只件条年月日岁%").contains(folded[after].c);
}

/// 微信号是 abc123
bool is_glue(char32_t c) {
  return std::u32string_view(U"号群码是为我的账帐联系加搜").contains(c);
}

/// The account's last letter, if there is an account from the letter `at` on.
std::optional<size_t> account_at(const Folded& folded, const Letters& text, size_t at,
                                 const Messenger& messenger, bool asked_for) {
  const auto& letters = text.letters;
  bool pointed = messenger.asked;
  size_t begin = at;
  for (size_t most = 5; most > 0 && begin < letters.size() && is_glue(letters[begin].c); --most, ++begin) {
    pointed = pointed || letters[begin].c == U'号';
  }
  bool id = begin + 2 < letters.size() && letters[begin].c == U'i' && letters[begin + 1].c == U'd';
  if (id && letters[begin + 2].gap != 0) begin += 2;
  if (begin >= letters.size() || (letters[begin].gap & kGapFar) != 0) return std::nullopt;
  for (uint32_t i = letters[begin - 1].at + 1; i < letters[begin].at; ++i) {
    pointed = pointed || std::u32string_view(U":=>→@").contains(folded[i].c);
    if (folded[i].c == U'。' || folded[i].c == U'!' || folded[i].c == U'?') return std::nullopt;
  }
  Account number = number_at(folded, text, begin);
  if (asked_for && number.length >= kShortestAccountNumber && number.length <= kLongestAccountNumber) {
    return is_quantity(folded, text, number.last) ? std::nullopt : std::optional(number.last);
  }
  if (messenger.account == Messenger::Account::kDigits) return std::nullopt;
  Account name = name_at(folded, text, begin);
  if (name.length < kShortestAccountName || name.length > kLongestAccountName) return std::nullopt;
  bool mixed = (name.digits > 0 && name.digits < name.length) || name.joined;
  return mixed || (asked_for && pointed && name.digits == 0) ? std::optional(name.last) : std::nullopt;
}

}  // namespace

std::optional<Stretch> find_contact(const Folded& text) {
  Letters letters = letters_of(text);
  for (size_t i = 0; i < letters.letters.size(); ++i) {
    for (const Messenger& messenger : kMessengers) {
      size_t behind = messenger.name[0] == letters.letters[i].c ? behind_name(letters, i, messenger.name) : 0;
      if (behind == 0) continue;
      bool asked_for = !messenger.asked || is_asked_for(text, letters, i);
      if (!asked_for && !is_marked(text, letters, behind)) continue;
      if (auto last = account_at(text, letters, behind, messenger, asked_for)) {
        return Stretch{letters.letters[i].at, letters.letters[*last].at};
      }
    }
  }
  return std::nullopt;
}

}  // namespace openday::engage
