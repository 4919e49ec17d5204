// Where the venues of a scene stand on the program: data from pipelines/layouts, and the geometry made of it.
// Pure.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace openday::mixer {

using Json = nlohmann::json;

inline constexpr int kMaxVenues = 8;

/// In 1/1000 of the program's width and height.
struct Tile {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  bool operator==(const Tile&) const = default;
};

/// In pixels of the program; all four are even, so that chroma is never shared between tiles.
struct Rect {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  bool operator==(const Rect&) const = default;
};

struct Layout {
  std::string name;                           // the file's name without ".json"; a slug
  std::map<std::string, std::string> labels;  // language → what people call it
  bool overlap = false;                       // tiles may cover earlier ones (picture in picture)
  std::map<int, std::vector<Tile>> variants;  // number of venues → their tiles, drawn in this order
};

/// `file` is named in errors: "pipelines/layouts/grid.json: tiles.3[1].width: expected …".
Result<Layout> parse_layout(const std::string& file, std::string_view text);

/// All layouts of a folder. A value; copies are independent.
class LayoutBook {
 public:
  /// Reads every *.json of `folder`; the first fault found is the error.
  static Result<LayoutBook> load(const std::string& folder);
  explicit LayoutBook(std::vector<Layout> layouts);

  [[nodiscard]] const Layout* find(std::string_view name) const;
  /// The tiles of `layout` for so many venues; kNotFound names the nearest layout, or the counts it has.
  [[nodiscard]] Result<std::vector<Tile>> tiles(const std::string& layout, int venues) const;
  [[nodiscard]] std::vector<std::string> names() const;
  /// {"layouts": [{"name", "labels", "overlap", "tiles": {"3": [[x, y, width, height], …]}}]}, as the control
  /// page draws them.
  [[nodiscard]] Json to_json() const;

 private:
  std::map<std::string, Layout, std::less<>> layouts_;
};

/// The tiles on a program of this size. Edges are rounded to even pixels once each, so that tiles which touch
/// in the data touch on the picture and never overlap by rounding.
std::vector<Rect> place(const std::vector<Tile>& tiles, int width, int height);

/// Where a picture of this size goes inside a tile: as large as fits, in its own proportions, centred on even
/// pixels. A picture that a feed has already fitted to the tile is left at its size.
Rect fit(const Rect& tile, int width, int height);

}  // namespace openday::mixer
