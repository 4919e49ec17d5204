#include "app/supervisor.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/text.h"
#include "broadcast/values.h"
#include "wrap/ssl/tls.h"

namespace openday::app {
namespace {

using link::Json;

constexpr auto kStartDeadline = seconds(10);
constexpr auto kStopDeadline = seconds(5);
constexpr auto kStableAfter = seconds(30);
constexpr int kMostUnanswered = 10;                          // pings, one a second
constexpr size_t kMostChildren = broadcast::kMostProcesses;  // beside hub and gateway

constexpr size_t kMostCheckpoint = size_t{64} * 1024;  // bytes; it travels beside a configuration

// The first restart is at once: a viewer waits for it. A child that keeps failing is given more and more
// time.
Duration backoff(int quick_failures) {
  if (quick_failures <= 1) return Duration(0);
  return std::min<Duration>(milliseconds(100) * (1 << std::min(quick_failures - 2, 6)), seconds(5));
}

std::string text_of(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Supervisor::Supervisor(Loop& loop, const Clock& clock, Log log, Config config)
    : loop_(loop), clock_(clock), log_(std::move(log)), config_(std::move(config)) {}

Supervisor::~Supervisor() = default;

Result<> Supervisor::start() {
  want({"hub", ""}, config_.hub, "", -1);
  want({"gateway", ""}, config_.gateway, "", -1);
  for (const auto& [key, entry] : entries_) {
    if (!entry.process) return fail(Errc::kInternal, "could not start the " + key.role);
  }
  loop_.every(seconds(1), [this] { watch_over(); });
  loop_.every(seconds(5), [this] { report_children(); });
  return {};
}

Json Supervisor::start_config(const Key& key, const Entry& entry) {
  Json config = entry.config;
  if (key.role != "gateway" || !config["tls"].is_object()) return config;
  // The gateway sees no files: it is handed what it needs, anew at each start so that a renewed certificate
  // counts. One that cannot be used, as when half of the pair is renewed, must not cost RTMP and SRT.
  auto usable = [&]() -> Result<Json> {
    OPENDAY_TRY(auto certificate, read_file(text_of(config["tls"], "certificate"), 1 << 20));
    OPENDAY_TRY(auto secret, read_file(text_of(config["tls"], "private_key"), 1 << 20));
    OPENDAY_TRY([[maybe_unused]] auto context, wrap::TlsContext::server(certificate, secret));
    return Json{{"cert_pem", certificate}, {"key_pem", secret}};
  };
  if (auto tls = usable(); tls) {
    certificate_ = *tls;
  } else {
    log_.error("certificate_unusable", {{"why", tls.error().message}, {"kept", !certificate_.is_null()}});
  }
  config["tls"] = certificate_;
  if (certificate_.is_null()) config["rtmps"] = nullptr;
  return config;
}

void Supervisor::want(const Key& key, Json config, const std::string& engine, int64_t slot) {
  auto [found, fresh] = entries_.try_emplace(key);
  Entry& entry = found->second;
  bool changed = !fresh && (entry.config != config || entry.engine != engine || entry.slot != slot);
  entry.config = std::move(config);
  entry.engine = engine;
  entry.slot = slot;
  entry.wanted = true;
  if (fresh) {
    launch(key);
  } else if (changed && key.role == "feed" && entry.process) {
    entry.quick_failures = 0;
    entry.process->kill();  // on_exit starts it with the new configuration
  }
}

void Supervisor::launch(const Key& key) {
  auto found = entries_.find(key);
  if (found == entries_.end() || found->second.process || stopping_) return;
  Entry& entry = found->second;
  entry.since = clock_.now();
  entry.unanswered = 0;
  std::string title = "openday: " + key.role + (key.id.empty() ? "" : " " + key.id);
  auto process = Process::spawn(loop_, key.role, title,
                                {[this, key](link::Message message) { on_message(key, std::move(message)); },
                                 [this, key](const std::string& how) {
                                   // Not from inside the process object's own callback: it is destroyed by
                                   // what follows.
                                   if (!loop_.post([this, key, how] { on_exit(key, how); }))
                                     log_.error("mailbox_full", {});
                                 }});
  if (!process) {
    log_.error("spawn_failed", {{"role", key.role}, {"id", key.id}, {"why", process.error().message}});
    entry.state = "backoff";
    ++entry.quick_failures;
    loop_.after(seconds(1), [this, key] { launch(key); });
    return;
  }
  entry.process = *std::move(process);
  entry.state = "starting";
  (void)entry.process->send(link::make_message("start", {{"config", start_config(key, entry)},
                                                         {"checkpoint", entry.checkpoint},
                                                         {"id", key.id},
                                                         {"log_level", config_.log_level}}));
  introduce(key);
  entry.deadline = loop_.after(kStartDeadline, [this, key] {
    auto late = entries_.find(key);
    if (late == entries_.end() || late->second.state != "starting" || !late->second.process) return;
    log_.error("start_deadline_passed", {{"role", key.role}, {"id", key.id}});
    late->second.process->kill();
  });
}

bool Supervisor::are_peers(const Key& a, const Entry& ea, const Key& b, const Entry& eb) {
  auto pair = [&](const char* first, const char* second) { return a.role == first && b.role == second; };
  if (pair("hub", "gateway") || pair("hub", "engine") || pair("gateway", "feed")) return true;
  if (pair("gateway", "hub") || pair("engine", "hub") || pair("feed", "gateway")) return true;
  if (pair("engine", "feed")) return eb.engine == a.id;
  if (pair("feed", "engine")) return ea.engine == b.id;
  return false;
}

void Supervisor::introduce(const Key& key) {
  const Entry& entry = entries_.at(key);
  for (const auto& [other, other_entry] : entries_) {
    if (other_entry.process && are_peers(key, entry, other, other_entry)) connect(key, other);
  }
}

void Supervisor::connect(const Key& a, const Key& b) {
  auto ends = socket_pair();
  if (!ends) {
    log_.error("introduction_failed", {{"why", ends.error().message}});
    return;
  }
  auto hand = [&](const Key& to, const Key& about, UniqueFd socket) {
    const Entry& entry = entries_.at(about);
    link::Message message = link::make_message("peer", {{"role", about.role}, {"id", about.id}});
    if (about.role == "feed") message.head["slot"] = entry.slot;
    message.fds.push_back(std::move(socket));
    (void)entries_.at(to).process->send(std::move(message));
  };
  hand(a, b, std::move(ends->first));
  hand(b, a, std::move(ends->second));
}

void Supervisor::on_message(const Key& key, link::Message message) {
  auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.unanswered = 0;
  std::string type = message.type();
  if (type == "ready" && entry.state == "starting") {
    entry.state = "ready";
    loop_.cancel(entry.deadline);
    log_.info("process_ready", {{"role", key.role}, {"id", key.id}, {"pid", entry.process->pid()}});
    report_children();
  } else if (type == "checkpoint" && key.role == "engine" && message.head.contains("state") &&
             message.head["state"].dump().size() <= kMostCheckpoint) {
    entry.checkpoint = std::move(message.head["state"]);
  } else if (type == "desired" && key.role == "hub") {
    apply_desired(message.head);
  }
}

void Supervisor::apply_desired(const Json& head) {
  if (stopping_) return;
  auto engines = head.find("engines");
  auto feeds = head.find("feeds");
  if (engines == head.end() || feeds == head.end() || !engines->is_array() || !feeds->is_array()) {
    log_.error("desired_refused", {{"why", "expected lists of engines and feeds"}});
    return;
  }
  // The broadcasts' rules keep the hub from asking for more than may be. Should it do so all the same, what
  // runs goes on, and of the rest so many are started as fit.
  std::vector<Wish> wishes;
  std::vector<Wish> fresh;
  for (const auto& [role, list] : {std::pair("engine", engines), std::pair("feed", feeds)}) {
    for (const auto& one : *list) {
      Key key{role, text_of(one, "id")};
      if (key.id.empty() || !one.contains("config")) continue;
      (entries_.contains(key) ? wishes : fresh).push_back({std::move(key), &one});
    }
  }
  std::ranges::move(fresh, std::back_inserter(wishes));
  if (wishes.size() > kMostChildren) {
    log_.error("too_many_desired", {{"desired", wishes.size()}, {"most", kMostChildren}});
    wishes.erase(wishes.begin() + static_cast<ptrdiff_t>(kMostChildren), wishes.end());
  }
  std::set<Key> wanted;
  for (const auto& [key, wish] : wishes) {
    wanted.insert(key);
    bool feed = key.role == "feed";
    want(key, (*wish)["config"], feed ? text_of(*wish, "engine") : "",
         feed ? link::integer_in(*wish, "slot").value_or(-1) : -1);
  }
  std::vector<Key> unwanted;
  for (const auto& [key, entry] : entries_) {
    if ((key.role == "engine" || key.role == "feed") && !wanted.contains(key)) unwanted.push_back(key);
  }
  for (const auto& key : unwanted) dismiss(key);
  report_children();
}

void Supervisor::dismiss(const Key& key) {
  Entry& entry = entries_.at(key);
  if (!entry.wanted) return;
  entry.wanted = false;
  for (auto& [other, other_entry] : entries_) {
    if (other_entry.process && are_peers(key, entry, other, other_entry)) {
      (void)other_entry.process->send(link::make_message("gone", {{"role", key.role}, {"id", key.id}}));
    }
  }
  if (!entry.process) {
    entries_.erase(key);
    return;
  }
  entry.state = "stopping";
  (void)entry.process->send(link::make_message("stop"));
  int pid = entry.process->pid();
  loop_.after(kStopDeadline, [this, key, pid] {
    auto late = entries_.find(key);
    if (late == entries_.end() || !late->second.process || late->second.process->pid() != pid) return;
    log_.warn("stop_deadline_passed", {{"role", key.role}, {"id", key.id}});
    late->second.process->kill();
  });
}

void Supervisor::on_exit(const Key& key, const std::string& how) {
  auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.process.reset();
  loop_.cancel(entry.deadline);
  entry.last_exit = how;
  if (stopping_) {
    finish_if_empty();
    return;
  }
  if (!entry.wanted) {
    log_.info("process_stopped", {{"role", key.role}, {"id", key.id}, {"how", how}});
    entries_.erase(found);
    report_children();
    return;
  }
  bool stable = entry.state == "ready" && clock_.now() - entry.since > kStableAfter;
  entry.quick_failures = stable ? 1 : entry.quick_failures + 1;
  ++entry.restarts;
  entry.state = "backoff";
  Duration wait = backoff(entry.quick_failures);
  log_.warn("process_died", {{"role", key.role},
                             {"id", key.id},
                             {"how", how},
                             {"restart_in_ms", duration_cast<milliseconds>(wait).count()}});
  if (wait.count() == 0) {
    launch(key);
  } else {
    loop_.after(wait, [this, key] { launch(key); });
  }
  report_children();
}

// A child that is alive but says nothing is as good as dead; it is asked every second and killed after ten.
// What counts is the questions, not the time: a supervisor that itself stood still has asked nobody.
void Supervisor::watch_over() {
  if (stopping_) return;
  for (auto& [key, entry] : entries_) {
    if (!entry.process || entry.state != "ready") continue;
    if (entry.unanswered++ >= kMostUnanswered) {
      log_.error("process_silent", {{"role", key.role}, {"id", key.id}});
      entry.process->kill();
    } else {
      (void)entry.process->send(link::make_message("ping"));
    }
  }
}

void Supervisor::report_children() {
  auto hub = entries_.find({"hub", ""});
  if (stopping_ || hub == entries_.end() || !hub->second.process) return;
  Json children = Json::array();
  for (const auto& [key, entry] : entries_) {
    children.push_back(
        {{"role", key.role},
         {"id", key.id},
         {"pid", entry.process ? entry.process->pid() : 0},
         {"state", entry.state},
         {"restarts", entry.restarts},
         {"since_ms", (clock_.wall() + duration_cast<milliseconds>(entry.since - clock_.now())).ms},
         {"last_exit", entry.last_exit}});
  }
  (void)hub->second.process->send(link::make_message("children", {{"children", std::move(children)}}));
}

void Supervisor::stop() {
  if (std::exchange(stopping_, true)) return;
  log_.info("stopping", {});
  for (auto& [key, entry] : entries_) {
    if (entry.process) (void)entry.process->send(link::make_message("stop"));
  }
  loop_.after(kStopDeadline, [this] {
    for (auto& [key, entry] : entries_) {
      if (!entry.process) continue;
      log_.warn("stop_deadline_passed", {{"role", key.role}, {"id", key.id}});
      entry.process->kill();
    }
  });
  finish_if_empty();
}

void Supervisor::finish_if_empty() {
  bool any = std::any_of(entries_.begin(), entries_.end(),
                         [](const auto& e) { return e.second.process != nullptr; });
  if (!any) loop_.stop();
}

}  // namespace openday::app
