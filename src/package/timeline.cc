#include "package/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "package/cadence.h"

namespace openday::package {
namespace {

/// A hole larger than this inside a segment is not a lost message but a broken peer.
constexpr int kMostLostParts = 64;

bool overlaps(const std::vector<std::pair<ProgramTime, ProgramTime>>& ranges, ProgramTime from,
              double duration) {
  ProgramTime to = from + to_ms(duration);
  return std::ranges::any_of(ranges,
                             [&](const auto& range) { return from < range.second && range.first < to; });
}

}  // namespace

std::string init_uri(std::string_view media_prefix, std::string_view run, std::string_view rendition) {
  return fmt::format("{}{}/{}/init.mp4", media_prefix, run, rendition);
}

std::string segment_uri(std::string_view media_prefix, std::string_view run, std::string_view rendition,
                        int64_t msn) {
  return fmt::format("{}{}/{}/{}.m4s", media_prefix, run, rendition, msn);
}

std::string part_uri(std::string_view media_prefix, std::string_view run, std::string_view rendition,
                     Position at) {
  return fmt::format("{}{}/{}/{}.{}.m4s", media_prefix, run, rendition, at.msn, at.part);
}

Timeline::Timeline(Options options) : options_(std::move(options)) {}

Result<> Timeline::begin(const media::InitSegment& init) {
  if (!runs_.empty() && runs_.back()->run == init.run) return {};
  if (ended_) return fail(Errc::kClosed, "the broadcast has ended");
  if (init.part_target <= 0) return fail(Errc::kInvalid, "a run without a part target");
  if (part_target_ > 0 && std::abs(init.part_target - part_target_) > 1e-6) {
    // A player that sees PART-TARGET change pauses for good.
    return fail(Errc::kConflict,
                fmt::format("the part target changed from {} to {}", part_target_, init.part_target));
  }
  if (!segments_.empty() && init.first_msn <= segments_.back().msn) {
    return fail(Errc::kConflict, fmt::format("run {} begins with segment {}, but {} is published", init.run,
                                             init.first_msn, segments_.back().msn));
  }
  part_target_ = init.part_target;
  close_open();
  runs_.push_back(std::make_shared<const media::InitSegment>(init));
  trim();
  changed();
  return {};
}

Result<> Timeline::add(const std::string& run, const media::Part& part) {
  if (runs_.empty() || runs_.back()->run != run) return fail(Errc::kNotFound, "a part of an unknown run");
  if (ended_) return fail(Errc::kClosed, "the broadcast has ended");
  if (part.index < 0 || part.msn < runs_.back()->first_msn || !(part.duration > 0)) {
    return fail(Errc::kInvalid, "a part outside its run");
  }
  if (segments_.empty() && part.index != 0) return {};  // joined in the middle: begin with the next segment
  if (!segments_.empty()) {
    const Entry& last = segments_.back();
    if (part.msn < last.msn || (part.msn == last.msn && !last.open)) return {};
    if (part.msn == last.msn && part.index < static_cast<int>(last.parts.size())) return {};
  }
  bool known = !segments_.empty() && segments_.back().msn == part.msn;
  int have = known ? static_cast<int>(segments_.back().parts.size()) : 0;
  if (part.index - have > kMostLostParts) return fail(Errc::kInvalid, "a part far from those before it");

  Entry& entry = entry_for(part.msn, part.at + -to_ms((part.index - have) * part_target_));
  for (int i = have; i < part.index; ++i) {
    media::Part lost;
    lost.duration = part_target_;
    lost.at = part.at + -to_ms((part.index - i) * part_target_);
    entry.parts.push_back(std::move(lost));
  }
  entry.parts.push_back(part);
  if (overlaps(withdrawn_, part.at, part.duration)) entry.parts.back().data.reset();
  if (part.last) close(entry);
  trim();
  changed();
  return {};
}

Result<> Timeline::add(const std::string& run, const media::Segment& segment) {
  if (runs_.empty() || runs_.back()->run != run) return fail(Errc::kNotFound, "a segment of an unknown run");
  if (ended_) return fail(Errc::kClosed, "the broadcast has ended");
  if (segment.msn < runs_.back()->first_msn || !(segment.duration > 0)) {
    return fail(Errc::kInvalid, "a segment outside its run");
  }
  if (!segments_.empty()) {
    const Entry& last = segments_.back();
    if (segment.msn < last.msn || (segment.msn == last.msn && !last.open)) return {};
  }
  Entry& entry = entry_for(segment.msn, segment.at);
  close(entry);
  entry.duration = segment.duration;
  trim();
  changed();
  return {};
}

void Timeline::withdraw(ProgramTime from, ProgramTime to) {
  withdrawn_.emplace_back(from, to);
  for (Entry& entry : segments_) {
    if (!entry.open && is_withdrawn(entry)) blank(entry);
    for (media::Part& part : entry.parts) {
      if (overlaps(withdrawn_, part.at, part.duration)) part.data.reset();
    }
  }
  changed();
}

void Timeline::end() {
  if (ended_) return;
  close_open();
  ended_ = true;
  changed();
}

std::optional<Position> Timeline::newest() const {
  if (segments_.empty()) return std::nullopt;
  const Entry& last = segments_.back();
  return Position{last.msn, std::max(0, static_cast<int>(last.parts.size()) - 1)};
}

std::optional<Position> Timeline::next() const {
  if (ended_ || runs_.empty()) return std::nullopt;
  if (segments_.empty() || segments_.back().run != runs_.back()) return Position{runs_.back()->first_msn, 0};
  const Entry& last = segments_.back();
  return last.open ? Position{last.msn, static_cast<int>(last.parts.size())} : Position{last.msn + 1, 0};
}

std::optional<ProgramTime> Timeline::edge() const {
  if (segments_.empty()) return std::nullopt;
  const Entry& last = segments_.back();
  if (!last.open || last.parts.empty()) return last.at + to_ms(last.duration);
  return last.parts.back().at + to_ms(last.parts.back().duration);
}

Readiness Timeline::ask(const BlockingRequest& request) const {
  if (ended_) return Readiness::kNow;
  if (segments_.empty()) return Readiness::kWait;
  const Entry& last = segments_.back();
  Position expected =
      last.open ? Position{last.msn, static_cast<int>(last.parts.size())} : Position{last.msn + 1, 0};
  // RFC 8216bis 6.2.5.2: at most two segments past the last complete one, and "the Advance Part Limit" of
  // parts: three seconds' worth, as no part target here is longer than a second.
  if (request.msn > expected.msn + 1) return Readiness::kTooFar;
  if (request.part && request.msn >= expected.msn) {
    int ahead = *request.part - (request.msn == expected.msn ? expected.part : 0);
    if (ahead > static_cast<int>(std::ceil(3 / part_target_))) return Readiness::kTooFar;
  }
  const Entry* wanted = entry(request.msn);
  if (wanted == nullptr) return request.msn < last.msn ? Readiness::kNow : Readiness::kWait;
  if (!request.part) return wanted->open ? Readiness::kWait : Readiness::kNow;
  if (*request.part < static_cast<int>(wanted->parts.size())) return Readiness::kNow;
  // A part beyond the last of its segment is the first of the next segment (6.2.5.2).
  return !wanted->open && request.msn < last.msn ? Readiness::kNow : Readiness::kWait;
}

std::optional<RenditionReport> Timeline::report(std::string uri) const {
  std::optional<Position> at = newest();
  if (!at) return std::nullopt;
  return RenditionReport{.uri = std::move(uri), .last_msn = at->msn, .last_part = at->part};
}

MediaAnswer Timeline::find_part(std::string_view run, Position at) const {
  using State = MediaAnswer::State;
  if (at.part < 0 || find_init(run) == nullptr) return {};
  const Entry* found = entry(at.msn);
  if (found != nullptr && found->run->run == run && at.part < static_cast<int>(found->parts.size())) {
    const SharedBytes& data = found->parts[static_cast<size_t>(at.part)].data;
    if (data == nullptr) return {.state = State::kGone, .data = {}};
    return {.state = State::kReady, .data = {data}};
  }
  if (runs_.back()->run == run && next() == at) return {.state = State::kWait, .data = {}};
  if (!segments_.empty() && at.msn < segments_.front().msn) return {.state = State::kGone, .data = {}};
  return {};
}

MediaAnswer Timeline::find_segment(std::string_view run, int64_t msn) const {
  using State = MediaAnswer::State;
  if (find_init(run) == nullptr) return {};
  if (!segments_.empty() && msn < segments_.front().msn) return {.state = State::kGone, .data = {}};
  const Entry* found = entry(msn);
  if (found == nullptr || found->run->run != run || found->open) return {};
  MediaAnswer answer{.state = State::kReady, .data = {}};
  for (const media::Part& part : found->parts) {
    if (part.data != nullptr) answer.data.push_back(part.data);
  }
  if (found->gap || answer.data.empty()) return {.state = State::kGone, .data = {}};
  return answer;
}

SharedBytes Timeline::find_init(std::string_view run) const {
  for (const Run& known : runs_) {
    if (known->run == run) return known->data;
  }
  return nullptr;
}

const Timeline::Entry* Timeline::entry(int64_t msn) const {
  if (segments_.empty() || msn < segments_.front().msn || msn > segments_.back().msn) return nullptr;
  return &segments_[static_cast<size_t>(msn - segments_.front().msn)];
}

Timeline::Entry& Timeline::entry_for(int64_t msn, ProgramTime at) {
  if (!segments_.empty() && segments_.back().msn == msn) return segments_.back();
  close_open();
  fill_gaps_up_to(msn);
  Entry fresh;
  fresh.msn = msn;
  fresh.run = runs_.back();
  fresh.at = at;
  if (segments_.empty()) {
    fresh.discontinuity = runs_.back()->discontinuity;
  } else {
    const Entry& last = segments_.back();
    fresh.discontinuity = last.discontinuity + (last.run != fresh.run ? 1 : 0);
  }
  segments_.push_back(std::move(fresh));
  return segments_.back();
}

/// Numbers that never came are gaps: of the old run up to where the new one begins, then of the new one.
/// Runs in between of which nothing came here are counted there, each at a gap of its own (it used a number
/// at least), so that a run has the same discontinuity number in all renditions and on all hubs.
void Timeline::fill_gaps_up_to(int64_t msn) {
  if (segments_.empty()) return;
  int64_t listed = options_.live_segments + options_.kept_segments;
  const Run& next = runs_.back();
  while (segments_.back().msn + 1 < msn) {
    const Entry& last = segments_.back();
    Entry gap;
    gap.msn = std::max(last.msn + 1, msn - listed);
    gap.at =
        last.at + to_ms(last.duration) + std::chrono::seconds(kSegmentSeconds) * (gap.msn - last.msn - 1);
    gap.run = gap.msn < next->first_msn ? last.run : next;
    gap.duration = kSegmentSeconds;
    gap.open = false;
    gap.gap = true;
    bool hole = gap.msn != last.msn + 1;  // longer than all that is kept
    int64_t missed =
        last.run != next ? std::max<int64_t>(0, next->discontinuity - 1 - last.discontinuity) : 0;
    int64_t counted = hole ? missed : gap.run != next ? std::min<int64_t>(missed, 1) : 0;
    gap.discontinuity = last.discontinuity + counted + (last.run != gap.run ? 1 : 0);
    if (hole) segments_.clear();
    segments_.push_back(std::move(gap));
  }
}

void Timeline::close_open() {
  if (!segments_.empty() && segments_.back().open) close(segments_.back());
}

void Timeline::close(Entry& entry) {
  entry.open = false;
  entry.duration = 0;
  bool any = false;
  for (const media::Part& part : entry.parts) {
    entry.duration += part.duration;
    any = any || part.data != nullptr;
  }
  if (!any || is_withdrawn(entry)) blank(entry);
}

void Timeline::blank(Entry& entry) {
  entry.gap = true;
  for (media::Part& part : entry.parts) part.data.reset();
}

bool Timeline::is_withdrawn(const Entry& entry) const {
  return overlaps(withdrawn_, entry.at, entry.duration);
}

size_t Timeline::window_begin() const {
  size_t shown =
      static_cast<size_t>(options_.live_segments) + (segments_.empty() || !segments_.back().open ? 0 : 1);
  return segments_.size() > shown ? segments_.size() - shown : 0;
}

void Timeline::trim() {
  size_t keep = static_cast<size_t>(options_.live_segments + options_.kept_segments) + 1;
  while (segments_.size() > keep) segments_.pop_front();
  while (runs_.size() > 1 && (segments_.empty() || std::ranges::none_of(segments_, [&](const Entry& entry) {
                                return entry.run == runs_.front();
                              }))) {
    runs_.erase(runs_.begin());
  }
}

void Timeline::changed() {
  ++revision_;
  text_.reset();
}

}  // namespace openday::package
