// AMF0, the value format of RTMP commands and metadata (Adobe, "Action Message Format -- AMF 0", 2007).
//
// Reading is bounded in depth, number of values and length of strings, and allocates nothing for a declared
// count.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace openday::rtmp {

class AmfValue;
using AmfMember = std::pair<std::string, AmfValue>;

struct AmfNull {
  bool operator==(const AmfNull&) const = default;
};
struct AmfUndefined {
  bool operator==(const AmfUndefined&) const = default;
};
/// Anonymous objects and ECMA arrays: members in the order of the wire; the same name may come twice.
struct AmfObject {
  std::vector<AmfMember> members;
  bool ecma_array = false;
  bool operator==(const AmfObject&) const;
};
struct AmfArray {
  std::vector<AmfValue> items;
  bool operator==(const AmfArray&) const;
};
struct AmfDate {
  double ms = 0;  // since 1970, UTC
  bool operator==(const AmfDate&) const = default;
};

/// One value. Copies deeply.
class AmfValue {
 public:
  AmfValue() = default;  // null
  AmfValue(double number) : value_(number) {}
  AmfValue(int number) : value_(static_cast<double>(number)) {}
  AmfValue(bool flag) : value_(flag) {}
  AmfValue(std::string text) : value_(std::move(text)) {}
  AmfValue(std::string_view text) : value_(std::string(text)) {}
  AmfValue(const char* text) : value_(std::string(text)) {}
  AmfValue(AmfNull null) : value_(null) {}
  AmfValue(AmfUndefined undefined) : value_(undefined) {}
  AmfValue(AmfDate date) : value_(date) {}
  AmfValue(AmfObject object) : value_(std::move(object)) {}
  AmfValue(AmfArray array) : value_(std::move(array)) {}

  static AmfValue object(std::initializer_list<AmfMember> members);
  static AmfValue ecma_array(std::initializer_list<AmfMember> members);

  /// The value if it is of that type, else null.
  [[nodiscard]] const double* number() const { return std::get_if<double>(&value_); }
  [[nodiscard]] const bool* boolean() const { return std::get_if<bool>(&value_); }
  [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&value_); }
  [[nodiscard]] const AmfObject* object() const { return std::get_if<AmfObject>(&value_); }
  [[nodiscard]] const AmfArray* array() const { return std::get_if<AmfArray>(&value_); }
  [[nodiscard]] const AmfDate* date() const { return std::get_if<AmfDate>(&value_); }
  [[nodiscard]] bool is_null() const { return std::holds_alternative<AmfNull>(value_); }
  [[nodiscard]] bool is_undefined() const { return std::holds_alternative<AmfUndefined>(value_); }

  /// The first member of that name; null when there is none or this is no object.
  [[nodiscard]] const AmfValue* member(std::string_view name) const;
  /// The member's text; empty when there is none.
  [[nodiscard]] std::string text_of(std::string_view name) const;

  bool operator==(const AmfValue&) const = default;

 private:
  std::variant<AmfNull, AmfUndefined, double, bool, std::string, AmfDate, AmfObject, AmfArray> value_;
};

struct AmfLimits {
  int depth = 8;            // objects and arrays inside each other
  size_t values = 1024;     // in one decode, containers and their members alike
  size_t text = 16 * 1024;  // bytes of one string or member name
};

/// Everything in `bytes`, value after value. kInvalid: broken or a type nobody sends (AMF3, recordsets);
/// kLimit: a cap.
Result<std::vector<AmfValue>> decode_amf0(ByteView bytes, const AmfLimits& limits = {});

/// Appends `value`. Texts of more than 65,535 bytes become long strings; longer member names are cut.
void encode_amf0(Bytes& out, const AmfValue& value);
Bytes encode_amf0(std::initializer_list<AmfValue> values);

}  // namespace openday::rtmp
