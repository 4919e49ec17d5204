#include "hub/fanout.h"

#include <algorithm>
#include <utility>

namespace openday::hub {

Fanout::Fanout(Loop& loop, Bounds bounds, std::function<void(WebSocket&, uint64_t)> skipped)
    : loop_(loop), bounds_(bounds), skipped_(std::move(skipped)) {}

Fanout::~Fanout() {
  if (passing_ || waiting_) loop_.cancel(timer_);
}

void Fanout::join(WebSocket& socket, Place& place) {
  place.index = members_.size();
  members_.push_back({&socket, &place, head(), false, 0, {}});
}

void Fanout::leave(Place& place) {
  size_t index = place.index;
  if (index >= members_.size() || members_[index].place != &place) return;
  if (index + 1 != members_.size()) {
    members_[index] = members_.back();
    members_[index].place->index = index;
    // The one that moved may have been ahead of the pass and be behind it now.
    if (passing_ && index < at_) again_ = true;
  }
  members_.pop_back();
}

void Fanout::publish(SharedBytes frame, uint64_t mark) {
  add(std::move(frame), mark);
  begin_pass();
}

void Fanout::add(SharedBytes frame, uint64_t mark) {
  bytes_ += frame->size();
  messages_.push_back({std::move(frame), mark});
  while (messages_.size() > bounds_.messages || (bytes_ > bounds_.bytes && messages_.size() > 1)) {
    bytes_ -= messages_.front().frame->size();
    messages_.pop_front();
    ++tail_;
  }
}

void Fanout::begin_pass() {
  if (waiting_) return;
  if (passing_) {
    again_ = true;
    return;
  }
  Duration wait = due_in();
  wait > Duration(0) ? start_pass_in(wait) : start_pass();
}

Duration Fanout::due_in() const {
  return began_ ? std::max(Duration(0), *began_ + pace_ - loop_.clock().now()) : Duration(0);
}

void Fanout::start_pass_in(Duration wait) {
  waiting_ = true;
  timer_ = loop_.after(wait, [this] {
    waiting_ = false;
    start_pass();
  });
}

void Fanout::start_pass() {
  began_ = loop_.clock().now();
  passing_ = true;
  at_ = 0;
  turn();
}

void Fanout::turn() {
  size_t end = std::min(members_.size(), at_ + kTurn);
  while (at_ < end && at_ < members_.size()) {
    // Thousands of sockets are in no cache: the next ones are fetched while the kernel sends to this one.
    if (at_ + 2 * kAhead < members_.size()) __builtin_prefetch(members_[at_ + 2 * kAhead].socket);
    if (at_ + kAhead < members_.size()) members_[at_ + kAhead].socket->expect_offer();
    serve(at_++);
  }
  if (at_ >= members_.size()) {
    passing_ = false;
    // Others have their turn before the next pass, however long this one took.
    if (std::exchange(again_, false)) return start_pass_in(due_in());
    batch_.clear();
    return;
  }
  timer_ = loop_.after(Duration(0), [this] { turn(); });
}

void Fanout::serve(size_t index) {
  while (!members_[index].blocked && catch_up(index)) {
  }
}

bool Fanout::catch_up(size_t index) {
  Member& member = members_[index];
  if (member.next >= head()) return false;
  WebSocket* socket = member.socket;
  if (member.next < tail_) {
    HouseTime now = loop_.clock().now();
    if (member.skips == 0 || now - member.first_skip > kSkips) {
      member.skips = 0;
      member.first_skip = now;
    }
    ++counters_.skips;
    if (++member.skips >= kMostSkips) {
      ++counters_.closed_slow;
      member.blocked = true;
      socket->close(1013, "too slow; come again");
      return false;
    }
    // To the newest: who was too slow for all of it will not get through all that is kept.
    member.next = head() - 1;
    skipped_(*socket, messages_.back().mark);
    if (index >= members_.size() || members_[index].socket != socket) return false;
  }
  const auto& frames = lacking(members_[index].next);
  size_t offered = frames.size();
  size_t taken = socket->offer(frames);
  if (index >= members_.size() || members_[index].socket != socket) return false;  // it has broken
  members_[index].next += taken;
  counters_.deliveries += taken;
  members_[index].blocked = taken < offered;
  return taken == offered;
}

const std::vector<SharedBytes>& Fanout::lacking(uint64_t next) {
  if (batch_from_ == next && batch_head_ == head() && !batch_.empty()) return batch_;
  batch_.clear();
  batch_from_ = next;
  batch_head_ = head();
  size_t bytes = 0;
  for (uint64_t at = next; at < head() && batch_.size() < kAtOnce; ++at) {
    const SharedBytes& frame = messages_[at - tail_].frame;
    bytes += frame->size();
    if (!batch_.empty() && bytes > kBytesAtOnce) break;
    batch_.push_back(frame);
  }
  return batch_;
}

void Fanout::writable(Place& place) {
  size_t index = place.index;
  if (index >= members_.size() || members_[index].place != &place) return;
  members_[index].blocked = false;
  serve(index);
}

void Fanout::each(const std::function<void(WebSocket&)>& visit) {
  // From the back: what takes the place of one that goes has been visited.
  for (size_t index = members_.size(); index-- > 0;) {
    if (index < members_.size()) visit(*members_[index].socket);
  }
}

}  // namespace openday::hub
