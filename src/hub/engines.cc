#include "hub/engines.h"

#include <utility>

namespace openday::hub {
namespace {

// An engine reports every second; one that has not for so long is not called running.
constexpr auto kReportLimit = seconds(5);

Errc refusal_code(const std::string& name) {
  if (name == openday::name_of(Errc::kInvalid)) return Errc::kInvalid;
  if (name == openday::name_of(Errc::kBusy)) return Errc::kBusy;
  return Errc::kConflict;
}

Result<Taken> taken_from(const Json& head) {
  auto at = link::integer_in(head, "at");
  auto tick = link::integer_in(head, "tick");
  if (!at || !tick) return fail(Errc::kInternal, "the engine's confirmation is malformed");
  OPENDAY_TRY(auto scene, broadcast::scene_from(head.value("scene", Json())));
  return Taken{std::move(scene), *tick, {*at}};
}

}  // namespace

Engines::Engines(Loop& loop, Log log, Events events)
    : loop_(loop), log_(std::move(log)), events_(std::move(events)) {}

Engines::~Engines() {
  for (auto& [id, engine] : engines_) {
    if (engine.channel) engine.channel->close();
    for (auto& [request, waiting] : engine.requests) loop_.cancel(waiting.deadline);
  }
}

void Engines::expect(const std::set<std::string>& broadcasts) {
  for (const auto& id : broadcasts) engines_[id].expected = true;
  std::vector<std::string> stopped;
  for (auto& [id, engine] : engines_) {
    if (broadcasts.contains(id)) continue;
    engine.expected = false;
    // An engine that is finishing still sends its last segments; it is forgotten when its channel ends.
    if (!engine.channel) stopped.push_back(id);
  }
  for (const std::string& id : stopped) gone(id);
}

Result<> Engines::attach(const std::string& broadcast, UniqueFd socket) {
  auto known = engines_.find(broadcast);
  if (known != engines_.end() && known->second.channel) {
    known->second.channel->close();
    lost(broadcast, known->second, {Errc::kClosed, "the engine was started again"});
  }
  Engine& engine = engines_[broadcast];
  OPENDAY_TRY(engine.channel,
              link::Channel::open(
                  loop_, std::move(socket), kChannelBound,
                  [this, broadcast](const link::Message& message) { on_message(broadcast, message); },
                  [this, broadcast](const Error& why) {
                    auto found = engines_.find(broadcast);
                    if (found == engines_.end()) return;
                    log_.info("engine_lost", {{"broadcast", broadcast}, {"why", why.message}});
                    lost(broadcast, found->second, why);
                    forget(broadcast);
                  }));
  engine.configured = nullptr;
  log_.info("engine_attached", {{"broadcast", broadcast}});
  std::vector<uint64_t> waiting;
  waiting.reserve(engine.requests.size());
  for (const auto& [request, one] : engine.requests) waiting.push_back(request);
  for (uint64_t request : waiting) send_request(broadcast, engine, request);
  if (events_.state) events_.state(broadcast);
  return {};
}

void Engines::gone(const std::string& broadcast) {
  auto found = engines_.find(broadcast);
  if (found == engines_.end()) return;
  if (found->second.channel) found->second.channel->close();
  lost(broadcast, found->second, {Errc::kClosed, "the engine was stopped"});
  forget(broadcast);
}

void Engines::forget(const std::string& broadcast) {
  auto found = engines_.find(broadcast);
  if (found == engines_.end() || found->second.expected || found->second.channel) return;
  engines_.erase(found);
}

void Engines::lost(const std::string& broadcast, Engine& engine, const Error& why) {
  bool had_channel = std::exchange(engine.channel, nullptr) != nullptr;
  engine.stats = nullptr;
  engine.reported = {-1};
  // A command that was sent may or may not have happened; one that was not waits for the next engine.
  std::vector<uint64_t> failed;
  for (const auto& [request, one] : engine.requests) {
    if (one.sent || !engine.expected) failed.push_back(request);
  }
  for (uint64_t request : failed) answer(broadcast, request, fail(Errc::kClosed, why.message));
  if (had_channel && events_.state) events_.state(broadcast);
}

void Engines::configure(const std::string& broadcast, const Json& fields) {
  Engine* engine = channel_of(broadcast);
  if (engine == nullptr || engine->configured == fields) return;
  auto sent = engine->channel->send(link::make_message("configure", fields));
  if (sent) {
    engine->configured = fields;
  } else {
    log_.warn("engine_not_configured", {{"broadcast", broadcast}, {"why", sent.error().message}});
  }
}

void Engines::take(const std::string& broadcast, const broadcast::Scene& scene, OnTaken on_taken) {
  ask(broadcast, "take", {{"scene", broadcast::to_json(scene)}},
      [on_taken = std::move(on_taken)](Result<Json> head) {
        if (!head) return on_taken(std::unexpected(head.error()));
        on_taken(taken_from(*head));
      });
}

void Engines::mix(const std::string& broadcast, const std::map<std::string, broadcast::Mix>& venues,
                  OnDone on_done) {
  ask(broadcast, "mix", {{"venues", broadcast::to_json(venues)}},
      [on_done = std::move(on_done)](Result<Json> head) {
        if (!head) return on_done(std::unexpected(head.error()));
        on_done({});
      });
}

void Engines::ask(const std::string& broadcast, std::string type, Json fields, OnAnswer on_answer) {
  auto found = engines_.find(broadcast);
  if (found == engines_.end() || !found->second.expected) {
    return on_answer(fail(Errc::kClosed, "no engine runs for broadcast " + broadcast));
  }
  Engine& engine = found->second;
  if (engine.requests.size() >= kMaxRequests) {
    return on_answer(fail(Errc::kBusy, "too many commands wait for the engine"));
  }
  uint64_t request = next_request_++;
  fields["req"] = request;
  Waiting& waiting = engine.requests[request];
  waiting.type = std::move(type);
  waiting.fields = std::move(fields);
  waiting.on_answer = std::move(on_answer);
  if (engine.channel) return send_request(broadcast, engine, request);
  waiting.deadline = loop_.after(kAttachPatience, [this, broadcast, request] {
    answer(broadcast, request, fail(Errc::kTimeout, "the engine is starting; try again"));
  });
}

void Engines::send_request(const std::string& broadcast, Engine& engine, uint64_t request) {
  Waiting& waiting = engine.requests.at(request);
  loop_.cancel(waiting.deadline);
  auto sent = engine.channel->send(link::make_message(waiting.type, std::move(waiting.fields)));
  if (!sent) return answer(broadcast, request, std::unexpected(sent.error()));
  waiting.sent = true;
  waiting.deadline = loop_.after(kConfirmPatience, [this, broadcast, request] {
    answer(broadcast, request, fail(Errc::kTimeout, "the engine did not confirm in time"));
  });
}

void Engines::answer(const std::string& broadcast, uint64_t request, Result<Json> outcome) {
  auto engine = engines_.find(broadcast);
  if (engine == engines_.end()) return;
  auto found = engine->second.requests.find(request);
  if (found == engine->second.requests.end()) return;  // answered or given up before
  loop_.cancel(found->second.deadline);
  OnAnswer on_answer = std::move(found->second.on_answer);
  engine->second.requests.erase(found);
  on_answer(std::move(outcome));
}

Result<> Engines::withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to) {
  Engine* engine = channel_of(broadcast);
  if (engine == nullptr) return {};
  return engine->channel->send(link::make_message("withdraw", {{"from", from.ms}, {"to", to.ms}}));
}

