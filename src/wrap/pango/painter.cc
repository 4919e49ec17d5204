#include "wrap/pango/painter.h"

#include <pango/pangocairo.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#if defined(OPENDAY_SANITIZE_ADDRESS)
// fontconfig keeps offsets instead of pointers between a pattern and its elements, so the leak sanitizer
// cannot see that pango's caches still hold them.
// The name is the sanitizer's. NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfontconfig\nleak:FcFontRenderPrepare\n";
}
// NOLINTEND(bugprone-reserved-identifier)
#endif

namespace openday::wrap {
namespace {

template <auto release>
struct Release {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
using Surface = std::unique_ptr<cairo_surface_t, Release<cairo_surface_destroy>>;
using Cairo = std::unique_ptr<cairo_t, Release<cairo_destroy>>;
using Layout = std::unique_ptr<PangoLayout, Release<g_object_unref>>;
using Font = std::unique_ptr<PangoFontDescription, Release<pango_font_description_free>>;

void set_source(cairo_t* cairo, const Color& c) {
  cairo_set_source_rgba(cairo, c.red / 255.0, c.green / 255.0, c.blue / 255.0, c.opacity);
}

// ITU-R BT.709-6, items 3.2 to 3.4: limited range, 8 bits, from non-linear RGB of 0 … 255.
struct Yuv {
  double y, u, v;
};
Yuv weigh(double r, double g, double b) {
  double luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return {luma * 219 / 255, (b - luma) / 1.8556 * 224 / 255, (r - luma) / 1.5748 * 224 / 255};
}

uint8_t rounded(double value) {
  return static_cast<uint8_t>(std::clamp(value + 0.5, 0.0, 255.0));
}

}  // namespace

struct Painter::Impl {
  int width;
  int height;
  Surface surface;
  Cairo cairo;

  Impl(int w, int h)
      : width(std::clamp(w, 2, 4096) & ~1),
        height(std::clamp(h, 2, 4096) & ~1),
        surface(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height)),
        cairo(cairo_create(surface.get())) {}

