#include "base/bytes.h"

namespace openday {

uint64_t ByteReader::big_endian(size_t count) {
  if (rest_.size() < count) {
    ok_ = false;
    rest_ = {};
    return 0;
  }
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value << 8 | rest_[i];
  rest_ = rest_.subspan(count);
  return value;
}

uint32_t ByteReader::u32le() {
  uint32_t value = u32();
  return __builtin_bswap32(value);
}

ByteView ByteReader::take(size_t count) {
  if (rest_.size() < count) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  ByteView taken = rest_.first(count);
  rest_ = rest_.subspan(count);
  return taken;
}

void ByteWriter::big_endian(uint64_t value, int count) {
  for (int shift = (count - 1) * 8; shift >= 0; shift -= 8)
    out_.push_back(static_cast<uint8_t>(value >> shift));
}

void ByteWriter::u32le(uint32_t value) {
  u32(__builtin_bswap32(value));
}

std::string to_hex(ByteView bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (uint8_t byte : bytes) {
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return fail(Errc::kInvalid, "hexadecimal text needs an even number of digits");
  auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    int high = digit(text[i]);
    int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return fail(Errc::kInvalid, "hexadecimal text has a character that is no digit");
    bytes.push_back(static_cast<uint8_t>(high << 4 | low));
  }
  return bytes;
}

}  // namespace openday