void Engines::on_message(const std::string& broadcast, const link::Message& message) {
  auto found = engines_.find(broadcast);
  if (found == engines_.end()) return;
  Engine& engine = found->second;
  std::string type = message.type();
  if (type == "part" || type == "segment" || type == "init" || type == "snapshot_end") {
    if (events_.media) events_.media(broadcast, message);
  } else if (type == "levels") {
    Json levels = message.head;
    levels.erase("t");
    if (events_.levels) events_.levels(broadcast, levels);
  } else if (type == "stats") {
    engine.stats = message.head;
    engine.stats.erase("t");
    engine.reported = loop_.clock().now();
    if (auto scene = broadcast::scene_from(engine.stats.value("scene", Json()))) engine.scene = *scene;
    if (events_.state) events_.state(broadcast);
  } else if (type == "taken") {
    on_taken(broadcast, engine, message.head);
  } else if (type == "thumbnail") {
    on_thumbnail(broadcast, engine, message);
  } else if (type == "snapshot") {
    if (auto scene = broadcast::scene_from(message.head.value("scene", Json()))) engine.scene = *scene;
    if (events_.media) events_.media(broadcast, message);
  }
}

void Engines::on_taken(const std::string& broadcast, Engine& engine, const Json& head) {
  auto request = link::integer_in(head, "req");
  auto ok = head.find("ok");
  if (ok == head.end() || !ok->is_boolean()) {
    ++malformed_;
    return;
  }
  if (!ok->get<bool>()) {
    std::string why = link::text_in(head, "why");
    if (why.empty()) why = "the engine refused";
    if (request)
      answer(broadcast, static_cast<uint64_t>(*request),
             fail(refusal_code(link::text_in(head, "code")), why));
    return;
  }
  // A confirmed mix comes as `taken` too, without a tick.
  if (head.contains("tick")) {
    auto taken = taken_from(head);
    if (!taken) {
      ++malformed_;
    } else {
      engine.scene = taken->scene;
      if (events_.taken) events_.taken(broadcast, *taken);
    }
  }
  if (request) answer(broadcast, static_cast<uint64_t>(*request), head);
}

