#include "encode/ladder_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace openday::encode {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxFile = 64 * 1024;

std::unexpected<Error> wrong(const std::string& file, const std::string& key, const std::string& expected) {
  return fail(Errc::kInvalid, fmt::format("{}: {}: expected {}", file, key, expected));
}

Result<int> whole(const std::string& file, const std::string& path, const Json& object, const char* key,
                  int least, int most) {
  auto found = object.find(key);
  bool good = found != object.end() && found->is_number_integer() && found->get<int64_t>() >= least &&
              found->get<int64_t>() <= most;
  if (!good) return wrong(file, path + key, fmt::format("a whole number, {} to {}", least, most));
  return found->get<int>();
}

int even(double value) {
  return std::max(2, static_cast<int>(std::lround(value / 2)) * 2);
}

media::Rendition rendition(const media::HouseFormat& house, const Rung& rung, int audio_kbps) {
  media::Rendition r;
  r.name = fmt::format("{}p", rung.height);
  r.height = rung.height;
  r.width = even(static_cast<double>(house.width) * rung.height / house.height);
  r.video_kbps = rung.kbps;
  r.audio_kbps = audio_kbps;
  return r;
}

}  // namespace

Result<LadderBook> LadderBook::load(const std::string& file) {
  OPENDAY_TRY(std::string text, read_file(file, kMaxFile));
  return parse(file, text);
}

Result<LadderBook> LadderBook::parse(const std::string& file, std::string_view text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object())
    return fail(Errc::kInvalid, file + ": expected a JSON object");
  LadderBook book;
  if (!json.contains("preset") || !json["preset"].is_string())
    return wrong(file, "preset", "the name of an x264 preset");
  book.preset_ = json["preset"].get<std::string>();
  OPENDAY_TRY(book.audio_kbps_, whole(file, "", json, "audio_kbps", 32, 320));

  const Json& rungs = json["rungs"];
  if (!rungs.is_array() || rungs.empty()) return wrong(file, "rungs", "a list of {height, kbps}");
  for (size_t i = 0; i < rungs.size(); ++i) {
    std::string path = fmt::format("rungs[{}].", i);
    if (!rungs[i].is_object()) return wrong(file, path, "{height, kbps}");
    Rung rung;
    OPENDAY_TRY(rung.height, whole(file, path, rungs[i], "height", 90, 4096));
    OPENDAY_TRY(rung.kbps, whole(file, path, rungs[i], "kbps", 50, 50000));
    if (rung.height % 2 != 0) return wrong(file, path + "height", "an even number");
    book.rungs_.push_back(rung);
  }
  std::sort(book.rungs_.begin(), book.rungs_.end(), [](auto& a, auto& b) { return a.height > b.height; });

  const Json& rules = json["rules"];
  if (!rules.is_array() || rules.empty()) return wrong(file, "rules", "a list of {cores, heights}");
  for (size_t i = 0; i < rules.size(); ++i) {
    std::string path = fmt::format("rules[{}].", i);
    if (!rules[i].is_object()) return wrong(file, path, "{cores, heights}");
    LadderRule rule;
    OPENDAY_TRY(rule.cores, whole(file, path, rules[i], "cores", 1, 1024));
    const Json heights = rules[i].value("heights", Json());
    if (!heights.is_array() || heights.empty())
      return wrong(file, path + "heights", "a list of heights of rungs");
    for (const Json& height : heights) {
      bool known = height.is_number_integer() &&
                   std::any_of(book.rungs_.begin(), book.rungs_.end(),
                               [&](auto& rung) { return rung.height == height.get<int64_t>(); });
      if (!known)
        return wrong(file, path + "heights", "heights that are among the rungs, not " + height.dump());
      rule.heights.push_back(height.get<int>());
    }
    book.rules_.push_back(std::move(rule));
  }
  std::sort(book.rules_.begin(), book.rules_.end(), [](auto& a, auto& b) { return a.cores > b.cores; });
  return book;
}

std::vector<media::Rendition> LadderBook::choose(int cores, const media::HouseFormat& house) const {
  auto rule = std::find_if(rules_.begin(), rules_.end(), [&](auto& r) { return r.cores <= cores; });
  if (rule == rules_.end()) rule = std::prev(rules_.end());
  std::vector<media::Rendition> ladder;
  for (const Rung& rung : rungs_) {
    bool wanted = std::find(rule->heights.begin(), rule->heights.end(), rung.height) != rule->heights.end();
    if (wanted && rung.height <= house.height) ladder.push_back(rendition(house, rung, audio_kbps_));
  }
  if (ladder.empty()) {
    // Bits in proportion to the smallest rung's pixels, which compress worst.
    const Rung& least = rungs_.back();
    double area =
        static_cast<double>(house.height) * house.height / (static_cast<double>(least.height) * least.height);
    int kbps = std::max(50, static_cast<int>(least.kbps * std::min(1.0, area)));
    ladder.push_back(rendition(house, {house.height, kbps}, audio_kbps_));
  }
  return ladder;
}

}  // namespace openday::encode
