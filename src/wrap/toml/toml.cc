#include "wrap/toml/toml.h"

#include <fmt/format.h>

#include <toml++/toml.h>

namespace openday::wrap {
namespace {

Result<TomlNode> convert(const toml::node& node, const std::string& file) {
  TomlNode out;
  out.line = static_cast<int>(node.source().begin.line);
  if (const auto* table = node.as_table()) {
    TomlTable children;
    for (const auto& [key, child] : *table) {
      OPENDAY_TRY(TomlNode converted, convert(child, file));
      // A key's own line is better than that of a multi-line value.
      if (key.source().begin.line > 0) converted.line = static_cast<int>(key.source().begin.line);
      children.emplace(std::string(key.str()), std::move(converted));
    }
    out.value = std::move(children);
  } else if (const auto* array = node.as_array()) {
    TomlArray children;
    for (const auto& child : *array) {
      OPENDAY_TRY(TomlNode converted, convert(child, file));
      children.push_back(std::move(converted));
    }
    out.value = std::move(children);
  } else if (const auto* text = node.as_string()) {
    out.value = text->get();
  } else if (const auto* whole = node.as_integer()) {
    out.value = whole->get();
  } else if (const auto* real = node.as_floating_point()) {
    out.value = real->get();
  } else if (const auto* truth = node.as_boolean()) {
    out.value = truth->get();
  } else {
    return fail(Errc::kInvalid, fmt::format("{}:{}: dates and times are not used here", file, out.line));
  }
  return out;
}

}  // namespace

Result<TomlNode> parse_toml(std::string_view text, const std::string& file) {
  try {
    return convert(toml::parse(text), file);
  } catch (const toml::parse_error& error) {  // the packaged library is built with exceptions
    return fail(Errc::kInvalid,
                fmt::format("{}:{}: {}", file, error.source().begin.line, error.description()));
  }
}

}  // namespace openday::wrap
