// What has happened in a room, as every viewer is told it: numbered events, of which the newest are kept.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace openday::engage {

/// Offsets grow by one and never come again within an epoch; another epoch means another history. Not
/// thread-safe.
class RoomLog {
 public:
  /// `bytes`: about how much of events is kept, besides their number.
  RoomLog(std::string epoch, size_t events, size_t bytes)
      : epoch_(std::move(epoch)), most_(events), most_bytes_(bytes) {}

  [[nodiscard]] const std::string& epoch() const { return epoch_; }
  /// The offset of the next event.
  [[nodiscard]] uint64_t head() const { return tail_ + events_.size(); }
  /// The oldest offset that is kept.
  [[nodiscard]] uint64_t tail() const { return tail_; }

  /// `json`: the event; `comment`: its comment's id, if it is one; `answers`: the comment that this one
  /// quotes.
  uint64_t append(std::string json, int64_t comment = 0, int64_t answers = 0);
  /// An event that shows a comment besides what else it says (pinned, the room); `without`: the event once
  /// that comment is buried.
  uint64_t append_showing(std::string json, int64_t shown, std::string without);
  /// What a comment said is gone from the history, wherever it was shown; the places stay.
  void bury(int64_t comment);
  /// Comments that quote this one.
  [[nodiscard]] std::vector<int64_t> answering(int64_t comment) const;
  /// Says something else in a comment's place.
  void replace(int64_t comment, std::string json);
  /// The events of [from, to) with commas between. `from` ≥ tail(), `to` ≤ head().
  [[nodiscard]] std::string slice(uint64_t from, uint64_t to) const;
  /// The first offset of [from, to] from which slice() has at most `bytes`.
  [[nodiscard]] uint64_t fitting(uint64_t from, uint64_t to, size_t bytes) const;

 private:
  struct Event {
    std::string json;
    int64_t comment = 0;
    int64_t answers = 0;
    int64_t shown = 0;  // the comment that `without` leaves out
    std::string without;
    [[nodiscard]] size_t size() const { return json.size() + without.size(); }
  };
  uint64_t append(Event event);
  void blank(Event& event, std::string json);
  const std::string epoch_;
  const size_t most_;
  const size_t most_bytes_;
  uint64_t tail_ = 0;
  size_t bytes_ = 0;
  std::deque<Event> events_;
  std::unordered_map<int64_t, uint64_t> offset_of_;
};

}  // namespace openday::engage
