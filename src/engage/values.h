// The nouns of the room: comments, bans, and how a room is set. Plain values; docs/ROOM.md has their JSON.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace openday::engage {

/// What happens to a comment that no rule minds: shown at once (open, risky), or looked at first (all). Risky
/// ones are held in every mode but open, where only refusals count. Closed: nobody but staff may speak.
enum class Mode : uint8_t { kOpen, kRisky, kAll, kClosed };
enum class CommentState : uint8_t { kPublished, kHeld, kRejected, kRemoved };
/// Who speaks for the institution, and as what.
enum class Badge : uint8_t { kNone, kModerator, kProducer };

inline constexpr std::array kModes = {
    std::pair(Mode::kOpen, std::string_view("open")), std::pair(Mode::kRisky, std::string_view("risky")),
    std::pair(Mode::kAll, std::string_view("all")), std::pair(Mode::kClosed, std::string_view("closed"))};
inline constexpr std::array kCommentStates = {
    std::pair(CommentState::kPublished, std::string_view("published")),
    std::pair(CommentState::kHeld, std::string_view("held")),
    std::pair(CommentState::kRejected, std::string_view("rejected")),
    std::pair(CommentState::kRemoved, std::string_view("removed"))};
inline constexpr std::array kBadges = {std::pair(Badge::kNone, std::string_view()),
                                       std::pair(Badge::kModerator, std::string_view("moderator")),
                                       std::pair(Badge::kProducer, std::string_view("producer"))};

constexpr std::string_view name_of(Mode mode) {
  return kModes[static_cast<size_t>(mode)].second;
}
constexpr std::string_view name_of(CommentState state) {
  return kCommentStates[static_cast<size_t>(state)].second;
}
constexpr std::string_view name_of(Badge badge) {
  return kBadges[static_cast<size_t>(badge)].second;
}
template <class T, size_t N>
std::optional<T> named(const std::array<std::pair<T, std::string_view>, N>& table, std::string_view name) {
  for (const auto& [value, text] : table) {
    if (text == name) return value;
  }
  return std::nullopt;
}

inline constexpr size_t kMostText = 300;  // characters of a comment
inline constexpr size_t kMostName = 20;
inline constexpr int kMostSlow = 600;  // seconds
inline constexpr std::array<std::string_view, 4> kReactions = {"like", "clap", "flower", "heart"};
inline constexpr std::array<std::string_view, 5> kReportReasons = {"spam", "abuse", "private", "illegal",
                                                                   "other"};
/// Why a person decided.
inline constexpr std::string_view kUndone = "undo";
inline constexpr std::array<std::string_view, 8> kDecisionReasons = {
    "ok", "spam", "abuse", "private", "illegal", "off_topic", "flood", "other"};

/// The rule that held or refused, and what it found: UTF-16 units of the text, which is how pages count.
struct Why {
  std::string rule;
  uint32_t from = 0;
  uint32_t to = 0;  // as `from`: the whole
  bool operator==(const Why&) const = default;
};

/// What a person did about a comment, last.
struct Decision {
  std::string by;    // a person's id
  std::string name;  // as it was then
  ProgramTime at;
  CommentState before = CommentState::kHeld;  // what an undo brings back
  std::string reason;                         // one of kDecisionReasons, or kUndone
  std::string note;
  bool operator==(const Decision&) const = default;
};

struct Comment {
  int64_t id = 0;  // grows with the order of commits, over all broadcasts
  std::string broadcast;
  std::string author;  // 16 hex digits; for staff of "staff:" and their id
  std::string name;    // may be empty
  std::string text;
  Badge badge = Badge::kNone;
  ProgramTime at;
  ProgramTime moment;
  int64_t reply_to = 0;  // 0: nothing
  CommentState state = CommentState::kPublished;
  std::optional<Why> why;
  std::string ref;  // the sender's name for it
  std::optional<Decision> decision;
  bool operator==(const Comment&) const = default;
};

/// A rule has refused it, and no person has decided since.
inline bool refused_by_rule(const Comment& comment) {
  return comment.state == CommentState::kRejected && !comment.decision;
}

struct Ban {
  int64_t number = 0;
  std::string broadcast;
  std::string author;
  std::string name;                  // the author's, for the list
  std::optional<ProgramTime> until;  // nothing: until the broadcast's end
  std::string reason;
  ProgramTime since;
  std::string person;  // who banned
  bool operator==(const Ban&) const = default;
};

struct RoomSettings {
  Mode mode = Mode::kRisky;
  int slow_s = 0;      // between two comments of one viewer
  int64_t pinned = 0;  // a comment's id; 0: none
  bool operator==(const RoomSettings&) const = default;
};

struct WordListText {
  std::string name;
  std::string text;
  ProgramTime changed_at;
  std::string by;
  bool operator==(const WordListText&) const = default;
};

}  // namespace openday::engage
