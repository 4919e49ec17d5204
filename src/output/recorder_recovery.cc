#include "output/recorder_recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "output/recorder_fragment.h"

namespace openday::output {
namespace {

constexpr uint64_t kMostIndex = 512 << 20;
constexpr uint64_t kMostSegment = 256 << 20;
/// Lines that a power cut may have made ahead of their files: those of the last minutes.
constexpr size_t kSuspectLines = 256;
constexpr size_t kWorthRewriting = 1000;

struct Recovery {
  Disk& disk;
  const std::string& store;
  Recovered out;
  bool rewrite = false;
  int64_t dropped_before = 0;
  std::map<std::pair<std::string, std::string>, media::InitSegment> inits;  // by run and rendition
  std::set<std::string> known;                                              // segment paths

  Result<> read_index();
  void check_newest();
  Result<> look_at_files();
  void look_at_rendition(const std::string& run, const std::string& rendition, bool& orphan);
  void recover_segment(const media::InitSegment& init, int64_t msn, const std::string& path);
  void compact();
  Result<> write_back(size_t facts_on_disk);

  void learn(const IndexFact& fact) {
    if (const auto* init = std::get_if<media::InitSegment>(&fact))
      inits[{init->run, init->rendition}] = *init;
    if (const auto* dropped = std::get_if<DroppedBefore>(&fact)) {
      dropped_before = std::max(dropped_before, dropped->msn);
    }
    if (const auto* segment = std::get_if<media::StoredSegment>(&fact)) {
      known.insert(segment_path(segment->run, segment->rendition, segment->msn));
    }
  }
  [[nodiscard]] std::string full(const std::string& path) const { return store + "/" + path; }
};

/// Media time of a segment.
struct Extent {
  milliseconds begin{0};
  double duration = 0;  // seconds
};

/// Time is told by the picture where there is one, else by the sound. Nothing: the segment has neither.
std::optional<Extent> extent_of(const std::vector<InitTrack>& tracks, const WholeFragments& whole) {
  for (const InitTrack& track : tracks) {
    uint64_t begin = 0;
    uint64_t end = 0;
    for (const Fragment& fragment : whole.fragments) {
      for (const FragmentRun& run : fragment.runs) {
        if (run.track != track.id || run.samples.empty()) continue;
        if (end == 0) begin = run.decode_time;
        end = run.decode_time + run.duration();
      }
    }
    if (end == 0) continue;
    return Extent{milliseconds(begin * 1000 / track.timescale),
                  static_cast<double>(end - begin) / track.timescale};
  }
  return std::nullopt;
}

Result<> Recovery::read_index() {
  Result<Bytes> bytes = disk.read(index_path(store), kMostIndex);
  if (!bytes && bytes.error().code == Errc::kNotFound) return {};
  if (!bytes) return std::unexpected(bytes.error());
  std::string_view text = as_text(*bytes);
  while (!text.empty()) {
    size_t end = text.find('\n');
    if (end == std::string_view::npos) break;  // torn
    Result<IndexFact> fact = fact_from(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!fact) {
      ++out.unreadable;
      rewrite = true;
      continue;
    }
    learn(*fact);
    out.facts.push_back(*std::move(fact));
  }
  out.index_size = bytes->size() - text.size();
  return {};
}

void Recovery::check_newest() {
  size_t begin = out.facts.size() > kSuspectLines ? out.facts.size() - kSuspectLines : 0;
  auto is_lost = [&](const IndexFact& fact) {
    const auto* segment = std::get_if<media::StoredSegment>(&fact);
    if (segment == nullptr || segment->msn < dropped_before) return false;
    std::string path = segment_path(segment->run, segment->rendition, segment->msn);
    Result<uint64_t> size = disk.size(full(path));
    if (size ? *size == segment->bytes : size.error().code != Errc::kNotFound) return false;
    known.erase(path);
    return true;
  };
  auto from = out.facts.begin() + static_cast<std::ptrdiff_t>(begin);
  auto gone = std::remove_if(from, out.facts.end(), is_lost);
  out.lost = static_cast<int>(out.facts.end() - gone);
  out.facts.erase(gone, out.facts.end());
  rewrite = rewrite || out.lost > 0;
}

Result<> Recovery::look_at_files() {
  Result<std::vector<std::string>> runs = disk.list(store);
  if (!runs) return std::unexpected(runs.error());
  std::ranges::sort(*runs);
  for (const std::string& run : *runs) {
    if (!is_slug(run) || run == "thumb" || run == "lock") continue;
    bool orphan = false;
    for (const std::string& rendition : disk.list(full(run)).value_or(std::vector<std::string>())) {
      if (is_slug(rendition)) look_at_rendition(run, rendition, orphan);
    }
    out.orphans += orphan ? 1 : 0;
  }
  return {};
}

void Recovery::look_at_rendition(const std::string& run, const std::string& rendition, bool& orphan) {
  std::string folder = run + "/" + rendition;
  auto init = inits.find({run, rendition});
  std::vector<std::pair<int64_t, std::string>> unknown;
  for (const std::string& name : disk.list(full(folder)).value_or(std::vector<std::string>())) {
    std::string path = fmt::format("{}/{}", folder, name);
    constexpr std::string_view kSuffix = ".m4s";
    if (!name.ends_with(kSuffix)) continue;
    auto msn = decimal<int64_t>(std::string_view(name).substr(0, name.size() - kSuffix.size()));
    if (!msn) continue;
    if (*msn < dropped_before && init != inits.end()) {
      out.removed += disk.remove(full(path)) ? 1 : 0;
    } else if (!known.contains(path)) {
      unknown.emplace_back(*msn, path);
    }
  }
  std::ranges::sort(unknown);
  for (const auto& [msn, path] : unknown) {
    if (init == inits.end()) {
      orphan = true;
    } else {
      recover_segment(init->second, msn, path);
    }
  }
}

void Recovery::recover_segment(const media::InitSegment& init, int64_t msn, const std::string& path) {
  Result<Bytes> bytes = disk.read(full(path), kMostSegment);
  Result<Bytes> init_bytes = disk.read(full(init_path(init.run, init.rendition)), kMostInit);
  if (!bytes || !init_bytes) return;  // not readable now; the next recovery may be luckier
  Result<std::vector<InitTrack>> tracks = read_init(*init_bytes);
  WholeFragments whole = tracks ? whole_fragments(*bytes) : WholeFragments{};
  std::optional<Extent> extent = tracks ? extent_of(*tracks, whole) : std::nullopt;
  if (!extent) {
    out.removed += disk.remove(full(path)) ? 1 : 0;
    return;
  }
  if (whole.size < bytes->size()) {
    Result<std::unique_ptr<DiskFile>> file = disk.open(full(path));
    if (!file || !(*file)->cut_to(whole.size) || !(*file)->sync()) return;
  }
  media::StoredSegment segment;
  segment.run = init.run;
  segment.rendition = init.rendition;
  segment.msn = msn;
  segment.at = init.start + extent->begin;
  segment.duration = extent->duration;
  segment.bytes = whole.size;
  segment.discontinuity = init.discontinuity > 0 && msn == init.first_msn;
  out.facts.emplace_back(segment);
  ++out.cut_back;
}

/// A broadcast of many days forgets what retention removed, but for the point up to which it did.
void Recovery::compact() {
  auto is_old = [&](const IndexFact& fact) {
    const auto* segment = std::get_if<media::StoredSegment>(&fact);
    return segment != nullptr && segment->msn < dropped_before;
  };
  auto old = static_cast<size_t>(std::ranges::count_if(out.facts, is_old));
  if (old < kWorthRewriting || old * 2 < out.facts.size()) return;
  std::erase_if(out.facts, [&](const IndexFact& fact) {
    return is_old(fact) || std::holds_alternative<DroppedBefore>(fact);
  });
  out.facts.emplace_back(DroppedBefore{dropped_before});
  rewrite = true;
}

Result<> Recovery::write_back(size_t facts_on_disk) {
  std::string text;
  if (rewrite) {
    for (const IndexFact& fact : out.facts) text += to_line(fact);
    OPENDAY_CHECK_OK(disk.replace(index_path(store), as_bytes(text)));
    out.index_size = text.size();
    return {};
  }
  for (size_t i = facts_on_disk; i < out.facts.size(); ++i) text += to_line(out.facts[i]);
  OPENDAY_TRY(std::unique_ptr<DiskFile> file, disk.open(index_path(store)));
  OPENDAY_CHECK_OK(file->cut_to(out.index_size));
  OPENDAY_CHECK_OK(file->append(as_bytes(text)));
  OPENDAY_CHECK_OK(file->sync());
  out.index_size += text.size();
  return {};
}

}  // namespace

Result<Recovered> recover_store(Disk& disk, const std::string& store) {
  Recovery recovery{.disk = disk,
                    .store = store,
                    .out = {},
                    .rewrite = false,
                    .dropped_before = 0,
                    .inits = {},
                    .known = {}};
  OPENDAY_CHECK_OK(recovery.read_index());
  recovery.check_newest();
  size_t on_disk = recovery.out.facts.size();
  OPENDAY_CHECK_OK(recovery.look_at_files());
  recovery.compact();
  OPENDAY_CHECK_OK(recovery.write_back(on_disk));
  return std::move(recovery.out);
}

}  // namespace openday::output
