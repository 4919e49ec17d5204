#include "mixer/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/text.h"

namespace openday::mixer {
namespace {

constexpr size_t kMaxLayoutFile = 64 * 1024;
constexpr int kWhole = 1000;
constexpr int kSmallest = 50;  // a tile below 1/20 of the program shows nothing anybody can recognise

std::unexpected<Error> wrong(const std::string& file, const std::string& key, const std::string& expected) {
  return fail(Errc::kInvalid, fmt::format("{}: {}: expected {}", file, key, expected));
}

bool overlaps(const Tile& a, const Tile& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

Result<Tile> parse_tile(const std::string& file, const std::string& key, const Json& json) {
  bool four = json.is_array() && json.size() == 4 &&
              std::all_of(json.begin(), json.end(), [](const Json& n) { return n.is_number_integer(); });
  if (!four) return wrong(file, key, "[x, y, width, height], four whole numbers in 1/1000 of the program");
  int64_t n[4];
  for (size_t i = 0; i < 4; ++i) n[i] = json[i].get<int64_t>();
  bool inside = n[0] >= 0 && n[1] >= 0 && n[2] >= kSmallest && n[3] >= kSmallest && n[0] <= kWhole &&
                n[1] <= kWhole && n[2] <= kWhole - n[0] && n[3] <= kWhole - n[1];
  if (!inside) return wrong(file, key, fmt::format("a tile of at least {} inside 0 … {}", kSmallest, kWhole));
  return Tile{static_cast<int>(n[0]), static_cast<int>(n[1]), static_cast<int>(n[2]), static_cast<int>(n[3])};
}

Result<std::vector<Tile>> parse_variant(const std::string& file, const std::string& key, const Json& json,
                                        int count, bool overlap) {
  if (!json.is_array() || json.size() != static_cast<size_t>(count)) {
    return wrong(file, key, fmt::format("{} tiles", count));
  }
  std::vector<Tile> tiles;
  for (size_t i = 0; i < json.size(); ++i) {
    OPENDAY_TRY(Tile tile, parse_tile(file, fmt::format("{}[{}]", key, i), json[i]));
    for (size_t earlier = 0; earlier < tiles.size() && !overlap; ++earlier) {
      if (overlaps(tiles[earlier], tile)) {
        return wrong(file, fmt::format("{}[{}]", key, i),
                     fmt::format("no overlap with tile {} (or \"overlap\": true)", earlier));
      }
    }
    tiles.push_back(tile);
  }
  return tiles;
}

int even(double value) {
  return static_cast<int>(std::lround(value / 2)) * 2;
}

}  // namespace

Result<Layout> parse_layout(const std::string& file, std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return fail(Errc::kInvalid, file + ": not JSON");
  if (!json.is_object()) return fail(Errc::kInvalid, file + ": expected an object");
  const std::vector<std::string> known = {"labels", "overlap", "tiles"};
  for (const auto& [key, value] : json.items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      std::string near = nearest(key, known);
      return wrong(file, key,
                   near.empty() ? "only labels, overlap and tiles" : "\"" + near + "\" instead of this key");
    }
  }
  Layout layout;
  layout.name = std::filesystem::path(file).stem().string();
  if (!is_slug(layout.name)) return wrong(file, "file name", "lower-case letters, digits and -");

  const Json labels = json.value("labels", Json::object());
  if (!labels.is_object()) return wrong(file, "labels", "an object of language → text");
  for (const auto& [language, label] : labels.items()) {
    if (!label.is_string()) return wrong(file, "labels." + language, "text");
    layout.labels[language] = label.get<std::string>();
  }
  const Json overlap = json.value("overlap", Json(false));
  if (!overlap.is_boolean()) return wrong(file, "overlap", "true or false");
  layout.overlap = overlap.get<bool>();

