#include <unistd.h>

#include <catch2/catch.hpp>

#include "photo/clean.h"
#include "photo/photo_file.h"
#include "pictures.h"

using namespace openday;
using namespace openday::photo;
using namespace openday::photo::test;

namespace {

wrap::Pixels pixels_of(const Bytes& file) {
  return wrap::decode_photo(wrap::PhotoCodec::kJpeg, file, kMostPixels, 10'000).value();
}

/// The colours of the four quarters' middles: above left, above right, below left, below right.
std::string quarters_of(const Bytes& file) {
  wrap::Pixels pixels = pixels_of(file);
  std::string out;
  for (int y : {pixels.height / 4, pixels.height * 3 / 4}) {
    for (int x : {pixels.width / 4, pixels.width * 3 / 4}) {
      const uint8_t* seen = pixels.rgb.data() + (y * pixels.width + x) * 3;
      char name = '?';
      auto is = [&](const Colour& colour) {
        for (size_t c = 0; c < 3; ++c) {
          if (std::abs(seen[c] - colour[c]) > 24) return false;
        }
        return true;
      };
      if (is(kRed)) name = 'r';
      if (is(kGreen)) name = 'g';
      if (is(kBlue)) name = 'b';
      if (is(kGrey)) name = 'y';
      if (is({255, 255, 255})) name = 'w';
      out += name;
    }
  }
  return out;
}

std::string outcome(const Bytes& file) {
  auto cleaned = clean_photo(file);
  return cleaned ? quarters_of(*cleaned) : name_of(cleaned.error().code);
}

/// Nothing but what a picture needs: tables, one frame, one scan.
void check_plain(const Bytes& file) {
  auto read = read_photo_file(file).value();
  CHECK(read.kind == PhotoKind::kJpeg);
  CHECK(read.orientation == 1);
  for (const char* secret :
       {"GPS", "Camera", "Exif", "secret", "Lavc", "ICC_PROFILE", "<script", "PK", "http"}) {
    INFO(secret);
    CHECK_FALSE(holds(file, secret));
  }
}

}  // namespace

TEST_CASE("a photo comes out upright, whichever way it was taken") {
  const char* expected[] = {"rgby", "gryb", "ybgr", "byrg", "rbgy", "bryg", "ygbr", "gyrb"};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    for (bool little : {true, false}) {
      INFO(orientation);
      Bytes made = clean_photo(with_segment(jpeg(), 0xE1, exif_segment(orientation, little))).value();
      CHECK(quarters_of(made) == expected[orientation - 1]);
      CHECK(pixels_of(made).width == (orientation >= 5 ? 32 : 64));
      check_plain(made);
    }
  }
  CHECK(outcome(with_segment(jpeg(), 0xE1, exif_segment(9))) == "rgby");
  CHECK(outcome(png(64, 32, 255, chunk("eXIf", exif_of(6, false)))) == "bryg");
}

TEST_CASE("nothing of a file but its pixels is left") {
  Bytes file = with_segment(jpeg(), 0xFE, text("a secret comment"));
  file = with_segment(file, 0xE2, text(std::string_view("ICC_PROFILE\0\1\1secret", 20)));
  file = with_segment(file, 0xE1, text(std::string_view("http://ns.adobe.com/xap/1.0/\0<secret/>", 38)));
  file = with_segment(file, 0xE1, exif_segment(1) + jpeg(16, 16));  // and a thumbnail
  file = with_segment(file, 0xE0, text(std::string_view("JFIF\0\1\1\0\0\1\0\1\0\0", 14)));
  CHECK(outcome(file) == "rgby");
  check_plain(clean_photo(file).value());
  Bytes chunks = chunk("tEXt", text(std::string_view("Comment\0a secret", 16))) +
                 chunk("iCCP", text(std::string_view("secret\0\0x", 9))) + chunk("eXIf", exif_of(1, true)) +
                 chunk("tIME", text("1234567"));
  CHECK(outcome(png(64, 32, 255, chunks)) == "rgby");
  check_plain(clean_photo(png(64, 32, 255, chunks)).value());
}

TEST_CASE("what lies behind or beside the picture does not come along") {
  Bytes zip = text("PK\x03\x04 secret.sh PK\x05\x06");
  Bytes page = text("<script>alert('secret')</script>");
  for (const Bytes& tail : {zip, page, jpeg(16, 16)}) {
    for (const Bytes& file : {jpeg() + tail, png(64, 32) + tail}) {
      CHECK(outcome(file) == "rgby");
      check_plain(clean_photo(file).value());
    }
  }
  CHECK(outcome(with_segment(jpeg(), 0xFE, page)) == "rgby");
  CHECK(outcome(text("GIF89a/*") + page) == "unsupported");
  CHECK(outcome(text("<html>") + jpeg()) == "unsupported");
}

TEST_CASE("what is transparent does not show what lies under it") {
  CHECK(outcome(png(64, 32, 0)) == "rwbw");
}

