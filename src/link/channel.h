// One end of a link between two processes, served by a Loop.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "base/loop.h"
#include "link/message.h"

namespace openday::link {

struct ChannelCounters {
  uint64_t sent = 0;
  uint64_t received = 0;
  uint64_t refused = 0;  // messages not taken because the queue was full
};

/// Home thread: the loop's. send() may be called from any thread.
/// Invariant: messages arrive whole and in order, or the channel is closed.
class Channel : public std::enable_shared_from_this<Channel> {
 public:
  using OnMessage = std::function<void(Message)>;
  /// Called once, on the loop's thread, when the peer is gone or broke the protocol; never after close().
  using OnClosed = std::function<void(const Error& why)>;

  /// `bound`: bytes that may wait for a slow peer; beyond it send() refuses and counts, and the caller
  /// decides.
  static Result<std::shared_ptr<Channel>> open(Loop& loop, UniqueFd socket, size_t bound,
                                               OnMessage on_message, OnClosed on_closed);
  ~Channel();

  /// kBusy: the queue is full, nothing was sent. kClosed: the channel has ended. kLimit: too large for the
  /// protocol.
  Result<> send(Message message);
  /// Loop's thread. No callback comes after it.
  void close();

  /// Bytes waiting to be written. Any thread.
  [[nodiscard]] size_t queued() const;
  [[nodiscard]] ChannelCounters counters() const;
  /// Stops reading while true, so that a slow consumer slows its peer. Loop's thread.
  void pause(bool paused);

 private:
  struct Chunk {
    SharedBytes bytes;
    size_t at = 0;
    std::vector<UniqueFd> fds;  // travel with the first byte
  };

  Channel(Loop& loop, UniqueFd socket, size_t bound, OnMessage on_message, OnClosed on_closed);
  void on_ready(uint32_t ready);
  bool read_some();
  bool flush_locked();
  void arm();
  void end(const Error& why);

  Loop& loop_;
  UniqueFd socket_;
  const size_t bound_;
  OnMessage on_message_;
  OnClosed on_closed_;
  std::unique_ptr<uint8_t[]> buffer_;  // what one read takes; clearing a new one each time showed in profiles
  Decoder decoder_;
  std::deque<UniqueFd> received_fds_;
  bool paused_ = false;
  bool ended_ = false;  // loop's thread

  mutable std::mutex mutex_;  // guards what follows
  std::deque<Chunk> queue_;
  size_t queued_ = 0;
  bool writable_ = true;  // false: waiting for the loop to report room
  bool broken_ = false;
  ChannelCounters counters_;
};

}  // namespace openday::link
