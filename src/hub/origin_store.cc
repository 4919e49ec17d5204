// What the origin knows from the media store, and what was withdrawn from it.
#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "hub/origin_broadcast.h"

namespace openday::hub {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxRuns = 10'000;
constexpr Duration kRefreshEvery = milliseconds(200);

bool overlaps(const std::vector<std::pair<ProgramTime, ProgramTime>>& ranges, ProgramTime from,
              ProgramTime to) {
  return std::ranges::any_of(ranges, [&](const auto& one) { return from < one.second && one.first < to; });
}

}  // namespace

void OriginBroadcast::withdraw(ProgramTime from, ProgramTime to) {
  if (std::ranges::find(withdrawn_, std::pair(from, to)) != withdrawn_.end()) return;
  withdrawn_.emplace_back(from, to);
  for (auto& [name, rendition] : renditions_) {
    rendition->timeline->withdraw(from, to);
    rendition->archive->withdraw(from, to);
    if (!catching_up_) release(*rendition);
  }
  bool shown = poster_ && !(poster_at_ < from) && poster_at_ < to;
  if (shown) poster_.reset();
  if (shown || stored_poster_) learn_stored_poster();
}

bool OriginBroadcast::is_withdrawn(ProgramTime from, ProgramTime to) const {
  return overlaps(withdrawn_, from, to);
}

void OriginBroadcast::learn_run(const std::string& run) {
  if (origin_.runs_.size() >= kMaxRuns && !origin_.runs_.contains(run)) return;
  origin_.runs_[run] = this;
}

/// The folders of a store are its runs: media URLs work before anybody has asked for a playlist.
void OriginBroadcast::learn_stored_runs() {
  if (setup_.store.empty()) return;
  std::error_code error;
  for (fs::directory_iterator entry(setup_.store, error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename();
    std::error_code ignored;
    if (!is_slug(name) || name == "thumb" || !entry->is_directory(ignored)) continue;
    learn_run(name);
    stored_runs_ = true;
  }
}

void OriginBroadcast::learn_stored_poster() {
  stored_poster_.reset();
  if (setup_.store.empty()) return;
  std::error_code error;
  for (fs::directory_iterator entry(setup_.store + "/thumb", error), end; !error && entry != end;
       entry.increment(error)) {
    std::string name = entry->path().filename();
    constexpr std::string_view kSuffix = ".jpg";
    auto ms = name.ends_with(kSuffix) ? decimal<int64_t>(name.substr(0, name.size() - kSuffix.size()))
                                      : std::nullopt;
    if (!ms || (stored_poster_ && *ms <= stored_poster_->ms)) continue;
    ProgramTime at{*ms};
    if (at < setup_.public_from || is_withdrawn(at, ProgramTime{at.ms + output::kThumbnailMs})) continue;
    stored_poster_ = at;
  }
}

void OriginBroadcast::refresh(bool now) {
  if (!index_) return;
  HouseTime at = origin_.loop_.clock().now();
  if (!now && at - refreshed_at_ < kRefreshEvery) return;
  refreshed_at_ = at;
  auto news = index_->read();
  if (!news) {
    origin_.log_.warn("store_index_unreadable", {{"broadcast", id_}, {"why", news.error().message}});
    return;
  }
  if (news->afresh) {
    for (auto& [name, rendition] : renditions_) rendition->archive = new_archive(name);
  }
  for (const output::IndexFact& fact : news->facts) apply_fact(fact);
}

void OriginBroadcast::apply_fact(const output::IndexFact& fact) {
  if (const auto* init = std::get_if<media::InitSegment>(&fact)) {
    Rendition* rendition = find_or_add(init->rendition);
    if (!rendition) return;
    if (!rendition->timeline->init()) rendition->video = init->width > 0;
    rendition->archive->begin(*init);
    learn_run(init->run);
  } else if (const auto* segment = std::get_if<media::StoredSegment>(&fact)) {
    Rendition* rendition = find(segment->rendition);
    if (rendition && !(segment->at < setup_.public_from))
      static_cast<void>(rendition->archive->add(*segment));
  } else if (const auto* dropped = std::get_if<output::DroppedBefore>(&fact)) {
    for (auto& [name, rendition] : renditions_) rendition->archive->drop_before(dropped->msn);
  } else if (const auto* range = std::get_if<output::Withdrawn>(&fact)) {
    withdraw(range->from, range->to);
  }
}

}  // namespace openday::hub
