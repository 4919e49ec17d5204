// Digests and their text forms, for protocols that name them. Not for passwords.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::wrap {

Bytes sha1(ByteView bytes);  // only where a protocol demands it (RFC 6455 4.2.2)
Bytes sha256(ByteView bytes);
std::string base64(ByteView bytes);
/// The SHA-256 of the public key of the first certificate in `certificate_pem`, in base64 (RFC 7469 2.4).
/// kInvalid: there is none.
Result<std::string> public_key_pin(std::string_view certificate_pem);

}  // namespace openday::wrap
