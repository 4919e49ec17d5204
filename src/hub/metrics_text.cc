#include "hub/metrics_text.h"

#include <fmt/format.h>

#include <cmath>

namespace openday::hub {
namespace {

// Help escapes backslash and line feed; label values the quote as well.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
  for (char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quoted) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

}  // namespace

void MetricsText::metric(std::string_view name, Type type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} ", name);
  append_escaped(text_, help, false);
  text_ += fmt::format("\n# TYPE {} {}\n", name, type == Type::kCounter ? "counter" : "gauge");
}

void MetricsText::value(Labels labels, double number) {
  text_ += name_;
  char separator = '{';
  for (const auto& [key, value] : labels) {
    text_ += separator;
    text_ += key;
    text_ += "=\"";
    append_escaped(text_, value, true);
    text_ += '"';
    separator = ',';
  }
  if (separator == ',') text_ += '}';
  if (std::isnan(number)) {
    text_ += " NaN\n";
  } else if (std::isinf(number)) {
    text_ += number > 0 ? " +Inf\n" : " -Inf\n";
  } else {
    text_ += fmt::format(" {}\n", number);
  }
}

}  // namespace openday::hub