  if (!json.contains("tiles") || !json["tiles"].is_object() || json["tiles"].empty()) {
    return wrong(file, "tiles", "an object of number of venues → tiles");
  }
  for (const auto& [key, value] : json["tiles"].items()) {
    int count = decimal<int>(key).value_or(0);
    if (count < 1 || count > kMaxVenues) {
      return wrong(file, "tiles." + key, fmt::format("a number of venues, 1 to {}", kMaxVenues));
    }
    OPENDAY_TRY(layout.variants[count], parse_variant(file, "tiles." + key, value, count, layout.overlap));
  }
  return layout;
}

LayoutBook::LayoutBook(std::vector<Layout> layouts) {
  for (Layout& layout : layouts) {
    std::string name = layout.name;
    layouts_.insert_or_assign(std::move(name), std::move(layout));
  }
}

Result<LayoutBook> LayoutBook::load(const std::string& folder) {
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path().string());
  }
  if (error) return fail(Errc::kIo, fmt::format("{}: {}", folder, error.message()));
  if (files.empty()) return fail(Errc::kNotFound, folder + ": no layouts (*.json) in this folder");
  std::sort(files.begin(), files.end());
  std::vector<Layout> layouts;
  for (const std::string& file : files) {
    OPENDAY_TRY(std::string text, read_file(file, kMaxLayoutFile));
    OPENDAY_TRY(Layout layout, parse_layout(file, text));
    layouts.push_back(std::move(layout));
  }
  return LayoutBook(std::move(layouts));
}

const Layout* LayoutBook::find(std::string_view name) const {
  auto found = layouts_.find(name);
  return found == layouts_.end() ? nullptr : &found->second;
}

Result<std::vector<Tile>> LayoutBook::tiles(const std::string& layout, int venues) const {
  const Layout* found = find(layout);
  if (found == nullptr) {
    std::string near = nearest(layout, names());
    return fail(Errc::kNotFound, fmt::format("layout \"{}\" does not exist{}", layout,
                                             near.empty() ? "" : fmt::format("; nearest is \"{}\"", near)));
  }
  auto variant = found->variants.find(venues);
  if (variant == found->variants.end()) {
    std::string counts;
    for (const auto& [count, tiles] : found->variants)
      counts += fmt::format("{}{}", counts.empty() ? "" : ", ", count);
    return fail(Errc::kInvalid, fmt::format("layout \"{}\" takes {} venues, not {}", layout, counts, venues));
  }
  return variant->second;
}

std::vector<std::string> LayoutBook::names() const {
  std::vector<std::string> names;
  names.reserve(layouts_.size());
  for (const auto& [name, layout] : layouts_) names.push_back(name);
  return names;
}

Json LayoutBook::to_json() const {
  Json list = Json::array();
  for (const auto& [name, layout] : layouts_) {
    Json variants = Json::object();
    for (const auto& [count, tiles] : layout.variants) {
      Json& variant = variants[std::to_string(count)] = Json::array();
      for (const Tile& t : tiles) variant.push_back({t.x, t.y, t.width, t.height});
    }
    list.push_back(
        {{"name", name}, {"labels", layout.labels}, {"overlap", layout.overlap}, {"tiles", variants}});
  }
  return {{"layouts", list}};
}

std::vector<Rect> place(const std::vector<Tile>& tiles, int width, int height) {
  std::vector<Rect> rects;
  for (const Tile& tile : tiles) {
    int left = even(static_cast<double>(tile.x) * width / kWhole);
    int top = even(static_cast<double>(tile.y) * height / kWhole);
    int right = even(static_cast<double>(tile.x + tile.width) * width / kWhole);
    int bottom = even(static_cast<double>(tile.y + tile.height) * height / kWhole);
    rects.push_back({left, top, right - left, bottom - top});
  }
  return rects;
}

Rect fit(const Rect& tile, int width, int height) {
  bool fitted =
      width <= tile.width && height <= tile.height && (width >= tile.width - 2 || height >= tile.height - 2);
  int w = width;
  int h = height;
  if (!fitted) {
    double scale =
        std::min(static_cast<double>(tile.width) / width, static_cast<double>(tile.height) / height);
    w = std::clamp(even(width * scale), 2, tile.width);
    h = std::clamp(even(height * scale), 2, tile.height);
  }
  return {tile.x + (tile.width - w) / 4 * 2, tile.y + (tile.height - h) / 4 * 2, w, h};
}

}  // namespace openday::mixer
