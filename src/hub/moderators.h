// Moderators' pages: one WebSocket each, told of every comment, and the claims among them (docs/ROOM.md,
// Moderators).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "engage/claims.h"
#include "hub/rooms.h"

namespace openday::hub {

/// Home thread: the hub's.
class Moderators {
 public:
  static constexpr size_t kMaxPages = 64;
  static constexpr int kMostItems = 500;  // of the queue, that a page is told at once

  Moderators(Loop& loop, Rooms& rooms, engage::Archives& archives);
  ~Moderators();
  Moderators(const Moderators&) = delete;

  /// For a path with the parameter {b}. Lets anybody in: who may come is the gate's to say (Gate::guard).
  WebSocketRoute route();

  /// The claims of these as they are now: one's own last from here.
  std::vector<engage::Claim> claim(const std::string& broadcast, const std::vector<int64_t>& ids,
                                   const std::string& by, const std::string& name);
  std::vector<engage::Claim> release(const std::string& broadcast, const std::vector<int64_t>& ids,
                                     const std::string& by);
  [[nodiscard]] std::optional<engage::Claim> held_against(const std::string& broadcast, int64_t id,
                                                          const std::string& by) const;
  void decided(const std::string& broadcast, const std::vector<engage::Comment>& comments);
  /// The broadcast is gone.
  void close(const std::string& broadcast);

 private:
  class Desk;
  class Page;
  Desk& desk(Room& room);
  void every_second();

  Loop& loop_;
  Rooms& rooms_;
  engage::Archives& archives_;
  std::map<std::string, std::unique_ptr<Desk>> desks_;
  Loop::TimerId second_ = 0;
};

}  // namespace openday::hub
