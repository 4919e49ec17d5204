// Pixels of the program: copying tiles, filling, laying text over them, and the canvases they are drawn on.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "media/media.h"
#include "media/pool.h"
#include "mixer/layout.h"

namespace openday::mixer {

/// Y, Cb, Cr in bt709 limited range.
struct Ink {
  uint8_t y = 16;
  uint8_t u = 128;
  uint8_t v = 128;
};

/// What shows where no venue is, and beside letterboxed pictures: near-black with a hint of blue (#0E1116).
inline constexpr Ink kBackground{30, 130, 126};

/// A picture to lay over others: out = picture + below × (255 − alpha) ÷ 255, per plane.
struct Overlay {
  int x = 0;
  int y = 0;                          // both even
  media::Image picture;               // already multiplied with alpha
  std::vector<uint8_t> alpha;         // width × height
  std::vector<uint8_t> chroma_alpha;  // width/2 × height/2
};

/// Both clip nothing: what they draw lies inside the canvas.
void fill(media::Image& canvas, const Rect& area, const Ink& ink);
void copy(const media::Image& picture, media::Image& canvas, int x, int y);
/// Parts that lie outside the canvas are left out.
void blend(const Overlay& overlay, media::Image& canvas);

/// A picture inside its tile; the image has exactly the size of `at`.
struct Placed {
  Rect tile;
  Rect at;
  media::SharedImage image;
};

/// Makes the program's picture out of placed ones. One thread; the pictures may live on elsewhere.
///
/// Canvases are reused: one that was last drawn with the same arrangement keeps its background, one
/// full-screen picture is handed on as it is, and when nothing has changed so is the picture made last.
class Compositor {
 public:
  Compositor(int width, int height) : width_(width), height_(height), canvases_(24) {}

  media::SharedImage compose(std::vector<Placed> placed, const std::shared_ptr<const Overlay>& overlay);

  /// Pictures drawn anew, since the start.
  [[nodiscard]] uint64_t drawn() const { return drawn_; }

 private:
  struct Canvas {
    media::Image image;
    uint64_t arrangement = 0;  // whose background it carries; 0: none
    Rect overlaid;             // where an overlay has spoiled that background
  };

  int width_;
  int height_;
  media::Pool<Canvas> canvases_;
  uint64_t arrangement_ = 0;
  std::vector<Placed> last_;
  std::shared_ptr<const Overlay> last_overlay_;
  media::SharedImage last_image_;
  uint64_t drawn_ = 0;
};

}  // namespace openday::mixer
