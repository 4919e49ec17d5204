// Text and flat shapes, drawn with cairo and pango, handed over as I420 (bt709 limited).
//
// Slow (milliseconds, and tens of them when a font is first used): never on the thread that makes the
// program's frames.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "media/media.h"

namespace openday::wrap {

/// sRGB; opacity 0 … 1.
struct Color {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;
  double opacity = 1;
};

enum class Align { kLeft, kCentre };

struct TextStyle {
  double size = 24;  // pixels of the em square
  bool bold = false;
  Color color{255, 255, 255};
  Align align = Align::kLeft;
  int max_width = 0;  // pixels; wider text wraps, and ends in … on its last line. 0: one endless line
  int max_lines = 1;
};

struct Extent {
  int width = 0;
  int height = 0;
};

/// A picture to lay over others: out = picture + below × (255 − alpha) ÷ 255, per plane.
struct Overlay {
  media::Image picture;               // already multiplied with alpha
  std::vector<uint8_t> alpha;         // width × height
  std::vector<uint8_t> chroma_alpha;  // width/2 × height/2
};

/// A canvas of even size, transparent at first. One thread at a time.
class Painter {
 public:
  Painter(int width, int height);
  Painter(Painter&&) noexcept;
  ~Painter();

  [[nodiscard]] int width() const;
  [[nodiscard]] int height() const;

  void fill(const Color& color);
  void rectangle(double x, double y, double width, double height, const Color& color, double radius = 0);
  /// What text() would take; widths include only the ink's advance, heights whole lines.
  [[nodiscard]] Extent measure(const std::string& utf8, const TextStyle& style) const;
  /// Draws with the top left corner of the text's box at (x, y); kCentre centres lines within max_width.
  Extent text(double x, double y, const std::string& utf8, const TextStyle& style);

  /// What is transparent comes out black.
  [[nodiscard]] media::Image to_image() const;
  [[nodiscard]] Overlay to_overlay() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::wrap
