// The Prometheus text format, version 0.0.4. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace openday::hub {

/// Writes families one after the other: metric() opens one, value() adds samples to it.
class MetricsText {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  enum class Type { kCounter, kGauge };

  /// `name` is a constant of ours: letters, digits and '_'; counters end in _total.
  void metric(std::string_view name, Type type, std::string_view help);
  void value(Labels labels, double number);
  void value(double number) { value({}, number); }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::string name_;
};

}  // namespace openday::hub
