// One publisher's media on its way to a feed.
#pragma once

#include <memory>
#include <string>

#include "ingest/publisher_sink.h"
#include "link/channel.h"

namespace openday::ingest {

/// What may wait for a feed that does not read, and when it has caught up enough to go on.
inline constexpr size_t kFeedQueue = 4 * 1024 * 1024;
inline constexpr size_t kFeedQueueLow = kFeedQueue / 2;
/// The bound to open a feed's channel with: `begin` and `end` fit in even when media does not.
inline constexpr size_t kFeedChannelBound = kFeedQueue + 64 * 1024;

/// Keeps what a decoder needs to begin (FLV: sequence headers and metadata), so that a feed can be attached
/// at any time: it gets these, the sound from then on, and the pictures from the next key frame. When the
/// feed does not read and kFeedQueue bytes wait in its channel, media is dropped and counted up to the next
/// key frame that finds at most kFeedQueueLow waiting (TS, whose key frames are not looked for here: up to
/// the first packets that do). Memory is never more than that.
///
/// One thread.
class PublisherStream {
 public:
  PublisherStream(PublisherId publisher, Container container)
      : publisher_(publisher), container_(container) {}

  /// Media goes there from now on; null: nowhere. The feed before is told `why` its publisher ended.
  void attach(std::shared_ptr<link::Channel> feed, std::string_view why);
  /// That channel is gone: if it is the feed's, nothing more can be said to it.
  void lose(const link::Channel& channel) {
    if (feed_.get() == &channel) feed_ = nullptr;
  }
  [[nodiscard]] bool attached() const { return feed_ != nullptr; }

  void tag(const FlvTag& tag);
  void ts(const SharedBytes& packets, HouseTime arrival);

  [[nodiscard]] uint64_t bytes() const { return bytes_; }
  /// Tags, or bunches of packets, that an attached feed did not get because it did not read.
  [[nodiscard]] uint64_t dropped() const { return dropped_; }

 private:
  enum class Skip {
    kNothing,
    kToKeyFrame,  // attached in mid-stream: of pictures
    kOverflow     // the feed did not read
  };

  bool remember(const FlvTag& tag);
  bool send_headers();
  bool send_tag(const FlvTag& tag);
  [[nodiscard]] bool room_for(size_t size) const;
  bool begin();

  const PublisherId publisher_;
  const Container container_;
  std::shared_ptr<link::Channel> feed_;
  bool begun_ = false;         // the feed knows of this publisher
  bool headers_sent_ = false;  // and has the newest headers
  Skip skip_ = Skip::kNothing;
  FlvTag metadata_;  // bodies are null until they come
  FlvTag video_config_;
  FlvTag audio_config_;
  bool has_video_ = false;
  uint64_t bytes_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace openday::ingest
