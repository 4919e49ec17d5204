#include "encode/ladder.h"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "base/queue.h"
#include "base/text.h"
#include "encode/meter.h"
#include "encode/sound_framer.h"
#include "media/pool.h"
#include "wrap/av_encode/aac.h"
#include "wrap/av_encode/h264.h"
#include "wrap/scale/scaler.h"

namespace openday::encode {
namespace {

constexpr int64_t kVideoClock = 90'000;
const std::vector<std::string> kPresets = {"ultrafast", "superfast", "veryfast", "faster",   "fast",
                                           "medium",    "slow",      "slower",   "veryslow", "placebo"};

struct Picture {
  media::Tick tick = 0;
  media::SharedImage image;
};

struct Sound {
  media::Tick tick = 0;
  std::shared_ptr<const media::Samples> samples;
};

// Before the pages and the thumbnails, behind the tick; where the system permits it.
constexpr int kNicer = -5;
// An ear forgives less than an eye, and the whole of the sound costs less than one picture.
constexpr int kNicest = -8;

void settle_thread(const std::string& name, int nice = kNicer) {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
  ::setpriority(PRIO_PROCESS, 0, nice);  // Linux: of the calling thread
}

// One rendition: a queue, a thread, an encoder.
class VideoLine {
 public:
  VideoLine(media::Rendition rendition, int fps, int gop_ticks, wrap::H264Encoder encoder,
            const LadderEvents& events, const Clock& clock)
      : rendition_(std::move(rendition)),
        fps_(fps),
        gop_ticks_(gop_ticks),
        encoder_(std::move(encoder)),
        events_(events),
        clock_(clock),
        meter_(clock),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  ~VideoLine() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] const media::Rendition& rendition() const { return rendition_; }
  void push(Picture picture) { queue_.push(std::move(picture)); }
  [[nodiscard]] size_t queued() const { return queue_.size(); }
  [[nodiscard]] uint64_t shed() const { return queue_.dropped(); }
  void drain() {
    queue_.close();
    thread_.join();
  }

  [[nodiscard]] EncoderStats stats() const {
    auto reading = meter_.read();
    EncoderStats stats{rendition_.name, reading.per_second, 0, queued(), shed(), reading.kbps, 0};
    if (reading.busy_share > 0) stats.speed = reading.per_second / fps_ / reading.busy_share;
    return stats;
  }

 private:
  void run(const std::stop_token& stop) {
    settle_thread("enc-" + rendition_.name);
    size_t bytes = 0;
    auto sink = [&](wrap::EncodedPicture picture) {
      bytes += picture.data.size();
      hand_out(std::move(picture));
    };
    while (auto picture = queue_.pop(stop)) {
      if (stop.stop_requested()) return;
      // An IDR wherever a new GOP has begun since the last frame: at its first tick, or just after it when
      // that was shed.
      int64_t gop = picture->tick / gop_ticks_;
      bool idr = gop != last_gop_;
      last_gop_ = gop;
      HouseTime begun = clock_.now();
      bytes = 0;
      if (auto done = encoder_.encode(picture->image, picture->tick, idr, sink); !done)
        return end(done.error());
      meter_.add(clock_.now() - begun, bytes);
    }
    if (stop.stop_requested()) return;
    if (auto done = encoder_.finish(sink); !done) end(done.error());
  }

  void hand_out(wrap::EncodedPicture picture) {
    media::AccessUnit unit;
    unit.kind = media::Kind::kVideo;
    unit.pts = picture.tick * (kVideoClock / fps_);
    unit.dts = unit.pts;
    unit.duration = kVideoClock / fps_;
    unit.key = picture.key;
    unit.tick = picture.tick;
    unit.data = std::make_shared<const Bytes>(std::move(picture.data));
    events_.unit(rendition_.name, std::move(unit));
  }

  void end(const Error& why) {
    queue_.close();
    if (events_.failed) events_.failed(rendition_.name, why);
  }

