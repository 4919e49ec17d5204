// Small questions about text that several modules ask.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace openday {

bool is_valid_utf8(std::string_view text);
/// Lower-case letters, digits, '-' and '_', 1 to 64 of them, starting with a letter or digit: what ids are
/// made of.
bool is_slug(std::string_view text);
/// With 'A' to 'Z' made small, and every other byte as it is.
std::string lower_ascii(std::string_view text);
/// Without the spaces and tabs at both ends.
std::string_view trim_blanks(std::string_view text);
/// The whole of `text` as decimal digits; nothing when there is a sign, a blank or anything else in it, or
/// when it does not fit.
template <std::integral T>
std::optional<T> decimal(std::string_view text) {
  T value = 0;
  const char* first = text.data();
  const char* last = first + text.size();
  if (text.empty() || text.front() == '-') return std::nullopt;
  auto [end, error] = std::from_chars(first, last, value);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}
/// Compares without telling by its duration where two secrets differ. Lengths are not secret.
bool equal_constant_time(std::string_view a, std::string_view b);
/// The candidate nearest to `word` by edit distance, if within a third of its length (at least 2); else
/// empty.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// A whole file of at most `limit` bytes.
Result<std::string> read_file(const std::string& path, size_t limit);
/// Writes beside the file, syncs, renames: readers see the old or the new, never half. `mode` as in open(2).
Result<> write_file_atomic(const std::string& path, std::string_view content, unsigned mode = 0644);

}  // namespace openday
