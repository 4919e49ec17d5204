// One stream of messages to thousands of sockets, each of which gets every message once, in order.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "base/loop.h"
#include "hub/http.h"

namespace openday::hub {

/// Home thread: the loop's.
///
/// Nearly all the cost is the kernel's send(), so a message is framed once and shared by all, and a socket
/// gets all that it lacks with one write: when passes take longer than messages take to come, there are fewer
/// of them. A pass over the sockets takes turns with the rest of the loop. A socket that cannot take a
/// message keeps its place and goes on from there; one that has fallen off the end of what is kept skips to
/// the newest, and the third time within a minute it is closed.
class Fanout {
 public:
  static constexpr size_t kTurn = 512;   // sockets before others get the loop
  static constexpr size_t kAhead = 4;    // sockets that are fetched into the cache before their turn
  static constexpr size_t kAtOnce = 16;  // messages in one write,
  static constexpr size_t kBytesAtOnce = size_t{64} << 10;  // about; the first one in any case
  static constexpr int kMostSkips = 3;                      // within
  static constexpr Duration kSkips = seconds(60);

  /// Where a socket stands; it belongs to whoever joined, stays where it is, and is not touched by them.
  struct Place {
    size_t index = 0;
  };
  struct Bounds {
    size_t messages = 2000;
    size_t bytes = size_t{2} << 20;
  };

  /// `skipped` tells a socket that what lies before the message `first` is lost to it.
  Fanout(Loop& loop, Bounds bounds, std::function<void(WebSocket&, uint64_t first)> skipped);
  ~Fanout();
  Fanout(const Fanout&) = delete;

  /// From the next message on.
  void join(WebSocket& socket, Place& place);
  void leave(Place& place);
  /// The socket can take more (WebSocketHandler::on_writable).
  void writable(Place& place);

  /// `frame`: a ws_text_frame(). `mark`: what skipped() is told when this is where a socket goes on.
  void publish(SharedBytes frame, uint64_t mark);
  /// Goes out with the next one that is published, in the same write, or with send().
  void add(SharedBytes frame, uint64_t mark);
  void send() { begin_pass(); }
  /// A pass begins no sooner than this after the one before. What is published meanwhile, and while one is
  /// under way, goes out with it: nobody waits for a whole pass after a whole pace.
  void set_pace(Duration pace) { pace_ = pace; }

  [[nodiscard]] size_t sockets() const { return members_.size(); }
  /// Calls `visit` for every socket; it may close them.
  void each(const std::function<void(WebSocket&)>& visit);

  struct Counters {
    uint64_t deliveries = 0;
    uint64_t skips = 0;
    uint64_t closed_slow = 0;
  };
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  struct Member {
    WebSocket* socket = nullptr;
    Place* place = nullptr;
    uint64_t next = 0;  // message it gets next
    bool blocked = false;
    uint8_t skips = 0;
    HouseTime first_skip;
  };
  struct Message {
    SharedBytes frame;
    uint64_t mark = 0;
  };

  [[nodiscard]] uint64_t head() const { return tail_ + messages_.size(); }
  void begin_pass();
  [[nodiscard]] Duration due_in() const;
  void start_pass_in(Duration wait);
  void start_pass();
  void turn();
  /// Brings one member as far as it goes. It may be gone afterwards.
  void serve(size_t index);
  bool catch_up(size_t index);
  /// What a member lacks that has got all before `next`, as far as one write goes. Valid until the next call.
  const std::vector<SharedBytes>& lacking(uint64_t next);

  Loop& loop_;
  const Bounds bounds_;
  const std::function<void(WebSocket&, uint64_t)> skipped_;
  std::vector<Member> members_;
  std::deque<Message> messages_;
  uint64_t tail_ = 0;
  size_t bytes_ = 0;
  std::vector<SharedBytes> batch_;  // what nearly all lack alike, as of batch_head_
  uint64_t batch_from_ = 0;
  uint64_t batch_head_ = 0;
  size_t at_ = 0;  // where the present pass is
  bool passing_ = false;
  bool again_ = false;
  bool waiting_ = false;  // for its time, to begin a pass
  Duration pace_{0};
  std::optional<HouseTime> began_;  // the last pass
  Loop::TimerId timer_ = 0;
  Counters counters_;
};

}  // namespace openday::hub