void Engines::on_thumbnail(const std::string& broadcast, Engine& engine, const link::Message& message) {
  if (!message.body || message.body->empty() || message.body->size() > kMaxThumbnail) {
    ++malformed_;
    return;
  }
  std::string what = link::text_in(message.head, "what");
  if (what == "venue" || what == "program") {
    std::string venue = what == "venue" ? link::text_in(message.head, "venue") : std::string();
    if ((what == "venue" && venue.empty()) ||
        (engine.thumbnails.size() > broadcast::kVenueSlots * 4 && !engine.thumbnails.contains(venue))) {
      ++malformed_;
      return;
    }
    engine.thumbnails[venue] = {message.body, next_thumbnail_};
    if (events_.thumbnail) events_.thumbnail(broadcast, venue, next_thumbnail_);
    ++next_thumbnail_;
  }
  if (events_.media) events_.media(broadcast, message);
}

const Engines::Engine* Engines::find(const std::string& broadcast) const {
  auto found = engines_.find(broadcast);
  return found == engines_.end() ? nullptr : &found->second;
}

Engines::Engine* Engines::channel_of(const std::string& broadcast) {
  auto found = engines_.find(broadcast);
  return found == engines_.end() || !found->second.channel ? nullptr : &found->second;
}

const char* Engines::state(const std::string& broadcast) const {
  const Engine* engine = find(broadcast);
  if (engine == nullptr || !engine->expected) return "down";
  bool reports =
      engine->channel && engine->reported.ns >= 0 && loop_.clock().now() - engine->reported < kReportLimit;
  return reports ? "running" : "starting";
}

bool Engines::attached(const std::string& broadcast) const {
  const Engine* engine = find(broadcast);
  return engine != nullptr && engine->channel != nullptr;
}

const Json* Engines::stats(const std::string& broadcast) const {
  const Engine* engine = find(broadcast);
  return engine == nullptr || engine->stats.is_null() ? nullptr : &engine->stats;
}

std::optional<broadcast::Scene> Engines::scene(const std::string& broadcast) const {
  const Engine* engine = find(broadcast);
  return engine == nullptr ? std::nullopt : engine->scene;
}

const Engines::Thumbnail* Engines::thumbnail(const std::string& broadcast, const std::string& venue) const {
  const Engine* engine = find(broadcast);
  if (engine == nullptr) return nullptr;
  auto found = engine->thumbnails.find(venue);
  return found == engine->thumbnails.end() ? nullptr : &found->second;
}

const Engines::Thumbnail* Engines::venue_thumbnail(const std::string& venue) const {
  const Thumbnail* newest = nullptr;
  for (const auto& [id, engine] : engines_) {
    auto found = engine.thumbnails.find(venue);
    if (found == engine.thumbnails.end()) continue;
    if (newest == nullptr || found->second.number > newest->number) newest = &found->second;
  }
  return newest;
}

size_t Engines::waiting(const std::string& broadcast) const {
  const Engine* engine = find(broadcast);
  return engine == nullptr ? 0 : engine->requests.size();
}

std::set<std::string> Engines::expected() const {
  std::set<std::string> ids;
  for (const auto& [id, engine] : engines_) {
    if (engine.expected) ids.insert(id);
  }
  return ids;
}

}  // namespace openday::hub
