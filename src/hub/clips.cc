#include "hub/clips.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/random.h"
#include "package/playlist.h"

namespace openday::hub {
namespace {

constexpr size_t kFiles = 64;  // requests for media that wait for the disk
constexpr const char* kNoStore = "no-store";
constexpr Duration kComplainEvery = seconds(60);

const Error kLater{Errc::kBusy, "the clips are busy; try again in a moment"};
const Error kNone{Errc::kNotFound, "there is no such clip"};

std::string file_of(const media::StoredSegment& segment) {
  return output::segment_path(segment.run, segment.rendition, segment.msn);
}

std::string playlist_of(const output::Clip& clip) {
  package::MediaPlaylist playlist;
  playlist.kind = package::PlaylistKind::kVod;
  const media::StoredSegment* before = nullptr;
  for (const auto& segment : clip.segments) {
    package::PlaylistSegment out;
    out.uri = file_of(segment);
    out.duration = segment.duration;
    bool new_run = before == nullptr || before->run != segment.run || before->rendition != segment.rendition;
    if (new_run) out.map_uri = output::init_path(segment.run, segment.rendition);
    out.discontinuity = before != nullptr && (new_run || before->msn + 1 != segment.msn);
    if (before == nullptr || out.discontinuity) out.at = segment.at;
    // RFC 8216 4.3.3.1: no less than any segment's duration, rounded.
    playlist.target_duration =
        std::max(playlist.target_duration, static_cast<int>(std::lround(segment.duration)));
    playlist.segments.push_back(std::move(out));
    before = &segment;
  }
  return package::render(playlist);
}

}  // namespace

Clips::Clips(Loop& loop, output::ClipStore::Options options, output::Disk& disk, Log log)
    : loop_(loop),
      root_(options.root),
      log_(log),
      store_(std::make_shared<output::ClipStore>(std::move(options), disk, loop.clock(), std::move(log))),
      files_(loop, kFiles),
      worker_(loop, kBound) {
  ask_load();
  timer_ = loop_.every(kLookEvery, [this] { look(); });
}

Clips::~Clips() {
  loop_.cancel(timer_);
}

void Clips::ask_load() {
  looking_ = worker_.ask([store = store_](const std::stop_token&) { return store->load(); },
                         [this](Result<std::map<std::string, output::Clip>> found) {
                           looking_ = false;
                           if (!found) {
                             log_.error("clips_unreadable", {{"why", found.error().message}});
                             return;  // tried again
                           }
                           loaded_ = true;
                           for (auto& [id, clip] : *found) take(id, std::move(clip));
                         });
}

void Clips::take(const std::string& id, output::Clip clip) {
  std::erase_if(clip.segments,
                [&](const auto& segment) { return is_withdrawn(clip.wish.broadcast, segment); });
  clips_[id] = std::move(clip);
}

bool Clips::is_withdrawn(const std::string& broadcast, const media::StoredSegment& segment) const {
  auto found = withdrawn_.find(broadcast);
  return found != withdrawn_.end() && std::ranges::any_of(found->second, [&](const auto& range) {
           return range.from < segment.at + to_ms(segment.duration) && segment.at < range.to;
         });
}

void Clips::keep(const output::ClipWish& wish, std::function<void(Result<std::string>)> then) {
  if (!loaded_ || worker_.is_full()) return then(std::unexpected(kLater));
  std::string id = random_name(16);
  worker_.ask([store = store_, id, wish](const std::stop_token&) { return store->create(id, wish); },
              [this, id, wish, then = std::move(then)](const Result<>& created) {
                if (!created) return then(std::unexpected(created.error()));
                clips_[id].wish = wish;
                look();
                then(id);
              });
}

/// For what has been recorded meanwhile, and for what the disk has refused before.
void Clips::look() {
  withdraw_next();
  if (looking_) return;
  if (!loaded_) return ask_load();
  std::vector<std::string> open;
  for (const auto& [id, clip] : clips_) {
    if (!clip.complete) open.push_back(id);
  }
  if (open.empty()) return;
  using Found = std::vector<std::pair<std::string, Result<output::Clip>>>;
  looking_ = worker_.ask(
      [store = store_, open = std::move(open)](const std::stop_token& stop) {
        Found found;
        for (const std::string& id : open) {
          if (stop.stop_requested()) break;
          found.emplace_back(id, store->advance(id));
        }
        return found;
      },
      [this](Found found) {
        looking_ = false;
        bool news = false;
        for (auto& [id, clip] : found) {
          auto known = clips_.find(id);
          if (known == clips_.end()) continue;  // removed meanwhile
          if (!clip) {
            complain(id, clip.error());
            continue;
          }
          news = news || clip->complete || (known->second.segments.empty() && !clip->segments.empty());
          take(id, std::move(*clip));
        }
        if (news && on_news) on_news();
      });
}

/// A full disk is one for all of them, and for longer than a look.
void Clips::complain(const std::string& id, const Error& error) {
  HouseTime now = loop_.clock().now();
  if (complained_ && now - *complained_ < kComplainEvery) return;
  complained_ = now;
  log_.warn("clip_not_continued", {{"clip", id}, {"why", error.message}});
}

void Clips::withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to) {
  output::Withdrawn range{from, to};
  auto& told = withdrawn_[broadcast];
  if (std::ranges::find(told, range) == told.end()) told.push_back(range);
  bool news = false;
  for (auto& [id, clip] : clips_) {
    if (clip.wish.broadcast == broadcast) {
      size_t gone =
          std::erase_if(clip.segments, [&](const auto& segment) { return is_withdrawn(broadcast, segment); });
      news = news || gone > 0;
    }
  }
  if (news && on_news) on_news();
  orders_.push_back({broadcast, range});
  withdraw_next();
}

