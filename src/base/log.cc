#include "base/log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cmath>
#include <iterator>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"

namespace openday {
namespace {

/// Writes lines to standard error and waits for nobody: a reader that does not read loses lines rather than
/// stopping the program. One write keeps lines of several processes whole. Thread-safe.
class StandardError {
 public:
  // A pipe or a terminal is opened once more, as what others read or write through theirs must not change its
  // mode. Not to be done later: a sandbox leaves no files to open.
  StandardError() {
    struct stat what{};
    if (::fstat(STDERR_FILENO, &what) != 0) return;
    socket_ = S_ISSOCK(what.st_mode);
    if (S_ISFIFO(what.st_mode) || ::isatty(STDERR_FILENO) == 1) {
      own_.reset(::open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    }
  }

  void put(std::string_view line) {
    bool unfinished = unfinished_.exchange(false);
    std::string apart = unfinished ? fmt::format("\n{}", line) : std::string();
    if (unfinished) line = apart;
    ssize_t written = put_some(line);
    if (written < 0 ? unfinished : static_cast<size_t>(written) < line.size()) unfinished_ = true;
  }

 private:
  ssize_t put_some(std::string_view line) const {
    if (socket_) return ::send(STDERR_FILENO, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (!own_) {  // a file; or there is no /proc, or the terminal is another user's
      return has_room(STDERR_FILENO) ? ::write(STDERR_FILENO, line.data(), line.size()) : -1;
    }
    // A terminal is busy, too, for the moment in which somebody else writes.
    static constexpr int kTries = 20;
    ssize_t written = ::write(own_.get(), line.data(), line.size());
    for (int i = 1; i < kTries && written < 0 && errno == EAGAIN && has_room(own_.get()); ++i) {
      ::sched_yield();
      written = ::write(own_.get(), line.data(), line.size());
    }
    return written;
  }
  static bool has_room(int fd) {
    pollfd out{fd, POLLOUT, 0};
    return ::poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0;
  }

  UniqueFd own_;
  bool socket_ = false;
  std::atomic<bool> unfinished_ = false;  // a terminal took the beginning of a line: the next stands apart
};

}  // namespace

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

}  // namespace

Result<LogLevel> parse_log_level(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (name == kNames[i]) return static_cast<LogLevel>(i);
  }
  return fail(Errc::kInvalid,
              fmt::format("log_level: expected debug, info, warn or error, not \"{}\"", name));
}

Log::Log(std::string process, LogLevel least, Sink sink) {
  if (!sink) {
    sink = [out = std::make_shared<StandardError>()](std::string_view line) { out->put(line); };
  }
  state_ = std::make_shared<const State>(State{std::move(process), least, std::move(sink)});
}

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
  state_->sink(line);
}

}  // namespace openday
