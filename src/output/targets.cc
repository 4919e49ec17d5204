#include "output/targets.h"

#include <algorithm>
#include <utility>

#include "output/push_url.h"
#include "output/rtmp_leg.h"
#include "output/srt_leg.h"
#include "output/target.h"
#include "wrap/ssl/tls.h"

namespace openday::output {
namespace {

LegMaker make_leg_maker(const Place& place, const Program& program,
                        const std::shared_ptr<const wrap::TlsContext>& tls, const Pacing& pacing) {
  return [=](Loop& loop, const SocketAddress& address, Leg::Events events) -> std::unique_ptr<Leg> {
    if (const auto* rtmp = std::get_if<rtmp::PushTarget>(&place)) {
      return std::make_unique<RtmpLeg>(loop, *rtmp, address, program, tls.get(), pacing, std::move(events));
    }
    return std::make_unique<SrtLeg>(loop, std::get<SrtPlace>(place), address, program, pacing,
                                    std::move(events));
  };
}

}  // namespace

Targets::Targets(std::vector<RenditionTrack> tracks, TargetsOptions options, const Clock& clock, Log log)
    : tracks_(std::move(tracks)), options_(std::move(options)), clock_(clock), log_(std::move(log)) {
  auto tls = wrap::TlsContext::client(options_.more_authorities_pem);
  if (tls) {
    tls_ = std::make_shared<const wrap::TlsContext>(std::move(*tls));
  } else {
    log_.warn("no_certificate_authorities", {{"why", tls.error().message}});
  }
}

Targets::~Targets() = default;

void Targets::configure(const std::vector<TargetSpec>& wanted) {
  // Only this thread changes entries_, so it may look at it without the lock; the lock keeps push() and
  // stats() out.
  std::vector<Entry> next;
  std::vector<Entry*> kept;
  for (const auto& spec : wanted) {
    if (next.size() >= kMaxTargets) {
      log_.warn("too_many_targets", {{"most", kMaxTargets}});
      break;
    }
    auto same = std::ranges::find_if(entries_, [&](const Entry& entry) { return entry.spec == spec; });
    bool taken = same != entries_.end() && std::ranges::find(kept, &*same) != kept.end();
    if (same == entries_.end() || taken) {
      next.push_back(make(spec));
      kept.push_back(nullptr);
    } else {
      next.push_back({});
      kept.push_back(&*same);
    }
  }
  {
    std::lock_guard lock(mutex_);
    for (size_t i = 0; i < next.size(); ++i) {
      if (kept[i] != nullptr) next[i] = std::move(*kept[i]);
    }
    entries_.swap(next);
  }
  // What is left in `next` ends here, outside of the lock: their threads are joined.
}

Targets::Entry Targets::make(const TargetSpec& spec) const {
  Entry entry;
  entry.spec = spec;
  entry.off.id = spec.id;
  entry.off.since = clock_.wall();
  if (!spec.enabled) return entry;
  if (auto target = start(spec)) {
    entry.target = std::move(*target);
  } else {
    entry.off.why = target.error().message;
    log_.warn("target_refused", {{"target", spec.id}, {"why", entry.off.why}});
  }
  return entry;
}

Result<std::unique_ptr<Target>> Targets::start(const TargetSpec& spec) const {
  OPENDAY_TRY(auto url, check_url(spec.url, kPushSchemes, options_.egress));
  OPENDAY_TRY(auto place, parse_place(spec.url, spec.key, options_.egress));
  Program program;
  bool known = false;
  for (const auto& [rendition, track] : tracks_) {
    if (track.kind == media::Kind::kAudio) program.audio = track;
    if (rendition != spec.rendition) continue;
    known = true;
    if (track.kind == media::Kind::kVideo) program.video = track;
  }
  if (!known) return fail(Errc::kNotFound, "there is no rendition " + spec.rendition);
  TargetPlan plan;
  plan.id = spec.id;
  plan.origin = url.origin();
  plan.host = url.host;
  plan.port = url.port;
  plan.egress = options_.egress;
  plan.pacing = options_.pacing;
  plan.bounds = options_.bounds;
  plan.with_video = program.has_video();
  plan.with_audio = program.has_audio();
  plan.make_leg = make_leg_maker(place, program, tls_, options_.pacing);
  return Target::start(std::move(plan), clock_, log_);
}

void Targets::push(const std::string& rendition, const media::AccessUnit& unit) {
  std::lock_guard lock(mutex_);
  for (const auto& entry : entries_) {
    if (entry.target != nullptr && (unit.kind == media::Kind::kAudio || entry.spec.rendition == rendition)) {
      entry.target->push(unit);
    }
  }
}

std::vector<TargetStats> Targets::stats() const {
  std::lock_guard lock(mutex_);
  std::vector<TargetStats> out;
  out.reserve(entries_.size());
  for (const auto& entry : entries_)
    out.push_back(entry.target != nullptr ? entry.target->stats() : entry.off);
  return out;
}

}  // namespace openday::output
