// Which renditions a machine can afford: data from pipelines/ladders.json. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "media/media.h"

namespace openday::encode {

/// One line of the book: with so many cores, these heights.
struct LadderRule {
  int cores = 1;  // at least
  std::vector<int> heights;
};

struct Rung {
  int height = 0;
  int kbps = 0;  // at 30 fps
};

class LadderBook {
 public:
  /// `file` is named in errors, with the key and what was expected.
  static Result<LadderBook> load(const std::string& file);
  static Result<LadderBook> parse(const std::string& file, std::string_view text);

  /// Largest first, never larger than the house and never empty: a house smaller than every rung gets one of
  /// its own size.
  [[nodiscard]] std::vector<media::Rendition> choose(int cores, const media::HouseFormat& house) const;
  [[nodiscard]] const std::string& preset() const { return preset_; }

 private:
  std::string preset_ = "superfast";
  int audio_kbps_ = 128;
  std::vector<Rung> rungs_;        // by height, largest first
  std::vector<LadderRule> rules_;  // by cores, most first
};

}  // namespace openday::encode
