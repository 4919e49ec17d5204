// What the origin knows from the media store, and what was withdrawn from it.
#include <algorithm>
#include <utility>

#include "hub/origin_broadcast.h"

namespace openday::hub {
namespace {

constexpr size_t kMaxStoredRuns = 100'000;
constexpr Duration kRefreshEvery = milliseconds(200);

bool overlaps(const std::vector<std::pair<ProgramTime, ProgramTime>>& ranges, ProgramTime from,
              ProgramTime to) {
  return std::ranges::any_of(ranges, [&](const auto& one) { return from < one.second && one.first < to; });
}

template <class... News>
void let_go(std::vector<std::function<void(News...)>>& waiting, std::type_identity_t<News>... news) {
  for (auto& then : std::exchange(waiting, {})) then(news...);
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

void OriginBroadcast::learn_stored_run(const std::string& run) {
  if (origin_.runs_.size() < kMaxStoredRuns || origin_.runs_.contains(run)) {
    origin_.runs_[run] = this;
  } else if (!std::exchange(origin_.too_many_runs_, true)) {
    origin_.log_.error("too_many_runs_stored", {{"broadcast", id_}, {"known", origin_.runs_.size()}});
  }
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
  if (!reading_) slow_ = false;
}

bool OriginBroadcast::is_fresh() const {
  return !index_ || slow_ || origin_.loop_.clock().now() - refreshed_at_ < kRefreshEvery;
}

void OriginBroadcast::refresh() {
  if (is_fresh() || (setup_.state != OriginState::kLive && !list_)) return;
  if (reading_) {
    read_again_ = true;
  } else {
    start_reading();
  }
}

void OriginBroadcast::when_fresh(std::function<void()> then) {
  if (is_fresh()) return then();
  readers_.push_back(std::move(then));  // each holds a request, so the connections bound them
  if (!reading_) start_reading();
}

void OriginBroadcast::when_read_anew(std::function<void(bool read)> then) {
  if (!index_ || slow_) return then(!index_);
  next_readers_.push_back(std::move(then));
  if (!reading_) start_reading();
}

void OriginBroadcast::when_listed(std::function<void()> then) {
  if (is_listed()) return then();
  listers_.push_back(std::move(then));
  if (!reading_) start_reading();
}

/// While nobody wants to see an ended broadcast, its folders are enough: an index may be long.
void OriginBroadcast::start_reading() {
  std::ranges::move(std::exchange(next_readers_, {}), std::back_inserter(anew_readers_));
  bool whole = setup_.state == OriginState::kLive || !readers_.empty() || !anew_readers_.empty();
  auto done = [this, index = index_, alive = alive_](StoreFollower::News news) {
    if (*alive) finish_reading(index.get(), std::move(news));
  };
  reading_ = origin_.follower_.answers() &&
             origin_.follower_.read(whole ? index_ : nullptr, list_ || !whole ? setup_.store : "", done);
  if (!reading_) return give_up_waiting();
  list_ = false;
}

void OriginBroadcast::finish_reading(const output::IndexReader* index, StoreFollower::News news) {
  reading_ = false;
  if (std::exchange(slow_, false)) origin_.log_.info("store_answers_again", {{"broadcast", id_}});
  if (index != index_.get()) {  // it was opened anew meanwhile
    if (index_) return start_reading();
    return release_readers();
  }
  if (news.listing) {
    for (const std::string& run : news.listing->runs) learn_stored_run(run);
    stored_runs_ = stored_runs_ || !news.listing->runs.empty();
    thumbnails_ = std::move(news.listing->thumbnails);
    listed_ = true;
    choose_stored_poster();
  }
  if (news.index) {
    refreshed_at_ = origin_.loop_.clock().now();
    take_index(*news.index);
    let_go(readers_);
    let_go(anew_readers_, news.index->has_value());
  }
  let_go(listers_);
  bool again = std::exchange(read_again_, false) || !readers_.empty() || !next_readers_.empty();
  if (again && !reading_) start_reading();
  origin_.list_next();
}

void OriginBroadcast::take_index(const Result<output::IndexReader::News>& news) {
  if (!news) {
    std::string before = std::exchange(unreadable_, news.error().message);
    if (before != unreadable_)
      origin_.log_.warn("store_index_unreadable", {{"broadcast", id_}, {"why", unreadable_}});
    return;
  }
  unreadable_.clear();
  if (news->afresh) {
    for (auto& [name, rendition] : renditions_) rendition->archive = new_archive(name);
  }
  for (const output::IndexFact& fact : news->facts) apply_fact(fact);
}

void OriginBroadcast::release_readers() {
  std::ranges::move(std::exchange(next_readers_, {}), std::back_inserter(anew_readers_));
  let_go(anew_readers_, false);
  let_go(readers_);
  let_go(listers_);
}

/// Live goes on without its disk, and who asks for what is recorded gets what was known.
void OriginBroadcast::watch_reading() {
  if (reading_) {
    // Somebody's read does not end, and all that are behind it wait in vain.
    if (!origin_.follower_.answers()) give_up_waiting();
  } else if (slow_ && index_) {
    start_reading();
  }
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
    learn_stored_run(init->run);
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
