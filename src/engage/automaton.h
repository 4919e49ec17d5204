// Many words looked for at once: Aho and Corasick, "Efficient string matching", CACM 18 (1975).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace openday::engage {

/// Add all, build() once, then scan from any thread.
class Automaton {
 public:
  Automaton();
  /// `word` is not empty. Several values may have the same word.
  void add(std::u32string_view word, uint32_t value);
  void build();

  /// Calls found(value, index of the word's last character) for every word in `text`, from left to right.
  /// Linear in the text and what is found; at most one word of each length ends at an index.
  template <class Found>
  void scan(std::u32string_view text, Found&& found) const {
    uint32_t state = kRoot;
    for (size_t i = 0; i < text.size(); ++i) {
      state = next(state, text[i]);
      for (uint32_t at = state; at != kRoot; at = nodes_[at].shorter) {
        for (uint32_t value : nodes_[at].values) found(value, i);
      }
    }
  }

 private:
  static constexpr uint32_t kRoot = 0;
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Node {
    uint32_t parent = kRoot;
    char32_t letter = 0;
    uint32_t fail = kRoot;     // the longest other word's beginning that ends here
    uint32_t shorter = kRoot;  // the next one on that way that is a whole word
    std::vector<uint32_t> values;
  };
  struct Edge {
    uint64_t key = UINT64_MAX;  // node and letter
    uint32_t to = kNone;
  };

  [[nodiscard]] size_t slot(uint32_t node, char32_t letter) const;
  [[nodiscard]] uint32_t child(uint32_t node, char32_t letter) const { return edges_[slot(node, letter)].to; }
  [[nodiscard]] uint32_t next(uint32_t node, char32_t letter) const;
  void grow();

  std::vector<Node> nodes_;  // a child stands behind its parent
  std::vector<Edge> edges_;  // open addressing, at most half full; a power of two
};

}  // namespace openday::engage
