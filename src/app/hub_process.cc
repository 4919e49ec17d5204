// The hub: HTTP, the API over the database, the origin, and the links to engines and gateway.
//
// One loop thread serves all of it; the store has its writer thread, the origin its threads for files.
// Nothing on the loop's thread waits for a disk but short reads of the database, and what the page cache has
// lost of a file that is being sent.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "app/child.h"
#include "app/desk_house.h"
#include "app/hub_config.h"
#include "app/media_janitor.h"
#include "app/origin_audience.h"
#include "app/photo_studio.h"
#include "app/processes.h"
#include "app/replay_export.h"
#include "app/secrets.h"
#include "app/store_books.h"
#include "app/tip_clips.h"
#include "base/log.h"
#include "base/loop_worker.h"
#include "base/text.h"
#include "broadcast/life_cycle.h"
#include "broadcast/targets.h"
#include "hub/api.h"
#include "hub/operations.h"
#include "hub/origin.h"
#include "hub/static_files.h"
#include "hub/word_rules.h"
#include "mixer/layout.h"
#include "store/store.h"

namespace openday::app {
namespace {

using link::Json;

constexpr size_t kMostDeletions = 1000;  // that wait for the disk

// Everything the hub is made of, in the order in which it is built; it comes down in the opposite one.
class House {
 public:
  static Result<std::unique_ptr<House>> open(Loop& loop, Log log, const Json& config, Child& child) {
    std::unique_ptr<House> house(new House(loop, std::move(log)));
    OPENDAY_CHECK_OK(house->build(config, child));
    return house;
  }

  ~House() {
    *alive_ = false;
    loop_.cancel(expiry_);
    loop_.cancel(certificate_watch_);
  }
  House(const House&) = delete;

  Result<> attach(const std::string& role, const std::string& id, UniqueFd socket) {
    if (role == "gateway") return publishers_->attach(std::move(socket));
    if (role == "engine") return engines_->attach(id, std::move(socket));
    return fail(Errc::kUnsupported, "no links to " + role);
  }
  void gone(const std::string& role, const std::string& id) {
    if (role == "gateway") publishers_->gone();
    if (role == "engine") engines_->gone(id);
  }
  void on_message(const link::Message& message) {
    if (message.type() == "children") {
      auto children = message.head.find("children");
      if (children != message.head.end()) conductor_->on_children(*children);
    }
  }
  [[nodiscard]] HubRoutes routes() const {
    HubRoutes routes{http_->router().routes(), {}, {}};
    for (const auto& one : routes_->staff_routes()) {
      routes.staff.push_back(fmt::format("{} {}", name_of(one.method), one.pattern));
    }
    for (const auto& one : routes_->staff_sockets()) routes.staff.push_back("WEBSOCKET " + one.pattern);
    std::ranges::sort(routes.staff);
    if (desk_) routes.tips = desk_->site_server().router().routes();
    return routes;
  }
  void drain(std::function<void()> done) {
    if (!desk_) return http_->drain(seconds(2), std::move(done));
    http_->drain(seconds(2),
                 [this, done = std::move(done)] { desk_->site_server().drain(seconds(1), done); });
  }

 private:
  House(Loop& loop, Log log) : loop_(loop), log_(std::move(log)) {}

