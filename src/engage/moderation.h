// What moderators may do to comments, and what follows. Work inside a transaction of the archive.
#pragma once

#include <string>
#include <vector>

#include "account/act.h"
#include "engage/archive.h"

namespace openday::engage {

/// Undone by who did it, within this time.
inline constexpr milliseconds kUndo = seconds(30);
/// What was approved becomes public after this, so that an undo within it leaves nothing seen.
inline constexpr milliseconds kAfterthought = seconds(3);

/// It was approved so lately that it is not public yet.
bool may_be_undone_unseen(const Comment& comment, ProgramTime now);

struct Order {
  int64_t id = 0;
  CommentState from = CommentState::kHeld;  // what the moderator saw
  CommentState to = CommentState::kPublished;
};

struct Refusal {
  int64_t id = 0;
  std::string_view code;           // "conflict", "not_found"
  std::optional<Comment> present;  // as it is, for a conflict
};

struct Decided {
  std::vector<Comment> comments;  // as they are now
  std::vector<Refusal> refused;
};

/// Who decides, as colleagues and the audit log name them.
struct Decider {
  account::Act act;
  std::string name;
};

/// held → published, rejected; published → held, removed; rejected, removed → published.
bool may_become(CommentState from, CommentState to);

/// Each on its own: what cannot be done is in `refused`, the others are. kInvalid: the reason is not one.
Result<Decided> decide(Archive& archive, const std::string& broadcast, const std::vector<Order>& orders,
                       const std::string& reason, const std::string& note, const Decider& who);
/// Back to the state before one's own last decision, within kUndo.
Result<Decided> undo(Archive& archive, const std::string& broadcast, const std::vector<int64_t>& ids,
                     const Decider& who);

struct WantedBan {
  int64_t comment = 0;
  std::optional<int64_t> minutes;  // nothing: until the broadcast's end
  std::string reason;
  bool remove = false;
};
struct Banned {
  Ban ban;
  std::vector<Comment> removed;
};
/// The author of a comment. kConflict: it is staff's. `remove`: what of theirs is public or held goes, too
/// (the newest 1000 of either).
Result<Banned> ban(Archive& archive, const std::string& broadcast, const WantedBan& wanted,
                   const Decider& who);
Result<Ban> lift(Archive& archive, const std::string& broadcast, int64_t number, const Decider& who);

struct RoomChanges {
  std::optional<Mode> mode;
  std::optional<int> slow_s;
  std::optional<int64_t> pinned;  // 0: none
};
/// kConflict: what is to be pinned is not public.
Result<RoomSettings> set_room(Archive& archive, const std::string& broadcast, const RoomChanges& changes,
                              const Decider& who);

}  // namespace openday::engage
