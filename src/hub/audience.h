// The viewers' side as the control side sees it: a port that the origin's adapter implements.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "broadcast/values.h"

namespace openday::hub {

/// An estimate; at_least: most of it comes from what a proxy asked, which may have asked for many at once.
struct Viewers {
  int64_t count = 0;
  bool at_least = false;
};

/// Home thread: the hub's.
class Audience {
 public:
  virtual ~Audience() = default;

  /// The broadcast was made or changed, or the hub has started: opens and closes what the public may see.
  /// Live and after: from public_from on. Rehearsal: under its preview name only.
  virtual void update(const broadcast::Broadcast& broadcast) = 0;
  virtual void remove(const std::string& broadcast) = 0;
  /// Out of live, DVR, replay and thumbnails, at once. `done` hears how many recorded segments that were when
  /// the store has been read, or has not answered for two seconds.
  virtual void withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to,
                        std::function<void(int64_t segments)> done) = 0;
  /// The same for what was withdrawn before the hub started.
  virtual void keep_withdrawn(const std::string& broadcast, ProgramTime from, ProgramTime to) = 0;

  /// `done` hears whether anything that the public may see is recorded by now; nothing when the store does
  /// not tell.
  virtual void ask_recorded(const std::string& broadcast,
                            std::function<void(std::optional<bool> recorded)> done) = 0;

  /// How far the program has come, on its own clock; nothing before its first part.
  [[nodiscard]] virtual std::optional<ProgramTime> edge(const std::string& broadcast) const = 0;
  [[nodiscard]] virtual bool has_poster(const std::string& broadcast) const = 0;
  [[nodiscard]] virtual Viewers viewers(const std::string& broadcast) const = 0;
};

}  // namespace openday::hub
