#include "mixer/canvas.h"

#include <algorithm>
#include <cstring>

namespace openday::mixer {
namespace {

// `count` values laid over as many others. x ÷ 255 rounded is (x + 128 + (x + 128) / 256) / 256 for x ≤ 255².
void blend_row(const uint8_t* picture, const uint8_t* alpha, uint8_t* below, int count) {
  for (int i = 0; i < count; ++i) {
    unsigned shade = static_cast<unsigned>(below[i]) * (255u - alpha[i]) + 128u;
    below[i] = static_cast<uint8_t>(std::min(255u, picture[i] + ((shade + (shade >> 8)) >> 8)));
  }
}

bool same_places(const std::vector<Placed>& a, const std::vector<Placed>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](auto& x, auto& y) { return x.tile == y.tile && x.at == y.at; });
}

// A letterboxed picture in a tile that covers an earlier one: its bars would show that one.
bool needs_bars(const std::vector<Placed>& placed, size_t index) {
  const Rect& tile = placed[index].tile;
  if (placed[index].at == tile) return false;
  return std::any_of(placed.begin(), placed.begin() + static_cast<ptrdiff_t>(index), [&](auto& earlier) {
    const Rect& other = earlier.tile;
    return tile.x < other.x + other.width && other.x < tile.x + tile.width &&
           tile.y < other.y + other.height && other.y < tile.y + tile.height;
  });
}

bool same_pictures(const std::vector<Placed>& a, const std::vector<Placed>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](auto& x, auto& y) { return x.image == y.image; });
}

}  // namespace

void fill(media::Image& canvas, const Rect& area, const Ink& ink) {
  const uint8_t values[] = {ink.y, ink.u, ink.v};
  for (int p = 0; p < 3; ++p) {
    int part = p == 0 ? 1 : 2;
    for (int row = area.y / part; row < (area.y + area.height) / part; ++row) {
      std::memset(canvas.plane(p) + static_cast<ptrdiff_t>(row) * canvas.stride(p) + area.x / part, values[p],
                  static_cast<size_t>(area.width / part));
    }
  }
}

void copy(const media::Image& picture, media::Image& canvas, int x, int y) {
  for (int p = 0; p < 3; ++p) {
    int part = p == 0 ? 1 : 2;
    const uint8_t* from = picture.plane(p);
    uint8_t* into = canvas.plane(p) + static_cast<ptrdiff_t>(y / part) * canvas.stride(p) + x / part;
    for (int row = 0; row < picture.rows(p); ++row) {
      std::memcpy(into, from, static_cast<size_t>(picture.columns(p)));
      from += picture.stride(p);
      into += canvas.stride(p);
    }
  }
}

void blend(const Overlay& overlay, media::Image& canvas) {
  const media::Image& picture = overlay.picture;
  int width = std::min(picture.width(), canvas.width() - overlay.x);
  int height = std::min(picture.height(), canvas.height() - overlay.y);
  if (width <= 0 || height <= 0) return;
  for (int p = 0; p < 3; ++p) {
    int part = p == 0 ? 1 : 2;
    const uint8_t* alpha = p == 0 ? overlay.alpha.data() : overlay.chroma_alpha.data();
    for (int row = 0; row < height / part; ++row) {
      uint8_t* below = canvas.plane(p) + static_cast<ptrdiff_t>(overlay.y / part + row) * canvas.stride(p) +
                       overlay.x / part;
      blend_row(picture.plane(p) + static_cast<ptrdiff_t>(row) * picture.stride(p),
                alpha + static_cast<ptrdiff_t>(row) * picture.columns(p), below, width / part);
    }
  }
}

media::SharedImage Compositor::compose(std::vector<Placed> placed,
                                       const std::shared_ptr<const Overlay>& overlay) {
  bool same_arrangement = arrangement_ != 0 && same_places(placed, last_);
  if (!same_arrangement) ++arrangement_;
  bool nothing_new =
      same_arrangement && overlay == last_overlay_ && last_image_ && same_pictures(placed, last_);
  if (nothing_new) return last_image_;

  const Rect whole{0, 0, width_, height_};
  if (!overlay && placed.size() == 1 && placed[0].at == whole) {
    last_image_ = placed[0].image;
  } else {
    std::shared_ptr<Canvas> canvas = canvases_.take(
        [&] { return std::make_unique<Canvas>(Canvas{media::Image(width_, height_), 0, {}}); });
    media::Image& image = canvas->image;
    if (canvas->arrangement != arrangement_) {
      fill(image, whole, kBackground);
      canvas->arrangement = arrangement_;
    } else {
      fill(image, canvas->overlaid, kBackground);
    }
    canvas->overlaid = {};
    for (size_t i = 0; i < placed.size(); ++i) {
      if (needs_bars(placed, i)) fill(image, placed[i].tile, kBackground);
      copy(*placed[i].image, image, placed[i].at.x, placed[i].at.y);
    }
    if (overlay) {
      blend(*overlay, image);
      canvas->overlaid = {overlay->x, overlay->y, std::min(overlay->picture.width(), width_ - overlay->x),
                          std::min(overlay->picture.height(), height_ - overlay->y)};
    }
    ++drawn_;
    last_image_ = media::SharedImage(canvas, &canvas->image);
  }
  last_ = std::move(placed);
  last_overlay_ = overlay;
  return last_image_;
}

}  // namespace openday::mixer
