// Reads the Prometheus text format as its specification says, independently of who writes it.
#pragma once

#include <cctype>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace openday::test {

struct PrometheusSample {
  std::map<std::string, std::string> labels;
  double value = 0;
};

/// Families by name, or what is wrong with the text.
class PrometheusChecker {
 public:
  explicit PrometheusChecker(std::string_view text) {
    if (!text.empty() && text.back() != '\n') complain("the last line does not end");
    while (!text.empty() && error_.empty()) {
      size_t end = text.find('\n');
      line(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
  }
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] const std::vector<PrometheusSample>& samples(const std::string& family) {
    return families_[family];
  }
  [[nodiscard]] bool has(const std::string& family) const { return types_.contains(family); }
  /// The one sample with these labels; -12345 when it is not there.
  double value(const std::string& family, const std::map<std::string, std::string>& labels = {}) {
    for (const auto& sample : families_[family]) {
      if (sample.labels == labels) return sample.value;
    }
    return -12345;
  }

 private:
  void complain(const std::string& why) {
    if (error_.empty()) error_ = why;
  }
  static bool name_char(char c, bool first) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == ':' ||
           (!first && std::isdigit(static_cast<unsigned char>(c)) != 0);
  }
  static std::string name(std::string_view& rest) {
    size_t n = 0;
    while (n < rest.size() && name_char(rest[n], n == 0)) ++n;
    std::string found(rest.substr(0, n));
    rest.remove_prefix(n);
    return found;
  }
  void line(std::string_view rest) {
    if (rest.empty()) return;
    std::string whole(rest);
    if (rest.starts_with("# HELP ") || rest.starts_with("# TYPE ")) {
      bool help = rest[2] == 'H';
      rest.remove_prefix(7);
      std::string family = name(rest);
      if (family.empty() || !rest.starts_with(' ')) return complain("malformed comment: " + whole);
      rest.remove_prefix(1);
      if (help) {
        if (!helps_.insert(family).second) complain("two HELP lines for " + family);
        for (size_t i = 0; i < rest.size(); ++i) {
          if (rest[i] == '\\' && (i + 1 == rest.size() || (rest[i + 1] != '\\' && rest[i + 1] != 'n'))) {
            complain("bad escape in HELP: " + whole);
          }
          if (rest[i] == '\\') ++i;
        }
      } else {
        if (families_.contains(family)) complain("TYPE after samples: " + family);
        if (!types_.emplace(family, std::string(rest)).second) complain("two TYPE lines for " + family);
        if (rest != "counter" && rest != "gauge") complain("unknown type: " + whole);
        if (rest == "counter" && !family.ends_with("_total")) complain("counter without _total: " + family);
        if (rest == "gauge" && family.ends_with("_total")) complain("gauge with _total: " + family);
        current_ = family;
      }
      return;
    }
    if (rest.starts_with('#')) return complain("unexpected comment: " + whole);
    std::string family = name(rest);
    if (family.empty() || family != current_ || !helps_.contains(family)) {
      return complain("sample outside of its family: " + whole);
    }
    PrometheusSample sample;
    if (rest.starts_with('{')) {
      rest.remove_prefix(1);
      while (error_.empty()) {
        std::string label = name(rest);
        if (label.empty() || label.find(':') != std::string::npos || !rest.starts_with("=\"")) {
          return complain("malformed label: " + whole);
        }
        rest.remove_prefix(2);
        std::string value;
        while (!rest.empty() && rest[0] != '"') {
          char c = rest[0];
          rest.remove_prefix(1);
          if (c == '\\') {
            if (rest.empty() || (rest[0] != '\\' && rest[0] != '"' && rest[0] != 'n')) {
              return complain("bad escape: " + whole);
            }
            c = rest[0] == 'n' ? '\n' : rest[0];
            rest.remove_prefix(1);
          }
          value += c;
        }
        if (rest.empty()) return complain("unterminated label: " + whole);
        rest.remove_prefix(1);
        if (!sample.labels.emplace(label, value).second) return complain("label twice: " + whole);
        if (rest.starts_with('}')) break;
        if (!rest.starts_with(',')) return complain("malformed labels: " + whole);
        rest.remove_prefix(1);
      }
      rest.remove_prefix(1);
    }
    if (!rest.starts_with(' ')) return complain("no value: " + whole);
    std::string number(rest.substr(1));
    char* end = nullptr;
    sample.value = std::strtod(number.c_str(), &end);
    if (number.empty() || *end != '\0' || number.find_first_of("xX ") != std::string::npos) {
      return complain("malformed value: " + whole);
    }
    for (const auto& other : families_[family]) {
      if (other.labels == sample.labels) return complain("sample twice: " + whole);
    }
    families_[family].push_back(std::move(sample));
  }

  std::string error_;
  std::string current_;
  std::set<std::string> helps_;
  std::map<std::string, std::string> types_;
  std::map<std::string, std::vector<PrometheusSample>> families_;
};

}  // namespace openday::test
