// The tipster's side of a tip: a number that is shown once and leads back to it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::sodium {
class SecretKey;
}

namespace openday::desk {

using Key = std::shared_ptr<const sodium::SecretKey>;

inline constexpr size_t kReceiptDigits = 24;  // 79.7 bits

/// 24 random digits without anything between them.
std::string make_receipt();
/// "1234 5678 …", six groups.
std::string shown_receipt(std::string_view receipt);
/// What somebody typed, as make_receipt() gave it: spaces, dashes and full-width digits are understood.
/// kInvalid: not 24 digits.
Result<std::string> read_receipt(std::string_view typed);

/// What a receipt opens. Neither can be had from the other, and the receipt from neither.
struct ReceiptKeys {
  Bytes lookup;  // 32 bytes: what is stored to find the tip by
  Key wrapping;  // what the tip's content key is wrapped with
};
/// Argon2id: a tenth of a second and 64 MiB, so not on a thread that others wait for. `salt`: the
/// installation's.
Result<ReceiptKeys> keys_of(std::string_view receipt, ByteView salt);

}  // namespace openday::desk
