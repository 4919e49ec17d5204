// A scene with everything drawn and computed that a tick must not wait for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "media/media.h"
#include "mixer/canvas.h"
#include "mixer/layout.h"
#include "mixer/scene.h"
#include "mixer/slate.h"

namespace openday::mixer {

struct SlotAssignment {
  int slot = 0;
  std::string venue;
  std::string name;  // as the slate shows it
  bool operator==(const SlotAssignment&) const = default;
};

struct PreparedTile {
  int slot = -1;  // −1: the venue has lost its slot since
  Rect rect;
  media::SharedImage slate;  // of exactly that size
};

/// Immutable.
struct PreparedScene {
  uint64_t id = 0;  // of the take that asked for it; 0: the scene at the start
  Scene scene;
  std::vector<PreparedTile> tiles;       // none when the program's slate stands for everything
  media::SharedImage program_slate;      // house size
  std::shared_ptr<const Overlay> title;  // null: none
};

/// Draws with fonts and therefore takes its time. One thread at a time.
class SceneBuilder {
 public:
  SceneBuilder(const media::HouseFormat& house, LayoutBook layouts, Institution institution);

  /// kInvalid or kLimit names the slot that is out of range or given twice, or the venue that is.
  Result<> assign(const std::string& title, const std::vector<SlotAssignment>& slots);
  [[nodiscard]] const std::vector<SlotAssignment>& slots() const { return slots_; }

  /// kNotFound: a venue without a slot, a layout that does not exist. kInvalid: the layout takes another
  /// number of venues.
  Result<std::shared_ptr<const PreparedScene>> build(uint64_t id, const Scene& scene);
  /// The same scene after assign(): a venue that has gone keeps its tile and its slate.
  std::shared_ptr<const PreparedScene> rebuild(const PreparedScene& before);

 private:
  struct CachedSlate {
    std::string name;
    int width;
    int height;
    media::SharedImage image;
  };
  [[nodiscard]] const SlotAssignment* find(const std::string& venue) const;
  Result<std::vector<PreparedTile>> tiles_of(const Scene& scene);
  media::SharedImage slate(const std::string& name, int width, int height);

  media::HouseFormat house_;
  LayoutBook layouts_;
  Institution institution_;
  std::string title_;
  std::vector<SlotAssignment> slots_;
  media::SharedImage program_slate_;
  std::vector<CachedSlate> slates_;  // oldest first, bounded
};

}  // namespace openday::mixer
