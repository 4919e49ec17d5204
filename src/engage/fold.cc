#include "engage/fold.h"

#include <array>
#include <map>
#include <string>
#include <unordered_map>

#include "wrap/icu/icu.h"

namespace openday::engage {

namespace {

constexpr char32_t kEnd = 0x110000;
constexpr char32_t kBlock = 256;
constexpr char32_t kBroken = 0xFFFD;
constexpr std::u32string_view kBlankSigns = U"\u2800\U0001D159";  // symbols by category, drawn as nothing

Kind kind_of(char32_t c) {
  if (std::u32string_view(U",!?;:。、").contains(c)) return Kind::kStop;
  if (c >= 0x2B9 && c <= 0x2DF) return Kind::kSign;  // letters by name, apostrophes and the like in use
  switch (icu::category(c)) {
    case icu::Category::kSpace: return Kind::kSpace;
    case icu::Category::kLetter: return Kind::kLetter;
    case icu::Category::kUnspaced: return Kind::kUnspaced;
    case icu::Category::kDigit: return Kind::kDigit;
    default: return Kind::kSign;
  }
}

/// What every code point folds to. Blocks that say the same are kept once.
class FoldTable {
 public:
  FoldTable() {
    auto simple = simplified_forms();
    std::map<std::u32string, uint16_t> known;
    for (char32_t first = 0; first < kEnd; first += kBlock) {
      std::u32string key;
      std::array<Entry, kBlock> block;
      for (char32_t i = 0; i < kBlock; ++i) {
        block[i] = entry_of(first + i, simple);
        key += static_cast<char32_t>(block[i].start << 8 | block[i].length);
        key += static_cast<char32_t>(block[i].kind);
      }
      auto [at, is_new] = known.try_emplace(key, static_cast<uint16_t>(known.size()));
      blocks_[first / kBlock] = at->second;
      if (is_new) entries_.insert(entries_.end(), block.begin(), block.end());
    }
  }

  void append(Folded& out, char32_t c, uint32_t from, uint32_t to) const {
    const Entry& entry = at(c);
    if (entry.length == kSame) {
      out.push_back({.c = c, .kind = entry.kind, .from = from, .to = to});
    } else if (entry.length == 0 && !out.empty()) {
      out.back().to = to;
    }
    for (unsigned i = 0; entry.length != kSame && i < entry.length; ++i) {
      char32_t piece = pieces_[entry.start + i];
      bool greek_capital = c >= 0x391 && c <= 0x3A9;
      out.push_back(
          {.c = piece, .kind = at(piece).kind, .greek_capital = greek_capital, .from = from, .to = to});
    }
  }

  [[nodiscard]] bool is_visible(char32_t c) const {
    // Not by what it folds to: a letter-less accent (´) folds to a space.
    return at(c).length != 0 && at(c).kind != Kind::kSpace;
  }

 private:
  static constexpr uint8_t kSame = 255;  // folds to itself
  struct Entry {
    uint32_t start = 0;  // in pieces_
    uint8_t length = kSame;
    Kind kind = Kind::kSign;  // of the code point itself
  };

  static bool is_han(char32_t c) { return (c >= 0x3400 && c < 0xA000) || (c >= 0xF900 && c < 0xFB00); }
  static std::u32string simplified_forms() {
    std::u32string all;
    for (char32_t c = 0; c < 0x10000; ++c) all += is_han(c) ? c : U' ';
    return icu::simplified(all);
  }

  Entry entry_of(char32_t c, const std::u32string& simple) {
    // Planes 4 to 13 have no characters yet, 15 and 16 private ones.
    if ((c >= 0x40000 && c < 0xE0000) || c >= 0xF0000) return {};
    std::u32string pieces = pieces_of(c, simple);
    Entry entry{.kind = kind_of(c)};
    if (pieces == std::u32string(1, c)) return entry;
    entry.start = static_cast<uint32_t>(pieces_.size());
    entry.length = static_cast<uint8_t>(pieces.size());
    if (pieces.size() == 1) {  // many code points have the same single piece
      auto [at, is_new] = single_.try_emplace(pieces[0], entry.start);
      entry.start = at->second;
      if (!is_new) return entry;
    }
    pieces_ += pieces;
    return entry;
  }

  static std::u32string pieces_of(char32_t c, const std::u32string& simple) {
    if (int value = icu::digit_value(c); value >= 0) return {U'0' + static_cast<char32_t>(value)};
    std::u32string out;
    for (char32_t piece : icu::casefold(c)) {
      auto category = icu::category(piece);
      if (category == icu::Category::kFormat || category == icu::Category::kAccent) continue;
      out += category == icu::Category::kSpace        ? U' '
             : piece < simple.size() && is_han(piece) ? simple[piece]
                                                      : piece;
    }
    return out;
  }

  [[nodiscard]] const Entry& at(char32_t c) const {
    return entries_[blocks_[c / kBlock] * kBlock + c % kBlock];
  }

