// Clips as the desk has them: the stretch of a broadcast around a moment, kept beyond its recording and shown
// to those whom the caller lets.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop_worker.h"
#include "hub/http.h"
#include "hub/media_files.h"
#include "output/clip_store.h"

namespace openday::hub {

/// Home thread: the loop's, which never waits for the disk. What is served, is decided here: what was
/// withdrawn is gone at once, whatever the disk says. Clips that are not complete look for new media every
/// kLookEvery.
///
/// Nothing in a clip's folder says who keeps it, or why. A folder's times are those of keep(): who must not
/// tell the second rounds the moment of that call.
class Clips {
 public:
  static constexpr Duration kLookEvery = seconds(2);
  static constexpr size_t kBound = 1000;  // requests that wait for the disk

  /// Reads what is there; until that is done, clips are kBusy. `disk` outlives this.
  Clips(Loop& loop, output::ClipStore::Options options, output::Disk& disk, Log log);
  ~Clips();
  Clips(const Clips&) = delete;

  /// `then` gets the new clip's id when it is durable, whether or not its media has been recorded yet.
  /// kInvalid: an empty stretch, or more than ten minutes. kLimit: no room. kBusy: later.
  void keep(const output::ClipWish& wish, std::function<void(Result<std::string> id)> then);
  /// Takes [from, to) out of the broadcast's clips at once and for good. To be told of each withdrawal when
  /// it is made, and of all there are after a start.
  void withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to);
  /// kNotFound: there is none (any more). kBusy: later.
  void remove(const std::string& id, std::function<void(Result<>)> then);

  /// kBusy before the first reading is done.
  [[nodiscard]] Result<std::vector<std::string>> ids() const;

  struct View {
    output::ClipWish wish;
    bool complete = false;  // nothing more will come
    double duration_s = 0;  // of what may be shown
  };
  /// kNotFound, or kBusy before the first reading is done.
  [[nodiscard]] Result<View> view(const std::string& id) const;

  /// What a clip's playlist and media are asked with. Both answer 404 for what there is not; nothing is
  /// cached. The playlist's URIs are relative to its own: serve_media() has to take
  /// "<run>/<rendition>/<file>" beside it.
  void serve_playlist(const std::string& id, const Request& request, Responder responder) const;
  void serve_media(const std::string& id, std::string_view path, const Request& request, Responder responder);

  [[nodiscard]] size_t size() const { return clips_.size(); }

  /// Somebody who looks at a clip would see another now: its first media has come, it is complete, or some of
  /// it was withdrawn. May be empty.
  std::function<void()> on_news;

 private:
  void ask_load();
  void look();
  void complain(const std::string& id, const Error& error);
  void withdraw_next();
  void take(const std::string& id, output::Clip clip);
  [[nodiscard]] bool is_withdrawn(const std::string& broadcast, const media::StoredSegment& segment) const;
  [[nodiscard]] Result<const output::Clip*> find(const std::string& id) const;

  struct Order {
    std::string broadcast;
    output::Withdrawn range;
  };

  Loop& loop_;
  const std::string root_;
  const Log log_;
  std::optional<HouseTime> complained_;  // of clips that were not continued: once a minute
  bool loaded_ = false;
  bool looking_ = false;
  bool withdrawing_ = false;
  std::map<std::string, output::Clip> clips_;  // without what was withdrawn
  std::map<std::string, std::vector<output::Withdrawn>> withdrawn_;
  std::vector<Order> orders_;  // withdrawals that are not on the disk yet
  Loop::TimerId timer_ = 0;
  std::shared_ptr<output::ClipStore> store_;  // the worker's thread's
  MediaFiles files_;
  LoopWorker worker_;
};

}  // namespace openday::hub
