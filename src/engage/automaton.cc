#include "engage/automaton.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace openday::engage {

namespace {

uint64_t key_of(uint32_t node, char32_t letter) {
  return static_cast<uint64_t>(node) << 21 | letter;
}

}  // namespace

Automaton::Automaton() : nodes_(1), edges_(64) {}

size_t Automaton::slot(uint32_t node, char32_t letter) const {
  uint64_t key = key_of(node, letter);
  size_t at = ((key * 0x9E3779B97F4A7C15u) >> 32) & (edges_.size() - 1);
  while (edges_[at].key != key && edges_[at].to != kNone) at = (at + 1) & (edges_.size() - 1);
  return at;
}

void Automaton::grow() {
  std::vector<Edge> old(edges_.size() * 2);
  old.swap(edges_);
  for (const Edge& edge : old) {
    if (edge.to == kNone) continue;
    const Node& node = nodes_[edge.to];
    edges_[slot(node.parent, node.letter)] = edge;
  }
}

void Automaton::add(std::u32string_view word, uint32_t value) {
  uint32_t node = kRoot;
  for (char32_t letter : word) {
    uint32_t to = child(node, letter);
    if (to == kNone) {
      if (nodes_.size() * 2 > edges_.size()) grow();
      to = static_cast<uint32_t>(nodes_.size());
      edges_[slot(node, letter)] = {key_of(node, letter), to};
      nodes_.push_back({.parent = node, .letter = letter, .values = {}});
    }
    node = to;
  }
  nodes_[node].values.push_back(value);
}

uint32_t Automaton::next(uint32_t node, char32_t letter) const {
  for (;;) {
    uint32_t to = child(node, letter);
    if (to != kNone) return to;
    if (node == kRoot) return kRoot;
    node = nodes_[node].fail;
  }
}

void Automaton::build() {
  std::vector<uint32_t> depth(nodes_.size());
  for (uint32_t i = 1; i < nodes_.size(); ++i) depth[i] = depth[nodes_[i].parent] + 1;
  std::vector<uint32_t> order(nodes_.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, {}, [&](uint32_t i) { return depth[i]; });
  for (uint32_t i : order) {
    if (depth[i] < 2) continue;  // those fail to the root
    Node& node = nodes_[i];
    node.fail = next(nodes_[node.parent].fail, node.letter);
    node.shorter = nodes_[node.fail].values.empty() ? nodes_[node.fail].shorter : node.fail;
  }
}

}  // namespace openday::engage
