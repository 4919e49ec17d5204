#include "photo/photo_file.h"

#include <algorithm>
#include <string_view>

namespace openday::photo {
namespace {

constexpr int kMostScans = 100;  // each is a pass over all pixels; cameras need 1, progressive files about 10

std::unexpected<Error> damaged(const char* why) {
  return fail(Errc::kInvalid, std::string("the photo is damaged: ") + why);
}

std::unexpected<Error> cut_off() {
  return fail(Errc::kInvalid, "the photo is not complete");
}

bool begins_with(ByteView bytes, std::string_view text) {
  return as_text(bytes).starts_with(text);
}

/// Numbers of a TIFF structure, in the byte order it says; 0 past its end.
struct Tiff {
  ByteView bytes;
  bool little = false;

  [[nodiscard]] uint32_t number(size_t at, size_t size) const {
    if (at > bytes.size() || bytes.size() - at < size) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | bytes[at + (little ? size - 1 - i : i)];
    return value;
  }
};

/// Exif 2.32, 4.5: TIFF, whose first directory may hold the orientation. What is malformed counts as upright.
int orientation_of(ByteView exif) {
  if (begins_with(exif, std::string_view("Exif\0\0", 6))) exif = exif.subspan(6);
  Tiff tiff{exif, begins_with(exif, "II")};
  if (!tiff.little && !begins_with(exif, "MM")) return 1;
  size_t directory = tiff.number(4, 4);
  size_t entries = tiff.number(directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    size_t at = directory + 2 + i * 12;
    if (at + 12 > exif.size()) return 1;
    constexpr uint32_t kOrientation = 0x0112;
    constexpr uint32_t kShort = 3;
    if (tiff.number(at, 2) != kOrientation) continue;
    uint32_t value = tiff.number(at + 2, 2) == kShort ? tiff.number(at + 8, 2) : 1;
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Result<> check_size(const PhotoFile& file) {
  if (file.width == 0 || file.height == 0) return damaged("it has no size");
  if (uint64_t{file.width} * file.height > kMostPixels)
    return fail(Errc::kLimit, "the photo has more than 50 megapixels");
  return {};
}

/// ITU-T T.81, B.
class JpegReader {
 public:
  explicit JpegReader(ByteView bytes) : reader_(bytes) {}

  Result<PhotoFile> read() {
    file_.kind = PhotoKind::kJpeg;
    keep(kStart);
    reader_.skip(2);
    while (true) {
      OPENDAY_TRY(uint8_t marker, next_marker());
      if (marker == kEnd) break;
      if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) return damaged("a marker out of place");
      OPENDAY_CHECK_OK(read_segment(marker));
    }
    if (scans_ == 0) return damaged("it holds no picture");
    keep(kEnd);
    return std::move(file_);
  }

 private:
  static constexpr uint8_t kStart = 0xD8;
  static constexpr uint8_t kEnd = 0xD9;
  static constexpr uint8_t kScan = 0xDA;

  Result<uint8_t> next_marker() {
    if (reader_.u8() != 0xFF) return reader_.ok() ? Result<uint8_t>(damaged("no marker")) : cut_off();
    uint8_t marker = 0xFF;
    while (marker == 0xFF && reader_.ok()) marker = reader_.u8();  // B.1.1.2: any number of fill bytes
    if (!reader_.ok()) return cut_off();
    return marker;
  }

  Result<> read_segment(uint8_t marker) {
    uint16_t length = reader_.u16();
    if (!reader_.ok()) return cut_off();
    if (length < 2) return damaged("a segment without a length");
    ByteView content = reader_.take(length - size_t{2});
    if (!reader_.ok()) return cut_off();
    switch (marker) {
      case 0xC0:
      case 0xC1:
      case 0xC2: OPENDAY_CHECK_OK(read_frame(content)); break;
      case 0xC4:
      case 0xDB:
      case 0xDD: break;  // DHT, DQT, DRI
      case kScan:
        if (file_.width == 0) return damaged("a scan before its frame");
        if (++scans_ > kMostScans) return fail(Errc::kLimit, "the photo has too many scans");
        break;
      case 0xE1:
        if (!exif_seen_ && begins_with(content, std::string_view("Exif\0\0", 6))) {
          exif_seen_ = true;
          file_.orientation = orientation_of(content);
        }
        return {};
      case 0xEE:
        if (!begins_with(content, "Adobe")) return {};
        content = content.first(std::min<size_t>(content.size(), 12));  // says how colours are coded
        break;
      default:
        if (marker >= 0xC0 && marker <= 0xCF)
          return fail(Errc::kUnsupported, "this kind of JPEG is not decoded here");
        if (marker >= 0xE0) return {};  // APPn, COM and what has no use
        return damaged("an unknown segment");
    }
    keep(marker);
    ByteWriter out(file_.essence);
    out.u16(static_cast<uint16_t>(content.size() + 2));
    out.append(content);
    return marker == kScan ? copy_scan() : Result<>();
  }

  Result<> read_frame(ByteView content) {
    if (file_.width != 0) return damaged("it has two frames");
    ByteReader frame(content);
    frame.skip(1);
    file_.height = frame.u16();
    file_.width = frame.u16();
    if (!frame.ok()) return damaged("its frame is cut off");
    return check_size(file_);
  }

  /// Entropy-coded bytes, up to the next marker that is neither a stuffed byte nor a restart.
  Result<> copy_scan() {
    ByteView rest = reader_.rest();
    size_t end = 0;
    for (; end + 1 < rest.size(); ++end) {
      if (rest[end] != 0xFF) continue;
      uint8_t next = rest[end + 1];
      if (next != 0 && (next < 0xD0 || next > 0xD7)) break;
      ++end;
    }
    if (end + 1 >= rest.size()) return cut_off();
    ByteWriter(file_.essence).append(reader_.take(end));
    return {};
  }

  void keep(uint8_t marker) {
    ByteWriter out(file_.essence);
    out.u8(0xFF);
    out.u8(marker);
  }

  ByteReader reader_;
  PhotoFile file_;
  int scans_ = 0;
  bool exif_seen_ = false;
};

constexpr std::string_view kPngSignature("\x89PNG\r\n\x1a\n", 8);

/// ISO/IEC 15948, 5.
Result<PhotoFile> read_png(ByteView bytes) {
  PhotoFile file;
  file.kind = PhotoKind::kPng;
  ByteWriter out(file.essence);
  ByteReader reader(bytes);
  out.append(reader.take(kPngSignature.size()));
  bool pixels = false;
  for (bool first = true;; first = false) {
    ByteView from = reader.rest();
    uint32_t length = reader.u32();
    std::string_view type = as_text(reader.take(4));
    ByteView content = reader.take(length);
    reader.skip(4);  // its checksum
    if (!reader.ok()) return cut_off();
    if (first != (type == "IHDR") || (first && length != 13))
      return damaged("its header is not where it belongs");
    if (first) {
      ByteReader header(content);
      file.width = header.u32();
      file.height = header.u32();
      OPENDAY_CHECK_OK(check_size(file));
    }
    pixels = pixels || type == "IDAT";
    if (type == "eXIf") file.orientation = orientation_of(content);
    bool needed = type == "IHDR" || type == "PLTE" || type == "tRNS" || type == "IDAT" || type == "IEND";
    if (needed) out.append(from.first(size_t{12} + length));
    if (type == "IEND") break;
    // 5.4: an upper-case first letter says that the picture cannot be understood without it.
    if (!needed && type.front() >= 'A' && type.front() <= 'Z') return damaged("an unknown chunk");
  }
  if (!pixels) return damaged("it holds no picture");
  return file;
}

/// WebP Container Specification (RFC 9649, 2).
class WebpReader {
 public:
  Result<PhotoFile> read(ByteView bytes) {
    file_.kind = PhotoKind::kWebp;
    ByteReader riff(bytes);
    riff.skip(4);
    uint32_t size = riff.u32le();
    if (size < 4 || riff.remaining() < size) return cut_off();
    ByteReader chunks(riff.take(size).subspan(4));
    while (chunks.remaining() > 0) {
      std::string_view type = as_text(chunks.take(4));
      uint32_t length = chunks.u32le();
      ByteView content = chunks.take(length);
      if (!chunks.ok()) return damaged("a chunk is longer than the file");
      if (length % 2 == 1 && chunks.remaining() > 0) chunks.skip(1);
      OPENDAY_CHECK_OK(read_chunk(type, content));
    }
    if (picture_.empty()) return damaged("it holds no picture");
    OPENDAY_CHECK_OK(check_size(file_));
    write();
    return std::move(file_);
  }

 private:
  Result<> read_chunk(std::string_view type, ByteView content) {
    ByteReader reader(content);
    if (type == "VP8X") {
      constexpr uint8_t kAnimation = 0x02;
      if ((reader.u8() & kAnimation) != 0) return animated();
    } else if (type == "ANIM" || type == "ANMF") {
      return animated();
    } else if (type == "EXIF") {
      file_.orientation = orientation_of(content);
    } else if (type == "ALPH" && picture_.empty()) {
      alpha_ = content;
    } else if (type == "VP8 " || type == "VP8L") {
      if (!picture_.empty()) return damaged("it holds two pictures");
      picture_ = content;
      lossless_ = type == "VP8L";
      return lossless_ ? read_lossless(reader) : read_lossy(reader);
    }
    return {};
  }

  static std::unexpected<Error> animated() {
    return fail(Errc::kUnsupported, "animated pictures are not taken");
  }

  Result<> read_lossy(ByteReader reader) {  // RFC 6386 9.1
    if ((reader.u8() & 1) != 0) return damaged("it does not begin with a key frame");
    reader.skip(2);
    if (reader.u24() != 0x9D012A) return damaged("its start code is missing");
    uint32_t width = reader.u8();
    width |= static_cast<uint32_t>(reader.u8()) << 8;
    uint32_t height = reader.u8();
    height |= static_cast<uint32_t>(reader.u8()) << 8;
    if (!reader.ok()) return cut_off();
    file_.width = width & 0x3FFF;
    file_.height = height & 0x3FFF;
    return {};
  }

  Result<> read_lossless(ByteReader reader) {  // RFC 9649 3.4
    if (reader.u8() != 0x2F) return damaged("its signature is missing");
    uint32_t bits = reader.u32le();
    if (!reader.ok()) return cut_off();
    file_.width = (bits & 0x3FFF) + 1;
    file_.height = (bits >> 14 & 0x3FFF) + 1;
    return {};
  }

  void write() {
    Bytes chunks;
    ByteWriter out(chunks);
    bool extended = !lossless_ && !alpha_.empty();
    if (extended) {
      Bytes header;
      ByteWriter fields(header);
      constexpr uint32_t kAlpha = 0x10;
      fields.u32le(kAlpha);
      for (uint32_t side : {file_.width - 1, file_.height - 1}) {
        for (int shift : {0, 8, 16}) fields.u8(static_cast<uint8_t>(side >> shift));
      }
      append(out, "VP8X", header);
      append(out, "ALPH", alpha_);
    }
    append(out, lossless_ ? "VP8L" : "VP8 ", picture_);
    ByteWriter file(file_.essence);
    file.append("RIFF");
    file.u32le(static_cast<uint32_t>(chunks.size() + 4));
    file.append("WEBP");
    file.append(chunks);
  }

  static void append(ByteWriter& out, std::string_view type, ByteView content) {
    out.append(type);
    out.u32le(static_cast<uint32_t>(content.size()));
    out.append(content);
    if (content.size() % 2 == 1) out.u8(0);
  }

  PhotoFile file_;
  ByteView picture_;
  ByteView alpha_;
  bool lossless_ = false;
};

/// ISO/IEC 14496-12 4.3, with the brands of ISO/IEC 23008-12 (HEIF) and of AV1 in it.
bool is_heif(ByteView bytes) {
  if (bytes.size() < 12 || !begins_with(bytes.subspan(4), "ftyp")) return false;
  std::string_view brand = as_text(bytes.subspan(8, 4));
  for (std::string_view known : {"heic", "heix", "heim", "heis", "hevc", "mif1", "msf1", "avif", "avis"}) {
    if (brand == known) return true;
  }
  return false;
}

}  // namespace

Result<PhotoFile> read_photo_file(ByteView bytes) {
  if (begins_with(bytes, "\xFF\xD8\xFF")) return JpegReader(bytes).read();
  if (begins_with(bytes, kPngSignature)) return read_png(bytes);
  if (begins_with(bytes, "RIFF") && bytes.size() >= 12 && begins_with(bytes.subspan(8), "WEBP"))
    return WebpReader().read(bytes);
  if (is_heif(bytes))
    return fail(Errc::kUnsupported, "HEIC and AVIF photos are not taken; save it as JPEG, PNG or WebP");
  return fail(Errc::kUnsupported, "photos must be JPEG, PNG or WebP");
}

}  // namespace openday::photo