TEST_CASE("WebP is decoded, still and with its place taken out") {
  Bytes lossy = by_ffmpeg(png(64, 32), "-c:v libwebp -quality 95", "webp");
  Bytes lossless = by_ffmpeg(png(64, 32, 0), "-c:v libwebp -lossless 1 -pix_fmt bgra", "webp");
  Bytes with_alpha = by_ffmpeg(png(64, 32, 0), "-c:v libwebp -pix_fmt yuva420p -quality 95", "webp");
  REQUIRE_FALSE(lossy.empty());
  CHECK(outcome(lossy) == "rgby");
  CHECK(outcome(lossless) == "rwbw");
  CHECK(outcome(with_alpha) == "rwbw");
  CHECK(outcome(lossy + text("PK secret")) == "rgby");
  CHECK(outcome(Bytes(lossy.begin(), lossy.end() - 20)) == "invalid");
  // The extended format with Exif behind the picture.
  Bytes exif = exif_of(3, true);
  Bytes chunks = text("VP8X") + Bytes{10, 0, 0, 0, 0x08, 0, 0, 0, 63, 0, 0, 31, 0, 0} +
                 ByteView(lossy).subspan(12) + text("EXIF") +
                 Bytes{static_cast<uint8_t>(exif.size()), 0, 0, 0} + exif;
  if (exif.size() % 2 == 1) chunks.push_back(0);
  Bytes file = text("RIFF");
  ByteWriter(file).u32le(static_cast<uint32_t>(chunks.size() + 4));
  file = file + text("WEBP") + chunks;
  CHECK(outcome(file) == "ybgr");
  check_plain(clean_photo(file).value());
  Bytes animated = by_ffmpeg(png(64, 32), "-vf loop=3:1,hue=H=n -c:v libwebp_anim", "webp");
  REQUIRE_FALSE(animated.empty());
  CHECK(outcome(animated) == "unsupported");
}

TEST_CASE("other kinds of JPEG and PNG are decoded, too") {
  CHECK(outcome(by_ffmpeg(png(64, 32), "-c:v png -pix_fmt rgb48be", "png")) == "rgby");
  CHECK(outcome(by_ffmpeg(png(64, 32), "-c:v png -pix_fmt pal8", "png")) == "rgby");
  CHECK(outcome(by_ffmpeg(png(64, 32), "-c:v mjpeg -pix_fmt yuvj444p -q:v 2", "jpg")) == "rgby");
  CHECK(outcome(by_ffmpeg(png(64, 32), "-c:v ljpeg -pix_fmt yuvj420p -strict -2", "jpg")) == "unsupported");
  CHECK(outcome(by_ffmpeg(png(64, 32), "", "gif")) == "unsupported");
  CHECK(clean_photo(text(std::string_view("\0\0\0\x1c"
                                          "ftypheic\0\0\0\0",
                                          16)))
            .error()
            .message.find("HEIC") != std::string::npos);
}

TEST_CASE("large photos become smaller, small ones stay as they are") {
  wrap::Pixels large = pixels_of(clean_photo(jpeg(4000, 1000)).value());
  CHECK(large.width == 2560);
  CHECK(large.height == 640);
  wrap::Pixels tall = pixels_of(clean_photo(jpeg(30, 5000)).value());
  CHECK(tall.width == 15);
  CHECK(tall.height == 2560);
  wrap::Pixels dot = pixels_of(clean_photo(png(1, 1)).value());
  CHECK(dot.width == 1);
  CHECK(dot.height == 1);
}

TEST_CASE("bombs are refused before they are decoded") {
  for (auto [width, height] : {std::pair(10'000u, 5'001u), std::pair(0x7FFFFFFFu, 0x7FFFFFFFu)}) {
    Bytes bomb = kPngBegin + png_header(width, height) + chunk("IDAT", zlib_of({})) + chunk("IEND", {});
    CHECK(outcome(bomb) == "limit");
  }
  Bytes file = jpeg();
  size_t frame = as_text(file).find("\xFF\xC0");
  REQUIRE(frame != std::string::npos);
  Bytes huge = file;
  for (size_t at : {frame + 5, frame + 7}) huge[at] = 0xFF;  // 65,312 × 65,344
  CHECK(outcome(huge) == "limit");
  // One scan is a pass over all pixels: a thousand are an hour.
  size_t scan = as_text(file).find("\xFF\xDA");
  ByteView one = ByteView(file).subspan(scan, file.size() - 2 - scan);
  Bytes many(file.begin(), file.begin() + static_cast<ptrdiff_t>(scan));
  for (int i = 0; i < 200; ++i) many = std::move(many) + one;
  CHECK(outcome(many + Bytes{0xFF, 0xD9}) == "limit");
  CHECK(outcome(Bytes(kMostPhotoBytes + 1)) == "limit");
}

TEST_CASE("what is cut off or damaged is refused") {
  for (const Bytes& file : {jpeg(), png(64, 32)}) {
    for (size_t size = 0; size < file.size(); size += 1 + size / 20) {
      std::string got = outcome(Bytes(file.begin(), file.begin() + static_cast<ptrdiff_t>(size)));
      INFO(size << " of " << file.size());
      CHECK((got == "invalid" || (size < 8 && got == "unsupported")));
    }
  }
  Bytes wrong = png(64, 32);
  wrong[wrong.size() / 2] ^= 0x10;
  CHECK(outcome(wrong) == "invalid");
  CHECK(outcome(kPngBegin + png_header(0, 10) + chunk("IDAT", zlib_of({})) + chunk("IEND", {})) == "invalid");
  CHECK(outcome(text("no photo at all")) == "unsupported");
  CHECK(outcome({}) == "unsupported");
  CHECK(outcome({0xFF, 0xD8, 0xFF, 0xD9}) == "invalid");
  Bytes twice = jpeg();
  size_t frame = as_text(twice).find("\xFF\xC0");
  Bytes segment(twice.begin() + static_cast<ptrdiff_t>(frame) + 4,
                twice.begin() + static_cast<ptrdiff_t>(frame) + 19);
  CHECK(outcome(with_segment(twice, 0xC0, segment)) == "invalid");
}
