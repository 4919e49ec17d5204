#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "engage/detect.h"

namespace openday::engage {

namespace {

// The domains that comments link to. What is also an English word stands in the second table.
constexpr std::array<std::u32string_view, 47> kDomains = {
    U"com", U"cn",  U"net", U"org",    U"edu",  U"gov",  U"xyz",  U"vip",    U"cc",   U"tv",
    U"io",  U"ru",  U"hk",  U"tw",     U"jp",   U"kr",   U"uk",   U"de",     U"fr",   U"eu",
    U"au",  U"ca",  U"biz", U"icu",    U"ltd",  U"wang", U"club", U"online", U"site", U"top",
    U"app", U"dev", U"bet", U"casino", U"porn", U"info", U"mobi", U"asia",   U"ph",   U"la",
    U"pw",  U"gg",  U"ly",  U"中国",   U"公司", U"网络", U"网址"};
constexpr std::array<std::u32string_view, 28> kWordDomains = {
    U"me", U"in",   U"us",  U"it",   U"so",  U"is",    U"to",    U"at",   U"be",   U"do",
    U"no", U"my",   U"am",  U"live", U"one", U"fun",   U"link",  U"win",  U"work", U"life",
    U"co", U"shop", U"pro", U"red",  U"ai",  U"store", U"world", U"today"};
/// Those that no comment says by the way, and so may stand apart from their dot.
constexpr std::array<std::u32string_view, 7> kPlainDomains = {U"com", U"cn",  U"net", U"org",
                                                              U"xyz", U"vip", U"cc"};
/// The dot-com boom is no link.
constexpr std::array<std::u32string_view, 16> kDotComTalk = {
    U"boom",    U"bubble",  U"bust", U"era",    U"crash",   U"crisis", U"company", U"companies",
    U"startup", U"address", U"site", U"domain", U"domains", U"years",  U"stocks",  U"millionaire"};
constexpr std::array<std::u32string_view, 18> kNoLabels = {
    U"the",  U"a",   U"an", U"of",   U"this", U"that", U"any", U"old",  U"use",
    U"like", U"and", U"or", U"with", U"in",   U"on",   U"my",  U"your", U"early"};

template <size_t N>
bool among(const std::array<std::u32string_view, N>& words, std::u32string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_latin(char32_t c) {
  return c >= U'a' && c <= U'z';
}
bool is_digit(char32_t c) {
  return c >= U'0' && c <= U'9';
}

/// The text with look-alike letters as Latin ones: сom is com here, too. One character for each folded one.
class Reader {
 public:
  explicit Reader(const Folded& text) : folded_(text) {
    for (const FoldedChar& c : text) {
      char32_t look = latin_look(c);
      text_ += look != 0 ? look : c.c;
    }
  }

  [[nodiscard]] std::optional<Stretch> find() const {
    for (size_t i = 0; i < text_.size(); ++i) {
      if (auto found = scheme_at(i)) return found;
      if (auto found = port_at(i)) return found;
      if (auto found = dot_at(i)) return found;
    }
    return std::nullopt;
  }

 private:
  /// What parts a label from its domain.
  struct Dot {
    size_t begin = 0;  // with the blanks and brackets around it
    size_t end = 0;
    bool space_before = false;
    bool space_after = false;
    bool bracket = false;
    char32_t mark = U'.';  // '.', '。' (for all dots that are no full stop of ASCII), '点', 'd' (dot), ','
                           // (also 、 and ;)
  };
  struct Label {
    size_t begin = 0;
    size_t size = 0;
    bool latin = false;
    bool digit = false;
    bool hyphen = false;
    bool other = false;  // Han and the like
  };
  struct Domain {
    size_t end = 0;
    std::u32string name;
    bool spelled = false;  // c o m
  };

  [[nodiscard]] char32_t at(size_t i) const { return i < text_.size() ? text_[i] : 0; }
  [[nodiscard]] bool is_word(size_t i) const { return i < folded_.size() && is_word_char(folded_[i].kind); }
  [[nodiscard]] bool is_space(size_t i) const {
    return i < folded_.size() && folded_[i].kind == Kind::kSpace;
  }
  [[nodiscard]] bool is_bracket(size_t i) const {
    return i < text_.size() && std::u32string_view(U"()[]{}<>【】「」《》\"'*").contains(text_[i]);
  }
  [[nodiscard]] bool starts(size_t i, std::u32string_view word) const {
    return text_.compare(i, word.size(), word) == 0;
  }
  [[nodiscard]] size_t skip_spaces(size_t i) const {
    for (size_t most = 4; most > 0 && is_space(i); --most) ++i;
    return i;
  }
  [[nodiscard]] std::u32string word_at(size_t i) const {
    std::u32string out;
    for (; is_latin(at(i)) && out.size() < 12; ++i) out += at(i);
    return out;
  }
  [[nodiscard]] static Stretch stretch(size_t begin, size_t end) {
    return {static_cast<uint32_t>(begin), static_cast<uint32_t>(end - 1)};
  }

  /// http://, hxxps : //
  [[nodiscard]] std::optional<Stretch> scheme_at(size_t i) const {
    if (!starts(i, U"http") && !starts(i, U"hxxp") && !starts(i, U"h**p")) return std::nullopt;
    size_t end = i + 4;
    if (at(end) == U's') ++end;
    end = skip_spaces(end);
    if (at(end) != U':') return std::nullopt;
    end = skip_spaces(end + 1);
    if ((at(end) != U'/' && at(end) != U'\\') || at(end + 1) != at(end)) return std::nullopt;
    for (end += 2; end < text_.size() && !is_space(end); ++end) {
    }
    return stretch(i, end);
  }

  /// 192.0.2.1:8080 at `i`. Without a port it may as well be a version.
  [[nodiscard]] std::optional<Stretch> port_at(size_t i) const {
    if (i > 0 && (is_digit(at(i - 1)) || at(i - 1) == U'.')) return std::nullopt;
    size_t end = i;
    for (int part = 0; part < 5; ++part) {
      size_t begin = end;
      int value = 0;
      for (; is_digit(at(end)) && end - begin < 5; ++end)
        value = value * 10 + static_cast<int>(at(end) - U'0');
      if (end == begin || value > (part < 4 ? 255 : 65535)) return std::nullopt;
      if (part < 4 && at(end++) != (part < 3 ? U'.' : U':')) return std::nullopt;
    }
    return stretch(i, end);
  }

  /// The dot at `i`, if there is one of any kind.
  [[nodiscard]] std::optional<Dot> mark_at(size_t i) const {
    Dot dot{.begin = i, .end = i + 1};
    char32_t c = at(i);
    if (c == U'.' || c == U',' || c == U'点') {
      dot.mark = c;
    } else if (c == U'、' || c == U';') {
      dot.mark = U',';
    } else if (std::u32string_view(U"。·•・‧∙⋅●﹒").contains(c)) {
      dot.mark = U'。';
    } else if (starts(i, U"dot") && !is_latin(at(i + 3)) && (i == 0 || !is_latin(at(i - 1)))) {
      dot.mark = U'd';
      dot.end = i + 3;
    } else {
      return std::nullopt;
    }
    if (dot.mark > U'a' && dot.begin > 0 && at(dot.begin - 1) == U'-' &&
        at(dot.end) == U'-') {  // lucky-dot-com
      --dot.begin;
      ++dot.end;
    }
    for (size_t most = 4; most > 0 && dot.begin > 0 && (is_space(dot.begin - 1) || is_bracket(dot.begin - 1));
         --most) {
      --dot.begin;
      dot.space_before = dot.space_before || is_space(dot.begin);
      dot.bracket = dot.bracket || is_bracket(dot.begin);
    }
    for (size_t most = 4; most > 0 && (is_space(dot.end) || is_bracket(dot.end)); --most, ++dot.end) {
      dot.space_after = dot.space_after || is_space(dot.end);
      dot.bracket = dot.bracket || is_bracket(dot.end);
    }
    return dot;
  }

  [[nodiscard]] Label label_before(size_t end) const {
    constexpr size_t kLongest = 63;  // RFC 1035 2.3.4
    Label label{.begin = end};
    for (; label.begin > 0 && label.size < kLongest; --label.begin, ++label.size) {
      size_t i = label.begin - 1;
      char32_t c = at(i);
      if (c == U'-' || c == U'_') {
        label.hyphen = true;
      } else if (is_latin(c)) {
        label.latin = true;
      } else if (is_digit(c)) {
        label.digit = true;
      } else if (is_word(i) && c != U'点') {
        if (label.latin || label.digit) break;  // 注册example.com: what links is example.com
        label.other = true;
      } else {
        break;
      }
    }
    return label;
  }

  [[nodiscard]] std::optional<Domain> domain_at(size_t i) const {
    Domain domain{.end = i, .name = {}};
    if (is_latin(at(i))) {
      for (; is_latin(at(domain.end)) || is_digit(at(domain.end)); ++domain.end) {
        if (domain.name.size() == 8) return std::nullopt;
        domain.name += at(domain.end);
      }
      if (domain.name == U"c0m" || domain.name == U"corn" || domain.name == U"comm") domain.name = U"com";
    } else {
      domain.name = text_.substr(i, 2);
      domain.end = i + 2;
    }
    if (among(kDomains, domain.name) || among(kWordDomains, domain.name)) return domain;
    // Whatever its domain is, with a path it is an address: example.sbs/abc
    if (is_latin(at(i)) && domain.name.size() >= 2 && std::ranges::all_of(domain.name, is_latin) &&
        has_path(domain))
      return domain;
    // c o m, n-e-t
    domain = {.end = i, .name = {}, .spelled = true};
    for (size_t k = i; domain.name.size() < 3 && is_latin(at(k)) && !is_word(k + 1); ++k) {
      domain.name += at(k);
      domain.end = k + 1;
      if (among(kPlainDomains, domain.name)) return domain;
      while (k + 1 < text_.size() && !is_word(k + 1) && k + 1 - domain.end < 3) ++k;
    }
    return std::nullopt;
  }

  [[nodiscard]] bool has_path(const Domain& domain) const {
    return at(domain.end) == U'/' && is_word(domain.end + 1);
  }

  [[nodiscard]] bool is_label(const Label& label, const Dot& dot, const Domain& domain) const {
    bool path = at(domain.end) == U'/';
    if (label.size == 0) return false;
    if (label.size == 1 && !path && !domain.spelled && !dot.bracket) return false;
    if (!label.latin && !label.other) {  // digits alone: 163.com, but not "3.net" of a list
      return label.digit && label.size >= 2 && dot.mark != U'点' && among(kPlainDomains, domain.name);
    }
    return true;
  }

  [[nodiscard]] bool is_domain(const Label& label, const Dot& dot, const Domain& domain) const {
    std::u32string name = text_.substr(label.begin, label.size);
    size_t next = skip_spaces(domain.end);
    bool goes_on = is_latin(at(next)) && next > domain.end;
    bool path = has_path(domain);
    bool ascii = !label.other;
    bool common = among(kNoLabels, name);
    bool talk = among(kDotComTalk, word_at(next));
    if (dot.mark == U',') {
      return domain.name == U"com" && ascii && !dot.space_before && !dot.space_after && label.size >= 3;
    }
    if (dot.mark == U'd')
      return ascii && !common && !talk && among(kDomains, domain.name) && domain.name != U"net";
    if (dot.mark == U'点') return ascii && among(kPlainDomains, domain.name);
    if (dot.mark == U'。' && !ascii) return false;
    if (path && !dot.space_before && !dot.space_after && !among(kDomains, domain.name)) {
      bool known = among(kWordDomains, domain.name);
      return known ? ascii || dot.mark == U'.' : ascii && label.size >= 3;
    }
    if (dot.bracket) return ascii && !common && among(kDomains, domain.name);
    if (among(kWordDomains, domain.name)) {
      if (dot.space_before || dot.space_after || dot.mark != U'.') return false;
      bool dressed = label.hyphen || (label.latin && label.digit);
      size_t before = label.begin;
      while (before > 0 && is_space(before - 1)) --before;
      bool in_prose = goes_on || (before < label.begin && before > 0 && is_latin(at(before - 1))) ||
                      is_latin(at(label.begin - 1));
      return dressed || (label.size >= 3 && ascii && !in_prose);
    }
    if (!dot.space_before && !dot.space_after) return true;
    if (!ascii || common || talk) return false;
    if (domain.spelled) return true;
    if (dot.space_before && dot.space_after) return true;
    if (dot.space_before) return domain.name != U"net" || label.digit;
    return domain.name == U"com" ||
           (among(kPlainDomains, domain.name) && domain.name != U"vip" && domain.name != U"net" && !goes_on);
  }

  [[nodiscard]] std::optional<Stretch> dot_at(size_t i) const {
    auto dot = mark_at(i);
    if (!dot) return std::nullopt;
    Label label = label_before(dot->begin);
    if (label.size == 0) return std::nullopt;
    if (name_is(label, U"www") && is_latin(at(dot->end)))
      return stretch(label.begin, dot->end + word_at(dot->end).size());
    auto domain = domain_at(dot->end);
    if (!domain || !is_label(label, *dot, *domain) || !is_domain(label, *dot, *domain)) return std::nullopt;
    // e x a m p l e . c o m
    while (domain->spelled && label.begin >= 2 && is_space(label.begin - 1) &&
           is_latin(at(label.begin - 2)) && (label.begin == 2 || !is_word(label.begin - 3))) {
      label.begin -= 2;
    }
    return stretch(label.begin, domain->end);
  }

  [[nodiscard]] bool name_is(const Label& label, std::u32string_view name) const {
    return text_.compare(label.begin, label.size, name) == 0;
  }

  const Folded& folded_;
  std::u32string text_;
};

}  // namespace

std::optional<Stretch> find_link(const Folded& text) {
  return Reader(text).find();
}

}  // namespace openday::engage