  const media::Rendition rendition_;
  const int fps_;
  const int gop_ticks_;
  wrap::H264Encoder encoder_;
  const LadderEvents& events_;
  const Clock& clock_;
  EncoderMeter meter_;
  BoundedQueue<Picture> queue_{Ladder::kQueueBound, WhenFull::kDropOldest};
  int64_t last_gop_ = -1;
  std::jthread thread_;  // last: it uses all of the above
};

class SoundLine {
 public:
  SoundLine(const media::HouseFormat& house, wrap::AacEncoder encoder, const LadderEvents& events,
            const Clock& clock)
      : house_(house),
        encoder_(std::move(encoder)),
        framer_(house, wrap::kAacFrame),
        events_(events),
        clock_(clock),
        meter_(clock),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

  ~SoundLine() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  void push(Sound sound) { queue_.push(std::move(sound)); }
  void drain() {
    queue_.close();
    thread_.join();
  }

  [[nodiscard]] EncoderStats stats() const {
    auto reading = meter_.read();
    EncoderStats stats{kAudioRendition,  reading.per_second, 0,        queue_.size(),
                       queue_.dropped(), reading.kbps,       silenced_};
    if (reading.busy_share > 0) stats.speed = reading.per_second / house_.fps / reading.busy_share;
    return stats;
  }

 private:
  void run(const std::stop_token& stop) {
    settle_thread("enc-audio", kNicest);
    size_t bytes = 0;
    Result<> state;
    auto sink = [&](wrap::EncodedSound sound) {
      bytes += sound.data.size();
      media::AccessUnit unit;
      unit.kind = media::Kind::kAudio;
      unit.pts = sound.pts;
      unit.dts = sound.pts;
      unit.duration = wrap::kAacFrame;
      unit.key = true;
      unit.data = std::make_shared<const Bytes>(std::move(sound.data));
      events_.unit(kAudioRendition, std::move(unit));
    };
    auto encode = [&](const float* samples, int64_t pts) {
      if (state) state = encoder_.encode(samples, pts, sink);
    };
    while (auto sound = queue_.pop(stop)) {
      if (stop.stop_requested()) return;
      HouseTime begun = clock_.now();
      bytes = 0;
      framer_.add(sound->tick, *sound->samples, encode);
      silenced_.store(static_cast<uint64_t>(framer_.silenced()), std::memory_order_relaxed);
      if (!state) break;
      meter_.add(clock_.now() - begun, bytes);
    }
    if (stop.stop_requested()) return;
    if (state) framer_.finish(encode);
    if (state) state = encoder_.finish(sink);
    if (!state) {
      queue_.close();
      if (events_.failed) events_.failed(kAudioRendition, state.error());
    }
  }

