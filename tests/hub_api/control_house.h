// The control side over books in memory, with its loop on a thread, fake engines and a fake gateway at the
// other ends of real links.
#pragma once

#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "../broadcast/memory_ledger.h"
#include "../desk/memory_desk.h"
#include "../engage/test_archives.h"
#include "../hub_http/harness.h"
#include "base/loop.h"
#include "far_end.h"
#include "hub/api.h"
#include "hub/operations.h"
#include "wrap/sodium/sodium.h"

namespace openday::hub::test {

using openday::test::MemoryBooks;

class FakeAudience final : public Audience {
 public:
  void update(const broadcast::Broadcast& broadcast) override { updates.push_back(broadcast); }
  void remove(const std::string& broadcast) override { removed.push_back(broadcast); }
  void withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to,
                std::function<void(int64_t segments)> done) override {
    withdrawn.push_back({broadcast, from.ms, to.ms});
    done(3);
  }
  void keep_withdrawn(const std::string& broadcast, ProgramTime from, ProgramTime to) override {
    withdrawn.push_back({broadcast, from.ms, to.ms});
  }
  void ask_recorded(const std::string& broadcast,
                    std::function<void(std::optional<bool> recorded)> done) override {
    asked.push_back(broadcast);
    done(recorded);
  }
  [[nodiscard]] std::optional<ProgramTime> edge(const std::string&) const override { return at; }
  [[nodiscard]] bool has_poster(const std::string&) const override { return false; }
  [[nodiscard]] Viewers viewers(const std::string&) const override { return {7, true}; }

  std::vector<broadcast::Broadcast> updates;
  std::vector<std::string> removed;
  std::vector<std::tuple<std::string, int64_t, int64_t>> withdrawn;
  std::vector<std::string> asked;  // for recordings
  std::optional<bool> recorded = false;
  std::optional<ProgramTime> at;
};

struct Answered {
  int status = 0;
  std::vector<Header> headers;
  std::string text;
  Json json;  // null when the body is not JSON
  [[nodiscard]] std::string header(std::string_view name) const {
    for (const auto& one : headers) {
      if (one.name == name) return one.value;
    }
    return {};
  }
  [[nodiscard]] std::string code() const {
    return json.is_object() && json.contains("error") ? json["error"].value("code", "") : "";
  }
  [[nodiscard]] std::string message() const {
    return json.is_object() ? json["error"].value("message", "") : "";
  }
};

/// A request that is answered once: by its handler, or when its deadline has come.
class Asked final : public Exchange, public std::enable_shared_from_this<Asked> {
 public:
  Asked(Loop& loop, std::function<void(Response)> on_answer)
      : loop_(loop), on_answer_(std::move(on_answer)) {}
  void send(Response response) override {
    if (auto answer = std::exchange(on_answer_, {})) answer(std::move(response));
  }
  [[nodiscard]] bool gone() const override { return !on_answer_; }
  void when_gone(std::function<void()>) override {}
  void set_deadline(Duration patience, std::function<Response()> answer) override {
    loop_.after(patience, [self = shared_from_this(), answer] {
      if (!self->gone()) self->send(answer());
    });
  }

 private:
  Loop& loop_;
  std::function<void(Response)> on_answer_;
};

class ControlHouse {
 public:
  static constexpr const char* kToken = "the-admin-token";

