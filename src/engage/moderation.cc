#include "engage/moderation.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check_text.h"

namespace openday::engage {
namespace {

using Json = nlohmann::json;

// Texts stay out of it: the audit log outlives the comments.
Result<> note_down(Archive& archive, const Decider& who, const char* action, const std::string& broadcast,
                   Json detail) {
  detail["broadcast"] = broadcast;
  std::string subject =
      detail.contains("comment") ? fmt::format("{}", detail["comment"].get<int64_t>()) : broadcast;
  return archive.append({0, who.act.at, who.act.by, who.act.via, action, subject, detail.dump()});
}

Result<> check_reason(const std::string& reason) {
  if (std::ranges::find(kDecisionReasons, reason) != kDecisionReasons.end()) return {};
  return fail(Errc::kInvalid, fmt::format("reason must be one of {}", fmt::join(kDecisionReasons, ", ")));
}

Result<Comment> change(Archive& archive, Comment comment, CommentState to, const std::string& reason,
                       const std::string& note, const Decider& who) {
  Decision decision{who.act.by, who.name, who.act.at, comment.state, reason, note};
  OPENDAY_CHECK_OK(archive.decide(comment.id, to, decision));
  OPENDAY_CHECK_OK(note_down(
      archive, who, "comment.decide", comment.broadcast,
      {{"comment", comment.id}, {"from", name_of(comment.state)}, {"to", name_of(to)}, {"reason", reason}}));
  if (comment.state == CommentState::kPublished) {
    OPENDAY_TRY(RoomSettings settings, archive.room(comment.broadcast));
    if (settings.pinned == comment.id) {
      settings.pinned = 0;
      OPENDAY_CHECK_OK(archive.put(comment.broadcast, settings));
    }
  }
  comment.state = to;
  comment.decision = decision;
  return comment;
}

}  // namespace

bool may_be_undone_unseen(const Comment& comment, ProgramTime now) {
  return comment.state == CommentState::kPublished && comment.decision &&
         now - comment.decision->at < kAfterthought;
}

bool may_become(CommentState from, CommentState to) {
  switch (from) {
    case CommentState::kHeld: return to == CommentState::kPublished || to == CommentState::kRejected;
    case CommentState::kPublished: return to == CommentState::kHeld || to == CommentState::kRemoved;
    case CommentState::kRejected:
    case CommentState::kRemoved: return to == CommentState::kPublished;
  }
  return false;
}

Result<Decided> decide(Archive& archive, const std::string& broadcast, const std::vector<Order>& orders,
                       const std::string& reason, const std::string& note, const Decider& who) {
  OPENDAY_CHECK_OK(check_reason(reason));
  OPENDAY_CHECK_OK(check_line("note", note, 0, 300));
  Decided outcome;
  for (const Order& order : orders) {
    auto comment = archive.comment(broadcast, order.id);
    if (!comment && comment.error().code != Errc::kNotFound) return std::unexpected(comment.error());
    if (!comment) {
      outcome.refused.push_back({order.id, "not_found", std::nullopt});
      continue;
    }
    if (comment->state != order.from || !may_become(order.from, order.to)) {
      outcome.refused.push_back({order.id, "conflict", std::move(*comment)});
      continue;
    }
    OPENDAY_TRY(Comment changed, change(archive, std::move(*comment), order.to, reason, note, who));
    outcome.comments.push_back(std::move(changed));
  }
  return outcome;
}

Result<Decided> undo(Archive& archive, const std::string& broadcast, const std::vector<int64_t>& ids,
                     const Decider& who) {
  Decided outcome;
  for (int64_t id : ids) {
    auto comment = archive.comment(broadcast, id);
    if (!comment && comment.error().code != Errc::kNotFound) return std::unexpected(comment.error());
    if (!comment) {
      outcome.refused.push_back({id, "not_found", std::nullopt});
      continue;
    }
    const auto& last = comment->decision;
    bool own = last && last->by == who.act.by && last->reason != kUndone && who.act.at - last->at <= kUndo;
    if (!own) {
      outcome.refused.push_back({id, "conflict", std::move(*comment)});
      continue;
    }
    CommentState before = last->before;
    OPENDAY_TRY(Comment changed, change(archive, std::move(*comment), before, std::string(kUndone), "", who));
    outcome.comments.push_back(std::move(changed));
  }
  return outcome;
}

Result<Banned> ban(Archive& archive, const std::string& broadcast, const WantedBan& wanted,
                   const Decider& who) {
  constexpr int kMostRemoved = 1000;
  OPENDAY_CHECK_OK(check_reason(wanted.reason));
  OPENDAY_TRY(Comment comment, archive.comment(broadcast, wanted.comment));
  if (comment.badge != Badge::kNone) {
    return fail(Errc::kConflict, "that comment is by a member of staff; an admin can disable their account");
  }
  Ban made{0, broadcast, comment.author, comment.name, std::nullopt, wanted.reason, who.act.at, who.act.by};
  if (wanted.minutes) made.until = who.act.at + std::chrono::minutes(*wanted.minutes);
  Banned outcome;
  OPENDAY_TRY(outcome.ban, archive.ban(made));
  Json detail{{"comment", comment.id}, {"author", comment.author}, {"reason", wanted.reason}};
  if (wanted.minutes) detail["minutes"] = *wanted.minutes;
  OPENDAY_CHECK_OK(note_down(archive, who, "viewer.ban", broadcast, std::move(detail)));
  if (!wanted.remove) return outcome;
  // Asked for by state: what a rule has refused meanwhile pushes nothing out of reach.
  for (auto [from, to] : {std::pair(CommentState::kPublished, CommentState::kRemoved),
                          std::pair(CommentState::kHeld, CommentState::kRejected)}) {
    Filter theirs{broadcast, from, "", comment.author, false, 0, kMostRemoved};
    OPENDAY_TRY(auto said, archive.comments(theirs));
    for (Comment& one : said) {
      OPENDAY_TRY(Comment removed, change(archive, std::move(one), to, wanted.reason, "", who));
      outcome.removed.push_back(std::move(removed));
    }
  }
  return outcome;
}

Result<Ban> lift(Archive& archive, const std::string& broadcast, int64_t number, const Decider& who) {
  OPENDAY_TRY(Ban lifted, archive.lift(broadcast, number));
  OPENDAY_CHECK_OK(note_down(archive, who, "viewer.lift_ban", broadcast,
                             {{"author", lifted.author}, {"ban", lifted.number}}));
  return lifted;
}

Result<RoomSettings> set_room(Archive& archive, const std::string& broadcast, const RoomChanges& changes,
                              const Decider& who) {
  OPENDAY_TRY(RoomSettings settings, archive.room(broadcast));
  Json detail = Json::object();
  if (changes.mode) {
    settings.mode = *changes.mode;
    detail["mode"] = name_of(*changes.mode);
  }
  if (changes.slow_s) {
    settings.slow_s = *changes.slow_s;
    detail["slow_s"] = *changes.slow_s;
  }
  if (changes.pinned) {
    if (*changes.pinned != 0) {
      OPENDAY_TRY(Comment pinned, archive.comment(broadcast, *changes.pinned));
      if (pinned.state != CommentState::kPublished) {
        return fail(Errc::kConflict,
                    fmt::format("the comment is {}; publish it first", name_of(pinned.state)));
      }
    }
    settings.pinned = *changes.pinned;
    detail["pinned"] = *changes.pinned;
  }
  OPENDAY_CHECK_OK(archive.put(broadcast, settings));
  OPENDAY_CHECK_OK(note_down(archive, who, "room.set", broadcast, std::move(detail)));
  return settings;
}

}  // namespace openday::engage