  Result<> build(const Json& json, Child& child) {
    OPENDAY_TRY(config_, parse_hub_config(json));
    OPENDAY_CHECK_OK(open_books());
    OPENDAY_TRY(http_, hub::HttpServer::create(config_.http, loop_));
    origin_ = std::make_unique<hub::Origin>(hub::OriginOptions(), loop_, log_);
    audience_ = std::make_unique<OriginAudience>(*origin_, config_.settings,
                                                 static_cast<double>(config_.dvr_window_s));
    janitor_ = std::make_unique<MediaJanitor>(config_.media_root, config_.retention, loop_.clock(), log_);
    disk_ = std::make_unique<LoopWorker>(loop_, kMostDeletions);
    exports_ = std::make_unique<ReplayExport>(
        loop_, books_->view(),
        ReplayExport::Options{config_.media_root, config_.retention.most_bytes,
                              config_.retention.reserve_bytes,
                              [this](const std::string& folder) { discard(folder); }},
        log_);
    OPENDAY_CHECK_OK(open_clips());
    audience_->on_withdrawn = [this](const std::string& id, ProgramTime from, ProgramTime to) {
      exports_->forget(id);
      janitor_->withdraw(id, from, to);
      clips_->withdraw(id, from, to);
    };
    connect();
    open_rooms();
    conductor_ = std::make_unique<hub::Conductor>(
        hub::Conductor::Parts{loop_, *books_, *rules_, config_.settings, config_.dvr_window_s, *engines_,
                              *publishers_, *audience_, *room_, *rooms_, *moderators_,
                              [&child](const Json& fields) {
                                return child.send(link::make_message("desired", fields)).has_value();
                              },
                              log_});
    if (config_.tips) {
      // Without its style sheet the site is plain, and works.
      auto css = read_file(config_.pages + "/tips.css", 256 * 1024);
      // Of a single photo nothing is logged: a log line has an exact time.
      photos_ = std::make_unique<PhotoStudio>(loop_, log_.from(LogLevel::kError), PhotoStudio::Options());
      OPENDAY_TRY(house_keys_, desk::HouseKeys::with_key(server_key_));
      OPENDAY_TRY(desk_, DeskHouse::open(loop_, log_, *books_, *gate_, *config_.tips, *house_keys_,
                                         css.value_or(""), photos_.get(), tip_clips_.get()));
      clips_->on_news = [desk = desk_.get()] { desk->tell_officers(); };
    }
    add_routes();
    add_pages();
    OPENDAY_CHECK_OK(gate_->load());
    OPENDAY_CHECK_OK(conductor_->begin());
    expiry_ = loop_.every(std::chrono::minutes(10), [this] { expire_media(); });
    expire_media();
    if (config_.http.tls) {
      if (auto usable = http_->reload_certificate(); usable) {
        certificate_seen_ = written_at(config_.http.tls->certificate);
      } else {
        log_.error("certificate_unusable", {{"why", usable.error().message}});
      }
      certificate_watch_ = loop_.every(seconds(30), [this] { renew_certificate(); });
    }
    return {};
  }

  static int64_t written_at(const std::string& path) {
    struct stat info{};
    return ::stat(path.c_str(), &info) == 0 ? static_cast<int64_t>(info.st_mtim.tv_sec) : 0;
  }

  // Certificates are renewed by others (certbot and the like), who write the files and tell nobody.
  void renew_certificate() {
    int64_t written = written_at(config_.http.tls->certificate);
    if (written == certificate_seen_ || written == 0) return;
    auto reloaded = http_->reload_certificate();
    if (reloaded && desk_) reloaded = desk_->site_server().reload_certificate();
    if (reloaded) {
      certificate_seen_ = written;
      log_.info("certificate_reloaded");
    } else {
      // Half of the pair may be new: the old one stays, and the next round tries again.
      log_.warn("certificate_not_reloaded", {{"why", reloaded.error().message}});
    }
  }

  Result<> open_books() {
    OPENDAY_TRY(std::string token, load_or_create_secret(config_.data_dir + "/admin.token", 32));
    OPENDAY_TRY(std::string hex, load_or_create_secret(config_.data_dir + "/server.key", 32));
    OPENDAY_TRY(server_key_, from_hex(hex));
    OPENDAY_TRY(auto vault, broadcast::Vault::with_key(server_key_));
    OPENDAY_TRY(auto layouts, mixer::LayoutBook::load(config_.settings.pipelines + "/layouts"));
    rules_ = std::make_unique<broadcast::Rules>(
        broadcast::Rules{layouts_of(layouts.to_json()), config_.egress, std::move(vault)});
    api_.layouts = layouts_answer(layouts.to_json());
    OPENDAY_TRY(store_, store::Store::open(config_.data_dir + "/openday.db", log_));
    OPENDAY_TRY(books_, StoreBooks::open(loop_, *store_));
    books_->submit(
        [&rules = *rules_](broadcast::Ledger& ledger) { return broadcast::seal_targets(ledger, rules); },
        [this](Result<> sealed) {
          if (!sealed) log_.error("targets_not_sealed", {{"why", sealed.error().message}});
        });
    gate_ = std::make_unique<hub::Gate>(token, *books_, loop_, log_);
    words_ = std::make_unique<hub::WordRules>(loop_, *books_);
    OPENDAY_CHECK_OK(words_->load());
    return {};
  }

