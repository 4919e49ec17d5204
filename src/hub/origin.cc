#include "hub/origin.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "base/text.h"
#include "hub/http_exchange.h"
#include "hub/origin_broadcast.h"

namespace openday::hub {
namespace {

using Rendition = OriginBroadcast::Rendition;

constexpr const char* kListCaching = "public, max-age=2";
constexpr int64_t kLargestNumber = int64_t{1} << 53;  // in a name; what a JavaScript player can count to
constexpr Duration kPurgeEvery = milliseconds(100);

/// "12.m4s" or "12.3.m4s".
std::optional<std::pair<int64_t, std::optional<int>>> media_name(std::string_view file) {
  constexpr std::string_view kSuffix = ".m4s";
  if (!file.ends_with(kSuffix)) return std::nullopt;
  file.remove_suffix(kSuffix.size());
  size_t dot = file.find('.');
  auto msn = decimal<int64_t>(file.substr(0, dot));
  if (!msn || *msn > kLargestNumber) return std::nullopt;
  if (dot == std::string_view::npos) return std::pair(*msn, std::optional<int>());
  auto part = decimal<int64_t>(file.substr(dot + 1));
  if (!part || *part > 1000) return std::nullopt;
  return std::pair(*msn, std::optional<int>(static_cast<int>(*part)));
}

}  // namespace

Response with_caching(Response response, std::string_view caching) {
  std::erase_if(response.headers, [](const Header& one) { return one.name == "Cache-Control"; });
  response.with("Cache-Control", caching);
  return response;
}

Origin::Origin(OriginOptions options, Loop& loop, Log log)
    : options_(options), loop_(loop), log_(std::move(log)), files_(loop), follower_(loop) {
  tick_ = loop_.every(seconds(1), [this] { tick(); });
}

Origin::~Origin() {
  loop_.cancel(tick_);
  broadcasts_.clear();
}

void Origin::add_routes(Router& router) {
  RouteOptions anywhere;
  anywhere.any_origin = true;
  anywhere.max_body = 0;
  for (const char* kind : {"live", "dvr", "replay"}) {
    route(router, fmt::format("/hls/{{b}}/{}.m3u8", kind), &Origin::multivariant);
    route(router, fmt::format("/hls/{{b}}/{{r}}/{}.m3u8", kind), &Origin::media_playlist);
  }
  route(router, "/thumb/{b}/{file}", &Origin::thumbnail);
  router.get(
      "/media/{run}/{r}/{file}",
      [this](const Request& request, Responder responder) { serve_media(request, std::move(responder)); },
      anywhere);
}

void Origin::route(Router& router, std::string_view pattern, Answer answer) {
  RouteOptions anywhere;
  anywhere.any_origin = true;
  anywhere.max_body = 0;
  router.get(
      pattern,
      [this, answer](const Request& request, Responder responder) {
        OriginBroadcast* broadcast = named(request.param("b"));
        if (!broadcast) return responder.send(not_there());
        (this->*answer)(request, responder, *broadcast);
      },
      anywhere);
}

OriginBroadcast* Origin::named(std::string_view name) const {
  auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second;
}

void Origin::put(const OriginSetup& setup) {
  auto& broadcast = broadcasts_[setup.id];
  if (!broadcast) broadcast = std::make_unique<OriginBroadcast>(*this, setup.id);
  std::erase_if(names_, [&](const auto& entry) { return entry.second == broadcast.get(); });
  for (const std::string& name : setup.names) names_[name] = broadcast.get();
  broadcast->apply(setup);
  list_next();
}

void Origin::remove(std::string_view id) {
  auto found = broadcasts_.find(id);
  if (found == broadcasts_.end()) return;
  OriginBroadcast* gone = found->second.get();
  std::erase_if(names_, [&](const auto& entry) { return entry.second == gone; });
  std::erase_if(runs_, [&](const auto& entry) { return entry.second == gone; });
  broadcasts_.erase(found);
}

Result<bool> Origin::take(std::string_view id, const link::Message& message) {
  auto found = broadcasts_.find(id);
  if (found == broadcasts_.end()) return fail(Errc::kNotFound, "media of an unknown broadcast");
  auto taken = found->second->take(message);
  if (!taken) ++counters_.messages_refused;
  return taken;
}

void Origin::withdraw(std::string_view id, ProgramTime from, ProgramTime to) {
  if (auto found = broadcasts_.find(id); found != broadcasts_.end()) found->second->withdraw(from, to);
}

void Origin::count_recorded(std::string_view id, ProgramTime from, ProgramTime to,
                            std::function<void(size_t recorded)> then) {
  auto found = broadcasts_.find(id);
  if (found == broadcasts_.end()) return then(0);
  OriginBroadcast& broadcast = *found->second;
  broadcast.when_fresh([&broadcast, from, to, then = std::move(then)] {
    size_t most = 0;
    for (auto& [name, rendition] : broadcast.renditions()) {
      most = std::max(most, rendition->archive->count(from, to));
    }
    then(most);
  });
}

void Origin::ask_recorded(std::string_view id, std::function<void(std::optional<bool> recorded)> then) {
  auto found = broadcasts_.find(id);
  if (found == broadcasts_.end()) return then(false);
  OriginBroadcast& broadcast = *found->second;
  broadcast.when_read_anew([&broadcast, then = std::move(then)](bool read) {
    if (!read) return then(std::nullopt);
    // What was before public_from is not taken up.
    then(std::ranges::any_of(broadcast.renditions(),
                             [](const auto& entry) { return entry.second->archive->size() > 0; }));
  });
}

void Origin::when_fresh(const Request& request, Responder& responder, OriginBroadcast& broadcast,
                        Answer answer) {
  auto held = std::make_shared<std::pair<Request, Responder>>(request, std::move(responder));
  broadcast.when_fresh(
      [this, held, &broadcast, answer] { (this->*answer)(held->first, held->second, broadcast); });
}

void Origin::list_next() {
  if (!follower_.idle()) return;
  auto next = std::ranges::find_if(broadcasts_, [](const auto& entry) { return !entry.second->is_listed(); });
  if (next != broadcasts_.end()) next->second->refresh();
}

std::optional<OriginView> Origin::view(std::string_view id) {
  auto found = broadcasts_.find(id);
  if (found == broadcasts_.end()) return std::nullopt;
  OriginBroadcast& broadcast = *found->second;
  OriginView view;
  view.has_media = broadcast.has_stored_runs();
  view.viewers = broadcast.viewers();
  view.viewers_at_least = broadcast.viewers_at_least();
  view.has_poster = broadcast.poster() || broadcast.stored_poster();
  for (auto& [name, rendition] : broadcast.renditions()) {
    bool any = !rendition->timeline->empty() || rendition->archive->size() > 0;
    if (!any) continue;
    view.has_media = true;
    if (rendition->video) {
      view.renditions.push_back(name);
    } else {
      view.has_audio = true;
    }
    view.dvr_s = std::max(view.dvr_s, rendition->archive->duration());
    if (auto edge = rendition->timeline->edge(); edge && (!view.edge || *view.edge < *edge)) view.edge = edge;
  }
  return view;
}

void Origin::tick() {
  HouseTime now = loop_.clock().now();
  for (auto& [id, broadcast] : broadcasts_) broadcast->tick(now);
  list_next();
}

bool Origin::admit_waiter() {
  if (waiting_ >= options_.max_waiters) {
    HouseTime now = loop_.clock().now();
    if (now - purged_at_ >= kPurgeEvery) {
      purged_at_ = now;
      for (auto& [id, broadcast] : broadcasts_) broadcast->purge_waiters();
    }
  }
  if (waiting_ >= options_.max_waiters) {
    ++counters_.waits_refused;
    return false;
  }
  ++waiting_;
  return true;
}

void Origin::count(OriginClass of, int status) {
  ++counters_.requests[static_cast<size_t>(of)][static_cast<size_t>(std::clamp(status / 100, 0, 5))];
}

Response Origin::not_there() const {
  return with_caching(Response::error(404, "not_found", "there is nothing at this address", ""),
                      "public, max-age=1");
}

Response Origin::gone() const {
  return with_caching(Response::error(410, "not_found", "this is not shown any more", ""),
                      "public, max-age=60");
}

Response Origin::try_later() const {
  Response response = Response::error(503, "busy", "not just now", "");
  return std::move(response.with("Retry-After", "1"));
}

void Origin::multivariant(const Request& request, Responder& responder, OriginBroadcast& broadcast) {
  std::string_view kind = std::string_view(request.path).substr(request.path.rfind('/') + 1);
  kind.remove_suffix(std::string_view(".m3u8").size());
  auto answer = [&](Response response) {
    count(OriginClass::kMultivariant, response.status);
    responder.send(std::move(response));
  };
  OriginState state = broadcast.setup().state;
  if (state == OriginState::kOffline || (kind == "replay" && state != OriginState::kEnded))
    return answer(not_there());
  if (kind == "live" && broadcast.over()) return answer(gone());
  if (kind != "live" && !broadcast.is_fresh())
    return when_fresh(request, responder, broadcast, &Origin::multivariant);
  std::string text = broadcast.multivariant(kind);
  // Live, and no media yet: the engine is starting, or this process is and will be told in a moment.
  if (text.empty()) return answer(state == OriginState::kLive ? try_later() : not_there());
  answer(with_caching(Response::bytes(200, "application/vnd.apple.mpegurl",
                                      std::make_shared<const Bytes>(text.begin(), text.end())),
                      kListCaching));
}

void Origin::media_playlist(const Request& request, Responder& responder, OriginBroadcast& broadcast) {
  bool gzip = request.accepts_gzip();
  bool is_dvr = request.path.ends_with("/dvr.m3u8");
  bool is_replay = request.path.ends_with("/replay.m3u8");
  OriginClass of = is_dvr      ? OriginClass::kDvrPlaylist
                   : is_replay ? OriginClass::kReplayPlaylist
                               : OriginClass::kLivePlaylist;
  auto answer = [&](Response response) {
    count(of, response.status);
    responder.send(std::move(response));
  };
  OriginState state = broadcast.setup().state;
  if (state == OriginState::kOffline || (is_replay && state != OriginState::kEnded))
    return answer(not_there());
  if ((is_dvr || is_replay) && !broadcast.is_fresh())
    return when_fresh(request, responder, broadcast, &Origin::media_playlist);
  Rendition* rendition = broadcast.find(request.param("r"));
  if (!rendition) {
    // A hub that has just started knows no rendition until the engine's snapshot comes.
    bool starting = state == OriginState::kLive && broadcast.renditions().empty();
    return answer(starting ? try_later() : not_there());
  }
  if (is_dvr || is_replay) {
    auto made = is_dvr ? broadcast.dvr(*rendition, gzip) : broadcast.replay(*rendition, gzip);
    if (!made) return answer(state == OriginState::kLive ? try_later() : not_there());
    rendition->estimate.polled(request.by_proxy);
    return answer(Response::shared(std::move(made)));
  }
  if (broadcast.over()) return answer(gone());
  bool empty = rendition->timeline->empty();
  if (empty && rendition->timeline->ended()) return answer(not_there());

  auto asked = package::parse_blocking_query(request.raw_query);
  if (!asked) return answer(Response::error(asked.error(), request.id));
  if (!*asked && !empty) {
    rendition->estimate.polled(request.by_proxy);
    return answer(Response::shared(broadcast.live(*rendition, gzip, false)));
  }
  // Who asks without a directive while nothing is there yet waits for the very first part.
  package::BlockingRequest wanted = asked->value_or(package::BlockingRequest{0, 0});
  auto readiness = empty ? package::Readiness::kWait : rendition->timeline->ask(wanted);
  if (readiness == package::Readiness::kTooFar && broadcast.catching_up())
    readiness = package::Readiness::kWait;
  if (readiness == package::Readiness::kTooFar) {
    return answer(Response::error(400, "invalid", "_HLS_msn or _HLS_part is too far ahead", request.id));
  }
  if (readiness == package::Readiness::kNow) {
    rendition->estimate.blocked(request.by_proxy);
    return answer(Response::shared(broadcast.live(*rendition, gzip, true)));
  }
  if (!admit_waiter()) return answer(try_later());
  responder.set_deadline(options_.block_timeout, [this] {
    ++counters_.waits_timed_out;
    count(OriginClass::kBlockedPlaylist, 503);
    return try_later();
  });
  OriginBroadcast::BlockKey key{wanted.msn, wanted.part.value_or(INT_MAX)};
  rendition->blocked[key].push_back({std::move(responder), gzip, request.by_proxy});
}

void Origin::serve_media(const Request& request, Responder responder) {
  std::string_view run = request.param("run");
  std::string_view file = request.param("file");
  auto answer = [&](OriginClass of, Response response) {
    count(of, response.status);
    responder.send(std::move(response));
  };
  auto again = [&] {
    auto held = std::make_shared<std::pair<Request, Responder>>(request, std::move(responder));
    return [this, held] { serve_media(held->first, std::move(held->second)); };
  };
  auto of_run = runs_.find(run);
  Rendition* rendition = nullptr;
  if (of_run != runs_.end() && of_run->second->setup().state != OriginState::kOffline) {
    rendition = of_run->second->find(request.param("r"));
    if (!rendition && !of_run->second->is_fresh()) return of_run->second->when_fresh(again());
  }
  if (of_run == runs_.end()) {  // perhaps of a store that has not been listed yet
    auto unknown =
        std::ranges::find_if(broadcasts_, [](const auto& entry) { return !entry.second->is_listed(); });
    if (unknown != broadcasts_.end()) {
      // Nobody waits in vain for thousands of stores, one after the other.
      if (!follower_.answers() || follower_.is_full()) return answer(OriginClass::kSegment, try_later());
      return unknown->second->when_listed(again());
    }
  }
  if (!rendition) return answer(OriginClass::kSegment, not_there());
  OriginBroadcast& broadcast = *of_run->second;
  package::Timeline& timeline = *rendition->timeline;
  std::string store_file;
  OriginClass of = OriginClass::kInit;
  const char* type = rendition->video ? "video/mp4" : "audio/mp4";
  if (file == "init.mp4") {
    if (SharedBytes data = timeline.find_init(run)) {
      return answer(of, with_caching(Response::bytes(200, type, std::move(data)), kMediaCaching));
    }
    store_file = output::init_path(run, request.param("r"));
  } else {
    auto name = media_name(file);
    if (!name) return answer(OriginClass::kSegment, not_there());
    auto [msn, part] = *name;
    of = part ? OriginClass::kPart : OriginClass::kSegment;
    package::MediaAnswer found =
        part ? timeline.find_part(run, {msn, *part}) : timeline.find_segment(run, msn);
    using State = package::MediaAnswer::State;
    if (found.state == State::kReady) {
      Response response =
          with_caching({200, {{"Content-Type", type}}, Pieces(std::move(found.data))}, kMediaCaching);
      return answer(of, std::move(response));
    }
    if (found.state == State::kWait && part) {
      if (!admit_waiter()) return answer(of, try_later());
      responder.set_deadline(options_.block_timeout, [this] {
        ++counters_.waits_timed_out;
        count(OriginClass::kBlockedPart, 404);
        return not_there();
      });
      rendition->blocked_parts[{std::string(run), {msn, *part}}].push_back(std::move(responder));
      return;
    }
    if (part) return answer(of, found.state == State::kGone ? gone() : not_there());
    if (!rendition->archive->is_public(run, msn)) {
      if (!broadcast.is_fresh()) return broadcast.when_fresh(again());
      return answer(of, found.state == State::kGone ? gone() : not_there());
    }
    store_file = output::segment_path(run, request.param("r"), msn);
  }
  if (broadcast.setup().store.empty()) return answer(of, not_there());
  of = of == OriginClass::kInit ? of : OriginClass::kStoredSegment;
  files_.serve(
      {broadcast.setup().store + "/" + store_file, type, kMediaCaching, std::string(request.header("range"))},
      std::move(responder), [this, of](int status) { count(of, status); });
}

void Origin::thumbnail(const Request& request, Responder& responder, OriginBroadcast& broadcast) {
  std::string_view file = request.param("file");
  auto answer = [&](Response response) {
    count(OriginClass::kThumbnail, response.status);
    responder.send(std::move(response));
  };
  if (broadcast.setup().state == OriginState::kOffline) return answer(not_there());
  if (file == "poster.jpg") {
    constexpr const char* kCaching = "public, max-age=10";
    if (broadcast.poster())
      return answer(with_caching(Response::bytes(200, "image/jpeg", broadcast.poster()), kCaching));
    if (!broadcast.stored_poster()) return answer(not_there());
    std::string path = broadcast.setup().store + "/" + output::thumbnail_path(*broadcast.stored_poster());
    return files_.serve({path, "image/jpeg", kCaching, ""}, std::move(responder),
                        [this](int status) { count(OriginClass::kThumbnail, status); });
  }
  constexpr std::string_view kSuffix = ".jpg";
  auto at =
      file.ends_with(kSuffix) ? decimal<int64_t>(file.substr(0, file.size() - kSuffix.size())) : std::nullopt;
  if (!at || *at > kLargestNumber || broadcast.setup().store.empty()) return answer(not_there());
  int64_t begin = *at / output::kThumbnailMs * output::kThumbnailMs;
  ProgramTime from{begin};
  ProgramTime to{begin + output::kThumbnailMs};
  if (from < broadcast.setup().public_from) return answer(not_there());
  if (!broadcast.is_fresh()) return when_fresh(request, responder, broadcast, &Origin::thumbnail);
  if (broadcast.is_withdrawn(from, to)) return answer(gone());
  files_.serve(
      {broadcast.setup().store + "/" + output::thumbnail_path(from), "image/jpeg", "public, max-age=60", ""},
      std::move(responder), [this](int status) { count(OriginClass::kThumbnail, status); });
}

OriginMetrics Origin::metrics() {
  OriginMetrics metrics;
  metrics.counters = counters_;
  int64_t wall = loop_.clock().wall().ms;
  for (auto& [id, broadcast] : broadcasts_) {
    OriginBroadcastMetrics one;
    one.id = id;
    one.viewers = broadcast->viewers();
    one.waiters = broadcast->waiters();
    for (auto& [name, rendition] : broadcast->renditions()) {
      one.dvr_s = std::max(one.dvr_s, rendition->archive->duration());
      if (auto edge = rendition->timeline->edge()) {
        one.edge_age_s = std::max(one.edge_age_s, static_cast<double>(wall - edge->ms) / 1000);
      }
    }
    metrics.waiters += one.waiters;
    metrics.broadcasts.push_back(std::move(one));
  }
  return metrics;
}

}  // namespace openday::hub
