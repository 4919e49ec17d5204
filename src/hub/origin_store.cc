// What the origin knows from the media store, and what was withdrawn from it.
#include <algorithm>
#include <utility>

#include "hub/origin_broadcast.h"

namespace openday::hub {
namespace {

constexpr size_t kMaxRuns = 10'000;
constexpr Duration kRefreshEvery = milliseconds(200);
constexpr Duration kPatience = seconds(2);  // with a disk

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
  list_ = list_ || shown;  // there are newer ones than when it was listed
  choose_stored_poster();
  if (shown) refresh();
}

bool OriginBroadcast::is_withdrawn(ProgramTime from, ProgramTime to) const {
  return overlaps(withdrawn_, from, to);
}

void OriginBroadcast::learn_run(const std::string& run) {
  if (origin_.runs_.size() >= kMaxRuns && !origin_.runs_.contains(run)) return;
  origin_.runs_[run] = this;
}

void OriginBroadcast::choose_stored_poster() {
  auto seen = std::ranges::find_if(thumbnails_.rbegin(), thumbnails_.rend(), [&](ProgramTime at) {
    return !(at < setup_.public_from) && !is_withdrawn(at, at + milliseconds(output::kThumbnailMs));
  });
  stored_poster_ = seen == thumbnails_.rend() ? std::nullopt : std::optional(*seen);
}

/// From here on nothing is known of the store but what is read anew.
void OriginBroadcast::open_store() {
  index_ = setup_.store.empty() ? nullptr : std::make_shared<output::IndexReader>(setup_.store);
  refreshed_at_ = {};
  list_ = true;
  if (!reading_since_) slow_ = false;
}

bool OriginBroadcast::is_fresh() const {
  return !index_ || slow_ || origin_.loop_.clock().now() - refreshed_at_ < kRefreshEvery;
}

void OriginBroadcast::refresh() {
  if (is_fresh()) return;
  if (reading_since_) {
    read_again_ = true;
  } else {
    start_reading();
  }
}

void OriginBroadcast::when_fresh(std::function<void()> then) {
  if (is_fresh()) return then();
  readers_.push_back(std::move(then));  // each holds a request, so the connections bound them
  if (!reading_since_) start_reading();
}

void OriginBroadcast::start_reading() {
  auto index = index_;
  bool taken = origin_.follower_.read(index, list_ ? setup_.store : "",
                                      [this, index, alive = alive_](StoreFollower::News news) {
                                        if (*alive) finish_reading(index.get(), std::move(news));
                                      });
  if (!taken) {  // the disk is far behind
    give_up_waiting();
    return;
  }
  list_ = false;
  reading_since_ = origin_.loop_.clock().now();
}

void OriginBroadcast::finish_reading(const output::IndexReader* index, StoreFollower::News news) {
  reading_since_.reset();
  if (std::exchange(slow_, false)) origin_.log_.info("store_answers_again", {{"broadcast", id_}});
  if (index != index_.get()) {  // it was opened anew meanwhile
    if (index_) return start_reading();
    return release_readers();
  }
  refreshed_at_ = origin_.loop_.clock().now();
  if (news.listing) {
    for (const std::string& run : news.listing->runs) learn_run(run);
    stored_runs_ = stored_runs_ || !news.listing->runs.empty();
    thumbnails_ = std::move(news.listing->thumbnails);
    listed_ = true;
    choose_stored_poster();
  }
  if (!news.index) {
    origin_.log_.warn("store_index_unreadable", {{"broadcast", id_}, {"why", news.index.error().message}});
  } else {
    if (news.index->afresh) {
      for (auto& [name, rendition] : renditions_) rendition->archive = new_archive(name);
    }
    for (const output::IndexFact& fact : news.index->facts) apply_fact(fact);
  }
  release_readers();
  if (std::exchange(read_again_, false) && !reading_since_) start_reading();
}

void OriginBroadcast::release_readers() {
  for (auto& then : std::exchange(readers_, {})) then();
}

/// Live goes on without its disk, and who asks for what is recorded gets what was known.
void OriginBroadcast::watch_reading(HouseTime now) {
  if (!reading_since_) {
    if (slow_ && index_) start_reading();
    return;
  }
  if (now - *reading_since_ >= kPatience) give_up_waiting();
}

void OriginBroadcast::give_up_waiting() {
  if (!std::exchange(slow_, true)) origin_.log_.warn("store_does_not_answer", {{"broadcast", id_}});
  release_readers();
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
