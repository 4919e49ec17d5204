// What the engine hands to the hub: the media as it is cut, and, to a hub that comes back, what it missed.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "link/channel.h"
#include "media/media.h"

namespace openday::app {

/// Thread-safe. The hub is a guest: while it is away, or too slow, the engine goes on, and the hub is handed
/// the last kKeptSegments segments of every rendition when it (re)attaches.
class EngineOutlet {
 public:
  static constexpr size_t kKeptSegments = 3;

  explicit EngineOutlet(std::string run) : run_(std::move(run)) {}

  void init(media::InitSegment init);
  void part(media::Part part);
  void segment(const media::Segment& segment, const std::string& path);
  /// Thumbnails, levels, statistics, confirmations: not kept.
  void send(link::Message message);

  /// Sends the snapshot, then everything that follows. `scene`: on air now.
  void attach(std::shared_ptr<link::Channel> hub, const link::Json& scene);
  void detach();

  /// Messages lost because the hub did not read.
  [[nodiscard]] uint64_t dropped() const;

 private:
  struct Kept {
    media::InitSegment init;
    std::deque<media::Part> parts;
    std::deque<std::pair<media::Segment, std::string>> segments;  // finished ones
  };

  void send_locked(link::Message message);

  const std::string run_;
  mutable std::mutex mutex_;
  std::shared_ptr<link::Channel> hub_;
  std::map<std::string, Kept> kept_;  // by rendition
  uint64_t dropped_ = 0;
};

}  // namespace openday::app