  std::array<uint16_t, kEnd / kBlock> blocks_{};
  std::vector<Entry> entries_;
  std::u32string pieces_;
  std::map<char32_t, uint32_t> single_;
};

const FoldTable& table() {
  static const FoldTable built;
  return built;
}

/// The code point at `at`, and how many bytes it takes; of what is broken one byte.
std::pair<char32_t, uint32_t> decode(std::string_view text, size_t at) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0); };
  char32_t lead = byte(at);
  if (lead < 0x80) return {lead, 1};
  uint32_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  char32_t c = lead & (0x7Fu >> length);
  for (uint32_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {kBroken, 1};
    c = c << 6 | (byte(at + i) & 0x3Fu);
  }
  static constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  bool good = lead >= 0xC0 && lead < 0xF8 && c >= kSmallest[length] && c < kEnd && (c < 0xD800 || c > 0xDFFF);
  return good ? std::pair(c, length) : std::pair(kBroken, 1u);
}

std::unordered_map<char32_t, char32_t> latin_looks() {
  // Each followed by what it is drawn like. Folded letters are small, but a capital's shape counts, too (В,
  // Н, Ρ).
  constexpr std::u32string_view kPairs =
      U"аaьbвbсcԁdеeґfғfԍgһhнhіiјjкkӏlмmоoпnрpԛqгrѕsтtцuѵvԝwшwхxуyзzэeєeяrиuъb"
      U"αaβbϲcςcδdεeφfηnιiκkλlμuνvοoσoρpτtυuωwχxγyζz"
      U"ᴀaʙbᴄcᴅdᴇeꜰfɢgʜhɪiᴊjᴋkʟlᴍmɴnᴏoᴘpʀrꜱsᴛtᴜuᴠvᴡwʏyᴢz"
      U"ƒfɑaɐaɓbƈcɖdɗdɘeɛeǝeɟfɠgɦhɩiıiɨiȷjƙkłlɯmɲnŋnøoɵoƥpʠqɹrɾrʂsŧtʇtʉuʌvʍwʎyƴyƶzđdħhþp"
      U"օoսuհhցgոnքp"
      U"ꓐbꓑpꓓdꓔtꓖgꓗkꓙjꓚcꓜzꓝfꓟmꓠnꓡlꓢsꓣrꓦvꓧhꓪwꓫxꓬyꓮaꓰeꓲiꓳoꓴu"
      U"ᎪaᏴbᏟcᎠdᎬeᏀgᎻhᎥiᎫjᏦkᏞlᎷmᏢpᎡrᏚsᎢtᏙvᎳwᎩyᏃz"
      U"ᖴfᑌuᑕcᗩaᗷbᗪdᕼhᒍjᒪlᗰmᑎnᑭpᖇrᐯvᗯwᔕs";
  static_assert(kPairs.size() % 2 == 0);
  std::unordered_map<char32_t, char32_t> out;
  for (size_t i = 0; i < kPairs.size(); i += 2) out.emplace(kPairs[i], kPairs[i + 1]);
  for (char32_t i = 0; i < 26; ++i) {
    out.emplace(0x1F150 + i, U'a' + i);  // white on a black circle
    out.emplace(0x1F170 + i, U'a' + i);  // in a black square
    out.emplace(0x1F1E6 + i, U'a' + i);  // halves of flags
  }
  return out;
}

}  // namespace

Folded fold(std::string_view utf8) {
  Folded out;
  out.reserve(utf8.size());
  for (size_t at = 0; at < utf8.size();) {
    auto [c, length] = decode(utf8, at);
    auto from = static_cast<uint32_t>(at);
    at += length;
    table().append(out, c, from, static_cast<uint32_t>(at));
  }
  return out;
}

bool is_visible(std::string_view utf8) {
  for (size_t at = 0; at < utf8.size();) {
    auto [c, length] = decode(utf8, at);
    at += length;
    if (table().is_visible(c) && !kBlankSigns.contains(c)) return true;
  }
  return false;
}

uint32_t utf16_length(std::string_view utf8) {
  uint32_t units = 0;
  for (char c : utf8) {
    auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) != 0x80) units += byte >= 0xF0 ? 2 : 1;
  }
  return units;
}

char32_t latin_look(const FoldedChar& folded) {
  static const auto kLooks = latin_looks();
  if (folded.greek_capital) {
    constexpr std::u32string_view kUnlike = U"ηhμmνnυy";
    size_t at = kUnlike.find(folded.c);
    if (at != std::u32string_view::npos) return kUnlike[at + 1];
  }
  auto at = folded.c < 0x80 ? kLooks.end() : kLooks.find(folded.c);
  return at == kLooks.end() ? 0 : at->second;
}

char32_t leet_look(char32_t folded) {
  static constexpr std::u32string_view kFrom = U"013456789@$!¡|+†€£¢©®";
  static constexpr std::u32string_view kTo = U"oieasbtbgasiiittelccr";
  size_t at = kFrom.find(folded);
  return at == std::u32string_view::npos ? 0 : kTo[at];
}

}  // namespace openday::engage