  // Without a tip site, too: withdrawals reach what is kept from before.
  Result<> open_clips() {
    output::ClipStore::Options options;
    options.root = config_.media_root + "/.clips";
    options.store_of = [root = config_.media_root](const std::string& id) { return root + "/" + id; };
    options.reserve_bytes = config_.retention.reserve_bytes;
    clips_ = std::make_unique<hub::Clips>(loop_, std::move(options), *clip_disk_, log_);
    tip_clips_ = std::make_unique<TipClips>(*clips_, books_->view());
    OPENDAY_TRY(auto broadcasts, books_->view().broadcasts());
    for (const auto& broadcast : broadcasts) {
      OPENDAY_TRY(auto withdrawals, books_->view().withdrawals(broadcast.id));
      for (const auto& one : withdrawals) clips_->withdraw(broadcast.id, one.from, one.to);
    }
    return {};
  }

  void connect() {
    hub::Engines::Events events;
    events.media = [this](const std::string& id, const link::Message& message) {
      auto taken = origin_->take(id, message);
      if (!taken) {
        log_.warn("media_refused",
                  {{"broadcast", id}, {"type", message.type()}, {"why", taken.error().message}});
      }
      conductor_->on_media(id, message);
    };
    events.state = [this](const std::string& id) { conductor_->on_engine_state(id); };
    events.taken = [this](const std::string& id, const hub::Taken& taken) {
      conductor_->on_taken(id, taken);
    };
    events.levels = [this](const std::string& id, const Json& levels) { conductor_->on_levels(id, levels); };
    events.thumbnail = [this](const std::string& id, const std::string& venue, int64_t number) {
      conductor_->on_thumbnail(id, venue, number);
    };
    engines_ = std::make_unique<hub::Engines>(loop_, log_, std::move(events));
    publishers_ = std::make_unique<hub::Publishers>(loop_, log_, books_->view(), *rules_);
    room_ = std::make_unique<hub::ControlRoom>(
        [this](const std::string& id) { return conductor_->greeting(id); });
  }

  void open_rooms() {
    rooms_ = std::make_unique<hub::Rooms>(
        hub::Rooms::Parts{http_->router(), loop_, *books_, *books_, *books_, *gate_,
                          [this] { return words_->screen(); },
                          [this](const std::string& id) { return audience_->edge(id); }, log_},
        config_.room, http_->counters().connections_limit / 10 * 9);
    moderators_ = std::make_unique<hub::Moderators>(loop_, *rooms_, *books_);
  }

  void add_routes() {
    auto& router = http_->router();
    api_.house = config_.house;
    api_.ingest = config_.ingest;
    api_.site = config_.site;
    routes_ = std::make_unique<hub::Api>(
        hub::Api::Parts{router,
                        *books_,
                        *rules_,
                        *gate_,
                        *books_,
                        *engines_,
                        *publishers_,
                        *audience_,
                        *room_,
                        *rooms_,
                        *moderators_,
                        *books_,
                        *words_,
                        *conductor_,
                        loop_.clock(),
                        [this](const std::string& id, std::function<void(Result<>)> done) {
                          delete_media(id, std::move(done));
                        },
                        log_,
                        desk_ ? &desk_->office() : nullptr,
                        desk_ ? &desk_->keys() : nullptr,
                        desk_ ? &desk_->room() : nullptr,
                        clips_.get()},
        api_);
    routes_->add_routes();
    operations_ = std::make_unique<hub::Operations>(
        hub::Operations::Parts{router, loop_, *engines_, *publishers_, *conductor_,
                               [this] {
                                 auto counters = store_->counters();
                                 return hub::BooksHealth{store_->trouble(), counters.failed_commits,
                                                         counters.refused, counters.queued};
                               },
                               [this]() -> const hub::HttpCounters& { return http_->counters(); },
                               [this](hub::MetricsText& out) {
                                 origin_metrics(out, origin_->metrics());
                                 hub::room_metrics(out, rooms_->counters());
                               },
                               config_.metrics_from});
    operations_->add_routes();
    rooms_->add_routes();
    origin_->add_routes(router);
    exports_->add_routes(router);
  }

