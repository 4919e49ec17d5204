// The live audience of one broadcast: who is there, what they say, and what they are told (docs/ROOM.md).
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/loop.h"
#include "engage/archive.h"
#include "engage/judge.h"
#include "engage/moderation.h"
#include "engage/room_log.h"
#include "hub/fanout.h"
#include "hub/room_json.h"

namespace openday::hub {

struct RoomOptions {
  size_t shown_per_second = 30;  // comments that the live room shows; of more, a sample. 0: all
  size_t history = 200;          // events that a newcomer is told
};

/// What moderators' pages are told by a room. Home thread: the hub's.
class RoomWatcher {
 public:
  virtual ~RoomWatcher() = default;
  /// A comment is new.
  virtual void on_said(const engage::Comment& comment) = 0;
  /// Comments have changed, or what stands beside them has: reports, a ban.
  virtual void on_comments(const std::vector<engage::Comment>& comments) = 0;
  virtual void on_settings() = 0;
};

/// Home thread: the hub's. One socket in it is a Guest (hub/room_guest.h).
class Room {
 public:
  /// A guest, as the room calls back to it.
  class Seat {
   public:
    virtual ~Seat() = default;
    virtual void say(const Json& message) = 0;
    /// Null once it has closed, which it may do while something is sent.
    [[nodiscard]] virtual WebSocket* socket() = 0;
    Fanout::Place place;
    std::string author;
  };
  struct Parts {
    Loop& loop;
    engage::Archives& archives;
    /// How far the program has come; nothing before its first part.
    std::function<std::optional<ProgramTime>(const std::string& broadcast)> edge;
    /// A comment has become public of which the past, as it was rendered, says nothing.
    std::function<void(const std::string& broadcast)> past_changed;
    Log log;
  };

  /// Takes up what the archive says.
  static Result<std::unique_ptr<Room>> open(const Parts& parts, RoomOptions options, std::string broadcast);
  ~Room();
  Room(const Room&) = delete;

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] const engage::RoomSettings& settings() const { return settings_; }
  [[nodiscard]] bool is_open() const { return open_; }
  /// Live or not; `from`: the program's beginning, which no moment precedes.
  void set_open(bool open, std::optional<ProgramTime> from);
  /// As rendered for viewers.
  [[nodiscard]] Json json() const;

  static constexpr size_t kHistoryBytes = size_t{192} << 10;  // a socket's queue holds it, and the welcome
  struct Since {
    std::string epoch;
    uint64_t offset = 0;
  };
  /// Takes the seat and says what has happened: `welcome` gets what this room knows, then the history
  /// follows, of which the oldest is left out when it is more than kHistoryBytes. The socket may have closed
  /// when this returns, and the seat be left.
  void enter(Seat& seat, const std::optional<Since>& since, Json welcome);
  void leave(Seat& seat);
  void writable(Seat& seat) { fanout_.writable(seat.place); }

  [[nodiscard]] std::optional<engage::Ban> ban_of(const std::string& author) const;
  [[nodiscard]] ProgramTime moment_within(std::optional<ProgramTime> moment) const;
  engage::Judge& judge() { return judge_; }
  /// Published, and not approved so lately that it may still be undone unseen.
  [[nodiscard]] bool is_public(const engage::Comment& comment) const;
  [[nodiscard]] std::optional<Quoted> quoted(int64_t id) const;
  void react(size_t kind, int64_t times);

  /// A comment reached the disk.
  void on_committed(const engage::Comment& comment, uint64_t fingerprint);
  /// A commit changed these.
  void on_decided(const std::vector<engage::Comment>& comments);
  void on_banned(const engage::Ban& ban);
  void on_lifted(const engage::Ban& ban);
  void on_settings(const engage::RoomSettings& settings);
  void on_reported(const engage::Comment& comment);

  // For moderators.
  void watch(RoomWatcher& watcher) { watchers_.push_back(&watcher); }
  void unwatch(RoomWatcher& watcher) { std::erase(watchers_, &watcher); }
  [[nodiscard]] Json item(const engage::Comment& comment) const;
  [[nodiscard]] Json counts() const;

  [[nodiscard]] size_t viewers() const { return fanout_.sockets(); }
  [[nodiscard]] const Fanout::Counters& deliveries() const { return fanout_.counters(); }
  /// The broadcast is gone.
  void close();

 private:
  Room(const Parts& parts, RoomOptions options, std::string broadcast);
  Result<> load();
  void publish(const engage::Comment& comment);
  void show(const engage::Comment& comment);
  void withdraw(const engage::Comment& comment);
  /// Takes it from those that are to become public. False: it was none of them.
  bool take_approved(int64_t id);
  /// Shows what the settings say is pinned, once it is public. True: it is another one than before.
  bool show_pinned();
  void tell_decided(const engage::Comment& comment);
  void append(const Json& event);
  /// An event that shows pinned_, at `where` in it.
  void append_pinned(Json event, const Json::json_pointer& where);
  void plan_flush();
  void flush();
  void choose_sample();
  void every_second();
  [[nodiscard]] Duration tick() const;
  [[nodiscard]] std::string comment_event(const engage::Comment& comment) const;
  void hold(const engage::Comment& comment, uint64_t fingerprint);
  void unhold(int64_t id);
  void tell_author(const std::string& author, const Json& message);
  void watchers_hear(const std::vector<engage::Comment>& comments);
  void watchers_hear_of_settings();
  void watchers_hear_of(const std::string& author);

  const Parts parts_;
  const RoomOptions options_;
  const std::string id_;
  engage::RoomSettings settings_;
  bool open_ = false;
  std::optional<ProgramTime> from_;
  Json pinned_;  // comment_json or null
  engage::RoomLog log_;
  engage::Judge judge_;
  Fanout fanout_;
  std::unordered_multimap<std::string, Seat*> seats_;  // by author
  std::vector<RoomWatcher*> watchers_;
  std::map<std::string, engage::Ban> bans_;  // by author

  uint64_t flushed_ = 0;                  // offset of the first event that no socket was sent
  bool counts_wait_ = false;              // for the next comment, a second at most
  std::vector<engage::Comment> waiting_;  // published, to be shown at the next flush
  double budget_;                         // comments that may be shown
  HouseTime budget_at_;
  std::optional<HouseTime> flushed_at_;
  Loop::TimerId flush_timer_ = 0;
  Loop::TimerId second_ = 0;
  SharedBytes history_;  // rendered for newcomers, at history_at_
  uint64_t history_at_ = UINT64_MAX;

  struct Due {
    HouseTime at;
    engage::Comment comment;
  };
  std::deque<Due> approved_;  // become public at their time, unless undone

  struct Held {
    ProgramTime at;
    uint64_t fingerprint = 0;
  };
  std::map<int64_t, Held> held_;
  std::unordered_map<uint64_t, int> similar_;
  int64_t held_count_ = 0;
  std::array<int64_t, engage::kReactions.size()> reactions_{};
  size_t told_viewers_ = 0;
  std::optional<HouseTime> told_at_;
  std::array<int64_t, 60> heard_{};  // comments of each of the last seconds
  size_t heard_at_ = 0;
};

}  // namespace openday::hub
