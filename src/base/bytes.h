// Byte strings, and bounded big-endian reading and writing of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace openday {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;
/// Immutable bytes with many readers (media in flight).
using SharedBytes = std::shared_ptr<const Bytes>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Reads from a view and never past it: after a short read `ok()` is false and every later value is 0.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] size_t remaining() const { return rest_.size(); }
  [[nodiscard]] ByteView rest() const { return rest_; }

  uint8_t u8() { return static_cast<uint8_t>(big_endian(1)); }
  uint16_t u16() { return static_cast<uint16_t>(big_endian(2)); }
  uint32_t u24() { return static_cast<uint32_t>(big_endian(3)); }
  int32_t s24() {
    auto value = static_cast<int32_t>(u24());
    return value >= 0x800000 ? value - 0x1000000 : value;
  }
  uint32_t u32() { return static_cast<uint32_t>(big_endian(4)); }
  uint64_t u64() { return big_endian(8); }
  uint32_t u32le();
  ByteView take(size_t count);
  void skip(size_t count) { take(count); }

 private:
  uint64_t big_endian(size_t count);

  ByteView rest_;
  bool ok_ = true;
};

/// Appends big-endian values to a byte string that it does not own.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  void u8(uint8_t value) { out_.push_back(value); }
  void u16(uint16_t value) { big_endian(value, 2); }
  void u24(uint32_t value) { big_endian(value, 3); }
  void u32(uint32_t value) { big_endian(value, 4); }
  void u64(uint64_t value) { big_endian(value, 8); }
  void u32le(uint32_t value);
  void append(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void append(std::string_view text) { append(as_bytes(text)); }

 private:
  void big_endian(uint64_t value, int count);

  Bytes& out_;
};

std::string to_hex(ByteView bytes);
Result<Bytes> from_hex(std::string_view text);

}  // namespace openday
