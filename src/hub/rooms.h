// All rooms: who may come in, and the way of a comment from the socket over the judge and the disk to
// everybody.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "account/people.h"
#include "base/log.h"
#include "broadcast/ledger.h"
#include "hub/gate.h"
#include "hub/http.h"
#include "hub/metrics_text.h"
#include "hub/room.h"

namespace openday::hub {

class RoomGuest;

/// Home thread: the hub's; everything it refers to outlives it.
class Rooms {
 public:
  static constexpr size_t kMostWaiting = 20'000;  // comments on their way to the disk
  static constexpr size_t kGroup = 1000;          // that share a unit of work
  static constexpr int64_t kAddressShare = 600;   // comments of one address a minute
  static constexpr int64_t kReportShare = 30;     // reports of one address a minute

  struct Parts {
    Router& router;
    Loop& loop;
    engage::Archives& archives;
    broadcast::Books& books;
    account::Rolls& rolls;
    Gate& gate;
    /// The text rules of now; kept by who uses them.
    std::function<std::shared_ptr<const engage::Screen>()> screen;
    std::function<std::optional<ProgramTime>(const std::string& broadcast)> edge;
    Log log;
  };

  /// `max_sockets`: of viewers in all rooms; beyond: 503 with Retry-After.
  Rooms(Parts parts, RoomOptions options, size_t max_sockets);
  ~Rooms();
  Rooms(const Rooms&) = delete;

  void add_routes();
  /// A commit changed this broadcast, or the hub has begun.
  void update(const broadcast::Broadcast& broadcast);
  void remove(const std::string& broadcast);

  /// The room of a broadcast that is there; kNotFound else.
  Result<Room*> room(const std::string& broadcast);
  /// Nothing when nobody has opened it since the start.
  [[nodiscard]] Room* known(const std::string& broadcast);
  /// A comment of it has been taken away: nothing that was rendered before is sent again.
  void forget_past(const std::string& broadcast);
  [[nodiscard]] std::shared_ptr<const engage::Screen> screen() const { return parts_.screen(); }

  struct Counters {
    uint64_t comments = 0;  // taken, and on the disk
    uint64_t held = 0;      // of them
    uint64_t refused = 0;   // by a rule, which are on the disk, too, and at a bound
    uint64_t waiting = 0;   // for the disk
    uint64_t sockets = 0;
    uint64_t deliveries = 0;
    uint64_t skips = 0;
    uint64_t closed_slow = 0;
  };
  [[nodiscard]] Counters counters() const;

  // --- for guests

  /// Takes the guest's word for nothing; `guest` hears what became of it.
  void comment(RoomGuest& guest, engage::Comment comment);
  /// What was decided against these comments of the guest's own, who may have been away then.
  void tell_absent(RoomGuest& guest, const std::vector<int64_t>& mine);
  void report(RoomGuest& guest, const std::string& ref, int64_t id, const std::string& reason);
  /// Why this may not be a viewer's name; nothing: it may.
  std::optional<engage::Why> objection(const std::string& name);
  uint64_t greet(RoomGuest& guest);
  void forget(uint64_t guest) { guests_.erase(guest); }
  [[nodiscard]] const Clock& clock() const { return parts_.loop.clock(); }

 private:
  struct Pending {
    std::string room;
    engage::Comment comment;
    engage::Verdict verdict;
    uint64_t address = 0;  // in of_address_; 0: not counted there
  };
  struct Report {
    uint64_t guest = 0;
    std::string ref;
    std::string author;
    std::string reason;
    std::string broadcast;
    int64_t comment = 0;   // the id of what is reported
    uint64_t address = 0;  // in of_address_
  };
  /// What an address has sent that was kept.
  struct Share {
    int64_t comments = 0;
    int64_t reports = 0;
  };
  /// What became of each of a group; nothing: its author is banned.
  using Outcomes = std::vector<std::optional<engage::Added>>;
  static std::string key_of(const engage::Comment& comment);
  void commit();
  void on_outcome(std::vector<Pending> group, const Outcomes& added, const Result<>& outcome);
  void take_back(std::span<const Pending> group);
  void acknowledge(uint64_t guest, const engage::Comment& comment);
  void commit_reports();
  void on_reports(const std::vector<Report>& group, const Result<>& outcome);
  /// Its key in of_address_ of this minute.
  uint64_t address_key(const std::string& address);
  void send_minute(const Request& request, Responder responder);

  const Parts parts_;
  const RoomOptions options_;
  const size_t max_sockets_;
  std::map<std::string, std::unique_ptr<Room>> rooms_;
  std::unordered_map<uint64_t, RoomGuest*> guests_;
  uint64_t next_guest_ = 1;

  std::vector<Pending> waiting_;
  std::unordered_map<std::string, uint64_t> told_;  // key_of what is on its way to the disk → who hears of it
  size_t in_flight_ = 0;

  std::vector<Report> reports_;  // at most kGroup
  bool reporting_ = false;       // those before them are on their way to the disk

  // In this minute; keyed by a hash under a salt of this minute.
  std::unordered_map<uint64_t, Share> of_address_;
  std::string salt_;
  HouseTime salted_;

  std::unordered_set<uint64_t> staff_names_;        // fingerprints,
  std::unordered_set<std::u32string> staff_looks_;  // and what they look like, as of
  std::optional<HouseTime> staff_at_;

  struct Cached {
    std::shared_ptr<const SharedResponse> response;
    HouseTime until;
  };
  static constexpr size_t kMostCached = 256;
  std::map<std::string, Cached> minutes_;  // by broadcast and minute

  Counters counters_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

void room_metrics(MetricsText& out, const Rooms::Counters& rooms);

}  // namespace openday::hub
