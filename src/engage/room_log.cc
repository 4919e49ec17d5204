#include "engage/room_log.h"

namespace openday::engage {
namespace {

constexpr std::string_view kGone = R"({"k":"gone"})";

}  // namespace

uint64_t RoomLog::append(std::string json, int64_t comment, int64_t answers) {
  return append(Event{std::move(json), comment, answers, 0, {}});
}

uint64_t RoomLog::append_showing(std::string json, int64_t shown, std::string without) {
  return append(Event{std::move(json), 0, 0, shown, std::move(without)});
}

uint64_t RoomLog::append(Event event) {
  uint64_t at = head();
  bytes_ += event.size();
  if (event.comment != 0) offset_of_[event.comment] = at;
  events_.push_back(std::move(event));
  while (events_.size() > most_ || (bytes_ > most_bytes_ && events_.size() > 1)) {
    const Event& oldest = events_.front();
    bytes_ -= oldest.size();
    auto known = offset_of_.find(oldest.comment);
    if (known != offset_of_.end() && known->second == tail_) offset_of_.erase(known);
    events_.pop_front();
    ++tail_;
  }
  return at;
}

/// What is left of it says nothing of a comment.
void RoomLog::blank(Event& event, std::string json) {
  bytes_ -= event.size();
  event = {std::move(json), 0, 0, 0, {}};
  bytes_ += event.size();
}

void RoomLog::bury(int64_t comment) {
  if (comment == 0) return;
  for (Event& event : events_) {
    if (event.shown == comment) blank(event, std::string(event.without));
  }
  auto known = offset_of_.find(comment);
  if (known == offset_of_.end()) return;
  blank(events_[known->second - tail_], std::string(kGone));
  offset_of_.erase(known);
}

std::vector<int64_t> RoomLog::answering(int64_t comment) const {
  std::vector<int64_t> found;
  for (const Event& event : events_) {
    if (event.answers == comment) found.push_back(event.comment);
  }
  return found;
}

void RoomLog::replace(int64_t comment, std::string json) {
  auto known = offset_of_.find(comment);
  if (known == offset_of_.end()) return;
  Event& event = events_[known->second - tail_];
  bytes_ += json.size() - event.json.size();
  event.json = std::move(json);
}

std::string RoomLog::slice(uint64_t from, uint64_t to) const {
  std::string text;
  size_t size = 0;
  for (uint64_t at = from; at < to; ++at) size += events_[at - tail_].json.size() + 1;
  text.reserve(size);
  for (uint64_t at = from; at < to; ++at) {
    if (at != from) text += ',';
    text += events_[at - tail_].json;
  }
  return text;
}

uint64_t RoomLog::fitting(uint64_t from, uint64_t to, size_t bytes) const {
  uint64_t first = to;
  for (size_t size = 0; first > from; --first) {
    size += events_[first - 1 - tail_].json.size() + 1;
    if (size > bytes) break;
  }
  return first;
}

}  // namespace openday::engage
