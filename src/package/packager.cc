#include "package/packager.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "package/rendition.h"
#include "wrap/av_mux/cmaf_muxer.h"

namespace openday::package {
namespace {

constexpr size_t kAudioItem = static_cast<size_t>(-1);

/// Peak of a segment: rate control may exceed its mean by a fifth for 2 s; boxes take about 10 kbit/s.
int peak_bandwidth(int video_kbps, int audio_kbps) {
  return (video_kbps * 6 / 5 + audio_kbps + 10) * 1000;
}

/// A longer hole in sound stays one.
constexpr int64_t kMostSilence = kSegmentSamples;

/// An AAC-LC frame of two silent channels: what the encoder makes of zeros.
SharedBytes silent_frame() {
  static const auto frame = std::make_shared<const Bytes>(Bytes{0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c});
  return frame;
}

media::InitSegment describe(const PackagerOptions& options, const SharedBytes& init) {
  media::InitSegment out;
  out.run = options.run;
  out.first_msn = options.first_msn;
  out.discontinuity = options.discontinuity;
  out.start = options.start;
  out.data = init;
  return out;
}

}  // namespace

struct PackagerCore::State {
  PackageListener& listener;
  PackagerCounters counters;
  std::vector<VideoRendition> video;
  std::optional<AudioRendition> audio;
  std::vector<media::InitSegment> inits;
  int64_t audio_end = -1;  // in samples; −1: nothing heard yet

