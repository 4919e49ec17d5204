// Keeps everybody in step with the books: supervisor, engines, gateway, viewers' side and control pages.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "broadcast/ledger.h"
#include "hub/audience.h"
#include "hub/control_room.h"
#include "hub/desired.h"
#include "hub/engines.h"
#include "hub/moderators.h"
#include "hub/publishers.h"
#include "hub/rooms.h"

namespace openday::hub {

/// Home thread: the loop's; everything it refers to outlives it.
///
/// The books are the truth. After each commit, and when an engine or the gateway comes, what others should
/// know is derived from them anew and what differs is sent; so a message that was lost is made good by the
/// next, and a hub that restarts ends up where it was.
class Conductor {
 public:
  struct Parts {
    Loop& loop;
    broadcast::Books& books;
    const broadcast::Rules& rules;
    const HouseSettings& settings;
    int64_t dvr_window_s;
    Engines& engines;
    Publishers& publishers;
    Audience& audience;
    ControlRoom& room;
    Rooms& rooms;
    Moderators& moderators;
    /// To the supervisor; false when it could not be sent now.
    std::function<bool(const Json& fields)> send_desired;
    Log log;
  };

  explicit Conductor(Parts parts);
  ~Conductor();
  Conductor(const Conductor&) = delete;

  /// Takes up what the books say: after it, engines and feeds of active broadcasts are wanted.
  Result<> begin();

  /// A commit changed this broadcast, or what belongs to it.
  void changed(const broadcast::Broadcast& broadcast);
  void removed(const std::string& broadcast);
  /// A commit changed venues.
  void venues_changed() { reconcile(); }

  void on_media(const std::string& broadcast, const link::Message& message);
  void on_engine_state(const std::string& broadcast);
  void on_taken(const std::string& broadcast, const Taken& taken);
  void on_levels(const std::string& broadcast, const Json& levels);
  void on_thumbnail(const std::string& broadcast, const std::string& venue, int64_t number);
  void on_children(Json children);

  /// How far the program has come on its own clock; nothing before its first part.
  [[nodiscard]] std::optional<ProgramTime> edge(const std::string& broadcast) const;
  [[nodiscard]] Json status(const std::string& broadcast) const;
  [[nodiscard]] Json full_json(const broadcast::Broadcast& broadcast) const;
  [[nodiscard]] Json viewer_json(const broadcast::Broadcast& broadcast) const;
  [[nodiscard]] Result<std::vector<Json>> greeting(const std::string& broadcast) const;
  /// The supervisor's list of processes; null before the first.
  [[nodiscard]] const Json& children() const { return children_; }
  /// Active broadcasts as last read.
  [[nodiscard]] std::vector<std::string> active() const;
  /// What keeps the house from being as the books say; empty when nothing does.
  [[nodiscard]] const std::vector<std::string>& trouble() const { return trouble_; }

 private:
  void reconcile();
  void every_second();
  [[nodiscard]] Result<std::vector<Active>> read_active() const;
  void note_recorded(const std::string& broadcast);

  Parts parts_;
  std::map<std::string, broadcast::Broadcast> tracked_;  // active, or ended with an engine that is finishing
  std::set<std::string> noting_recorded_;
  std::set<std::string> finishing_;  // ended before anything of them was known to be recorded
  Json desired_sent_;
  Json children_;
  std::vector<std::string> trouble_;
  Loop::TimerId beat_ = 0;
};

}  // namespace openday::hub
