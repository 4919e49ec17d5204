#include "hub/origin_broadcast.h"

#include <algorithm>
#include <climits>
#include <cmath>

#include "base/text.h"
#include "package/wire.h"

namespace openday::hub {
namespace {

constexpr size_t kMaxRenditions = 16;
constexpr size_t kMaxPoster = 2 * 1024 * 1024;
constexpr Duration kLiveAfterEnd =
    seconds(60);  // how long the ended live playlist stays for those who watch it
constexpr Duration kForgetReplayAfter = std::chrono::minutes(10);

}  // namespace

OriginBroadcast::~OriginBroadcast() {
  *alive_ = false;
  drop_waiters();
}

void OriginBroadcast::apply(const OriginSetup& setup) {
  bool later = setup_.public_from < setup.public_from;
  bool other_store = setup_.store != setup.store;
  OriginState before = setup_.state;
  setup_ = setup;
  if (other_store) {
    thumbnails_.clear();
    stored_poster_.reset();
    listed_ = false;
    forget_archives();
  }
  if (later || (before == OriginState::kEnded && setup_.state == OriginState::kLive)) {
    forget_media();
    forget_archives();
    poster_.reset();
    choose_stored_poster();
  }
  if (setup_.state == OriginState::kEnded && before != OriginState::kEnded) end();
  if (setup_.state == OriginState::kLive) {
    over_ = false;
  }
  if (setup_.state == OriginState::kLive) refresh();
}

Result<bool> OriginBroadcast::take(const link::Message& message) {
  std::string type = message.type();
  if (type == "part") {
    OPENDAY_CHECK_OK(take_part(message));
  } else if (type == "segment") {
    OPENDAY_CHECK_OK(take_segment(message));
  } else if (type == "init") {
    OPENDAY_CHECK_OK(take_init(message));
  } else if (type == "snapshot") {
    catching_up_ = true;
  } else if (type == "snapshot_end") {
    catching_up_ = false;
    release_all();
  } else if (type == "thumbnail" && message.head.value("what", link::Json()) == "poster") {
    if (!message.body || message.body->size() > kMaxPoster)
      return fail(Errc::kLimit, "a poster of this size");
    link::Json said = message.head.value("at", link::Json());
    ProgramTime at{said.is_number_integer() ? said.get<int64_t>() : 0};
    // One that was on its way when its moment was withdrawn comes too late.
    if (at < setup_.public_from || is_withdrawn(at, at + milliseconds(1))) return true;
    poster_ = message.body;
    poster_at_ = at;
  } else {
    return false;
  }
  return true;
}

OriginBroadcast::Rendition* OriginBroadcast::find(std::string_view name) {
  auto found = renditions_.find(name);
  return found == renditions_.end() ? nullptr : found->second.get();
}

OriginBroadcast::Rendition* OriginBroadcast::find_or_add(std::string_view name) {
  if (Rendition* known = find(name)) return known;
  if (renditions_.size() >= kMaxRenditions || !is_slug(name)) return nullptr;
  auto made = std::make_unique<Rendition>();
  made->timeline =
      std::make_unique<package::Timeline>(package::Timeline::Options{.rendition = std::string(name)});
  for (const auto& [from, to] : withdrawn_) made->timeline->withdraw(from, to);
  made->archive = new_archive(std::string(name));
  return renditions_.emplace(std::string(name), std::move(made)).first->second.get();
}

Result<> OriginBroadcast::take_init(const link::Message& message) {
  OPENDAY_TRY(media::InitSegment init, package::init_from(message));
  Rendition* rendition = find_or_add(init.rendition);
  if (!rendition) return fail(Errc::kLimit, "too many renditions");
  OPENDAY_CHECK_OK(rendition->timeline->begin(init));
  rendition->video = init.width > 0;
  origin_.runs_[init.run] = this;
  if (!catching_up_) release(*rendition);  // who waits for a part of the run before waits in vain
  return {};
}

Result<> OriginBroadcast::take_part(const link::Message& message) {
  OPENDAY_TRY(auto arrived, package::part_from(message));
  if (arrived.value.at < setup_.public_from) return {};
  Rendition* rendition = find(arrived.value.rendition);
  if (!rendition) return fail(Errc::kNotFound, "a part of an unknown rendition");
  uint64_t revision = rendition->timeline->revision();
  OPENDAY_CHECK_OK(rendition->timeline->add(arrived.run, arrived.value));
  if (rendition->timeline->revision() == revision) return {};  // known
  if (catching_up_) return {};
  rendition->estimate.part();
  release(*rendition);
  return {};
}

Result<> OriginBroadcast::take_segment(const link::Message& message) {
  OPENDAY_TRY(auto arrived, package::segment_from(message));
  if (!arrived.path.empty()) refresh();
  if (arrived.segment.at < setup_.public_from) return {};
  Rendition* rendition = find(arrived.segment.rendition);
  if (!rendition) return fail(Errc::kNotFound, "a segment of an unknown rendition");
  OPENDAY_CHECK_OK(rendition->timeline->add(arrived.run, arrived.segment));
  if (!catching_up_) release(*rendition);
  return {};
}

/// Answers all who wait for what is there now, in one pass.
void OriginBroadcast::release(Rendition& rendition) {
  const Clock& clock = origin_.loop_.clock();
  HouseTime began = clock.now();
  bool any = false;
  for (auto it = rendition.blocked.begin(); it != rendition.blocked.end();) {
    package::BlockingRequest asked{it->first.first, std::nullopt};
    if (it->first.second != INT_MAX) asked.part = it->first.second;
    if (rendition.timeline->ask(asked) == package::Readiness::kWait) {
      ++it;
      continue;
    }
    std::vector<PlaylistWaiter> due = std::move(it->second);
    it = rendition.blocked.erase(it);
    auto plain = live(rendition, false, true);  // null: it ended before it began
    auto packed = live(rendition, true, true);
    for (PlaylistWaiter& waiter : due) {
      if (!waiter.responder.done()) {
        origin_.count(OriginClass::kBlockedPlaylist, plain ? 200 : 404);
        rendition.estimate.blocked(waiter.by_proxy);
      }
      waiter.responder.send(plain ? Response::shared(waiter.gzip ? packed : plain) : origin_.not_there());
    }
    origin_.waiting_ -= due.size();
    any = any || !due.empty();
  }
  for (auto it = rendition.blocked_parts.begin(); it != rendition.blocked_parts.end();) {
    const auto& [run, at] = it->first;
    if (rendition.timeline->find_part(run, at).state == package::MediaAnswer::State::kWait) {
      ++it;
      continue;
    }
    auto due = rendition.blocked_parts.extract(it++);
    for (Responder& responder : due.mapped()) {
      if (!responder.done()) responder.send(part_answer(rendition, due.key()));
    }
    origin_.waiting_ -= due.mapped().size();
    any = any || !due.mapped().empty();
  }
  if (!any) return;
  auto took = static_cast<uint64_t>((clock.now() - began).count());
  ++origin_.counters_.passes;
  origin_.counters_.pass_ns += took;
  origin_.counters_.slowest_pass_ns = std::max(origin_.counters_.slowest_pass_ns, took);
}

Response OriginBroadcast::part_answer(const Rendition& rendition, const PartKey& key) {
  using State = package::MediaAnswer::State;
  package::MediaAnswer found = rendition.timeline->find_part(key.first, key.second);
  Response response = found.state == State::kGone ? origin_.gone() : origin_.not_there();
  if (found.state == State::kReady) {
    const char* type = rendition.video ? "video/mp4" : "audio/mp4";
    response = with_caching(Response::bytes(200, type, found.data.front()), kMediaCaching);
  }
  origin_.count(OriginClass::kBlockedPart, response.status);
  return response;
}

void OriginBroadcast::release_all() {
  for (auto& [name, rendition] : renditions_) release(*rendition);
}

void OriginBroadcast::drop_waiters() {
  for (auto& [name, rendition] : renditions_) {
    for (auto& [key, waiters] : std::exchange(rendition->blocked, {})) {
      origin_.waiting_ -= waiters.size();
      for (PlaylistWaiter& waiter : waiters) waiter.responder.send(origin_.not_there());
    }
    for (auto& [key, waiters] : std::exchange(rendition->blocked_parts, {})) {
      origin_.waiting_ -= waiters.size();
      for (Responder& responder : waiters) responder.send(origin_.not_there());
    }
  }
}

void OriginBroadcast::purge_waiters() {
  for (auto& [name, rendition] : renditions_) {
    for (auto& [key, waiters] : rendition->blocked) {
      origin_.waiting_ -=
          std::erase_if(waiters, [](const PlaylistWaiter& one) { return one.responder.done(); });
    }
    for (auto& [key, waiters] : rendition->blocked_parts) {
      origin_.waiting_ -= std::erase_if(waiters, [](const Responder& one) { return one.done(); });
    }
    std::erase_if(rendition->blocked, [](const auto& group) { return group.second.empty(); });
    std::erase_if(rendition->blocked_parts, [](const auto& group) { return group.second.empty(); });
  }
}

void OriginBroadcast::forget_media() {
  drop_waiters();
  for (auto& [name, rendition] : renditions_) {
    auto fresh = std::make_unique<package::Timeline>(package::Timeline::Options{.rendition = name});
    const media::InitSegment* init = rendition->timeline->init();
    // The run goes on: what comes next belongs to it.
    if (init && !rendition->timeline->ended()) static_cast<void>(fresh->begin(*init));
    for (const auto& [from, to] : withdrawn_) fresh->withdraw(from, to);
    rendition->timeline = std::move(fresh);
    rendition->live = {};
  }
}

std::unique_ptr<package::Archive> OriginBroadcast::new_archive(const std::string& rendition) const {
  auto archive = std::make_unique<package::Archive>(package::Archive::Options{.rendition = rendition});
  for (const auto& [from, to] : withdrawn_) archive->withdraw(from, to);
  return archive;
}

void OriginBroadcast::forget_archives() {
  for (auto& [name, rendition] : renditions_) {
    rendition->archive = new_archive(name);
  }
  open_store();
}

void OriginBroadcast::end() {
  ended_at_ = origin_.loop_.clock().now();
  catching_up_ = false;
  for (auto& [name, rendition] : renditions_) rendition->timeline->end();
  release_all();
}

void OriginBroadcast::tick(HouseTime now) {
  for (auto& [name, rendition] : renditions_) rendition->estimate.tick();
  purge_waiters();
  watch_reading();
  if (setup_.state == OriginState::kLive) refresh();
  if (setup_.state == OriginState::kEnded && !over_ && now - ended_at_ > kLiveAfterEnd) {
    over_ = true;
    forget_media();
  }
  if (over_ && !renditions_.empty() && now - refreshed_at_ > kForgetReplayAfter) {
    renditions_.clear();
    forget_archives();
  }
}

uint64_t OriginBroadcast::viewers() const {
  double sum = 0;
  for (const auto& [name, rendition] : renditions_) sum += rendition->estimate.viewers();
  return static_cast<uint64_t>(std::llround(sum));
}

bool OriginBroadcast::viewers_at_least() const {
  double all = 0;
  double by_proxy = 0;
  for (const auto& [name, rendition] : renditions_) {
    auto counts = rendition->estimate.counts();
    all += counts.blocked + counts.polled;
    by_proxy += counts.by_proxy;
  }
  return by_proxy * 2 > all;
}

size_t OriginBroadcast::waiters() const {
  size_t count = 0;
  for (const auto& [name, rendition] : renditions_) {
    for (const auto& [key, waiters] : rendition->blocked) {
      count += static_cast<size_t>(
          std::ranges::count_if(waiters, [](const PlaylistWaiter& one) { return !one.responder.done(); }));
    }
  }
  return count;
}

}  // namespace openday::hub
