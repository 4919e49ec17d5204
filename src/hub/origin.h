// The LL-HLS origin: what players, proxies and caches fetch under /hls, /media and /thumb.
//
// It is fed with the engine's messages (docs/LINK.md, hub ↔ engine) and answers from memory for the live
// window, from the media store for everything older.
//
// Blocking playlist reload (RFC 8216bis 6.2.5.2): a request for (msn, part) waits until that part exists.
// Every state of a rendition's playlist is rendered once, compressed once and built into one response that
// all its waiters share; when a part arrives, all who wait for it are answered in one pass before the thread
// does anything else. No answer differs by viewer, so a cache in front may collapse requests for one URL into
// one.
//
// Bounds: `max_waiters` requests wait at a time, more get 503; each waits at most `block_timeout`. Names that
// are not there allocate nothing.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "hub/http.h"
#include "hub/media_files.h"
#include "hub/origin_metrics.h"
#include "hub/store_follower.h"
#include "link/message.h"

namespace openday::hub {

class OriginBroadcast;

struct OriginOptions {
  size_t max_waiters = 20'000;
  Duration block_timeout = seconds(6);  // three target durations: players take longer for an outage
};

enum class OriginState {
  kOffline,  // nothing to see yet: 404
  kLive,     // playlists live and DVR
  kEnded     // the live playlist says so for a minute; replay playlists from the store
};

/// What the hub knows of a broadcast; given whole, again whenever it changes.
struct OriginSetup {
  std::string id;  // of the engine that feeds it
  std::vector<std::string>
      names;                // what stands for it in URLs: its id once public, an unguessable one in rehearsal
  std::string store;        // its folder in the media store; empty: nothing is recorded
  double dvr_window_s = 0;  // 0: from the start
  OriginState state = OriginState::kOffline;
  ProgramTime public_from;  // media before it is never shown (a rehearsal, once the broadcast is live)
};

/// What a broadcast has to offer just now.
struct OriginView {
  std::vector<std::string> renditions;  // with pictures, those of the multivariant playlist
  bool has_audio = false;               // a playlist of the audio alone
  bool has_media = false;
  bool has_poster = false;
  double dvr_s = 0;                 // recorded and public
  std::optional<ProgramTime> edge;  // program clock at the end of the newest part
  uint64_t viewers = 0;             // estimated
  bool viewers_at_least = false;    // most were counted by what a proxy asked: there may be many more
};

/// Home thread: the loop's. Outlives no router it was added to.
class Origin {
 public:
  Origin(OriginOptions options, Loop& loop, Log log);
  ~Origin();
  Origin(const Origin&) = delete;
  Origin& operator=(const Origin&) = delete;

  void add_routes(Router& router);

  /// Adds a broadcast or changes it. A later `public_from` takes what was before it out of sight at once.
  void put(const OriginSetup& setup);
  /// Forgets it; its waiters get 404.
  void remove(std::string_view id);
  /// A message of the engine that runs broadcast `id`. False: not one of the origin's (init, part, segment,
  /// snapshot, snapshot_end, thumbnail of kind poster). Errors are the engine's and cost nothing but the
  /// message.
  Result<bool> take(std::string_view id, const link::Message& message);
  /// Media of [from, to) is not to be seen any more: playlists, segments, thumbnails. At once, and whatever
  /// the store turns out to hold of it. To be called for every withdrawal, also at start for those that were
  /// decided before.
  void withdraw(std::string_view id, ProgramTime from, ProgramTime to);
  /// Tells how many recorded segments of a rendition overlap [from, to), as soon as the store's index was
  /// read; when the disk does not answer for two seconds, how many are known.
  void count_recorded(std::string_view id, ProgramTime from, ProgramTime to,
                      std::function<void(size_t recorded)> then);

  /// Tells whether anything that the public may see is recorded, by a read of the store's index that begins
  /// now; nothing when the store does not answer or cannot be read.
  void ask_recorded(std::string_view id, std::function<void(std::optional<bool> recorded)> then);

  /// Nothing when the broadcast is not known.
  [[nodiscard]] std::optional<OriginView> view(std::string_view id);
  [[nodiscard]] OriginMetrics metrics();
  /// Once a second, by a timer of its own.
  void tick();

 private:
  friend class OriginBroadcast;

  using Answer = void (Origin::*)(const Request&, Responder&, OriginBroadcast&);
  void route(Router& router, std::string_view pattern, Answer answer);
  /// The same request once more when what is known of the store is fresh.
  void when_fresh(const Request& request, Responder& responder, OriginBroadcast& broadcast, Answer answer);
  /// The folders of ended broadcasts are listed one after the other, while nobody waits for the disk.
  void list_next();
  void serve_media(const Request& request, Responder responder);
  void multivariant(const Request& request, Responder& responder, OriginBroadcast& broadcast);
  void media_playlist(const Request& request, Responder& responder, OriginBroadcast& broadcast);
  void thumbnail(const Request& request, Responder& responder, OriginBroadcast& broadcast);
  [[nodiscard]] OriginBroadcast* named(std::string_view name) const;
  /// Makes sure that one more may wait; false: the origin is full.
  bool admit_waiter();
  void count(OriginClass of, int status);
  [[nodiscard]] Response not_there() const;
  [[nodiscard]] Response gone() const;
  [[nodiscard]] Response try_later() const;

  const OriginOptions options_;
  Loop& loop_;
  const Log log_;
  MediaFiles files_;
  StoreFollower follower_;
  OriginCounters counters_;
  std::map<std::string, std::unique_ptr<OriginBroadcast>, std::less<>> broadcasts_;  // by id
  std::map<std::string, OriginBroadcast*, std::less<>> names_;
  std::map<std::string, OriginBroadcast*, std::less<>> runs_;
  bool too_many_runs_ = false;  // the log has been told
  size_t waiting_ = 0;          // who left without being noticed yet included
  HouseTime purged_at_;
  Loop::TimerId tick_ = 0;
};

}  // namespace openday::hub