  /// What fails is in the books, and tried again.
  void delete_media(const std::string& id, std::function<void(Result<>)> done) {
    exports_->forget(id);
    if (disk_->is_full()) {
      log_.error("media_not_deleted", {{"broadcast", id}, {"why", "the disk does not answer"}});
      return done(fail(Errc::kIo, "the disk does not answer"));
    }
    if (!deleting_.insert(id).second) return done(fail(Errc::kBusy, "that is under way"));
    disk_->ask([this, id](const std::stop_token&) { return janitor_->remove(id); },
               [this, id, done = std::move(done)](const Result<>& removed) {
                 auto finish = [this, id, done](const Result<>& outcome) {
                   deleting_.erase(id);
                   done(outcome);
                 };
                 if (!removed) return finish(removed);
                 books_->submit([id](broadcast::Ledger& ledger) { return ledger.media_gone(id); }, finish);
               });
  }
  /// Copies have names that nobody finds after a change; that they go takes its time.
  void discard(const std::string& folder) {
    if (!disk_->ask([this, folder](const std::stop_token&) { return janitor_->discard(folder); },
                    [](const Result<>&) {})) {
      log_.error("media_not_deleted", {{"folder", folder}, {"why", "the disk does not answer"}});
    }
  }

  // Engines keep the policy for what they record; this is for what nobody records any more.
  void expire_media() {
    auto broadcasts = books_->view().broadcasts();
    if (!broadcasts) return log_.error("books_unreadable", {{"why", broadcasts.error().message}});
    if (auto doomed = books_->view().doomed_media()) {
      for (const std::string& id : *doomed) delete_media(id, [](const Result<>&) {});
    }
    std::vector<std::string> resting;
    std::vector<std::string> recording;
    for (const auto& one : *broadcasts) {
      bool on_the_way = one.state == broadcast::State::kRehearsal || one.state == broadcast::State::kLive;
      (on_the_way ? recording : resting).push_back(one.id);
    }
    janitor_->expire(std::move(resting), std::move(recording), [this, alive = alive_](const std::string& id) {
      loop_.post([this, alive, id] {
        if (*alive) note_recording_gone(id);
      });
    });
  }

  void note_recording_gone(const std::string& id) {
    auto known = books_->view().broadcast(id);
    if (!known || !known->recorded) return;
    exports_->forget(id);
    broadcast::Act act{"retention", "clock", loop_.clock().wall()};
    broadcast::submit<broadcast::Broadcast>(
        *books_,
        [id, act](broadcast::Ledger& ledger) { return broadcast::note_recording_gone(ledger, id, act); },
        [this](Result<broadcast::Broadcast> noted) {
          if (noted) conductor_->changed(*noted);
        });
  }

  // Without its pages the server still broadcasts: what is missing is said, not fatal.
  void add_pages() {
    auto pages = hub::StaticFiles::load(config_.pages);
    if (!pages) {
      log_.warn("pages_missing", {{"folder", config_.pages}, {"why", pages.error().message}});
      return;
    }
    pages_ = std::make_unique<hub::StaticFiles>(*std::move(pages));
    hub::add_page_routes(http_->router(), *pages_);
  }

