// TOML 1.0 text as a plain tree that remembers where each value stood. The parser is toml++.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace openday::wrap {

struct TomlNode;
using TomlTable = std::map<std::string, TomlNode>;
using TomlArray = std::vector<TomlNode>;

struct TomlNode {
  std::variant<bool, int64_t, double, std::string, TomlArray, TomlTable> value;
  int line = 0;  // from 1
};

/// kInvalid with "FILE:LINE: what is wrong" on a syntax error. Dates and times are refused: nothing here
/// wants one.
Result<TomlNode> parse_toml(std::string_view text, const std::string& file);

}  // namespace openday::wrap
