// A publisher's MPEG-TS bytes become units, on a thread of their own: libavformat reads by waiting.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/bytes.h"
#include "base/clock.h"
#include "feed/unit.h"

namespace openday::feed {

/// bytes() from one thread; `out` is called on the reader's own. The destructor ends it.
///
/// Bound: 8 MiB of bytes not read yet; beyond it the oldest go. Behind a loss, this one or one that bytes()
/// was told of, pictures are marked up to where they are surely whole: the packets' own counters miss a loss
/// of whole sixteens, and what was being put together has a hole that no decoder sees.
class TsReader {
 public:
  using Out = std::function<void(Unit)>;
  explicit TsReader(Out out);
  ~TsReader();
  TsReader(const TsReader&) = delete;
  TsReader& operator=(const TsReader&) = delete;

  void bytes(SharedBytes packets, HouseTime arrival, bool after_loss = false);
  /// Chunks thrown away, and starts of the demuxer after the first.
  [[nodiscard]] uint64_t dropped() const;
  [[nodiscard]] uint64_t restarts() const;

 private:
  struct Chunk {
    SharedBytes bytes;
    HouseTime arrival;
    bool after_loss = false;
  };
  void work();
  size_t read(uint8_t* into, size_t size);
  bool wait_for_bytes();

  const Out out_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Chunk> chunks_;
  size_t queued_ = 0;
  bool ended_ = false;
  uint64_t dropped_ = 0;
  uint64_t restarts_ = 0;
  Chunk current_;  // this thread only, as are those below
  size_t at_ = 0;
  int torn_ = 0;        // pictures to come that may have the hole
  std::thread thread_;  // last: it uses everything above
};

}  // namespace openday::feed