  Loop& loop_;
  const Log log_;
  HubConfig config_;
  std::unique_ptr<hub::StaticFiles> pages_;
  hub::ApiSettings api_;
  std::unique_ptr<broadcast::Rules> rules_;
  std::optional<desk::HouseKeys> house_keys_;  // the store's writer uses them to its end
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<StoreBooks> books_;
  std::set<std::string> deleting_;  // their media is on its way out; nothing of that name can be made
  std::unique_ptr<hub::Gate> gate_;
  Bytes server_key_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Loop::TimerId expiry_ = 0;
  Loop::TimerId certificate_watch_ = 0;
  int64_t certificate_seen_ = 0;
  std::unique_ptr<MediaJanitor> janitor_;
  std::unique_ptr<LoopWorker> disk_;  // what of the janitor's work is not left to its own thread
  std::unique_ptr<ReplayExport> exports_;
  const std::unique_ptr<output::Disk> clip_disk_ = output::posix_disk();
  std::unique_ptr<hub::Clips> clips_;
  std::unique_ptr<TipClips> tip_clips_;
  std::unique_ptr<hub::Origin> origin_;
  std::unique_ptr<OriginAudience> audience_;
  std::unique_ptr<hub::Engines> engines_;
  std::unique_ptr<hub::Publishers> publishers_;
  std::unique_ptr<hub::ControlRoom> room_;
  std::unique_ptr<hub::WordRules> words_;
  std::unique_ptr<hub::Rooms> rooms_;
  std::unique_ptr<hub::Moderators> moderators_;
  std::unique_ptr<hub::Conductor> conductor_;
  std::unique_ptr<hub::Api> routes_;
  std::unique_ptr<hub::Operations> operations_;
  std::unique_ptr<PhotoStudio> photos_;
  std::unique_ptr<DeskHouse> desk_;        // none: no tips are taken
  std::unique_ptr<hub::HttpServer> http_;  // first to go: its requests refer to all of the above
};

class HubProcess {
 public:
  HubProcess(Loop& loop, Log log, std::function<void(const HubRoutes&)> on_built)
      : loop_(loop), log_(std::move(log)), on_built_(std::move(on_built)) {}

  Result<> open(UniqueFd control) {
    Child::Handlers handlers;
    handlers.on_start = [this](const Child::Start& begin) {
      auto started = start(begin);
      if (started) return;
      log_.error("start_failed", {{"why", started.error().message}});
      failed_ = true;
      loop_.stop();
    };
    handlers.on_peer = [this](const std::string& role, const std::string& id, UniqueFd socket) {
      if (!house_) return;
      auto attached = house_->attach(role, id, std::move(socket));
      if (!attached)
        log_.error("peer_failed", {{"role", role}, {"id", id}, {"why", attached.error().message}});
    };
    handlers.on_gone = [this](const std::string& role, const std::string& id) {
      if (house_) house_->gone(role, id);
    };
    handlers.on_message = [this](const link::Message& message) {
      if (house_) house_->on_message(message);
    };
    handlers.on_stop = [this] {
      if (!house_) return loop_.stop();
      house_->drain([this] { loop_.stop(); });
    };
    OPENDAY_TRY(child_, Child::open(loop_, std::move(control), std::move(handlers)));
    return {};
  }

  [[nodiscard]] bool failed() const { return failed_; }

 private:
  Result<> start(const Child::Start& begin) {
    OPENDAY_TRY(LogLevel least, begin.log_level);
    log_ = log_.from(least);
    OPENDAY_TRY(house_, House::open(loop_, log_, begin.config, *child_));
    if (on_built_) on_built_(house_->routes());
    return child_->ready();
  }

  Loop& loop_;
  Log log_;
  const std::function<void(const HubRoutes&)> on_built_;
  std::unique_ptr<Child> child_;
  std::unique_ptr<House> house_;
  bool failed_ = false;
};

}  // namespace

int run_hub(UniqueFd control, std::function<void(const HubRoutes&)> on_built) {
  Log log("hub");
  SystemClock clock;
  // Generous: a burst of outcomes and file answers must not make the loop refuse its own work.
  auto loop = Loop::create(clock, /*mailbox_bound=*/16'384);
  if (!loop) return 1;
  HubProcess process(**loop, log, std::move(on_built));
  if (auto opened = process.open(std::move(control)); !opened) {
    log.error("start_failed", {{"why", opened.error().message}});
    return 1;
  }
  (*loop)->run();
  return process.failed() ? 1 : 0;
}

}  // namespace openday::app
