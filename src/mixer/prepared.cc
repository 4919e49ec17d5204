#include "mixer/prepared.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"

namespace openday::mixer {
namespace {

constexpr size_t kSlatesKept = 64;

}  // namespace

SceneBuilder::SceneBuilder(const media::HouseFormat& house, LayoutBook layouts, Institution institution)
    : house_(house), layouts_(std::move(layouts)), institution_(std::move(institution)) {}

Result<> SceneBuilder::assign(const std::string& title, const std::vector<SlotAssignment>& slots) {
  std::set<int> numbers;
  std::set<std::string> venues;
  for (const SlotAssignment& one : slots) {
    if (one.slot < 0 || one.slot >= kMaxVenues) {
      return fail(Errc::kLimit, fmt::format("slot {} of venue \"{}\": slots are 0 to {}", one.slot, one.venue,
                                            kMaxVenues - 1));
    }
    if (!numbers.insert(one.slot).second)
      return fail(Errc::kInvalid, fmt::format("slot {} is given twice", one.slot));
    if (!is_slug(one.venue))
      return fail(Errc::kInvalid, fmt::format("slot {}: expected a venue id", one.slot));
    if (!venues.insert(one.venue).second) {
      return fail(Errc::kInvalid, fmt::format("venue \"{}\" is given two slots", one.venue));
    }
    if (!is_valid_utf8(one.name)) {
      return fail(Errc::kInvalid, fmt::format("the name of venue \"{}\" is not UTF-8", one.venue));
    }
  }
  if (!is_valid_utf8(title)) return fail(Errc::kInvalid, "the title is not UTF-8");
  if (!program_slate_ || title != title_) {
    program_slate_ = mixer::program_slate(house_.width, house_.height, title, institution_);
  }
  title_ = title;
  slots_ = slots;
  return {};
}

const SlotAssignment* SceneBuilder::find(const std::string& venue) const {
  auto found = std::find_if(slots_.begin(), slots_.end(), [&](auto& one) { return one.venue == venue; });
  return found == slots_.end() ? nullptr : &*found;
}

media::SharedImage SceneBuilder::slate(const std::string& name, int width, int height) {
  for (const CachedSlate& cached : slates_) {
    if (cached.name == name && cached.width == width && cached.height == height) return cached.image;
  }
  if (slates_.size() >= kSlatesKept) slates_.erase(slates_.begin());
  slates_.push_back({name, width, height, venue_slate(width, height, name)});
  return slates_.back().image;
}

Result<std::vector<PreparedTile>> SceneBuilder::tiles_of(const Scene& scene) {
  std::vector<PreparedTile> prepared;
  if (scene.venues.empty()) return prepared;
  OPENDAY_TRY(std::vector<Tile> tiles, layouts_.tiles(scene.layout, static_cast<int>(scene.venues.size())));
  std::vector<Rect> rects = place(tiles, house_.width, house_.height);
  for (size_t i = 0; i < rects.size(); ++i) {
    const SlotAssignment* slot = find(scene.venues[i]);
    if (slot == nullptr) {
      return fail(Errc::kNotFound,
                  fmt::format("venue \"{}\" is not part of this broadcast", scene.venues[i]));
    }
    prepared.push_back({slot->slot, rects[i], slate(slot->name, rects[i].width, rects[i].height)});
  }
  return prepared;
}

Result<std::shared_ptr<const PreparedScene>> SceneBuilder::build(uint64_t id, const Scene& scene) {
  auto prepared = std::make_shared<PreparedScene>();
  prepared->id = id;
  prepared->scene = scene;
  prepared->program_slate = program_slate_;
  auto tiles = tiles_of(scene);
  if (tiles) {
    prepared->tiles = *std::move(tiles);
  } else if (!scene.slate) {  // the emergency slate is never refused for what lies behind it
    return std::unexpected(tiles.error());
  }
  prepared->title = lower_third(house_.width, house_.height, scene.title);
  return prepared;
}

std::shared_ptr<const PreparedScene> SceneBuilder::rebuild(const PreparedScene& before) {
  auto prepared = std::make_shared<PreparedScene>(before);
  prepared->program_slate = program_slate_;
  for (size_t i = 0; i < prepared->tiles.size(); ++i) {
    PreparedTile& tile = prepared->tiles[i];
    const SlotAssignment* slot = find(before.scene.venues[i]);
    tile.slot = slot == nullptr ? -1 : slot->slot;
    if (slot != nullptr) tile.slate = slate(slot->name, tile.rect.width, tile.rect.height);
  }
  return prepared;
}

}  // namespace openday::mixer