  const media::HouseFormat house_;
  wrap::AacEncoder encoder_;
  SoundFramer framer_;
  std::atomic<uint64_t> silenced_{0};  // the framer's, for other threads
  const LadderEvents& events_;
  const Clock& clock_;
  EncoderMeter meter_;
  BoundedQueue<Sound> queue_{Ladder::kSoundQueueBound, WhenFull::kDropOldest};
  std::jthread thread_;
};

// Makes every smaller size once: from a picture of exactly twice the size where there is one, else from the
// next larger.
class ScaleLine {
 public:
  ScaleLine(const media::HouseFormat& house, const std::vector<VideoLine*>& lines) : steps_(lines.size()) {
    for (size_t i = 0; i < lines.size(); ++i) {
      const media::Rendition& small = lines[i]->rendition();
      steps_[i].line = lines[i];
      if (i > 0) steps_[i].from = &steps_[i - 1].last;
      for (size_t j = 0; j < i; ++j) {
        const media::Rendition& large = lines[j]->rendition();
        if (large.width == 2 * small.width && large.height == 2 * small.height)
          steps_[i].from = &steps_[j].last;
      }
      if (house.width == 2 * small.width && house.height == 2 * small.height) steps_[i].from = nullptr;
    }
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~ScaleLine() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  void push(Picture picture) { queue_.push(std::move(picture)); }
  [[nodiscard]] size_t queued() const { return queue_.size(); }
  [[nodiscard]] uint64_t shed() const { return queue_.dropped() + failed_.load(std::memory_order_relaxed); }
  void drain() {
    queue_.close();
    thread_.join();
  }

 private:
  struct Step {
    VideoLine* line = nullptr;
    const media::SharedImage* from = nullptr;  // another step's picture; null: the program's
    wrap::Scaler scaler;
    media::Pool<media::Image> images{8};
    media::SharedImage last;
  };

  void run(const std::stop_token& stop) {
    settle_thread("enc-scale");
    while (auto picture = queue_.pop(stop)) {
      if (stop.stop_requested()) return;
      // A picture that stands (a slate, a frozen camera) arrives as the very same object and is scaled once.
      bool new_picture = picture->image != last_;
      last_ = picture->image;
      for (Step& step : steps_) {
        if (new_picture || !step.last) step.last = scaled(step, step.from ? **step.from : *picture->image);
        if (!step.last) break;
        step.line->push({picture->tick, step.last});
      }
    }
  }

  media::SharedImage scaled(Step& step, const media::Image& from) {
    const media::Rendition& r = step.line->rendition();
    std::shared_ptr<media::Image> image =
        step.images.take([&] { return std::make_unique<media::Image>(r.width, r.height); });
    if (step.scaler.scale(from, *image)) return image;
    failed_.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }

  std::vector<Step> steps_;
  BoundedQueue<Picture> queue_{Ladder::kQueueBound, WhenFull::kDropOldest};
  media::SharedImage last_;
  std::atomic<uint64_t> failed_{0};
  std::jthread thread_;
};

}  // namespace

Result<> check_ladder(const LadderConfig& config) {
  auto wrong = [](std::string what) { return fail(Errc::kInvalid, std::move(what)); };
  if (config.renditions.empty() || config.renditions.size() > 8) return wrong("expected 1 to 8 renditions");
  if (config.gop_seconds < 1 || config.gop_seconds > 10) return wrong("expected GOPs of 1 to 10 s");
  if (config.lookahead < 0 || config.lookahead > 60) return wrong("expected a lookahead of 0 to 60 frames");
  if (std::find(kPresets.begin(), kPresets.end(), config.preset) == kPresets.end()) {
    std::string near = nearest(config.preset, kPresets);
    return wrong(fmt::format("\"{}\" is no preset of x264{}", config.preset,
                             near.empty() ? "" : fmt::format("; nearest is \"{}\"", near)));
  }
  std::set<std::string> names;
  for (const media::Rendition& r : config.renditions) {
    if (!is_slug(r.name) || r.name == kAudioRendition)
      return wrong(fmt::format("\"{}\" cannot be a name", r.name));
    if (!names.insert(r.name).second) return wrong(fmt::format("two renditions are named \"{}\"", r.name));
    bool size = r.width >= 16 && r.height >= 16 && r.width % 2 == 0 && r.height % 2 == 0 &&
                r.width <= config.house.width && r.height <= config.house.height;
    if (!size) {
      return wrong(fmt::format("{}: {}x{} is not an even size within the house's {}x{}", r.name, r.width,
                               r.height, config.house.width, config.house.height));
    }
    if (r.video_kbps < 20 || r.video_kbps > 100'000)
      return wrong(r.name + ": expected video_kbps of 20 to 100000");
    if (r.audio_kbps != config.renditions.front().audio_kbps) {
      return wrong(r.name + ": one sound serves all renditions, expected the same audio_kbps");
    }
  }
  return {};
}

struct Ladder::Impl {
  Impl(LadderConfig c, LadderEvents e)
      : config(std::move(c)), events(std::move(e)), policy(config.house.fps, Ladder::kQueueBound) {}

  LadderConfig config;
  LadderEvents events;
  std::vector<NamedTrack> tracks;
  // Destroyed in reverse: the scaler before those it feeds.
  std::vector<std::unique_ptr<VideoLine>> lines;
  std::unique_ptr<SoundLine> sound;
  std::unique_ptr<ScaleLine> scale;  // null: nothing is smaller than the program
  ShedPolicy policy;
  std::atomic<Shedding> level{Shedding::kNone};  // the policy's, for other threads
  uint64_t shed_before = 0;
  bool finished = false;

  [[nodiscard]] bool direct(const VideoLine& line) const {
    return line.rendition().width == config.house.width && line.rendition().height == config.house.height;
  }

  void judge(media::Tick tick) {
    size_t fullest = scale ? scale->queued() : 0;
    uint64_t shed = scale ? scale->shed() : 0;
    for (const auto& line : lines) {
      fullest = std::max(fullest, line->queued());
      shed += line->shed();
    }
    Shedding before = policy.level();
    Shedding now = policy.update(tick, fullest, shed > shed_before);
    shed_before = shed;
    if (now == before) return;
    level.store(now, std::memory_order_relaxed);
    if (events.shedding) events.shedding(now);
  }
};

Ladder::Ladder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ladder::~Ladder() = default;

Result<std::unique_ptr<Ladder>> Ladder::open(LadderConfig config, LadderEvents events, const Clock& clock) {
  if (auto fine = check_ladder(config); !fine) {
    return fail(fine.error().code, "ladder: " + fine.error().message);
  }
  std::sort(config.renditions.begin(), config.renditions.end(), [](const auto& a, const auto& b) {
    return std::pair(a.width * a.height, a.video_kbps) > std::pair(b.width * b.height, b.video_kbps);
  });
  auto impl = std::make_unique<Impl>(std::move(config), std::move(events));
  const LadderConfig& c = impl->config;
  std::vector<wrap::H264Encoder> encoders;
  for (const media::Rendition& r : c.renditions) {
    wrap::H264Settings settings;
    settings.width = r.width;
    settings.height = r.height;
    settings.fps = c.house.fps;
    settings.kbps = r.video_kbps;
    settings.preset = c.preset;
    settings.lookahead = c.lookahead;
    OPENDAY_TRY(auto encoder, wrap::H264Encoder::open(settings));
    impl->tracks.push_back({r.name, encoder.track()});
    encoders.push_back(std::move(encoder));
  }
  OPENDAY_TRY(auto aac, wrap::AacEncoder::open(c.renditions.front().audio_kbps));
  impl->tracks.push_back({kAudioRendition, aac.track()});

  std::vector<VideoLine*> smaller;
  for (size_t i = 0; i < encoders.size(); ++i) {
    impl->lines.push_back(std::make_unique<VideoLine>(c.renditions[i], c.house.fps,
                                                      c.house.fps * c.gop_seconds, std::move(encoders[i]),
                                                      impl->events, clock));
    if (!impl->direct(*impl->lines.back())) smaller.push_back(impl->lines.back().get());
  }
  impl->sound = std::make_unique<SoundLine>(c.house, std::move(aac), impl->events, clock);
  if (!smaller.empty()) impl->scale = std::make_unique<ScaleLine>(c.house, smaller);
  return std::unique_ptr<Ladder>(new Ladder(std::move(impl)));
}

const std::vector<media::Rendition>& Ladder::renditions() const {
  return impl_->config.renditions;
}

const std::vector<NamedTrack>& Ladder::tracks() const {
  return impl_->tracks;
}

void Ladder::push(const media::ProgramFrame& frame) {
  Impl& l = *impl_;
  for (const auto& line : l.lines) {
    if (l.direct(*line)) line->push({frame.tick, frame.image});
  }
  if (l.scale) l.scale->push({frame.tick, frame.image});
  l.sound->push({frame.tick, frame.audio});
  l.judge(frame.tick);
}

void Ladder::finish() {
  Impl& l = *impl_;
  if (std::exchange(l.finished, true)) return;
  if (l.scale) l.scale->drain();
  for (const auto& line : l.lines) line->drain();
  l.sound->drain();
}

Shedding Ladder::shedding() const {
  return impl_->level.load(std::memory_order_relaxed);
}

std::vector<EncoderStats> Ladder::stats() const {
  std::vector<EncoderStats> all;
  for (const auto& line : impl_->lines) {
    all.push_back(line->stats());
    if (impl_->scale && !impl_->direct(*line)) all.back().shed += impl_->scale->shed();
  }
  all.push_back(impl_->sound->stats());
  return all;
}

}  // namespace openday::encode
