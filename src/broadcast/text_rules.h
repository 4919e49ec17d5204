// What people may write into languages and addresses, and what others see of it.
#pragma once

#include <string>
#include <string_view>

#include "base/check_text.h"

namespace openday::broadcast {

/// A language tag such as zh-CN (RFC 5646, the common shapes).
Result<> check_language(std::string_view tag);

/// The URL as people may see it: the password of its user info and its query replaced by ***.
std::string shown(std::string_view url);

}  // namespace openday::broadcast
