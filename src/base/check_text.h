// What people may write into names, titles and notes. Each check says what is wrong in words for them.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace openday {

/// 1 to 64 of a-z 0-9 - _, starting with a letter or digit.
Result<> check_id(std::string_view what, std::string_view id);
/// `least` to `most` characters of one line, no control characters.
Result<> check_line(std::string_view what, std::string_view text, size_t least, size_t most);
/// Up to `most` characters; line breaks and tabs are allowed.
Result<> check_paragraph(std::string_view what, std::string_view text, size_t most);

/// The failure with `what` it is about in front.
template <class T>
Result<T> about(std::string_view what, Result<T> result) {
  if (!result) result.error().message = std::string(what) + ": " + result.error().message;
  return result;
}

}  // namespace openday
