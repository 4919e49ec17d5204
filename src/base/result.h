// Failure is a value. Exceptions stop at the border of the library that throws them.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace openday {

enum class Errc {
  kInvalid,      // the input is not what the format or the caller's contract says
  kLimit,        // well-formed, but larger, deeper or more than allowed
  kRefused,      // understood and not permitted
  kNotFound,     // names something that does not exist
  kConflict,     // contradicts the present state
  kBusy,         // a bound is reached now; trying later may work
  kTimeout,      // the deadline passed
  kClosed,       // the other side, or our own shutdown, ended it
  kIo,           // the operating system or a device failed
  kUnsupported,  // a valid request for what this build does not do
  kInternal      // a promise of ours was broken
};

struct Error {
  Errc code = Errc::kInternal;
  std::string message;  // says what happened and, where there is one, the next step

  bool operator==(const Error&) const = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

/// The stable lower-case name of a code, as logs and the API print it.
constexpr const char* name_of(Errc code) {
  switch (code) {
    case Errc::kInvalid: return "invalid";
    case Errc::kLimit: return "limit";
    case Errc::kRefused: return "refused";
    case Errc::kNotFound: return "not_found";
    case Errc::kConflict: return "conflict";
    case Errc::kBusy: return "busy";
    case Errc::kTimeout: return "timeout";
    case Errc::kClosed: return "closed";
    case Errc::kIo: return "io";
    case Errc::kUnsupported: return "unsupported";
    case Errc::kInternal: return "internal";
  }
  return "internal";
}

}  // namespace openday

// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.
// OPENDAY_TRY(auto x, f());  hands a failure of f() on to the caller.
#define OPENDAY_TRY_JOIN2(a, b) a##b
#define OPENDAY_TRY_JOIN(a, b) OPENDAY_TRY_JOIN2(a, b)
#define OPENDAY_TRY(declaration, expression) \
  OPENDAY_TRY_IMPL(OPENDAY_TRY_JOIN(try_result_, __LINE__), declaration, expression)
#define OPENDAY_TRY_IMPL(temporary, declaration, expression)            \
  auto temporary = (expression);                                        \
  if (!temporary) return std::unexpected(std::move(temporary).error()); \
  declaration = *std::move(temporary)
// OPENDAY_CHECK_OK(f());  the same for a Result<> without a value.
#define OPENDAY_CHECK_OK(expression)                         \
  if (auto check_ok_result = (expression); !check_ok_result) \
  return std::unexpected(std::move(check_ok_result).error())
// NOLINTEND(bugprone-macro-parentheses)
