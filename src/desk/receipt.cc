#include "desk/receipt.h"

#include "base/random.h"
#include "wrap/sodium/keys.h"

namespace openday::desk {

std::string make_receipt() {
  std::string digits;
  while (digits.size() < kReceiptDigits) {
    for (uint8_t byte : random_bytes(kReceiptDigits)) {
      // 250 is a multiple of ten: every digit is as likely as another.
      if (byte < 250 && digits.size() < kReceiptDigits) digits += static_cast<char>('0' + byte % 10);
    }
  }
  return digits;
}

std::string shown_receipt(std::string_view receipt) {
  std::string shown;
  for (size_t at = 0; at < receipt.size(); at += 4) {
    if (at > 0) shown += ' ';
    shown += receipt.substr(at, 4);
  }
  return shown;
}

Result<std::string> read_receipt(std::string_view typed) {
  static constexpr std::string_view kFullWidthZero = "\uFF10";  // its last byte grows with the digit
  static constexpr std::string_view kWideSpace = "\u3000";
  std::string digits;
  while (!typed.empty() && digits.size() <= kReceiptDigits) {
    char c = typed.front();
    if (c >= '0' && c <= '9') {
      digits += c;
    } else if (typed.size() >= 3 && typed.substr(0, 2) == kFullWidthZero.substr(0, 2) &&
               typed[2] >= kFullWidthZero[2] && typed[2] <= static_cast<char>(kFullWidthZero[2] + 9)) {
      digits += static_cast<char>('0' + (typed[2] - kFullWidthZero[2]));
      typed.remove_prefix(2);
    } else if (typed.starts_with(kWideSpace)) {
      typed.remove_prefix(2);
    } else if (c != ' ' && c != '-' && c != '\t' && c != '\r' && c != '\n') {
      return fail(Errc::kInvalid, "a receipt has digits only");
    }
    typed.remove_prefix(1);
  }
  if (digits.size() != kReceiptDigits) return fail(Errc::kInvalid, "a receipt has 24 digits");
  return digits;
}

Result<ReceiptKeys> keys_of(std::string_view receipt, ByteView salt) {
  OPENDAY_TRY(auto key, sodium::password_key(receipt, salt));
  auto lookup = key.derive(1, "tipfind_");
  return ReceiptKeys{Bytes(lookup.bytes().begin(), lookup.bytes().end()),
                     std::make_shared<const sodium::SecretKey>(key.derive(2, "tipwrap_"))};
}

}  // namespace openday::desk
