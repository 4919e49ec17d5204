#include "ingest/publisher_stream.h"

#include <algorithm>

#include "rtmp/flv.h"

namespace openday::ingest {
namespace {

// Headers beyond this are passed on but not kept: real ones have some hundred bytes.
constexpr size_t kHeaderBound = 64 * 1024;
// What a message's head and frame add to its body, generously.
constexpr size_t kMessageOverhead = 256;

bool is_metadata(ByteView body) {
  static constexpr std::string_view kName("\x02\x00\x0AonMetaData", 13);  // an AMF0 string
  return as_text(body).starts_with(kName);
}

bool is_key_frame(const FlvTag& tag) {
  if (tag.type != FlvTag::kVideo) return false;
  auto video = rtmp::parse_video_tag(*tag.body);
  return video && video->key && video->packet == rtmp::FlvPacket::kFrame;
}

}  // namespace

void PublisherStream::attach(std::shared_ptr<link::Channel> feed, std::string_view why) {
  if (feed == feed_) return;
  if (feed_ && begun_) {
    (void)feed_->send(link::make_message(
        "end", {{"publisher", static_cast<uint64_t>(publisher_)}, {"why", std::string(why)}}));
  }
  feed_ = std::move(feed);
  begun_ = false;
  headers_sent_ = false;
  // In mid-stream there is nothing to decode before the next key frame.
  skip_ = has_video_ ? Skip::kToKeyFrame : Skip::kNothing;
  if (feed_ && begin()) send_headers();
}

bool PublisherStream::room_for(size_t size) const {
  size_t queued = feed_->queued();
  return queued == 0 || queued + size + kMessageOverhead <= kFeedQueue;
}

bool PublisherStream::begin() {
  if (begun_) return true;
  link::Message begin = link::make_message(
      "begin", {{"container", name_of(container_)}, {"publisher", static_cast<uint64_t>(publisher_)}});
  if (skip_ == Skip::kToKeyFrame) begin.head["waiting_for_key_frame"] = true;
  begun_ = feed_->send(std::move(begin)).has_value();
  return begun_;
}

// Keeps `tag` if a later feed will need it. True when it is such a tag.
bool PublisherStream::remember(const FlvTag& tag) {
  FlvTag* place = nullptr;
  if (tag.type == FlvTag::kData && is_metadata(*tag.body)) {
    place = &metadata_;
  } else if (tag.type == FlvTag::kVideo) {
    auto video = rtmp::parse_video_tag(*tag.body);
    has_video_ = has_video_ || (video && video->packet != rtmp::FlvPacket::kOther);
    if (video && video->packet == rtmp::FlvPacket::kConfig) place = &video_config_;
  } else if (tag.type == FlvTag::kAudio) {
    auto audio = rtmp::parse_audio_tag(*tag.body);
    if (audio && audio->packet == rtmp::FlvPacket::kConfig) place = &audio_config_;
  }
  if (place == nullptr || tag.body->size() > kHeaderBound) return false;
  *place = tag;
  return true;
}

bool PublisherStream::send_tag(const FlvTag& tag) {
  if (!room_for(tag.body->size())) return false;
  return feed_
      ->send(link::make_message("bytes",
                                {{"publisher", static_cast<uint64_t>(publisher_)},
                                 {"tag", tag.type},
                                 {"time_ms", tag.time_ms},
                                 {"arrival_ns", tag.arrival.ns}},
                                tag.body))
      .has_value();
}

bool PublisherStream::send_headers() {
  headers_sent_ = true;
  for (const FlvTag* header : {&metadata_, &video_config_, &audio_config_}) {
    if (header->body) headers_sent_ = send_tag(*header) && headers_sent_;
  }
  return headers_sent_;
}

void PublisherStream::tag(const FlvTag& tag) {
  if (!tag.body || tag.body->empty()) return;
  bytes_ += tag.body->size();
  bool header = remember(tag);
  if (!feed_) return;
  if (header && (skip_ != Skip::kNothing || !headers_sent_)) {
    headers_sent_ = false;  // it goes out with the others, before the next frame
    return;
  }
  if (skip_ != Skip::kNothing && (is_key_frame(tag) || !has_video_) && feed_->queued() <= kFeedQueueLow) {
    skip_ = Skip::kNothing;
  }
  bool sound_alone = skip_ == Skip::kToKeyFrame && tag.type == FlvTag::kAudio;
  if (skip_ == Skip::kNothing || sound_alone) {
    bool sent = begin() && (headers_sent_ || send_headers()) && send_tag(tag);
    if (!sent) skip_ = Skip::kOverflow;
  }
  if (skip_ == Skip::kOverflow) {
    ++dropped_;
    if (header) headers_sent_ = false;
  }
}

void PublisherStream::ts(const SharedBytes& packets, HouseTime arrival) {
  if (!packets || packets->empty()) return;
  bytes_ += packets->size();
  if (!feed_) return;
  bool after_loss = skip_ == Skip::kOverflow;
  if (feed_->queued() <= kFeedQueueLow) skip_ = Skip::kNothing;
  if (skip_ == Skip::kNothing) {
    link::Message bytes = link::make_message(
        "bytes", {{"publisher", static_cast<uint64_t>(publisher_)}, {"arrival_ns", arrival.ns}}, packets);
    // The packets' own counters say so as well, but for losses of whole sixteens.
    if (after_loss) bytes.head["after_loss"] = true;
    bool sent = begin() && room_for(packets->size()) && feed_->send(std::move(bytes));
    if (!sent) skip_ = Skip::kOverflow;
  }
  if (skip_ == Skip::kOverflow) ++dropped_;
}

}  // namespace openday::ingest
