#include "app/engine.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "app/engine_stats.h"
#include "base/random.h"
#include "encode/ladder_choice.h"

namespace openday::app {
namespace {

using link::Json;

constexpr size_t kHubBound = 64 * 1024 * 1024;
constexpr size_t kFeedBound = 1024 * 1024;
constexpr size_t kMostFeeds =
    size_t{2} * mixer::kSlots;                   // those on their way in beside those on their way out
constexpr Duration kStorePatience = seconds(4);  // of the 10 s that the supervisor gives a start

std::string text_of(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Engine::Engine(EngineConfig config, const Checkpoint& checkpoint, Loop& loop, const Clock& clock,
               const Log& log, SaveCheckpoint save, std::shared_ptr<output::Disk> disk)
    : config_(std::move(config)),
      checkpoint_(checkpoint),
      loop_(loop),
      clock_(clock),
      log_(log),
      save_(std::move(save)),
      run_(random_name()),
      outlet_(run_),
      disk_(std::move(disk)) {}

Engine::~Engine() {
  *alive_ = false;
  if (hub_) hub_->close();
  for (auto& [venue, feed] : feeds_) {
    if (feed.channel) feed.channel->close();
  }
  ticker_.reset();
  if (ladder_) ladder_->finish();
  ladder_.reset();
  thumbnails_.reset();
  packager_.reset();
  targets_.reset();
  recorder_.reset();
}

Result<std::unique_ptr<Engine>> Engine::start(EngineConfig config, const Checkpoint& checkpoint, Loop& loop,
                                              const Clock& clock, const Log& log, SaveCheckpoint save,
                                              std::shared_ptr<output::Disk> disk) {
  std::unique_ptr<Engine> engine(
      new Engine(std::move(config), checkpoint, loop, clock, log, std::move(save), std::move(disk)));
  OPENDAY_CHECK_OK(engine->build());
  return engine;
}

Result<> Engine::choose_ladder() {
  if (!config_.ladder.empty()) return {};
  OPENDAY_TRY(auto book, encode::LadderBook::load(config_.pipelines + "/ladders.json"));
  int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  config_.ladder = book.choose(cores, config_.mixer.house);
  return {};
}

/// A recording disk that is broken costs the recording, not the program: the recorder goes on trying.
RunNumbers Engine::number_this_run() {
  auto stored = summarize_in_time(disk_, config_.store.dir, kStorePatience);
  RunNumbers numbers = number_run(checkpoint_, stored, clock_.wall(), config_.not_before);
  if (!stored) {
    log_.error("store_unreadable",
               {{"store", config_.store.dir},
                {"why", stored.error().message},
                {"numbers_from", checkpoint_.present ? "checkpoint" : "clock"},
                {"effect", "the program goes on air and is not recorded"},
                {"do",
                 "see that the disk is mounted, whole, and this folder is the server's own; "
                 "recording begins by itself within seconds once the folder can be read"}});
  }
  checkpoint_.msn = numbers.first_msn - 1;
  checkpoint_.runs = numbers.discontinuity;
  newest_msn_ = checkpoint_.msn;
  return numbers;
}

Result<> Engine::build() {
  OPENDAY_CHECK_OK(choose_ladder());
  OPENDAY_TRY(auto layouts, mixer::LayoutBook::load(config_.pipelines + "/layouts"));
  for (const auto& slot : config_.mixer.slots) slot_of_[slot.venue] = slot.slot;

  auto home = [this](auto task) {
    // A full mailbox means that the loop has stopped turning; the supervisor notices that.
    (void)loop_.post([alive = alive_, task = std::move(task)] {
      if (*alive) task();
    });
  };
  mixer::MixerEvents events;
  events.taken = [this, home](const mixer::Taken& taken) { home([this, taken] { on_taken(taken); }); };
  events.wants = [this, home](const std::vector<mixer::Want>& wants) {
    home([this, wants] { send_wants(wants); });
  };
  events.venue_picture = [this](mixer::VenuePicture picture) {
    thumbnails_->venue(std::move(picture.venue), std::move(picture.image), picture.at);
  };
  OPENDAY_TRY(mixer_, mixer::Mixer::create(config_.mixer, std::move(layouts), std::move(events)));
  OPENDAY_CHECK_OK(mixer_->set_mix(checkpoint_.present ? checkpoint_.mix : config_.mix));

  thumbnails_ = std::make_unique<encode::Thumbnails>(
      config_.mixer.house, [this](const encode::Thumbnail& thumbnail) { on_thumbnail(thumbnail); });

  encode::LadderConfig ladder;
  ladder.house = config_.mixer.house;
  ladder.renditions = config_.ladder;
  ladder.preset = config_.preset;
  encode::LadderEvents encoded;
  encoded.unit = [this](const std::string& rendition, media::AccessUnit unit) {
    targets_->push(rendition, unit);
    if (rendition == encode::kAudioRendition) {
      packager_->push_audio(std::move(unit));
      return;
    }
    auto rung = std::find_if(config_.ladder.begin(), config_.ladder.end(),
                             [&](const media::Rendition& r) { return r.name == rendition; });
    packager_->push_video(static_cast<size_t>(rung - config_.ladder.begin()), std::move(unit));
  };
  encoded.shedding = [this](encode::Shedding shedding) {
    log_.warn("shedding", {{"what", encode::name_of(shedding)}});
    thumbnails_->shed(shedding >= encode::Shedding::kThumbnails);
    mixer_->shed_previews(shedding >= encode::Shedding::kPreviews);
  };
  encoded.failed = [this](const std::string& rendition, const Error& why) {
    log_.error("encoder_failed", {{"rendition", rendition}, {"why", why.message}});
  };
  OPENDAY_TRY(ladder_, encode::Ladder::open(ladder, std::move(encoded), clock_));
  config_.ladder = ladder_->renditions();  // one order for encoders, packager and targets: the ladder's

  RunNumbers numbers = number_this_run();  // before the recorder begins to clean the store up
  output::RetentionPolicy retention;
  retention.most_bytes = static_cast<uint64_t>(std::max<int64_t>(0, config_.store.max_bytes));
  retention.most_age = std::chrono::hours(24) * config_.store.retention_days;
  retention.reserve_bytes = static_cast<uint64_t>(std::max<int64_t>(0, config_.store.reserve_bytes));
  recorder_ = std::make_unique<output::Recorder>(
      config_.store.dir, retention, *disk_, clock_, log_,
      [this](const media::Segment& segment, const std::string& path) { outlet_.segment(segment, path); });

  HouseTime first_tick = clock_.now() + milliseconds(100);
  ProgramTime wall = clock_.wall() + milliseconds(100);
  ProgramTime start = start_of_run(checkpoint_, numbers, wall, first_tick);
  checkpoint_.clock = clock_of_run(start, first_tick);
  mixer_->start(first_tick, start);

  package::PackagerOptions options;
  options.run = run_;
  options.fps = config_.mixer.house.fps;
  options.start = start;
  options.first_msn = numbers.first_msn;
  options.discontinuity = numbers.discontinuity;
  std::vector<package::EncodedRendition> video;
  video.reserve(config_.ladder.size());
  for (size_t i = 0; i < config_.ladder.size(); ++i) {
    video.push_back({config_.ladder[i], ladder_->tracks()[i].track});
  }
  OPENDAY_TRY(packager_, package::Packager::create(options, video, ladder_->tracks().back().track,
                                                   config_.ladder[0].audio_kbps, *this, log_));

  std::vector<output::RenditionTrack> tracks;
  for (const auto& named : ladder_->tracks()) tracks.push_back({named.rendition, named.track});
  output::TargetsOptions push;
  push.egress.allow_private = config_.allow_private;
  targets_ = std::make_unique<output::Targets>(std::move(tracks), push, clock_, log_);
  configure_targets(config_.targets);

  const bool resumed = checkpoint_.present;  // the ticker's first frames change the checkpoint
  OPENDAY_TRY(auto ignored, mixer_->take(resumed ? checkpoint_.scene : config_.scene));
  (void)ignored;
  ticker_ = std::make_unique<mixer::Ticker>(
      *mixer_, clock_,
      [this](const media::ProgramFrame& frame) {
        ladder_->push(frame);
        thumbnails_->program(frame);
      },
      log_);
  loop_.every(seconds(1), [this, alive = alive_] {
    if (*alive) send_stats();
  });
  loop_.every(milliseconds(100), [this, alive = alive_] {
    if (*alive) send_levels();
  });
  log_.info("engine_started", {{"run", run_},
                               {"renditions", config_.ladder.size()},
                               {"first_msn", options.first_msn},
                               {"ahead_ms", (start - wall).count()},
                               {"resumed", resumed}});
  return {};
}

void Engine::attach_hub(UniqueFd socket) {
  if (hub_) hub_->close();
  outlet_.detach();
  hub_.reset();
  auto channel = link::Channel::open(
      loop_, std::move(socket), kHubBound, [this](const link::Message& message) { on_hub_message(message); },
      [this](const Error& why) {
        log_.warn("hub_gone", {{"why", why.message}});
        outlet_.detach();
        hub_.reset();
      });
  if (!channel) {
    log_.error("hub_channel_failed", {{"why", channel.error().message}});
    return;
  }
  hub_ = *channel;
  outlet_.attach(hub_, mixer::to_json(mixer_->status().scene));
  send_stats();
}

void Engine::attach_feed(const std::string& id, UniqueFd socket) {
  std::string venue = id.substr(id.find('/') + 1);
  detach_feed(id);
  if (feeds_.size() >= kMostFeeds) {
    log_.warn("too_many_feeds", {{"feed", id}});
    return;
  }
  auto channel = link::Channel::open(
      loop_, std::move(socket), kFeedBound,
      [this, venue](const link::Message& message) { on_feed_message(venue, message); },
      [this, id](const Error&) { detach_feed(id); });
  if (!channel) {
    log_.error("feed_attach_failed", {{"feed", id}, {"why", channel.error().message}});
    return;
  }
  feeds_[venue].channel = *channel;
  give_ring(venue);
}

/// Does nothing for a feed that has the right one, or whose venue has no slot yet.
void Engine::give_ring(const std::string& venue) {
  auto feed = feeds_.find(venue);
  auto slot = slot_of_.find(venue);
  if (feed == feeds_.end() || slot == slot_of_.end() || feed->second.slot == slot->second) return;
  auto ring = mixer_->share(slot->second);
  if (!ring) {
    log_.error("ring_not_shared", {{"venue", venue}, {"why", ring.error().message}});
    return;
  }
  feed->second.slot = slot->second;
  link::Message message = link::make_message("ring", {{"slot", slot->second}});
  message.fds.push_back(*std::move(ring));
  (void)feed->second.channel->send(std::move(message));
  std::vector<mixer::Want> wants;
  for (const auto& want : mixer_->wants()) {
    if (want.slot == slot->second) wants.push_back(want);
  }
  send_wants(wants);
}

void Engine::detach_feed(const std::string& id) {
  std::string venue = id.substr(id.find('/') + 1);
  auto feed = feeds_.find(venue);
  if (feed == feeds_.end()) return;
  if (feed->second.channel) feed->second.channel->close();
  feeds_.erase(feed);
  if (auto slot = slot_of_.find(venue); slot != slot_of_.end()) mixer_->feed_state(slot->second, {});
}

void Engine::send_wants(const std::vector<mixer::Want>& wants) {
  for (const auto& want : wants) {
    for (const auto& [venue, slot] : slot_of_) {
      auto feed = feeds_.find(venue);
      if (slot != want.slot || feed == feeds_.end() || !feed->second.channel) continue;
      (void)feed->second.channel->send(link::make_message(
          "want", {{"width", want.width}, {"height", want.height}, {"mode", mixer::name_of(want.mode)}}));
    }
  }
}

void Engine::on_feed_message(const std::string& venue, const link::Message& message) {
  if (message.type() != "state") return;
  auto feed = feeds_.find(venue);
  auto slot = slot_of_.find(venue);
  if (feed == feeds_.end() || slot == slot_of_.end()) return;
  feed->second.state = feed_state(message.head);
  mixer_->feed_state(slot->second, {text_of(message.head, "state") == "live",
                                    link::truth_in(message.head, "caught_up").value_or(false)});
}

void Engine::on_hub_message(const link::Message& message) {
  std::string type = message.type();
  if (type == "configure") {
    configure(message.head);
  } else if (type == "take") {
    take(message.head);
  } else if (type == "withdraw") {
    withdraw(message.head);
  } else if (type == "mix") {
    auto mix = parse_mix(message.head.value("venues", Json::object()));
    Result<> set = mix ? mixer_->set_mix(*mix) : Result<>(std::unexpected(mix.error()));
    outlet_.send(link::make_message("taken", {{"req", message.head.value("req", Json())},
                                              {"ok", set.has_value()},
                                              {"why", set ? "" : set.error().message},
                                              {"scene", mixer::to_json(mixer_->status().scene)},
                                              {"mix", to_json(mixer_->mix())}}));
    save_checkpoint();
  }
}

void Engine::configure(const Json& head) {
  auto slots = parse_slots(head.value("slots", Json::array()));
  if (!slots) {
    log_.warn("configure_refused", {{"why", slots.error().message}});
    return;
  }
  std::string title = text_of(head, "title");
  if (auto done = mixer_->configure(title, *slots); !done) {
    log_.warn("configure_refused", {{"why", done.error().message}});
    return;
  }
  slot_of_.clear();
  for (const auto& slot : *slots) {
    slot_of_[slot.venue] = slot.slot;
    give_ring(slot.venue);
  }
  if (auto list = head.find("targets"); list != head.end()) configure_targets(*list);
}

void Engine::configure_targets(const Json& list) {
  std::vector<output::TargetSpec> wanted;
  if (list.is_array()) {
    for (const auto& target : list) {
      if (wanted.size() == output::Targets::kMaxTargets || !target.is_object()) break;
      output::TargetSpec spec{text_of(target, "id"), text_of(target, "url"), text_of(target, "key"),
                              text_of(target, "rendition"), link::truth_in(target, "enabled").value_or(true)};
      if (spec.rendition.empty()) spec.rendition = config_.ladder[0].name;
      wanted.push_back(std::move(spec));
    }
  }
  targets_->configure(wanted);
}

void Engine::take(const Json& head) {
  Json req = head.value("req", Json());
  auto scene = mixer::parse_scene(head.value("scene", Json::object()));
  auto id = scene ? mixer_->take(*scene) : Result<uint64_t>(std::unexpected(scene.error()));
  if (id) {
    pending_takes_[*id] = std::move(req);
    return;
  }
  outlet_.send(link::make_message(
      "taken",
      {{"req", req}, {"ok", false}, {"code", name_of(id.error().code)}, {"why", id.error().message}}));
}

void Engine::on_taken(const mixer::Taken& taken) {
  Json req;
  if (auto pending = pending_takes_.find(taken.id); pending != pending_takes_.end()) {
    req = std::move(pending->second);
    pending_takes_.erase(pending);
  }
  outlet_.send(link::make_message("taken", {{"req", req},
                                            {"ok", taken.result.has_value()},
                                            {"code", taken.result ? "" : name_of(taken.result.error().code)},
                                            {"why", taken.result ? "" : taken.result.error().message},
                                            {"scene", mixer::to_json(taken.scene)},
                                            {"tick", taken.tick},
                                            {"at", taken.at.ms}}));
  if (taken.result) save_checkpoint();
}

void Engine::save_checkpoint() {
  std::lock_guard lock(checkpoint_mutex_);
  checkpoint_.scene = mixer_->status().scene;
  checkpoint_.mix = mixer_->mix();
  checkpoint_.msn = newest_msn_;
  checkpoint_.present = true;
  Checkpoint saved = checkpoint_;
  if (has_media_) ++saved.runs;
  save_(saved);
}

void Engine::withdraw(const Json& head) {
  auto from = head.find("from");
  auto to = head.find("to");
  if (from == head.end() || to == head.end() || !from->is_number_integer() || !to->is_number_integer())
    return;
  recorder_->withdraw({from->get<int64_t>()}, {to->get<int64_t>()});
}

void Engine::on_thumbnail(const encode::Thumbnail& thumbnail) {
  if (thumbnail.what == encode::Thumbnail::What::kProgram) recorder_->thumbnail(thumbnail.at, thumbnail.jpeg);
  outlet_.send(link::make_message(
      "thumbnail",
      {{"what", encode::name_of(thumbnail.what)}, {"venue", thumbnail.venue}, {"at", thumbnail.at.ms}},
      thumbnail.jpeg));
}

void Engine::on_init(const media::InitSegment& init) {
  outlet_.init(init);
  recorder_->begin(init);
}

void Engine::on_part(const media::Part& part) {
  // A segment's number is saved before anything of it can be seen: the next run never uses it again.
  // With the first one, this run is one that has media, and those that follow count it.
  int64_t newest = newest_msn_;
  if (part.msn > newest) {
    newest_msn_ = part.msn;
    has_media_ = true;
    save_checkpoint();
  }
  outlet_.part(part);
  recorder_->add(part);
}

void Engine::on_segment(const media::Segment& segment) {
  // The hub hears of a segment once it is known whether it was recorded; its last part has closed it for
  // viewers already.
  if (!recorder_->finish(segment)) outlet_.segment(segment, "");
}

Json Engine::slot_stats() const {
  Json slots = Json::array();
  for (const auto& slot : mixer_->status().slots) {
    if (slot.venue.empty()) continue;
    auto feed = feeds_.find(slot.venue);
    slots.push_back({{"slot", slot.slot},
                     {"venue", slot.venue},
                     {"state", mixer::name_of(slot.picture)},
                     {"on_air", slot.on_air},
                     {"peak_db", slot.peak_db},
                     {"feed", feed != feeds_.end() ? feed->second.state : Json()}});
  }
  return slots;
}

/// What of the program's sound never reached its parts: not mixed in time, not encoded, or not taken.
uint64_t Engine::lost_sound_ms(const package::PackagerCounters& packaged) {
  uint64_t samples = packaged.lost_samples;
  for (const auto& encoder : ladder_->stats()) samples += encoder.silenced;
  uint64_t ms = samples * 1000 / media::HouseFormat::kSampleRate;
  if (ms > told_lost_sound_ms_)
    log_.warn("sound_lost", {{"ms", ms - told_lost_sound_ms_}, {"in_all_ms", ms}});
  told_lost_sound_ms_ = ms;
  return ms;
}

void Engine::send_stats() {
  auto status = mixer_->status();
  auto ticks = ticker_->stats();
  auto packaged = packager_->counters();
  outlet_.send(link::make_message("stats", {{"tick", status.tick},
                                            {"late_ms", ticks.late_ms},
                                            {"dropped_ticks", ticks.dropped_ticks},
                                            {"repeated_ticks", ticks.repeated_ticks},
                                            {"realtime", ticks.realtime},
                                            {"scene", mixer::to_json(status.scene)},
                                            {"mix", to_json(mixer_->mix())},
                                            {"slots", slot_stats()},
                                            {"sound_lost_ms", lost_sound_ms(packaged)},
                                            {"program", {{"peak_db", status.peak_db}, {"lufs", status.lufs}}},
                                            {"encoders", to_json(ladder_->stats())},
                                            {"packager", to_json(packaged)},
                                            {"targets", to_json(targets_->stats())},
                                            {"recording", to_json(recorder_->status())},
                                            {"link_dropped", outlet_.dropped()},
                                            {"shedding", encode::name_of(ladder_->shedding())}}));
}

void Engine::send_levels() {
  auto levels = mixer_->levels();
  outlet_.send(link::make_message("levels", {{"venues", levels.venues}, {"program", levels.program}}));
}

}  // namespace openday::app
