#include "feed/clock_map.h"

#include <algorithm>
#include <cstdlib>

namespace openday::feed {
namespace {

constexpr int64_t kWindowSeconds = 10;
// Together below the half percent that the resampler can follow. Crystals are better than 0.01 %.
constexpr int64_t kSlewDivisor = 500;    // the offset moves at most 2 ms a second
constexpr int64_t kShrinkDivisor = 500;  // and so does the delay
constexpr Duration kSettling = seconds(1);
constexpr Duration kSkewPatience = seconds(2);
constexpr Duration kMaxSkew = seconds(2);

}  // namespace

void ClockMap::Window::add(HouseTime at, int64_t value) {
  int64_t number = at.ns / 1'000'000'000;
  if (!seconds_.empty() && seconds_.back().number >= number) {
    seconds_.back().value = std::max(seconds_.back().value, value);
  } else {
    seconds_.push_back({number, value});
  }
  while (seconds_.front().number <= seconds_.back().number - kWindowSeconds) seconds_.pop_front();
}

int64_t ClockMap::Window::greatest() const {
  int64_t value = INT64_MIN;
  for (const auto& second : seconds_) value = std::max(value, second.value);
  return value;
}

ClockMap::ClockMap(const Options& options) : options_(options), delay_(options.delay) {}

void ClockMap::reset() {
  streams_ = {};
  anchors_.clear();
  lateness_ = {};
  delay_ = options_.delay;
}

ClockMap::AnchorState* ClockMap::find(Anchor id) {
  for (auto& anchor : anchors_) {
    if (anchor.id == id) return &anchor;
  }
  return nullptr;
}

HouseTime ClockMap::show_at(Anchor id, Duration pts) const {
  if (anchors_.empty()) return {};
  // A unit whose anchor is gone waited through many jumps; the oldest one left is the nearest to the truth.
  const AnchorState* found = &anchors_.front();
  for (const auto& anchor : anchors_) {
    if (anchor.id == id) found = &anchor;
  }
  return HouseTime{pts.count() + found->offset} + delay_;
}

Duration ClockMap::jitter() const {
  return Duration(lateness_.empty() ? 0 : std::max<int64_t>(0, lateness_.greatest()));
}

bool ClockMap::serves(const AnchorState& anchor, const StreamState& stream, Duration dts,
                      HouseTime arrival) const {
  int64_t late = arrival.ns - dts.count() - anchor.offset;
  if (late < -options_.jump.count() || late > options_.max_delay.count()) return false;
  // Backwards on the same anchor: not late, but a jump that is smaller than the patience for late units.
  return !(stream.seen && stream.anchor == anchor.id && dts < stream.last_dts - options_.jump);
}

ClockMap::AnchorState& ClockMap::open_anchor(StreamState& stream, int64_t offset, HouseTime at) {
  if (!anchors_.empty()) ++reanchors_;
  AnchorState anchor;
  anchor.id = next_id_++;
  anchor.offset = offset;
  anchor.since = at;
  anchors_.push_back(std::move(anchor));
  while (anchors_.size() > kAnchorsKept) anchors_.pop_front();
  stream.late = false;
  return anchors_.back();
}

// Of the newest anchor and the stream's own, the one on which this unit is as late as the stream's units are;
// a new one if neither serves.
ClockMap::AnchorState& ClockMap::choose(StreamState& stream, Duration dts, HouseTime arrival) {
  int64_t offset = arrival.ns - dts.count();
  if (anchors_.empty()) return open_anchor(stream, offset, arrival);
  AnchorState* newest = &anchors_.back();
  AnchorState* own = stream.seen ? find(stream.anchor) : nullptr;
  auto strangeness = [&](const AnchorState& anchor) {
    return std::abs(offset - anchor.offset - stream.lateness);
  };
  AnchorState* best = nullptr;
  for (AnchorState* candidate : {newest, own}) {
    if (candidate == nullptr || !serves(*candidate, stream, dts, arrival)) continue;
    if (best == nullptr || strangeness(*candidate) < strangeness(*best)) best = candidate;
  }
  if (best != nullptr) {
    stream.late = false;
    return *best;
  }
  // Multiplexers send one kind ahead of the other. A kind that is new to the newest anchor and comes earlier
  // than it moves the anchor, or sound and picture would each have their own.
  int64_t early = newest->offset - offset;
  bool fresh = !stream.seen || (stream.anchor != newest->id && arrival - newest->since < kSkewPatience);
  if (fresh && early > 0 && early < kMaxSkew.count()) {
    newest->offset = offset;
    return *newest;
  }
  // Later than the delay can ever cover. A stall of the network passes: what waited comes in a burst and the
  // next unit is in time again. If it lasts, the source's clock stood still meanwhile.
  bool backwards = own != nullptr && dts < stream.last_dts - options_.jump;
  if (own != nullptr && !backwards && offset > own->offset) {
    if (!stream.late) {
      stream.late = true;
      stream.late_since = arrival;
      stream.least_late = offset;
    }
    stream.least_late = std::min(stream.least_late, offset);
    if (arrival - stream.late_since < options_.stuck) return *own;
    return open_anchor(stream, stream.least_late, arrival);
  }
  // This kind is usually so much later than the envelope: leave room for the other one.
  return open_anchor(stream, offset - stream.lateness, arrival);
}

// Moves the anchor's offset towards its envelope.
void ClockMap::follow(AnchorState& anchor, Duration dts, HouseTime arrival) {
  anchor.earliest.add(arrival, -(arrival.ns - dts.count()));
  int64_t target = -anchor.earliest.greatest();
  int64_t away = target - anchor.offset;
  if (arrival - anchor.since < kSettling) {
    // The first units may have waited; sources that begin with a burst get faster by the unit. Nothing moves
    // visibly yet.
    anchor.offset += std::min<int64_t>(away, 0);
    return;
  }
  int64_t step = std::max<int64_t>(0, (arrival - last_slew_).count()) / kSlewDivisor;
  anchor.offset += std::clamp(away, -step, step);
}

void ClockMap::adapt_delay(int64_t lateness, HouseTime arrival) {
  lateness_.add(arrival, lateness);
  Duration needed = std::min(Duration(lateness) + options_.margin, options_.max_delay);
  if (needed > delay_) delay_ = needed;
  Duration rest = std::max(options_.delay, std::min(jitter() + options_.margin, options_.max_delay));
  Duration step = std::max(Duration(0), arrival - last_slew_) / kShrinkDivisor;
  if (delay_ > rest) delay_ = std::max(rest, delay_ - step);
}

ClockMap::Anchor ClockMap::arrive(media::Kind kind, Duration dts, HouseTime arrival) {
  arrival = std::max(arrival, last_arrival_);  // stamped by other threads and processes
  last_arrival_ = arrival;
  StreamState& stream = streams_[kind == media::Kind::kVideo ? 0 : 1];
  AnchorState& anchor = choose(stream, dts, arrival);
  int64_t late = arrival.ns - dts.count() - anchor.offset;
  if (!stream.late) {
    follow(anchor, dts, arrival);
    late = arrival.ns - dts.count() - anchor.offset;
    adapt_delay(late, arrival);
    stream.lateness = late;
  }
  last_slew_ = arrival;
  stream.seen = true;
  stream.anchor = anchor.id;
  stream.last_dts = dts;
  return anchor.id;
}

}  // namespace openday::feed
