// Digests and their text forms, for protocols that name them. Not for passwords.
#pragma once

#include <string>

#include "base/bytes.h"

namespace openday::wrap {

Bytes sha1(ByteView bytes);  // only where a protocol demands it (RFC 6455 4.2.2)
Bytes sha256(ByteView bytes);
std::string base64(ByteView bytes);

}  // namespace openday::wrap
