// Structured, quiet logs: one JSON object a line on standard error, for journald or a collector.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.h"

namespace openday {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

/// "debug", "info", "warn" or "error".
Result<LogLevel> parse_log_level(std::string_view name);

using LogValue = std::variant<int64_t, double, bool, std::string>;

struct LogField {
  std::string_view key;
  LogValue value;

  template <class T>
  LogField(std::string_view k, T&& v) : key(k), value(convert(std::forward<T>(v))) {}

 private:
  template <class T>
  static LogValue convert(T&& v) {
    using Plain = std::decay_t<T>;
    if constexpr (std::is_same_v<Plain, bool>) {
      return v;
    } else if constexpr (std::is_floating_point_v<Plain>) {
      return static_cast<double>(v);
    } else if constexpr (std::is_integral_v<Plain>) {
      return static_cast<int64_t>(v);
    } else {
      return std::string(std::forward<T>(v));
    }
  }
};

/// Where lines go and which are wanted. A handle: copies share one sink. Thread-safe.
///
/// Events are short snake_case names ("feed_restarted"); what varies is in the fields. Keys, tokens,
/// passphrases and viewer addresses are never logged.
class Log {
 public:
  using Sink = std::function<void(std::string_view line)>;

  /// Lines below `least` are dropped unformatted. Without a sink they go to standard error, which is made
  /// ready here: before a sandbox is entered. What its reader does not read is lost, and nobody waits.
  explicit Log(std::string process, LogLevel least = LogLevel::kInfo, Sink sink = {});
  /// The same process and sink, with another level; this one and its copies keep theirs.
  [[nodiscard]] Log from(LogLevel least) const;

  void debug(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    write(LogLevel::kDebug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    write(LogLevel::kInfo, event, fields);
  }
  void warn(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    write(LogLevel::kWarn, event, fields);
  }
  void error(std::string_view event, std::initializer_list<LogField> fields = {}) const {
    write(LogLevel::kError, event, fields);
  }
  void write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// `text` as a JSON string literal with quotes; invalid UTF-8 becomes U+FFFD.
std::string json_quote(std::string_view text);

}  // namespace openday
