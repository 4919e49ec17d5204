#include "rtmp/amf0.h"

#include <algorithm>
#include <bit>

namespace openday::rtmp {
namespace {

// AMF0 2.1: type markers.
enum Marker : uint8_t {
  kNumber = 0x00,
  kBoolean = 0x01,
  kString = 0x02,
  kObject = 0x03,
  kNull = 0x05,
  kUndefined = 0x06,
  kReference = 0x07,
  kEcmaArray = 0x08,
  kObjectEnd = 0x09,
  kStrictArray = 0x0A,
  kDate = 0x0B,
  kLongString = 0x0C,
  kUnsupported = 0x0D,
  kXmlDocument = 0x0F,
  kTypedObject = 0x10,
};

class Decoder {
 public:
  Decoder(ByteView bytes, const AmfLimits& limits)
      : in_(bytes), limits_(limits), values_left_(limits.values) {}

  [[nodiscard]] bool done() const { return in_.remaining() == 0; }

  Result<AmfValue> value(int depth) {
    if (values_left_ == 0) return fail(Errc::kLimit, "AMF0: too many values");
    --values_left_;
    uint8_t marker = in_.u8();
    if (!in_.ok()) return truncated();
    switch (marker) {
      case kNumber: return scalar(AmfValue(std::bit_cast<double>(in_.u64())));
      case kBoolean: return scalar(AmfValue(in_.u8() != 0));
      case kString: return text(in_.u16());
      case kLongString:
      case kXmlDocument: return text(in_.u32());
      case kNull: return AmfValue();
      case kUndefined:
      case kUnsupported: return AmfValue(AmfUndefined());
      case kReference:
        in_.skip(2);
        return scalar(AmfValue(AmfUndefined()));  // nobody needs the copy it points to
      case kDate: {
        double ms = std::bit_cast<double>(in_.u64());
        in_.skip(2);  // AMF0 2.13: the time zone should be 0 and is ignored
        return scalar(AmfValue(AmfDate{ms}));
      }
      case kObject: return object(depth, false);
      case kEcmaArray:
        in_.skip(4);  // the count is a hint that some encoders get wrong; the end marker ends it
        return object(depth, true);
      case kTypedObject: {
        OPENDAY_TRY([[maybe_unused]] AmfValue class_name, text(in_.u16()));
        return object(depth, false);
      }
      case kStrictArray: return array(depth);
      default: return fail(Errc::kInvalid, "AMF0: unknown type");
    }
  }

 private:
  static std::unexpected<Error> truncated() { return fail(Errc::kInvalid, "AMF0: cut short"); }

  Result<AmfValue> scalar(AmfValue value) {
    if (!in_.ok()) return truncated();
    return value;
  }

  Result<AmfValue> text(size_t length) {
    if (length > limits_.text) return fail(Errc::kLimit, "AMF0: string is too long");
    return scalar(AmfValue(as_text(in_.take(length))));
  }

  Result<AmfValue> object(int depth, bool ecma_array) {
    if (depth >= limits_.depth) return fail(Errc::kLimit, "AMF0: nested too deeply");
    AmfObject object;
    object.ecma_array = ecma_array;
    for (;;) {
      size_t length = in_.u16();
      if (length > limits_.text) return fail(Errc::kLimit, "AMF0: member name is too long");
      std::string name(as_text(in_.take(length)));
      if (!in_.ok() || in_.remaining() == 0) return truncated();
      if (name.empty() && in_.rest()[0] == kObjectEnd) {
        in_.skip(1);
        return AmfValue(std::move(object));
      }
      OPENDAY_TRY(AmfValue member, value(depth + 1));
      object.members.emplace_back(std::move(name), std::move(member));
    }
  }

  Result<AmfValue> array(int depth) {
    if (depth >= limits_.depth) return fail(Errc::kLimit, "AMF0: nested too deeply");
    uint32_t count = in_.u32();
    AmfArray array;
    for (uint32_t i = 0; i < count; ++i) {
      OPENDAY_TRY(AmfValue item, value(depth + 1));  // ends at the values' cap or with the bytes
      array.items.push_back(std::move(item));
    }
    return scalar(AmfValue(std::move(array)));
  }

  ByteReader in_;
  const AmfLimits& limits_;
  size_t values_left_;
};

void encode_name(ByteWriter& out, std::string_view name) {
  name = name.substr(0, 0xFFFF);
  out.u16(static_cast<uint16_t>(name.size()));
  out.append(name);
}

}  // namespace

bool AmfObject::operator==(const AmfObject&) const = default;
bool AmfArray::operator==(const AmfArray&) const = default;

AmfValue AmfValue::object(std::initializer_list<AmfMember> members) {
  return AmfValue(AmfObject{members, false});
}

AmfValue AmfValue::ecma_array(std::initializer_list<AmfMember> members) {
  return AmfValue(AmfObject{members, true});
}

const AmfValue* AmfValue::member(std::string_view name) const {
  const AmfObject* self = object();
  if (self == nullptr) return nullptr;
  auto found =
      std::ranges::find_if(self->members, [&](const AmfMember& member) { return member.first == name; });
  return found == self->members.end() ? nullptr : &found->second;
}

std::string AmfValue::text_of(std::string_view name) const {
  const AmfValue* found = member(name);
  return found != nullptr && found->text() != nullptr ? *found->text() : std::string();
}

Result<std::vector<AmfValue>> decode_amf0(ByteView bytes, const AmfLimits& limits) {
  Decoder decoder(bytes, limits);
  std::vector<AmfValue> values;
  while (!decoder.done()) {
    OPENDAY_TRY(AmfValue value, decoder.value(0));
    values.push_back(std::move(value));
  }
  return values;
}

void encode_amf0(Bytes& out, const AmfValue& value) {
  ByteWriter writer(out);
  if (const double* number = value.number()) {
    writer.u8(kNumber);
    writer.u64(std::bit_cast<uint64_t>(*number));
  } else if (const bool* flag = value.boolean()) {
    writer.u8(kBoolean);
    writer.u8(*flag ? 1 : 0);
  } else if (const std::string* text = value.text()) {
    bool is_long = text->size() > 0xFFFF;
    writer.u8(is_long ? kLongString : kString);
    if (is_long) {
      writer.u32(static_cast<uint32_t>(text->size()));
    } else {
      writer.u16(static_cast<uint16_t>(text->size()));
    }
    writer.append(*text);
  } else if (const AmfDate* date = value.date()) {
    writer.u8(kDate);
    writer.u64(std::bit_cast<uint64_t>(date->ms));
    writer.u16(0);
  } else if (const AmfObject* object = value.object()) {
    writer.u8(object->ecma_array ? kEcmaArray : kObject);
    if (object->ecma_array) writer.u32(static_cast<uint32_t>(object->members.size()));
    for (const auto& [name, member] : object->members) {
      encode_name(writer, name);
      encode_amf0(out, member);
    }
    writer.u16(0);
    writer.u8(kObjectEnd);
  } else if (const AmfArray* array = value.array()) {
    writer.u8(kStrictArray);
    writer.u32(static_cast<uint32_t>(array->items.size()));
    for (const auto& item : array->items) encode_amf0(out, item);
  } else {
    writer.u8(value.is_undefined() ? kUndefined : kNull);
  }
}

Bytes encode_amf0(std::initializer_list<AmfValue> values) {
  Bytes out;
  for (const auto& value : values) encode_amf0(out, value);
  return out;
}

}  // namespace openday::rtmp
