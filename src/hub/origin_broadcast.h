// One broadcast inside the origin: its renditions, who waits for them, and what its store holds.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hub/origin.h"
#include "hub/store_follower.h"
#include "output/store_index.h"
#include "package/archive.h"
#include "package/timeline.h"

namespace openday::hub {

/// A playlist that many ask for, as responses: rendered, compressed and built at most once.
class SharedPlaylist {
 public:
  /// `directive`: asked with _HLS_msn, so its URL names one state and caches may keep it longer.
  std::shared_ptr<const SharedResponse> response(bool gzip, bool directive, int64_t now_s);
  void set(std::shared_ptr<const std::string> text);
  [[nodiscard]] bool is(const std::shared_ptr<const std::string>& text) const { return text_ == text; }

 private:
  std::shared_ptr<const std::string> text_;  // its identity is the state's
  SharedBytes plain_;
  SharedBytes packed_;
  std::array<std::shared_ptr<const SharedResponse>, 4> built_;
};

/// How many people watch, from how often they ask: a player that follows the live edge asks for a rendition's
/// playlist once a part, one that polls about once in two seconds. No address, no cookie, nothing kept of
/// anybody. A proxy that asks once for many counts as one: then it is a lower bound.
class ViewerEstimate {
 public:
  struct Counts {
    double parts = 0;
    double blocked = 0;
    double polled = 0;
    double by_proxy = 0;  // of blocked and polled
  };

  void part() { now_.parts += 1; }
  void blocked(bool by_proxy) {
    now_.blocked += 1;
    now_.by_proxy += by_proxy ? 1 : 0;
  }
  void polled(bool by_proxy) {
    now_.polled += 1;
    now_.by_proxy += by_proxy ? 1 : 0;
  }
  /// Once a second.
  void tick();
  /// Of the last seconds.
  [[nodiscard]] Counts counts() const;
  [[nodiscard]] double viewers() const;

 private:
  static constexpr size_t kSeconds = 8;
  std::array<Counts, kSeconds> past_;
  size_t at_ = 0;
  Counts now_;
};

// RFC 9111; a minute at most, so that a withdrawal reaches caches.
inline constexpr const char* kMediaCaching = "public, max-age=60, immutable";
Response with_caching(Response response, std::string_view caching);

/// A broadcast that has ended keeps nothing in memory but the names of its runs and thumbnails until somebody
/// watches its replay, and forgets again what it read ten minutes after the last one did.
class OriginBroadcast {
 public:
  OriginBroadcast(Origin& origin, std::string id) : origin_(origin), id_(std::move(id)) {}
  ~OriginBroadcast();

  struct PlaylistWaiter {
    Responder responder;
    bool gzip = false;
    bool by_proxy = false;
  };
  using BlockKey = std::pair<int64_t, int>;                   // msn and part; part INT_MAX: the whole segment
  using PartKey = std::pair<std::string, package::Position>;  // of a run

  struct Rendition {
    std::unique_ptr<package::Timeline> timeline;  // neither is ever null
    std::unique_ptr<package::Archive> archive;
    SharedPlaylist live;
    SharedPlaylist dvr;
    SharedPlaylist replay;
    std::map<BlockKey, std::vector<PlaylistWaiter>> blocked;
    std::map<PartKey, std::vector<Responder>> blocked_parts;
    ViewerEstimate estimate;
    bool video = true;
  };

  void apply(const OriginSetup& setup);
  [[nodiscard]] const OriginSetup& setup() const { return setup_; }

  Result<bool> take(const link::Message& message);
  void withdraw(ProgramTime from, ProgramTime to);
  /// Has the store read for what is new in it, unless that was done a moment ago. Of a broadcast that has
  /// ended the folders alone.
  void refresh();
  /// What is known of the store is of now; or the disk does not answer, and this is the best there is.
  [[nodiscard]] bool is_fresh() const;
  /// At once when that is so; else when it has become so.
  void when_fresh(std::function<void()> then);
  /// When a read of the store's index that begins from now on is done; `read` is false when the store does
  /// not answer, or cannot be read.
  void when_read_anew(std::function<void(bool read)> then);
  /// When is_listed() is so.
  void when_listed(std::function<void()> then);
  void tick(HouseTime now);
  void purge_waiters();

