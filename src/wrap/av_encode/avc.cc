#include "wrap/av_encode/avc.h"

#include <algorithm>

namespace openday::wrap {
namespace {

// nal_unit_type, ITU-T H.264 table 7-1
constexpr int kSei = 6;
constexpr int kSps = 7;
constexpr int kPps = 8;
constexpr int kDelimiter = 9;

constexpr size_t kNone = static_cast<size_t>(-1);

// Index of the next 00 00 01 at or after `from`.
size_t next_start(ByteView bytes, size_t from) {
  for (size_t i = from; i + 3 <= bytes.size(); ++i) {
    if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) return i;
  }
  return kNone;
}

template <class Visit>
void each_nal(ByteView bytes, Visit&& visit) {
  size_t start = next_start(bytes, 0);
  while (start != kNone) {
    size_t begin = start + 3;
    size_t next = next_start(bytes, begin);
    size_t end = next == kNone ? bytes.size() : next;
    // B.1.1: trailing_zero_8bits, and the zero_byte of a 4-byte start code. A NAL unit never ends in zero
    // (7.4.1).
    while (end > begin && bytes[end - 1] == 0) --end;
    if (end > begin) visit(bytes.subspan(begin, end - begin));
    start = next;
  }
}

int type_of(ByteView nal) {
  return nal[0] & 0x1f;
}

}  // namespace

Result<Bytes> avc_config(ByteView parameter_sets) {
  ByteView sps;
  ByteView pps;
  each_nal(parameter_sets, [&](ByteView nal) {
    if (type_of(nal) == kSps && sps.empty()) sps = nal;
    if (type_of(nal) == kPps && pps.empty()) pps = nal;
  });
  if (sps.size() < 4 || pps.empty() || sps.size() > 0xffff || pps.size() > 0xffff) {
    return fail(Errc::kInvalid, "the H.264 encoder gave no usable parameter sets");
  }
  Bytes record;
  ByteWriter out(record);
  out.u8(1);       // configurationVersion
  out.u8(sps[1]);  // AVCProfileIndication
  out.u8(sps[2]);  // profile_compatibility
  out.u8(sps[3]);  // AVCLevelIndication
  out.u8(0xff);    // 6 bits reserved, lengthSizeMinusOne = 3
  out.u8(0xe1);    // 3 bits reserved, one SPS
  out.u16(static_cast<uint16_t>(sps.size()));
  out.append(sps);
  out.u8(1);  // one PPS
  out.u16(static_cast<uint16_t>(pps.size()));
  out.append(pps);
  bool with_format = sps[1] == 100 || sps[1] == 110 || sps[1] == 122 || sps[1] == 144;
  if (with_format) {
    out.u8(0xfc | 1);  // chroma_format: 4:2:0
    out.u8(0xf8);      // bit_depth_luma_minus8
    out.u8(0xf8);      // bit_depth_chroma_minus8
    out.u8(0);         // no SPS extensions
  }
  return record;
}

std::string avc_codecs(ByteView config) {
  return config.size() < 4 ? std::string() : "avc1." + to_hex(config.subspan(1, 3));
}

Bytes to_length_prefixed(ByteView access_unit) {
  Bytes result;
  result.reserve(access_unit.size() + 16);
  ByteWriter out(result);
  each_nal(access_unit, [&](ByteView nal) {
    int type = type_of(nal);
    if (type == kSei || type == kSps || type == kPps || type == kDelimiter) return;
    out.u32(static_cast<uint32_t>(nal.size()));
    out.append(nal);
  });
  return result;
}

}  // namespace openday::wrap
