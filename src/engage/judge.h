// Whether a comment is shown, held or refused. No clock, no store, no sockets.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "engage/values.h"

namespace openday::engage {

/// What a text contains that it should not.
struct Finding {
  bool refuse = false;  // else hold
  Why why;
};

/// The text rules: word lists, links, numbers. Any thread, if it is const.
class Screen {
 public:
  virtual ~Screen() = default;
  [[nodiscard]] virtual std::optional<Finding> find(std::string_view text) const = 0;
  /// Of what is said, not how it is dressed: equal for texts that differ in case, width, spaces and repeats.
  [[nodiscard]] virtual uint64_t fingerprint(std::string_view text) const = 0;
};

struct Verdict {
  enum class Kind { kPublish, kHold, kRefuse };
  Kind kind = Kind::kPublish;
  std::string_view code;   // of a refusal: "slow_down", "slow_mode", "duplicate", "rule", "closed"
  Duration retry{0};       // slow_down, slow_mode: how long from now
  std::optional<Why> why;  // a hold, and a refusal by a rule
  uint64_t fingerprint = 0;
  std::optional<HouseTime> said_at;       // when it was counted; nothing: it is not to be kept
  std::optional<HouseTime> spoke_before;  // the one before it, for take_back()
};

/// One room's. Bounded: remembers kMostAuthors who spoke last; who is forgotten starts anew.
class Judge {
 public:
  static constexpr size_t kMostAuthors = 50'000;
  static constexpr size_t kMostTexts = 20'000;
  static constexpr int kBurst = 3;                      // comments at once,
  static constexpr Duration kPace = seconds(3);         // then one in this time
  static constexpr Duration kSameAuthor = seconds(60);  // the same said again: refused
  static constexpr Duration kSameRoom = seconds(30);    // the same said by kManyVoices: held
  static constexpr int kManyVoices = 5;

  /// Judges, and counts what is to be kept: what it does not refuse, and what a rule refuses. That counts for
  /// the pace and as said, but slow mode does not begin with it: who writes it differently need not wait.
  /// `flooding`: the address sends more than its share; what a rule would refuse is too fast then.
  Verdict judge(const RoomSettings& settings, const Screen& screen, const std::string& author, Badge badge,
                std::string_view text, bool flooding, HouseTime now);
  /// What it counted could not be kept: as if it had never been said. Of several, the last one first.
  void take_back(const std::string& author, const Verdict& verdict);

 private:
  struct Author {
    std::string id;
    double tokens = kBurst;
    HouseTime filled;
    std::optional<HouseTime> spoke;
    std::deque<std::pair<HouseTime, uint64_t>> said;  // at most kSaid
  };
  static constexpr size_t kSaid = 8;
  struct Text {
    int voices = 0;
    HouseTime first;
  };

  Author& author_of(const std::string& id, HouseTime now);
  std::optional<Verdict> too_fast(const RoomSettings& settings, Author& author, HouseTime now) const;
  int voices_of(uint64_t fingerprint, bool new_voice, HouseTime now);

  std::list<Author> authors_;  // who spoke last stands first
  std::unordered_map<std::string, std::list<Author>::iterator> by_id_;
  std::unordered_map<uint64_t, Text> texts_;
  std::deque<std::pair<HouseTime, uint64_t>> texts_by_age_;
};

}  // namespace openday::engage
