// Small JPEGs of the venues and the program, for the control page, the seek bar and the poster. Home thread:
// its own, of low priority; the queue to it is short and sheds its oldest.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "media/media.h"

namespace openday::encode {

struct Thumbnail {
  enum class What { kVenue, kProgram, kPoster };
  What what = What::kProgram;
  std::string venue;  // kVenue only
  ProgramTime at;
  SharedBytes jpeg;
};
/// As docs/LINK.md spells it.
const char* name_of(Thumbnail::What what);

class Thumbnails {
 public:
  static constexpr size_t kQueueBound = 12;
  static constexpr int kPosterSeconds = 10;

  /// `ready` is called on the thumbnails' thread.
  Thumbnails(const media::HouseFormat& house, std::function<void(Thumbnail)> ready);
  ~Thumbnails();
  Thumbnails(const Thumbnails&) = delete;

  /// Any thread; never waits. The caller decides how often (the mixer offers each venue twice a second).
  void venue(std::string venue, media::SharedImage image, ProgramTime at);
  /// To be called with every frame: keeps one a second, and one every kPosterSeconds as a poster.
  void program(const media::ProgramFrame& frame);

  /// True: make none, there is more important work.
  void shed(bool shedding);
  /// Pictures offered and not made, since the start: shed, overtaken by newer ones, or refused by the JPEG
  /// encoder.
  [[nodiscard]] uint64_t dropped() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace openday::encode
