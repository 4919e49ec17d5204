#include "base/log.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <climits>
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

constexpr std::string_view kCut = R"(,"cut":true)";
constexpr std::string_view kEnd = "}\n";
constexpr size_t kLongest = PIPE_BUF - kCut.size() - kEnd.size();

std::string json_of(const LogField& field) {
  if (const auto* whole = std::get_if<int64_t>(&field.value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&field.value))
    return std::isfinite(*real) ? fmt::format("{:.6g}", *real) : "null";
  if (const auto* truth = std::get_if<bool>(&field.value)) return *truth ? "true" : "false";
  return json_quote(std::get<std::string>(field.value));
}

/// One write keeps lines of several processes whole. A reader that does not read loses lines rather than
/// stopping the program: where poll(2) says that a pipe may be written, a whole line fits.
void put(std::string_view line) {
  pollfd out{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0) return;
  [[maybe_unused]] ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

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
  bool cut = false;
  for (const auto& field : fields) {
    std::string said = ',' + json_quote(field.key) + ':' + json_of(field);
    if (line.size() + said.size() > kLongest) {
      cut = true;
    } else {
      line += said;
    }
  }
  if (cut) line += kCut;
  line += kEnd;
  if (state_->sink) {
    state_->sink(line);
  } else {
    put(line);
  }
}

}  // namespace openday
