#include "package/rendition.h"

#include <utility>

#include "wrap/av_mux/cmaf_muxer.h"

namespace openday::package {
namespace {

/// How long a complete part waits for its audio: the AAC encoder is two frames behind, some 3 ticks.
constexpr int64_t kAudioPatience = 8;
/// How long a part waits for its pictures while none come: longer than an encoder with full queues needs for
/// one.
constexpr int64_t kVideoPatience = 90;
/// Audio kept for a rendition whose pictures come, but ever later: 10 s.
constexpr size_t kMostAudio = 470;
/// A picture is shown this much early, in 90 kHz, rather than leave a hole before it.
constexpr int64_t kMostStretch = kSegmentSeconds * kVideoTimescale;
constexpr media::Tick kLargestTick = int64_t{1} << 40;

template <class Queue>
std::vector<media::AccessUnit> take_while(Queue& queue, auto belongs) {
  std::vector<media::AccessUnit> out;
  while (!queue.empty() && belongs(queue.front())) {
    out.push_back(std::move(queue.front()));
    queue.pop_front();
  }
  return out;
}

}  // namespace

PartMaker::PartMaker(const PackagerOptions& options, std::string rendition, wrap::CmafMuxer muxer,
                     PackageListener& listener, PackagerCounters& counters)
    : rendition_(std::move(rendition)),
      start_(options.start),
      first_msn_(options.first_msn),
      first_of_run_that_follows_(options.discontinuity > 0),
      muxer_(std::make_unique<wrap::CmafMuxer>(std::move(muxer))),
      listener_(listener),
      counters_(counters) {}

PartMaker::PartMaker(PartMaker&&) noexcept = default;
PartMaker::~PartMaker() = default;

const SharedBytes& PartMaker::init() const {
  return muxer_->init();
}

void PartMaker::make(const Span& span, const std::vector<media::AccessUnit>& video,
                     const std::vector<media::AccessUnit>& audio) {
  media::Part part;
  part.rendition = rendition_;
  part.msn = first_msn_ + span.segment;
  part.index = segment_.parts;
  part.independent = span.independent;
  part.last = span.last;
  part.duration = span.duration;
  part.at = start_ + milliseconds(span.begin_ms);
  part.data = mux(video, audio);

  if (segment_.parts == 0) {
    segment_.rendition = rendition_;
    segment_.msn = part.msn;
    segment_.at = part.at;
    segment_.discontinuity = std::exchange(first_of_run_that_follows_, false);
  }
  ++segment_.parts;
  segment_.duration += part.duration;
  segment_.bytes += part.data == nullptr ? 0 : part.data->size();
  listener_.on_part(part);
  if (part.last) end_segment();
}

void PartMaker::end_segment() {
  if (segment_.parts == 0) return;
  media::Segment done = std::exchange(segment_, {});
  listener_.on_segment(done);
}

SharedBytes PartMaker::mux(const std::vector<media::AccessUnit>& video,
                           const std::vector<media::AccessUnit>& audio) {
  bool whole = true;
  for (const auto* units : {&video, &audio}) {
    for (const media::AccessUnit& unit : *units) whole = whole && muxer_->add(unit).has_value();
  }
  Result<SharedBytes> data = muxer_->cut();
  if (!whole || !data) ++counters_.failed;
  return data ? *data : nullptr;
}

VideoRendition::VideoRendition(Cadence cadence, bool has_audio, PartMaker maker, PackagerCounters& counters)
    : cadence_(cadence), has_audio_(has_audio), maker_(std::move(maker)), counters_(counters) {}

void VideoRendition::push(const media::AccessUnit& unit) {
  if (unit.tick < next_tick_ || unit.tick > kLargestTick || unit.data == nullptr) {
    ++counters_.misplaced;
    return;
  }
  heard_at_picture_ = audio_end_;
  video_away_ = false;
  int64_t segment = cadence_.segment_of(unit.tick);
  if (unit.key) gop_segment_ = segment;
  bool decodable = segment == gop_segment_;
  if (!started_ && decodable) begin_at(unit.tick);
  if (started_ && unit.tick < part_begin_) {
    decodable = false;
    gop_segment_ = -1;
  }
  if (!started_ || !decodable) ++counters_.undecodable;
  if (!started_) return;
  next_tick_ = unit.tick + 1;
  if (decodable) video_.push_back(unit);
  close_complete(true);
}

/// Or with the sound that came before: it is not lost because the first pictures were.
void VideoRendition::begin_at(media::Tick tick) {
  started_ = true;
  if (!audio_.empty()) tick = std::min(tick, cadence_.tick_from(audio_.front().pts));
  part_begin_ = tick;
  segment_ = cadence_.segment_of(tick);
}

void VideoRendition::push_audio(const media::AccessUnit& unit) {
  if (audio_.size() == kMostAudio) audio_.pop_front();
  audio_.push_back(unit);
  audio_end_ = unit.pts + unit.duration;
  if (audio_end_ > cadence_.samples_at(part_begin_)) audio_away_ = false;
  int64_t since = std::max({heard_at_picture_, audio_.front().pts, cadence_.samples_at(next_tick_)});
  bool waited = audio_end_ - since >= cadence_.samples_at(kVideoPatience);
  video_away_ = video_away_ || waited || audio_.size() == kMostAudio;
  if (!started_ && video_away_) begin_at(cadence_.tick_from(audio_.front().pts));
  close_complete(true);
}

void VideoRendition::lost() {
  gop_segment_ = -1;
}

media::Tick VideoRendition::part_end() const {
  return std::min(part_begin_ + cadence_.ticks_per_part(), cadence_.segment_start(segment_ + 1));
}

bool VideoRendition::audio_is_there(media::Tick end) {
  if (!has_audio_ || audio_away_ || audio_end_ >= cadence_.samples_at(end)) return true;
  if (next_tick_ < end + kAudioPatience) return false;
  audio_away_ = true;
  return true;
}

bool VideoRendition::video_is_away(media::Tick end) {
  return video_away_ && audio_end_ >= cadence_.samples_at(end);
}

bool VideoRendition::is_complete(media::Tick end, bool wait_for_audio) {
  if (next_tick_ < end) return video_is_away(end);
  return !wait_for_audio || audio_is_there(end);
}

void VideoRendition::close_complete(bool wait_for_audio) {
  while (started_) {
    skip_empty_segments(wait_for_audio);
    media::Tick end = part_end();
    if (!is_complete(end, wait_for_audio)) return;
    close_part(end, end == cadence_.segment_start(segment_ + 1));
  }
}

/// Over a hole of whole segments (a machine that slept) in one step: nothing was published of them.
void VideoRendition::skip_empty_segments(bool wait_for_audio) {
  if (maker_.in_segment()) return;
  int64_t to = cadence_.segment_of(next_tick_);
  if (video_away_) to = std::max(to, audio_end_ / kSegmentSamples);
  if (!video_.empty()) to = std::min(to, cadence_.segment_of(video_.front().tick));
  if (!audio_.empty()) to = std::min(to, audio_.front().pts / kSegmentSamples);
  if (to <= segment_ || (wait_for_audio && !audio_is_there(cadence_.segment_start(to)))) return;
  segment_ = to;
  part_begin_ = cadence_.segment_start(to);
}

void VideoRendition::close_part(media::Tick end, bool last) {
  auto video = take_while(video_, [&](const media::AccessUnit& unit) { return unit.tick < end; });
  int64_t samples_end = cadence_.samples_at(end);
  int64_t too_late = cadence_.samples_at(part_begin_) - kSegmentSamples;
  counters_.misplaced +=
      std::erase_if(audio_, [&](const media::AccessUnit& unit) { return unit.pts < too_late; });
  auto audio = take_while(audio_, [&](const media::AccessUnit& unit) { return unit.pts < samples_end; });
  if (has_audio_ && audio_end_ < samples_end) ++counters_.without_audio;
  if (video.empty() && !audio.empty()) ++counters_.without_picture;

  int64_t pts_end = cadence_.pts_at(end);
  for (size_t i = 0; i < video.size(); ++i) {
    video[i].pts = cadence_.pts_at(video[i].tick);
    if (i == 0 && video_end_ >= 0 && video[i].pts - video_end_ <= kMostStretch) video[i].pts = video_end_;
    video[i].dts = video[i].pts;
    int64_t next = i + 1 < video.size() ? cadence_.pts_at(video[i + 1].tick) : pts_end;
    video[i].duration = next - video[i].pts;
  }
  if (!video.empty()) video_end_ = pts_end;

  maker_.make({.segment = segment_,
               .begin_ms = part_begin_ * 1000 / cadence_.fps,
               .duration = cadence_.seconds(end - part_begin_),
               .last = last,
               .independent = !video.empty() && video.front().key},
              video, audio);
  part_begin_ = end;
  segment_ = cadence_.segment_of(end);
}

void VideoRendition::finish() {
  if (!started_ && !audio_.empty()) begin_at(cadence_.tick_from(audio_.front().pts));
  if (!started_) return;
  // Sound that is ahead by a part or more had no picture to wait for.
  media::Tick heard = audio_end_ * cadence_.fps / media::HouseFormat::kSampleRate;
  video_away_ = heard >= next_tick_ + cadence_.ticks_per_part();
  close_complete(false);
  media::Tick end = video_away_ ? std::max(heard, next_tick_) : next_tick_;
  if (end > part_begin_) close_part(end, true);
  maker_.end_segment();
  started_ = false;
}

AudioRendition::AudioRendition(PartMaker maker) : maker_(std::move(maker)) {}

void AudioRendition::push(const media::AccessUnit& unit) {
  int64_t segment = unit.pts / kSegmentSamples;
  if (segment != segment_) {
    // A hole at the segment's end: what is there of it is all there will be.
    if (!units_.empty()) close_part(true);
    maker_.end_segment();
  } else if (!units_.empty() &&
             unit.pts + unit.duration - units_.front().pts > kAacFramesPerPart * kAacFrame) {
    close_part(false);  // a hole within the part: PART-TARGET still holds
  }
  segment_ = segment;
  units_.push_back(unit);
  end_ = unit.pts + unit.duration;
  bool last = end_ >= (segment + 1) * kSegmentSamples;
  if (last || units_.size() == kAacFramesPerPart) close_part(last);
}

void AudioRendition::close_part(bool last) {
  int64_t begin = units_.front().pts;
  maker_.make({.segment = segment_,
               .begin_ms = begin * 1000 / media::HouseFormat::kSampleRate,
               .duration = static_cast<double>(end_ - begin) / media::HouseFormat::kSampleRate,
               .last = last,
               .independent = true},
              {}, units_);
  units_.clear();
}

void AudioRendition::finish() {
  if (!units_.empty()) close_part(true);
  maker_.end_segment();
}

}  // namespace openday::package
