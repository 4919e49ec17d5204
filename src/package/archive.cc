#include "package/archive.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>

#include "package/cadence.h"
#include "package/timeline.h"

namespace openday::package {
namespace {

microseconds to_us(double duration_s) {
  return microseconds(std::llround(duration_s * 1e6));
}

}  // namespace

Archive::Archive(Options options) : options_(std::move(options)) {}

void Archive::begin(const media::InitSegment& init) {
  for (const media::InitSegment& run : runs_) {
    if (run.run == init.run) return;
  }
  runs_.push_back(init);
  runs_.back().data.reset();
  numbers_.push_back(-1);
}

Result<> Archive::add(const media::StoredSegment& segment) {
  size_t run = 0;
  while (run < runs_.size() && runs_[run].run != segment.run) ++run;
  if (run == runs_.size()) return fail(Errc::kNotFound, "a stored segment of an unknown run");
  auto [at, fresh] = segments_.try_emplace(segment.msn);
  if (!fresh) {
    if (at->second.run != run)
      return fail(Errc::kConflict, fmt::format("segment {} exists in two runs", segment.msn));
    return {};
  }
  // The number that it was given, as retention may have removed the runs before it; but it always rises.
  if (numbers_[run] < 0) {
    numbers_[run] = std::max<int64_t>(runs_[run].discontinuity, *std::ranges::max_element(numbers_) + 1);
  }
  at->second = {.run = run,
                .at = segment.at,
                .duration = segment.duration,
                .withdrawn = is_withdrawn(segment.at, segment.at + to_ms(segment.duration))};
  if (!at->second.withdrawn) playable_ += to_us(segment.duration);
  ++revision_;
  return {};
}

void Archive::drop_before(int64_t msn) {
  auto end = segments_.lower_bound(msn);
  if (end == segments_.begin()) return;
  for (auto at = segments_.begin(); at != end; at = segments_.erase(at)) {
    if (!at->second.withdrawn) playable_ -= to_us(at->second.duration);
  }
  ++revision_;
}

void Archive::withdraw(ProgramTime from, ProgramTime to) {
  withdrawn_.emplace_back(from, to);
  for (auto& [msn, entry] : segments_) {
    if (entry.withdrawn || !is_withdrawn(entry.at, entry.at + to_ms(entry.duration))) continue;
    entry.withdrawn = true;
    playable_ -= to_us(entry.duration);
  }
  ++revision_;
}

bool Archive::is_public(std::string_view run, int64_t msn) const {
  auto found = segments_.find(msn);
  return found != segments_.end() && !found->second.withdrawn && runs_[found->second.run].run == run;
}

bool Archive::is_withdrawn(ProgramTime from, ProgramTime to) const {
  return std::ranges::any_of(withdrawn_,
                             [&](const auto& range) { return from < range.second && range.first < to; });
}

size_t Archive::count(ProgramTime from, ProgramTime to) const {
  return static_cast<size_t>(std::ranges::count_if(segments_, [&](const auto& item) {
    const Entry& entry = item.second;
    return entry.at < to && from < entry.at + to_ms(entry.duration);
  }));
}

std::shared_ptr<const std::string> Archive::dvr(double window, bool ended) {
  if (std::ranges::none_of(segments_, [](const auto& item) { return !item.second.withdrawn; }))
    return nullptr;
  if (dvr_.text == nullptr || dvr_.revision != revision_ || dvr_.window != window || dvr_.ended != ended) {
    dvr_ = {.revision = revision_,
            .window = window,
            .ended = ended,
            .text = std::make_shared<const std::string>(render_dvr(window, ended))};
  }
  return dvr_.text;
}

std::shared_ptr<const std::string> Archive::replay(std::span<const Archive* const> others) {
  uint64_t revision = revision_;  // of all together: each only rises
  for (const Archive* other : others) revision += other->revision_;
  if (replay_.revision != revision) {
    std::string text = render_replay(others);
    replay_ = {.revision = revision,
               .window = 0,
               .ended = true,
               .text = text.empty() ? nullptr : std::make_shared<const std::string>(std::move(text))};
  }
  return replay_.text;
}

PlaylistSegment Archive::listed(int64_t msn, const Entry& entry) const {
  PlaylistSegment out;
  out.uri = segment_uri(options_.media_prefix, runs_[entry.run].run, options_.rendition, msn);
  out.duration = entry.duration;
  out.gap = entry.withdrawn;
  return out;
}

std::string Archive::render_dvr(double window, bool ended) const {
  MediaPlaylist playlist;
  playlist.target_duration = kTargetDuration;
  playlist.ended = ended;
  auto begin = segments_.end();
  double behind = 0;
  while (begin != segments_.begin() && (window <= 0 || behind < window)) {
    auto older = std::prev(begin);
    if (begin != segments_.end() && begin->first - older->first > kLongestHole) break;
    begin = older;
    behind += begin->second.duration;
  }
  playlist.media_sequence = begin->first;
  playlist.discontinuity_sequence = numbers_[begin->second.run];
  const Entry* before = nullptr;
  int64_t expected = begin->first;
  bool after_gap = true;
  for (auto at = begin; at != segments_.end(); ++at) {
    const auto& [msn, entry] = *at;
    // Runs of which nothing was recorded: each used a number at least, and is counted at a gap of its own.
    int64_t missed =
        before != nullptr && before->run != entry.run ? numbers_[entry.run] - numbers_[before->run] - 1 : 0;
    for (; expected < msn; ++expected) {
      // Never recorded: the disk was full, or a run was killed. Listed so that the numbers stay where they
      // are.
      PlaylistSegment gap = listed(expected, *before);
      gap.duration = kSegmentSeconds;
      gap.gap = true;
      gap.discontinuity = missed-- > 0;
      playlist.segments.push_back(std::move(gap));
      after_gap = true;
    }
    PlaylistSegment segment = listed(msn, entry);
    bool new_run = before == nullptr || before->run != entry.run;
    segment.discontinuity = new_run && before != nullptr;
    if (new_run) segment.map_uri = init_uri(options_.media_prefix, runs_[entry.run].run, options_.rendition);
    if (new_run || after_gap) segment.at = entry.at;
    after_gap = false;
    playlist.segments.push_back(std::move(segment));
    before = &entry;
    expected = msn + 1;
  }
  return render(playlist);
}

bool Archive::has_recorded(std::string_view run) const {
  auto found = std::ranges::find(runs_, run, &media::InitSegment::run);
  return found != runs_.end() && numbers_[static_cast<size_t>(found - runs_.begin())] >= 0;
}

/// Empty when there is nothing to play.
std::string Archive::render_replay(std::span<const Archive* const> others) const {
  MediaPlaylist playlist;
  playlist.kind = PlaylistKind::kVod;
  playlist.target_duration = kTargetDuration;
  const Entry* before = nullptr;
  int64_t expected = 0;
  std::optional<size_t> of_run;
  std::vector<const Archive*> with;  // those of `others` that have something of it
  for (const auto& [msn, entry] : segments_) {
    const std::string& run = runs_[entry.run].run;
    if (of_run != entry.run) {
      of_run = entry.run;
      with.clear();
      std::ranges::copy_if(others, std::back_inserter(with),
                           [&](const Archive* other) { return other->has_recorded(run); });
    }
    auto plays = [&](const Archive* other) { return other->is_public(run, msn); };
    if (entry.withdrawn || !std::ranges::all_of(with, plays)) continue;
    PlaylistSegment segment = listed(msn, entry);
    bool new_run = before == nullptr || before->run != entry.run;
    bool jump = before != nullptr && (new_run || msn != expected);
    segment.discontinuity = jump;
    if (new_run) segment.map_uri = init_uri(options_.media_prefix, run, options_.rendition);
    if (jump || before == nullptr) segment.at = entry.at;
    playlist.segments.push_back(std::move(segment));
    before = &entry;
    expected = msn + 1;
  }
  return playlist.segments.empty() ? std::string() : render(playlist);
}

}  // namespace openday::package
