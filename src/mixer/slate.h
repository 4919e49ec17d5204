// The designed pictures: what stands in for a venue that is away, for the whole program, and the lower third.
// Slow (fonts).
#pragma once

#include <memory>
#include <string>

#include "media/media.h"
#include "mixer/canvas.h"

namespace openday::mixer {

struct Institution {
  std::string name_zh;
  std::string name_en;
};

/// `name` and "reconnecting", legible down to tiles of 160 × 90.
media::SharedImage venue_slate(int width, int height, const std::string& name);

/// Says nothing about time, so that it is true before, during and after: title, institution, "please stand
/// by".
media::SharedImage program_slate(int width, int height, const std::string& title,
                                 const Institution& institution);

/// A title at the lower left of a program of this size, at most three fifths of its width; null for an empty
/// one.
std::shared_ptr<const Overlay> lower_third(int width, int height, const std::string& title);

}  // namespace openday::mixer
