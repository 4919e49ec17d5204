#include "feed/audio_lane.h"

#include <algorithm>
#include <cmath>

#include "link/frame_ring.h"

namespace openday::feed {
namespace {

constexpr size_t kMostAudioUnits = 600;
constexpr size_t kMostAudioBytes = 2 * 1024 * 1024;
constexpr Duration kLead = milliseconds(200);  // the ring holds 1.3 s of the future
constexpr int64_t kRate = media::HouseFormat::kSampleRate;
constexpr int64_t kJump = kRate * 40 / 1000;
constexpr int64_t kFade = kRate * 5 / 1000;
// What lies further ahead than any delay can explain was not meant for us.
constexpr int64_t kFarAhead = kRate * 5 / 2;

}  // namespace

AudioLane::AudioLane(const ClockMap& map, Sink& sink, Stats& stats, Duration later)
    : map_(map), sink_(sink), stats_(stats), later_(later) {}

void AudioLane::reset() {
  stats_.dropped += waiting_.size();
  waiting_.clear();
  waiting_bytes_ = 0;
  setup_.reset();
  decoder_.reset();
  resampler_.reset();
  // The cursor stays: what was written is written, and the next source must not overlap it.
  difference_ = 0;
  steering_ = 0;
  fade_in_ = true;
  stats_.audio = {};
  stats_.av_error = Duration(0);
}

void AudioLane::push(Unit unit, ClockMap::Anchor anchor) {
  while (!waiting_.empty() &&
         (waiting_.size() >= kMostAudioUnits || waiting_bytes_ + unit.data->size() > kMostAudioBytes)) {
    waiting_bytes_ -= waiting_.front().unit.data->size();
    waiting_.pop_front();
    ++stats_.dropped;
  }
  waiting_bytes_ += unit.data->size();
  waiting_.push_back({std::move(unit), anchor});
}

HouseTime AudioLane::next_due() const {
  if (waiting_.empty()) return kNoTime;
  return map_.show_at(waiting_.front().anchor, waiting_.front().unit.dts) - kLead;
}

void AudioLane::run(HouseTime now) {
  while (next_due() <= now) {
    Item item = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= item.unit.data->size();
    process(item, now);
  }
}

void AudioLane::process(const Item& item, HouseTime now) {
  const Unit& unit = item.unit;
  if (!setup_ || (setup_ != unit.setup && *setup_ != *unit.setup)) {
    decoder_.reset();
    auto opened = wrap::AudioDecoder::open(
        {unit.setup->codec, unit.setup->config, unit.setup->sample_rate, unit.setup->channels});
    setup_ = unit.setup;
    stats_.audio.codec = setup_->codec;
    if (opened) {
      decoder_ = std::move(*opened);
    } else {
      ++stats_.decode_errors;
    }
  }
  if (!decoder_) {
    ++stats_.dropped;
    return;
  }
  if (!decoder_->send(*unit.data)) {
    ++stats_.decode_errors;
    decoder_->flush();
    return;
  }
  HouseTime at = map_.show_at(item.anchor, unit.pts) + later_;
  while (auto sound = decoder_->receive()) {
    stats_.audio.rate = sound->rate;
    stats_.audio.channels = sound->channels;
    place(*sound, at, now);
    at = at + Duration(sound->frames * 1'000'000'000 / sound->rate);
  }
}

void AudioLane::place(const wrap::Sound& sound, HouseTime at, HouseTime now) {
  int64_t wanted = link::audio_index(at) - resampler_.delay();
  if (wanted < 0 || wanted > link::audio_index(now) + kFarAhead) {
    ++stats_.dropped;
    return;
  }
  samples_.clear();
  if (!resampler_.convert(sound, samples_)) {
    ++stats_.decode_errors;
    resampler_.reset();
    return;
  }
  auto count = static_cast<int64_t>(samples_.size() / 2);
  if (count == 0) return;
  int64_t cut = 0;
  int64_t difference = cursor_ ? wanted - *cursor_ : 0;
  if (!cursor_ || difference > kJump) {  // a gap: the ring fills it with silence
    cursor_ = wanted;
    fade_in_ = true;
    difference = 0;
    difference_ = 0;
  } else if (difference < -kJump) {  // an overlap: what was written stays
    cut = std::min(-difference, count);
    fade_in_ = true;
    difference_ = 0;
  } else {
    steer(difference);
  }
  stats_.av_error = Duration(-difference * 1'000'000'000 / kRate);
  if (cut == count) return;
  float* first = samples_.data() + cut * 2;
  count -= cut;
  if (std::exchange(fade_in_, false)) {
    int64_t length = std::min(kFade, count);
    for (int64_t i = 0; i < length; ++i) {
      float gain = static_cast<float>(i) / static_cast<float>(length);
      first[i * 2] *= gain;
      first[i * 2 + 1] *= gain;
    }
  }
  sink_.audio(*cursor_, first, count);
  *cursor_ += count;
  stats_.last_output = now;
}

// Works off half of the difference in a second; single timestamps are rounded to a millisecond by some
// containers.
void AudioLane::steer(int64_t difference) {
  constexpr double kSmoothing = 0.05;
  constexpr int kDeadBand = 24;  // half a millisecond
  difference_ += (static_cast<double>(difference) - difference_) * kSmoothing;
  int wanted = std::abs(difference_) < kDeadBand ? 0 : static_cast<int>(difference_ / 2);
  constexpr int kMost = kRate / 200;
  wanted = std::clamp(wanted, -kMost, kMost);
  // The resampler applies it over a second from the call; renewed on change and before it runs out would
  // click no less.
  if (wanted == 0 && steering_ == 0) return;
  steering_ = wanted;
  resampler_.compensate(wanted);
}

}  // namespace openday::feed