  [[nodiscard]] Rendition* find(std::string_view name);
  [[nodiscard]] std::map<std::string, std::unique_ptr<Rendition>, std::less<>>& renditions() {
    return renditions_;
  }
  [[nodiscard]] bool catching_up() const { return catching_up_; }
  [[nodiscard]] bool is_withdrawn(ProgramTime from, ProgramTime to) const;
  /// The newest picture the engine gave, unless it was withdrawn.
  [[nodiscard]] SharedBytes poster() const { return poster_; }
  /// What stands in for it, after a restart of the hub: the last thumbnail of the store that may be seen.
  [[nodiscard]] std::optional<ProgramTime> stored_poster() const { return stored_poster_; }
  [[nodiscard]] bool over() const { return over_; }
  [[nodiscard]] uint64_t viewers() const;
  /// Most of them were counted by what a proxy asked: there may be many more.
  [[nodiscard]] bool viewers_at_least() const;
  [[nodiscard]] size_t waiters() const;

  [[nodiscard]] bool has_stored_runs() const { return stored_runs_; }
  /// False: the store may hold runs that nobody knows of yet.
  [[nodiscard]] bool is_listed() const { return listed_ || !index_ || slow_; }
  /// A part that was waited for, if it came.
  Response part_answer(const Rendition& rendition, const PartKey& key);
  /// Renders what is due; null when there is nothing yet.
  std::shared_ptr<const SharedResponse> live(Rendition& rendition, bool gzip, bool directive);
  std::shared_ptr<const SharedResponse> dvr(Rendition& rendition, bool gzip);
  std::shared_ptr<const SharedResponse> replay(Rendition& rendition, bool gzip);
  /// Multivariant playlist of the renditions with pictures: "live", "dvr" or "replay". Empty when there are
  /// none.
  std::string multivariant(std::string_view kind);

 private:
  Rendition* find_or_add(std::string_view name);
  Result<> take_init(const link::Message& message);
  Result<> take_part(const link::Message& message);
  Result<> take_segment(const link::Message& message);
  std::vector<package::RenditionReport> reports_for(const Rendition& rendition);
  void release(Rendition& rendition);
  void release_all();
  void drop_waiters();
  void forget_media();
  void forget_archives();
  [[nodiscard]] std::unique_ptr<package::Archive> new_archive(const std::string& rendition) const;
  void end();
  void open_store();
  void start_reading();
  void finish_reading(const output::IndexReader* index, StoreFollower::News news);
  void take_index(const Result<output::IndexReader::News>& news);
  void release_readers();
  void watch_reading();
  void give_up_waiting();
  void apply_fact(const output::IndexFact& fact);
  void learn_stored_run(const std::string& run);
  void choose_stored_poster();

  Origin& origin_;
  const std::string id_;
  OriginSetup setup_;
  std::map<std::string, std::unique_ptr<Rendition>, std::less<>> renditions_;
  std::vector<std::pair<ProgramTime, ProgramTime>> withdrawn_;
  std::shared_ptr<output::IndexReader> index_;  // null: no store. Its content is the follower's thread's
  HouseTime refreshed_at_;                      // the index
  bool reading_ = false;
  bool slow_ = false;       // the reading takes too long, and those who waited for it were let go
  std::string unreadable_;  // why the index could not be read, the last time
  bool list_ = false;       // the next reading lists the store's folders, too
  bool read_again_ = false;
  std::vector<std::function<void()>> readers_;           // wait for the index
  std::vector<std::function<void(bool)>> anew_readers_;  // the same, of a read that began after they came
  std::vector<std::function<void(bool)>> next_readers_;  // that read has not begun yet
  std::vector<std::function<void()>> listers_;           // wait for the folders
  std::vector<ProgramTime> thumbnails_;                  // of the store, when it was last listed
  bool stored_runs_ = false;
  bool listed_ = false;
  bool catching_up_ = false;  // between snapshot and snapshot_end: answers would show half of what there is
  bool over_ = false;         // ended long enough that live media is gone from memory
  HouseTime ended_at_;
  SharedBytes poster_;
  ProgramTime poster_at_;
  std::optional<ProgramTime> stored_poster_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace openday::hub
