// Photos made by hand, with what a camera, an editor or a villain puts beside the pixels.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "wrap/av_photo/photo.h"

namespace openday::photo::test {

using Colour = std::array<uint8_t, 3>;
inline constexpr Colour kRed{230, 20, 20};
inline constexpr Colour kGreen{20, 200, 20};
inline constexpr Colour kBlue{20, 20, 230};
inline constexpr Colour kGrey{128, 128, 128};

inline Bytes operator+(Bytes a, ByteView b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
inline Bytes text(std::string_view words) {
  return {words.begin(), words.end()};
}
inline bool holds(ByteView bytes, std::string_view words) {
  return as_text(bytes).find(words) != std::string_view::npos;
}

/// Red and green above, blue and grey below.
inline wrap::Pixels quarters(int width, int height) {
  wrap::Pixels pixels{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const Colour& colour =
          y < height / 2 ? (x < width / 2 ? kRed : kGreen) : (x < width / 2 ? kBlue : kGrey);
      pixels.rgb.insert(pixels.rgb.end(), colour.begin(), colour.end());
    }
  }
  return pixels;
}

inline Bytes jpeg(int width = 64, int height = 32) {
  return wrap::encode_photo(quarters(width, height), 2).value();
}

/// A segment put right behind the beginning of a JPEG.
inline Bytes with_segment(const Bytes& file, uint8_t marker, ByteView content) {
  Bytes out{0xFF, 0xD8, 0xFF, marker};
  ByteWriter(out).u16(static_cast<uint16_t>(content.size() + 2));
  return out + content + ByteView(file).subspan(2);
}

/// TIFF with an orientation, a camera's name and a place.
inline Bytes exif_of(int orientation, bool little) {
  Bytes out;
  auto number = [&](uint32_t value, int size) {
    for (int i = 0; i < size; ++i) {
      out.push_back(static_cast<uint8_t>(value >> 8 * (little ? i : size - 1 - i)));
    }
  };
  auto entry = [&](uint32_t tag, uint32_t type, uint32_t count, uint32_t value, int size) {
    number(tag, 2);
    number(type, 2);
    number(count, 4);
    number(value, size);
    number(0, 4 - size);
  };
  out = text(little ? "II" : "MM");
  number(42, 2);
  number(8, 4);
  number(3, 2);
  entry(0x010F, 2, 20, 62, 4);  // maker
  entry(0x0112, 3, 1, static_cast<uint32_t>(orientation), 2);
  entry(0x8825, 4, 1, 50, 4);  // GPS
  number(0, 4);
  for (int i = 0; i < 3; ++i) number(0, 4);
  return out + text("GPS 39.9042N116.4074E CameraSerial123");
}
inline Bytes exif_segment(int orientation, bool little = true) {
  return text(std::string_view("Exif\0\0", 6)) + exif_of(orientation, little);
}

inline uint32_t crc_of(ByteView bytes) {  // ISO/IEC 15948, annex D
  uint32_t crc = ~0u;
  for (uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

inline Bytes chunk(std::string_view type, ByteView content) {
  Bytes out;
  ByteWriter writer(out);
  writer.u32(static_cast<uint32_t>(content.size()));
  Bytes checked = text(type) + content;
  writer.append(checked);
  writer.u32(crc_of(checked));
  return out;
}

/// RFC 1950 with the blocks of RFC 1951 that are stored as they are.
inline Bytes zlib_of(const Bytes& raw) {
  Bytes out{0x78, 0x01};
  uint32_t a = 1;
  uint32_t b = 0;
  for (size_t at = 0; at < raw.size() || at == 0; at += 65535) {
    size_t size = std::min<size_t>(65535, raw.size() - at);
    out.push_back(at + size == raw.size() ? 1 : 0);
    for (size_t value : {size, ~size}) {
      out.push_back(static_cast<uint8_t>(value));
      out.push_back(static_cast<uint8_t>(value >> 8));
    }
    out = std::move(out) + ByteView(raw).subspan(at, size);
  }
  for (uint8_t byte : raw) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  ByteWriter(out).u32(b << 16 | a);
  return out;
}

inline const Bytes kPngBegin = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

inline Bytes png_header(uint32_t width, uint32_t height) {
  Bytes header;
  ByteWriter writer(header);
  writer.u32(width);
  writer.u32(height);
  for (uint8_t value : {8, 6, 0, 0, 0}) writer.u8(value);  // RGBA
  return chunk("IHDR", header);
}

/// RGBA; `alpha` of the right half. `between` stands before the pixels.
inline Bytes png(int width, int height, uint8_t alpha = 255, ByteView between = {}) {
  wrap::Pixels pixels = quarters(width, height);
  Bytes rows;
  for (int y = 0; y < height; ++y) {
    rows.push_back(0);
    for (int x = 0; x < width; ++x) {
      const uint8_t* from = pixels.rgb.data() + (y * width + x) * 3;
      rows.insert(rows.end(), from, from + 3);
      rows.push_back(x < width / 2 ? 255 : alpha);
    }
  }
  return kPngBegin + png_header(static_cast<uint32_t>(width), static_cast<uint32_t>(height)) + between +
         chunk("IDAT", zlib_of(rows)) + chunk("IEND", {});
}

/// By FFmpeg, from a file of another kind. `options`: of the encoder.
inline Bytes by_ffmpeg(const Bytes& from, const std::string& options, const std::string& ending) {
  std::string base = "/tmp/openday-photo-" + std::to_string(::getpid());
  std::ofstream(base + ".in", std::ios::binary)
      .write(reinterpret_cast<const char*>(from.data()), static_cast<std::streamsize>(from.size()));
  std::string out = base + "." + ending;
  std::string command = "ffmpeg -v error -y -i " + base + ".in " + options + " " + out;
  int status = std::system(command.c_str());
  std::ifstream file(out, std::ios::binary);
  Bytes bytes((std::istreambuf_iterator<char>(file)), {});
  std::remove(out.c_str());
  std::remove((base + ".in").c_str());
  return status == 0 ? bytes : Bytes();
}

}  // namespace openday::photo::test
