// Secrets that live in files of their own: the server key and the admin token.
#pragma once

#include <string>

#include "base/result.h"

namespace openday::app {

/// The text of the file, without white space at its end; made of `bytes` random bytes in hexadecimal, mode
/// 0600, when there is none. kRefused when others than its owner may read it: it is not a secret then.
Result<std::string> load_or_create_secret(const std::string& path, size_t bytes);

}  // namespace openday::app