/// One after the other, until each is on the disk.
void Clips::withdraw_next() {
  if (withdrawing_ || !loaded_ || orders_.empty()) return;
  withdrawing_ = worker_.ask(
      [store = store_, order = orders_.front()](const std::stop_token&) {
        return store->withdraw(order.broadcast, order.range.from, order.range.to);
      },
      [this](const Result<>& done) {
        withdrawing_ = false;
        if (!done) {
          log_.error("clips_not_withdrawn", {{"why", done.error().message}});
          return;  // tried again with the next look
        }
        orders_.erase(orders_.begin());
        withdraw_next();
      });
}

void Clips::remove(const std::string& id, std::function<void(Result<>)> then) {
  if (!loaded_ || worker_.is_full()) return then(std::unexpected(kLater));
  clips_.erase(id);  // out of sight at once
  worker_.ask([store = store_, id](const std::stop_token&) { return store->remove(id); }, std::move(then));
}

Result<const output::Clip*> Clips::find(const std::string& id) const {
  if (!loaded_) return std::unexpected(kLater);
  auto found = clips_.find(id);
  if (found == clips_.end()) return std::unexpected(kNone);
  return &found->second;
}

Result<std::vector<std::string>> Clips::ids() const {
  if (!loaded_) return std::unexpected(kLater);
  std::vector<std::string> ids;
  ids.reserve(clips_.size());
  for (const auto& [id, clip] : clips_) ids.push_back(id);
  return ids;
}

Result<Clips::View> Clips::view(const std::string& id) const {
  OPENDAY_TRY(const output::Clip* clip, find(id));
  View view{clip->wish, clip->complete, 0};
  for (const auto& segment : clip->segments) view.duration_s += segment.duration;
  return view;
}

void Clips::serve_playlist(const std::string& id, const Request& request, Responder responder) const {
  auto clip = find(id);
  if (!clip) return responder.send(Response::error(clip.error(), request.id));
  if ((*clip)->segments.empty())
    return responder.send(Response::error({Errc::kNotFound, "nothing of this clip is there"}, request.id));
  std::string text = playlist_of(**clip);
  Response response = Response::bytes(200, "application/vnd.apple.mpegurl",
                                      std::make_shared<const Bytes>(text.begin(), text.end()));
  responder.send(std::move(response.with("Cache-Control", kNoStore)));
}

void Clips::serve_media(const std::string& id, std::string_view path, const Request& request,
                        Responder responder) {
  auto clip = find(id);
  if (!clip) return responder.send(Response::error(clip.error(), request.id));
  // Only what the clip names becomes a path.
  bool known = std::ranges::any_of((*clip)->segments, [&](const auto& segment) {
    return path == file_of(segment) || path == output::init_path(segment.run, segment.rendition);
  });
  if (!known) return responder.send(Response::error(kNone, request.id));
  files_.serve({root_ + "/" + id + "/" + std::string(path), "video/mp4", kNoStore,
                std::string(request.header("range"))},
               std::move(responder));
}

}  // namespace openday::hub
