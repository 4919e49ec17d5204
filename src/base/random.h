// Unpredictable bytes and names from the kernel's generator.
#pragma once

#include <string>

#include "base/bytes.h"

namespace openday {

/// `count` bytes from getrandom(2); blocks only before the kernel's pool is first seeded.
Bytes random_bytes(size_t count);
/// 2 × `bytes` lower-case hexadecimal digits; 16 bytes make a name nobody can guess.
std::string random_name(size_t bytes = 16);

}  // namespace openday
