// One push target: its thread, its queue, its connection.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "output/leg.h"
#include "output/lifecycle.h"
#include "output/resolver.h"
#include "output/targets.h"
#include "output/unit_queue.h"

namespace openday::output {

/// Makes the connection of one attempt.
using LegMaker = std::function<std::unique_ptr<Leg>(Loop&, const SocketAddress&, Leg::Events)>;

struct TargetPlan {
  std::string id;
  std::string origin;  // what logs may say of the URL
  std::string host;
  uint16_t port = 0;
  EgressPolicy egress;
  Pacing pacing;
  UnitQueue::Bounds bounds;
  bool with_video = true;
  bool with_audio = true;
  LegMaker make_leg;
  Resolver::Ask resolve = openday::resolve;
};

/// Connects, sends, watches and tries again for as long as it lives. Home thread of everything but push() and
/// stats(): its own. `clock` outlives it.
class Target {
 public:
  static Result<std::unique_ptr<Target>> start(TargetPlan plan, const Clock& clock, Log log);
  /// Says goodbye to the server and ends the thread; waits for no network.
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  /// Any thread. Never waits.
  void push(const media::AccessUnit& unit);
  /// Any thread.
  [[nodiscard]] TargetStats stats() const;

 private:
  Target(TargetPlan plan, const Clock& clock, Log log, std::unique_ptr<Loop> loop);
  void run();
  void attempt();
  void next_address();
  void on_live();
  void on_ended(const Error& why);
  void drop_leg();
  void give_up(const std::string& why);
  void pump();
  void look();
  void publish_stats();

  const TargetPlan plan_;
  const Clock& clock_;
  const Log log_;
  const std::unique_ptr<Loop> loop_;
  UnitQueue queue_;
  std::atomic<bool> pump_posted_{false};

  // own thread
  Lifecycle lifecycle_;
  std::unique_ptr<Resolver> resolver_;
  Loop::TimerId resolve_deadline_ = 0;
  std::vector<SocketAddress> addresses_;  // of this attempt, not tried yet; the next one is the last
  std::unique_ptr<Leg> leg_;
  std::vector<std::unique_ptr<Leg>> ended_legs_;  // until the present callback is over
  std::unique_ptr<Liveness> liveness_;
  LegProgress progress_;
  uint64_t acked_before_ = 0;  // by earlier legs
  uint64_t rate_acked_ = 0;    // when the rate was last measured
  HouseTime rate_at_;
  double kbps_ = 0;

  mutable std::mutex mutex_;
  TargetStats stats_;  // guarded by it

  std::thread thread_;
};

}  // namespace openday::output