  ControlHouse() {
    loop_ = *Loop::create(clock);
    Engines::Events events;
    events.media = [this](const std::string& id, const link::Message& message) {
      media.push_back(message.type());
      conductor->on_media(id, message);
    };
    events.state = [this](const std::string& id) { conductor->on_engine_state(id); };
    events.taken = [this](const std::string& id, const Taken& taken) { conductor->on_taken(id, taken); };
    events.levels = [this](const std::string& id, const Json& levels) { conductor->on_levels(id, levels); };
    events.thumbnail = [this](const std::string& id, const std::string& venue, int64_t number) {
      conductor->on_thumbnail(id, venue, number);
    };
    gate.emplace(kToken, books, *loop_, log);
    engines.emplace(*loop_, log, std::move(events));
    publishers.emplace(*loop_, log, books.view(), rules);
    room.emplace([this](const std::string& id) { return conductor->greeting(id); });
    words.emplace(*loop_, archives);
    REQUIRE(words->load());
    rooms.emplace(Rooms::Parts{router, *loop_, archives, books, books, *gate,
                               [this] { return std::shared_ptr<const engage::Screen>(screen); },
                               [this](const std::string& id) { return audience.edge(id); }, log},
                  RoomOptions(), 100);
    rooms->add_routes();
    moderators.emplace(*loop_, *rooms, archives);
    officer_keys.emplace(books, *loop_);
    gate->use(&*officer_keys);
    desk_room.emplace([](const std::string&) { return std::vector<Json>(); });
    output::ClipStore::Options clip_options;
    clip_options.root = media_folder / "clips";
    clip_options.store_of = [root = media_folder.path()](const std::string& id) { return root + "/" + id; };
    clip_options.reserve_bytes = 0;
    clips.emplace(*loop_, clip_options, *clip_disk, log);
    desk::Retention keep;
    keep.received = std::chrono::days(730);
    keep.closed = std::chrono::days(180);
    keep.spam = std::chrono::days(30);
    desk.emplace(DeskOffice::Parts{*loop_, desk_books, books, house_keys, *officer_keys, keep, nullptr, log});
    settings.store = {{"dir", "/nowhere/media"}};
    settings.pipelines = "/nowhere/pipelines";
    conductor.emplace(Conductor::Parts{*loop_, books, rules, settings, 600, *engines, *publishers, audience,
                                       *room, *rooms, *moderators,
                                       [this](const Json& fields) {
                                         desired.push_back(fields);
                                         return true;
                                       },
                                       log});
    ApiSettings api_settings;
    api_settings.house = {640, 360, 25};
    api_settings.ingest = {"", 1935, 0, 9000};
    api_settings.site = {{"name", "Court"}, {"tips", "https://tips.court.example/"}};
    api_settings.layouts = {{"layouts", Json::array()}};
    api.emplace(Api::Parts{router,
                           books,
                           rules,
                           *gate,
                           books,
                           *engines,
                           *publishers,
                           audience,
                           *room,
                           *rooms,
                           *moderators,
                           archives,
                           *words,
                           *conductor,
                           clock,
                           [this](const std::string& id, const std::function<void(Result<>)>& done) {
                             deleted_media.push_back(id);
                             done(deletion);
                           },
                           log,
                           &*desk,
                           &*officer_keys,
                           &*desk_room,
                           &*clips},
                api_settings);
    api->add_routes();
    operations.emplace(Operations::Parts{router,
                                         *loop_,
                                         *engines,
                                         *publishers,
                                         *conductor,
                                         [this] { return books_health; },
                                         [this]() -> const HttpCounters& { return http; },
                                         [](MetricsText&) {},
                                         {*Network::parse("192.0.2.0/24")}});
    operations->add_routes();
    REQUIRE(conductor->begin());
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~ControlHouse() {
    on_loop([this] {
      engine_.clear();
      gateway_.reset();
      operations.reset();
      api.reset();
      conductor.reset();
      moderators.reset();
      rooms.reset();
      words.reset();
      room.reset();
      publishers.reset();
      engines.reset();
      desk.reset();
      clips.reset();
      desk_room.reset();
      officer_keys.reset();
      gate.reset();
    });
    loop_->stop();
    thread_.join();
  }

  template <class Task>
  auto on_loop(Task task) -> decltype(task()) {
    auto packaged = std::make_shared<std::packaged_task<decltype(task())()>>(std::move(task));
    auto result = packaged->get_future();
    if (!loop_->post([packaged] { (*packaged)(); })) throw std::runtime_error("the loop has ended");
    return result.get();
  }
  /// Asks on the loop's thread until it holds; fails the test after 10 s.
  template <class Condition>
  void until(Condition condition) {
    auto end = std::chrono::steady_clock::now() + seconds(10);
    while (!on_loop(condition)) {
      if (std::chrono::steady_clock::now() > end) FAIL("the condition did not come true in 10 s");
      std::this_thread::yield();
    }
  }

  static Request request(Method method, const std::string& target, const std::string& body) {
    Request made;
    made.method = method;
    size_t question = target.find('?');
    made.path = target.substr(0, question);
    if (question != std::string::npos) made.raw_query = target.substr(question + 1);
    made.query = *Query::parse(made.raw_query);
    made.headers = {{"host", "hub.example:8080"}};
    if (!body.empty()) made.headers.push_back({"content-type", "application/json"});
    made.body.assign(body.begin(), body.end());
    made.peer = "198.51.100.1";
    made.id = "0badcafe";
    return made;
  }
  Answered send(Request made) {
    auto promise = std::make_shared<std::promise<Answered>>();
    auto future = promise->get_future();
    on_loop([&] {
      router.dispatch(
          std::move(made), Responder(std::make_shared<Asked>(*loop_, [promise](Response response) {
            Answered answered;
            answered.status = response.status;
            answered.headers = response.headers;
            if (auto* bytes = std::get_if<SharedBytes>(&response.body)) {
              answered.text.assign((*bytes)->begin(), (*bytes)->end());
            } else if (auto* shared = std::get_if<std::shared_ptr<const SharedResponse>>(&response.body)) {
              answered.headers = (*shared)->headers();
              answered.text.assign((*shared)->body()->begin(), (*shared)->body()->end());
            }
            answered.json = Json::parse(answered.text, nullptr, false);
            if (answered.json.is_discarded()) answered.json = nullptr;
            promise->set_value(std::move(answered));
          })));
    });
    if (future.wait_for(std::chrono::seconds(10)) != std::future_status::ready) FAIL("no answer in 10 s");
    return future.get();
  }
  /// As the admin, unless told otherwise.
  Answered ask(Method method, const std::string& target, const std::string& body = {}, bool as_admin = true) {
    Request made = request(method, target, body);
    if (as_admin) made.headers.push_back({"authorization", std::string("Bearer ") + kToken});
    return send(std::move(made));
  }
  Answered get(const std::string& target) { return ask(Method::kGet, target); }
  Answered post(const std::string& target, const std::string& body = {}) {
    return ask(Method::kPost, target, body);
  }

  /// Makes the person and logs them in: their cookie.
  std::string log_in(const std::string& id, account::Roles roles) {
    const std::string password = "correct horse battery";
    on_loop([&] {
      REQUIRE(books.ledger.put(
          account::Person{id, id, roles, *sodium::hash_password(password), false, false, {}}));
      REQUIRE(gate->load());
    });
    auto answer =
        ask(Method::kPost, "/api/v1/session", Json{{"name", id}, {"password", password}}.dump(), false);
    REQUIRE(answer.status == 200);
    std::string set = answer.header("Set-Cookie");
    return set.substr(0, set.find(';'));
  }

  /// Venues a, b and c, and a broadcast "day" of them.
  void furnish() {
    for (const char* id : {"a", "b", "c"}) {
      REQUIRE(
          post("/api/v1/admin/venues", Json{{"id", id}, {"name", std::string("Hall ") + id}}.dump()).status ==
          201);
    }
    REQUIRE(
        post("/api/v1/admin/broadcasts", R"({"id":"day","title":"Open day","venues":["a","b"]})").status ==
        201);
  }
  /// Plays the supervisor: gives the broadcast an engine. It confirms takes and mixes while `obedient`.
  FarEnd& start_engine(const std::string& id, bool obedient = true) {
    return on_loop([&]() -> FarEnd& {
      auto ends = socket_pair();
      REQUIRE(ends);
      auto& far = engine_[id] = std::make_unique<FarEnd>(*loop_, std::move(ends->second));
      if (obedient) {
        far->on_message = [end = far.get()](const Json& head) {
          if (head["t"] == "take") {
            end->say(
                "taken",
                {{"req", head["req"]}, {"ok", true}, {"scene", head["scene"]}, {"tick", 90}, {"at", 5000}});
          } else if (head["t"] == "mix") {
            end->say(
                "taken",
                {{"req", head["req"]}, {"ok", true}, {"scene", Json::object()}, {"mix", head["venues"]}});
          }
        };
      }
      REQUIRE(engines->attach(id, std::move(ends->first)));
      return *far;
    });
  }
  void kill_engine(const std::string& id) {
    on_loop([&] { engine_.erase(id); });
  }
  FarEnd& start_gateway() {
    return on_loop([&]() -> FarEnd& {
      auto ends = socket_pair();
      REQUIRE(ends);
      gateway_ = std::make_unique<FarEnd>(*loop_, std::move(ends->second));
      REQUIRE(publishers->attach(std::move(ends->first)));
      return *gateway_;
    });
  }

  SystemClock clock;
  Log log{"test", LogLevel::kInfo, [this](std::string_view line) {
            std::lock_guard lock(log_mutex);
            log_lines.emplace_back(line);
          }};
  std::mutex log_mutex;
  std::vector<std::string> log_lines;
  MemoryBooks books;
  openday::test::TestArchives archives;
  std::shared_ptr<openday::test::PlainScreen> screen = std::make_shared<openday::test::PlainScreen>();
  broadcast::Rules rules{{{"full", {1}}, {"grid", {2, 3}}}, {}, *broadcast::Vault::with_key(Bytes(32, 7))};
  HouseSettings settings;
  FakeAudience audience;
  BooksHealth books_health;
  HttpCounters http;
  std::vector<Json> desired;
  std::vector<std::string> media;
  std::vector<std::string> deleted_media;
  Result<> deletion;  // its outcome
  Router router;
  std::optional<Gate> gate;
  openday::test::MemoryDeskBooks desk_books{books};
  desk::HouseKeys house_keys = *desk::HouseKeys::with_key(Bytes(32, 7));
  std::optional<OfficerKeys> officer_keys;
  std::optional<ControlRoom> desk_room;
  TemporaryFolder media_folder;
  std::unique_ptr<output::Disk> clip_disk = output::posix_disk();
  std::optional<Clips> clips;
  std::optional<DeskOffice> desk;
  std::optional<Engines> engines;
  std::optional<Publishers> publishers;
  std::optional<ControlRoom> room;
  std::optional<Rooms> rooms;
  std::optional<Moderators> moderators;
  std::optional<WordRules> words;
  std::optional<Conductor> conductor;
  std::optional<Api> api;
  std::optional<Operations> operations;

 private:
  std::unique_ptr<Loop> loop_;
  std::map<std::string, std::unique_ptr<FarEnd>> engine_;
  std::unique_ptr<FarEnd> gateway_;
  std::thread thread_;
};

}  // namespace openday::hub::test