  void hear(const media::AccessUnit& unit) {
    audio_end = unit.pts + unit.duration;
    for (VideoRendition& rendition : video) rendition.push_audio(unit);
    audio->push(unit);
  }
  void fill_with_silence(int64_t until);
};

/// A player stalls at a hole in sound as at a hole in pictures. The last frame put in lasts until the sound
/// returns.
void PackagerCore::State::fill_with_silence(int64_t until) {
  if (audio_end < 0 || until - audio_end > kMostSilence) return;
  media::AccessUnit silent;
  silent.kind = media::Kind::kAudio;
  silent.key = true;
  silent.data = silent_frame();
  while (until - audio_end >= kAacFrame) {
    silent.pts = silent.dts = audio_end;
    silent.duration = until - audio_end < 2 * kAacFrame ? until - audio_end : kAacFrame;
    hear(silent);
    ++counters.silence;
  }
}

PackagerCore::PackagerCore(std::unique_ptr<State> state) : state_(std::move(state)) {}
PackagerCore::PackagerCore(PackagerCore&&) noexcept = default;
PackagerCore& PackagerCore::operator=(PackagerCore&&) noexcept = default;
PackagerCore::~PackagerCore() = default;

Result<PackagerCore> PackagerCore::create(const PackagerOptions& options,
                                          const std::vector<EncodedRendition>& video,
                                          const std::optional<media::Track>& audio, int audio_kbps,
                                          PackageListener& listener) {
  if (!is_slug(options.run)) return fail(Errc::kInvalid, "the run's name is not a slug");
  if (options.fps != 25 && options.fps != 30) return fail(Errc::kInvalid, "the house runs at 25 or 30 fps");
  Cadence cadence{options.fps};
  auto state = std::make_unique<State>(State{
      .listener = listener, .counters = {}, .video = {}, .audio = std::nullopt, .inits = {}, .audio_end = 0});
  for (const EncodedRendition& rung : video) {
    if (!is_slug(rung.rendition.name) || rung.rendition.name == options.audio_name) {
      return fail(Errc::kInvalid, "'" + rung.rendition.name + "' cannot name a rendition");
    }
    std::vector<media::Track> tracks{rung.video};
    if (audio) tracks.push_back(*audio);
    OPENDAY_TRY(wrap::CmafMuxer muxer, wrap::CmafMuxer::create(tracks));
    media::InitSegment init = describe(options, muxer.init());
    init.rendition = rung.rendition.name;
    init.codecs = audio ? rung.video.codecs + "," + audio->codecs : rung.video.codecs;
    init.width = rung.video.width;
    init.height = rung.video.height;
    init.fps = options.fps;
    init.bandwidth = peak_bandwidth(rung.rendition.video_kbps, audio ? audio_kbps : 0);
    init.part_target = cadence.part_target();
    state->inits.push_back(std::move(init));
    PartMaker maker(options, rung.rendition.name, std::move(muxer), listener, state->counters);
    state->video.emplace_back(cadence, audio.has_value(), std::move(maker), state->counters);
  }
  if (audio) {
    OPENDAY_TRY(wrap::CmafMuxer muxer, wrap::CmafMuxer::create({*audio}));
    media::InitSegment init = describe(options, muxer.init());
    init.rendition = options.audio_name;
    init.codecs = audio->codecs;
    init.bandwidth = peak_bandwidth(0, audio_kbps);
    init.part_target = kAudioPartTarget;
    state->inits.push_back(std::move(init));
    state->audio.emplace(PartMaker(options, options.audio_name, std::move(muxer), listener, state->counters));
  }
  return PackagerCore(std::move(state));
}

void PackagerCore::begin() {
  for (const media::InitSegment& init : state_->inits) state_->listener.on_init(init);
}

void PackagerCore::push_video(size_t rendition, const media::AccessUnit& unit) {
  if (rendition < state_->video.size()) state_->video[rendition].push(unit);
}

void PackagerCore::push_audio(const media::AccessUnit& unit) {
  if (!state_->audio || unit.pts < 0) return;  // the encoder's priming: decode times cannot be negative
  if (unit.pts < state_->audio_end || unit.duration <= 0 || unit.data == nullptr) {
    ++state_->counters.misplaced;
    return;
  }
  state_->counters.lost_samples += static_cast<uint64_t>(unit.pts - state_->audio_end);
  state_->fill_with_silence(unit.pts);
  state_->hear(unit);
}

void PackagerCore::lost_video(size_t rendition) {
  if (rendition < state_->video.size()) state_->video[rendition].lost();
}

void PackagerCore::finish() {
  for (VideoRendition& rendition : state_->video) rendition.finish();
  if (state_->audio) state_->audio->finish();
}

PackagerCounters PackagerCore::counters() const {
  return state_->counters;
}

Result<std::unique_ptr<Packager>> Packager::create(const PackagerOptions& options,
                                                   const std::vector<EncodedRendition>& video,
                                                   const std::optional<media::Track>& audio, int audio_kbps,
                                                   PackageListener& listener, const Log& log) {
  OPENDAY_TRY(PackagerCore core, PackagerCore::create(options, video, audio, audio_kbps, listener));
  core.begin();
  return std::unique_ptr<Packager>(new Packager(std::move(core), video.size(), options.queue_bound, log));
}

Packager::Packager(PackagerCore core, size_t renditions, size_t queue_bound, Log log)
    : core_(std::move(core)),
      log_(std::move(log)),
      video_bound_(queue_bound),
      queue_(queue_bound + kSoundReserve, WhenFull::kRefuse),
      holes_(renditions),
      thread_([this] { run(); }) {}

Packager::~Packager() {
  queue_.close();
  thread_.join();
}

bool Packager::push_video(size_t rendition, media::AccessUnit unit) {
  if (rendition >= holes_.size()) return false;
  bool after_hole = holes_[rendition].exchange(false);
  if (queue_.size() < video_bound_ &&
      queue_.push({.rendition = rendition, .after_hole = after_hole, .unit = std::move(unit)})) {
    return true;
  }
  ++refused_video_;
  holes_[rendition].store(true);
  return false;
}

bool Packager::push_audio(media::AccessUnit unit) {
  if (queue_.push({.rendition = kAudioItem, .after_hole = false, .unit = std::move(unit)})) return true;
  ++refused_sound_;
  return false;
}

PackagerCounters Packager::counters() const {
  std::lock_guard lock(mutex_);
  PackagerCounters out = counters_;
  out.refused = refused_video_ + refused_sound_;
  return out;
}

void Packager::run() {
  uint64_t failed = 0;
  while (std::optional<Item> item = queue_.pop()) {
    if (item->rendition == kAudioItem) {
      core_.push_audio(item->unit);
    } else {
      if (item->after_hole) core_.lost_video(item->rendition);
      core_.push_video(item->rendition, item->unit);
    }
    PackagerCounters now = core_.counters();
    if (now.failed != failed) {
      log_.error("part_not_muxed", {{"parts", now.failed}});
      failed = now.failed;
    }
    std::lock_guard lock(mutex_);
    counters_ = now;
  }
  core_.finish();
  std::lock_guard lock(mutex_);
  counters_ = core_.counters();
}

}  // namespace openday::package
