#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <iterator>

#include "base/clock.h"
#include "base/text.h"

namespace openday {

struct Log::State {
  std::string process;
  LogLevel least;
  Sink sink;
};

namespace {

constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};

}  // namespace

Result<LogLevel> parse_log_level(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<LogLevel>(i);
  }
  return fail(Errc::kInvalid,
              fmt::format("log_level: expected debug, info, warn or error, not \"{}\"", name));
}

Log::Log(std::string process, LogLevel least, Sink sink)
    : state_(std::make_shared<const State>(State{std::move(process), least, std::move(sink)})) {}

Log Log::from(LogLevel least) const {
  return Log(state_->process, least, state_->sink);
}

std::string json_quote(std::string_view text) {
  std::string clean;
  if (!is_valid_utf8(text)) {
    for (char c : text) clean += static_cast<unsigned char>(c) < 0x80 ? std::string(1, c) : "\xEF\xBF\xBD";
    text = clean;
  }
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        } else {
          out += c;
        }
    }
  }
  return out += '"';
}

void Log::write(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) const {
  if (level < state_->least) return;
  std::string line =
      fmt::format(R"({{"ts":"{}","level":"{}","proc":{},"event":{})", to_rfc3339(SystemClock().wall()),
                  kNames[static_cast<int>(level)], json_quote(state_->process), json_quote(event));
  for (const auto& field : fields) {
    line += ',';
    line += json_quote(field.key);
    line += ':';
    if (const auto* whole = std::get_if<int64_t>(&field.value)) {
      line += std::to_string(*whole);
    } else if (const auto* real = std::get_if<double>(&field.value)) {
      line += std::isfinite(*real) ? fmt::format("{:.6g}", *real) : "null";
    } else if (const auto* truth = std::get_if<bool>(&field.value)) {
      line += *truth ? "true" : "false";
    } else {
      line += json_quote(std::get<std::string>(field.value));
    }
  }
  line += "}\n";
  if (state_->sink) {
    state_->sink(line);
  } else {
    // One write keeps lines of several processes whole; a full pipe loses a line rather than stopping the
    // program.
    [[maybe_unused]] ssize_t put = ::write(STDERR_FILENO, line.data(), line.size());
  }
}

}  // namespace openday