  [[nodiscard]] Layout layout(const std::string& utf8, const TextStyle& style) const {
    Layout made(pango_cairo_create_layout(cairo.get()));
    Font font(pango_font_description_new());
    // Simplified Chinese shapes first; Han characters differ by region and fontconfig would choose the
    // Japanese ones.
    pango_font_description_set_family(font.get(), "Noto Sans CJK SC, Noto Sans, sans-serif");
    pango_font_description_set_absolute_size(font.get(), style.size * PANGO_SCALE);
    pango_font_description_set_weight(font.get(), style.bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(made.get(), font.get());
    if (style.max_width > 0) {
      pango_layout_set_width(made.get(), style.max_width * PANGO_SCALE);
      pango_layout_set_height(made.get(), -std::max(1, style.max_lines));
      pango_layout_set_wrap(made.get(), PANGO_WRAP_WORD_CHAR);
      pango_layout_set_ellipsize(made.get(), PANGO_ELLIPSIZE_END);
    }
    pango_layout_set_alignment(made.get(),
                               style.align == Align::kCentre ? PANGO_ALIGN_CENTER : PANGO_ALIGN_LEFT);
    pango_layout_set_text(made.get(), utf8.c_str(), static_cast<int>(utf8.size()));
    return made;
  }

  // Calls luma(x, y, Yuv, alpha) and chroma(x, y, Yuv, alpha) with values multiplied by alpha; alpha is 0
  // … 1.
  template <class Luma, class Chroma>
  void convert(Luma&& luma, Chroma&& chroma) const {
    cairo_surface_flush(surface.get());
    const uint8_t* data = cairo_image_surface_get_data(surface.get());
    int stride = cairo_image_surface_get_stride(surface.get());
    for (int y = 0; y < height; y += 2) {
      for (int x = 0; x < width; x += 2) {
        Yuv sum{0, 0, 0};
        double alpha_sum = 0;
        for (int dy = 0; dy < 2; ++dy) {
          for (int dx = 0; dx < 2; ++dx) {
            // CAIRO_FORMAT_ARGB32: native-endian words, colours multiplied by alpha; B, G, R, A in memory
            // here.
            const uint8_t* p = data + (y + dy) * stride + (x + dx) * 4;
            Yuv yuv = weigh(p[2], p[1], p[0]);
            double alpha = p[3] / 255.0;
            luma(x + dx, y + dy, yuv.y, alpha);
            sum.u += yuv.u;
            sum.v += yuv.v;
            alpha_sum += alpha;
          }
        }
        chroma(x / 2, y / 2, sum.u / 4, sum.v / 4, alpha_sum / 4);
      }
    }
  }
};

Painter::Painter(int width, int height) : impl_(std::make_unique<Impl>(width, height)) {}
Painter::Painter(Painter&&) noexcept = default;
Painter::~Painter() = default;

int Painter::width() const {
  return impl_->width;
}
int Painter::height() const {
  return impl_->height;
}

void Painter::fill(const Color& color) {
  set_source(impl_->cairo.get(), color);
  cairo_paint(impl_->cairo.get());
}

void Painter::rectangle(double x, double y, double width, double height, const Color& color, double radius) {
  constexpr double kPi = std::numbers::pi;
  cairo_t* cairo = impl_->cairo.get();
  double r = std::min({radius, width / 2, height / 2});
  cairo_new_path(cairo);
  if (r > 0) {
    cairo_arc(cairo, x + width - r, y + r, r, -kPi / 2, 0);
    cairo_arc(cairo, x + width - r, y + height - r, r, 0, kPi / 2);
    cairo_arc(cairo, x + r, y + height - r, r, kPi / 2, kPi);
    cairo_arc(cairo, x + r, y + r, r, kPi, kPi * 3 / 2);
    cairo_close_path(cairo);
  } else {
    cairo_rectangle(cairo, x, y, width, height);
  }
  set_source(cairo, color);
  cairo_fill(cairo);
}

Extent Painter::measure(const std::string& utf8, const TextStyle& style) const {
  Layout layout = impl_->layout(utf8, style);
  PangoRectangle box;
  pango_layout_get_pixel_extents(layout.get(), nullptr, &box);
  return {box.width, box.height};
}

Extent Painter::text(double x, double y, const std::string& utf8, const TextStyle& style) {
  Layout layout = impl_->layout(utf8, style);
  cairo_t* cairo = impl_->cairo.get();
  set_source(cairo, style.color);
  cairo_move_to(cairo, x, y);
  pango_cairo_show_layout(cairo, layout.get());
  PangoRectangle box;
  pango_layout_get_pixel_extents(layout.get(), nullptr, &box);
  return {box.width, box.height};
}

media::Image Painter::to_image() const {
  media::Image image(impl_->width, impl_->height);
  impl_->convert([&](int x, int y, double luma,
                     double) { image.plane(0)[y * image.stride(0) + x] = rounded(16 + luma); },
                 [&](int x, int y, double u, double v, double) {
                   image.plane(1)[y * image.stride(1) + x] = rounded(128 + u);
                   image.plane(2)[y * image.stride(2) + x] = rounded(128 + v);
                 });
  return image;
}

Overlay Painter::to_overlay() const {
  auto width = static_cast<size_t>(impl_->width);
  auto height = static_cast<size_t>(impl_->height);
  Overlay overlay{media::Image(impl_->width, impl_->height), std::vector<uint8_t>(width * height),
                  std::vector<uint8_t>(width * height / 4)};
  media::Image& image = overlay.picture;
  impl_->convert(
      [&](int x, int y, double luma, double alpha) {
        image.plane(0)[y * image.stride(0) + x] = rounded(16 * alpha + luma);
        overlay.alpha[static_cast<size_t>(y) * width + static_cast<size_t>(x)] = rounded(alpha * 255);
      },
      [&](int x, int y, double u, double v, double alpha) {
        image.plane(1)[y * image.stride(1) + x] = rounded(128 * alpha + u);
        image.plane(2)[y * image.stride(2) + x] = rounded(128 * alpha + v);
        overlay.chroma_alpha[static_cast<size_t>(y) * width / 2 + static_cast<size_t>(x)] =
            rounded(alpha * 255);
      });
  return overlay;
}

}  // namespace openday::wrap
