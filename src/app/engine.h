// One broadcast's engine: slots, mixer, encoders, packager, media store, push targets, and the links that
// serve them.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "app/child.h"
#include "app/engine_config.h"
#include "app/engine_outlet.h"
#include "app/run_numbers.h"
#include "base/log.h"
#include "base/loop.h"
#include "encode/ladder.h"
#include "encode/thumbnails.h"
#include "mixer/ticker.h"
#include "output/recorder.h"
#include "output/targets.h"
#include "package/packager.h"

namespace openday::app {

/// Home thread: the loop's, but for the callbacks of mixer, encoders and packager, which post or are
/// thread-safe themselves. Members are destroyed in reverse order: the tick stops first, then the encoders
/// are emptied, the packager closes its last parts, and the store its last segment.
class Engine final : private package::PackageListener {
 public:
  using SaveCheckpoint = std::function<void(const Checkpoint&)>;

  /// Starts producing at once. kInvalid or kNotFound: configuration, layouts or ladders are not usable.
  static Result<std::unique_ptr<Engine>> start(EngineConfig config, const Checkpoint& checkpoint, Loop& loop,
                                               const Clock& clock, const Log& log, SaveCheckpoint save,
                                               std::shared_ptr<output::Disk> disk = output::posix_disk());
  ~Engine() override;

  void attach_hub(UniqueFd socket);
  /// `id`: "broadcast/venue". The supervisor may introduce a feed before the hub has named its venue; it gets
  /// its ring when that has come.
  void attach_feed(const std::string& id, UniqueFd socket);
  void detach_feed(const std::string& id);

 private:
  struct Feed {
    std::shared_ptr<link::Channel> channel;
    int slot = -1;     // whose ring it has; -1: none yet
    link::Json state;  // its last message
  };

  Engine(EngineConfig config, const Checkpoint& checkpoint, Loop& loop, const Clock& clock, const Log& log,
         SaveCheckpoint save, std::shared_ptr<output::Disk> disk);
  Result<> build();
  RunNumbers number_this_run();
  Result<> choose_ladder();

  void on_hub_message(const link::Message& message);
  void on_feed_message(const std::string& venue, const link::Message& message);
  void give_ring(const std::string& venue);
  void send_wants(const std::vector<mixer::Want>& wants);
  void on_taken(const mixer::Taken& taken);
  void configure(const link::Json& head);
  void configure_targets(const link::Json& list);
  void take(const link::Json& head);
  void withdraw(const link::Json& head);
  void on_thumbnail(const encode::Thumbnail& thumbnail);
  void save_checkpoint();  // any thread
  void send_stats();
  uint64_t lost_sound_ms(const package::PackagerCounters& packaged);
  void send_levels();
  [[nodiscard]] link::Json slot_stats() const;

  void on_init(const media::InitSegment& init) override;
  void on_part(const media::Part& part) override;
  void on_segment(const media::Segment& segment) override;

  EngineConfig config_;
  std::mutex checkpoint_mutex_;
  Checkpoint checkpoint_;  // guarded by it once build() is done; its runs are those before this one
  Loop& loop_;
  const Clock& clock_;
  Log log_;
  SaveCheckpoint save_;
  const std::string run_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // posts from other threads ask it first
  EngineOutlet outlet_;
  std::shared_ptr<link::Channel> hub_;
  std::map<std::string, Feed> feeds_;   // by venue; bounded by kMostFeeds
  std::map<std::string, int> slot_of_;  // by venue
  uint64_t told_lost_sound_ms_ = 0;
  std::map<uint64_t, link::Json> pending_takes_;  // mixer's id → the hub's req
  std::atomic<int64_t> newest_msn_{-1};
  std::atomic<bool> has_media_{false};  // this run has published a part

  std::unique_ptr<mixer::Mixer> mixer_;
  std::shared_ptr<output::Disk> disk_;
  std::unique_ptr<output::Recorder> recorder_;
  std::unique_ptr<output::Targets> targets_;
  std::unique_ptr<package::Packager> packager_;
  std::unique_ptr<encode::Thumbnails> thumbnails_;
  std::unique_ptr<encode::Ladder> ladder_;
  std::unique_ptr<mixer::Ticker> ticker_;
};

}  // namespace openday::app
