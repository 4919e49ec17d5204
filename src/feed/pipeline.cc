#include "feed/pipeline.h"

#include <algorithm>

namespace openday::feed {
namespace {

constexpr Duration kMostReordering = seconds(2);
constexpr Duration kOldestArrival = seconds(2);
constexpr Duration kStreamGone = seconds(1);

ClockMap::Options map_options(const PipelineOptions& options) {
  ClockMap::Options map;
  map.delay = std::clamp<Duration>(options.jitter, milliseconds(20), map.max_delay);
  return map;
}

}  // namespace

Pipeline::Pipeline(const PipelineOptions& options, Sink& sink)
    : sink_(sink),
      map_(map_options(options)),
      // What should come earlier cannot: the other comes later.
      video_(options.house, map_, sink, stats_, std::max(Duration(0), -options.av_offset)),
      audio_(map_, sink, stats_, std::max(Duration(0), options.av_offset)) {}

bool Pipeline::chosen(const Unit& unit) {
  Choice& choice = choices_[unit.kind == media::Kind::kVideo ? 0 : 1];
  if (choice.stream != unit.stream) {
    if (choice.stream && unit.arrival - choice.last < kStreamGone) return false;
    choice.stream = unit.stream;
  }
  choice.last = unit.arrival;
  return true;
}

void Pipeline::push(Unit unit, HouseTime now) {
  unit.arrival = std::clamp(unit.arrival, now - kOldestArrival, now);  // another process stamped it
  stats_.last_unit = now;
  sink_.beat(now);
  if (!unit.data || !unit.setup) return;
  stats_.bytes += unit.data->size();
  if (!chosen(unit)) return;
  Duration ahead = unit.pts - unit.dts;
  if (ahead > kMostReordering || ahead < -kMostReordering) unit.pts = unit.dts;
  ClockMap::Anchor anchor = map_.arrive(unit.kind, unit.dts, unit.arrival);
  if (unit.kind == media::Kind::kVideo) {
    ++stats_.pictures;
    video_.push(std::move(unit), anchor);
  } else {
    audio_.push(std::move(unit), anchor);
  }
}

void Pipeline::restart() {
  map_.reset();
  video_.reset();
  audio_.reset();
  choices_ = {};
}

void Pipeline::run(HouseTime now) {
  audio_.run(now);  // first: it is cheap, and an ear forgives less than an eye
  video_.run(now);
}

Stats Pipeline::stats(HouseTime now) const {
  Stats stats = stats_;
  stats.reanchors = map_.reanchors();
  stats.jitter = map_.jitter();
  stats.queued = video_.queued(now);
  return stats;
}

}  // namespace openday::feed
