// The engine in this process, small and in real time, heard as its hub hears it.
#include "app/engine.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <thread>

#include "../output/store_fixture.h"
#include "package/wire.h"

using namespace openday;
using namespace openday::app;
using link::Json;

namespace {

/// An engine on a loop of its own thread, with a hub that keeps what it is told.
class Studio {
 public:
  explicit Studio(const std::string& store) : store_(store), loop_(*Loop::create(clock_)) {}
  ~Studio() { stop(); }

  Result<> start(const Checkpoint& checkpoint) {
    EngineConfig config;
    config.broadcast = "b";
    config.mixer.house = {160, 90, 30};
    config.mixer.slots = {{0, "court", "Court"}};
    config.ladder = ladder;
    config.preset = "ultrafast";
    config.pipelines = OPENDAY_PIPELINES;
    config.store = {store_, 0, 0, 0};
    OPENDAY_TRY(engine_, Engine::start(config, checkpoint, *loop_, clock_, Log("engine", LogLevel::kError),
                                       [this](const Checkpoint& state) {
                                         std::lock_guard lock(mutex_);
                                         saved.push_back(state);
                                       }));
    OPENDAY_TRY(auto ends, socket_pair());
    OPENDAY_TRY(hub_, link::Channel::open(
                          *loop_, std::move(ends.first), 1 << 20,
                          [this](const link::Message& message) { hear(message); }, [](const Error&) {}));
    engine_->attach_hub(std::move(ends.second));
    thread_ = std::thread([this] { loop_->run(); });
    return {};
  }
  void stop() {
    if (!thread_.joinable()) return;
    loop_->stop();
    thread_.join();
    engine_.reset();
    hub_->close();
    if (feed_) feed_->close();
  }

  void say(std::string_view type, Json fields) {
    REQUIRE(hub_->send(link::make_message(type, std::move(fields))));
  }
  /// The supervisor introduces this feed; what it is told is in `told_feed`.
  void introduce_feed(const std::string& id) {
    REQUIRE(loop_->post([this, id] {
      auto ends = *socket_pair();
      feed_ = *link::Channel::open(
          *loop_, std::move(ends.first), 1 << 20,
          [this](const link::Message& message) {
            std::lock_guard lock(mutex_);
            told_feed.push_back(message.head);
            changed_.notify_all();
          },
          [](const Error&) {});
      engine_->attach_feed(id, std::move(ends.second));
      (void)feed_->send(link::make_message("state", {{"state", "live"}}));
    }));
  }

  void feed_says(Json fields) { REQUIRE(feed_->send(link::make_message("state", std::move(fields)))); }

  template <class Condition>
  bool wait_for(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(30), condition);
  }

  std::vector<media::Rendition> ladder = {{"90p", 160, 90, 200, 64}};

  // Heard so far; to be read in wait_for() or after stop().
  std::vector<media::InitSegment> inits;
  std::vector<media::Part> parts;
  std::vector<std::string> stored_paths;
  Json stats;
  std::vector<Checkpoint> saved;
  std::vector<Json> told_feed;

 private:
  void hear(const link::Message& message) {
    std::lock_guard lock(mutex_);
    if (auto init = package::init_from(message)) inits.push_back(*init);
    if (auto part = package::part_from(message)) parts.push_back(part->value);
    if (auto segment = package::segment_from(message); segment && !segment->path.empty())
      stored_paths.push_back(segment->path);
    if (message.type() == "stats") stats = message.head;
    changed_.notify_all();
  }

  const std::string store_;
  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<link::Channel> hub_;
  std::shared_ptr<link::Channel> feed_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a store that cannot be read costs the recording, not the program") {
  test::TempFolder folder;
  std::filesystem::create_directories(output::index_path(folder.path()));  // where a file should be
  Studio studio(folder.path());
  Checkpoint checkpoint;
  checkpoint.msn = 41;
  checkpoint.runs = 2;
  checkpoint.present = true;
  REQUIRE(studio.start(checkpoint));
  REQUIRE(studio.wait_for([&] { return studio.parts.size() >= 4; }));
  REQUIRE(studio.wait_for(
      [&] { return studio.stats.contains("recording") && studio.stats["recording"]["state"] == "failed"; }));
  CHECK(!studio.stats["recording"]["why"].get<std::string>().empty());
  CHECK(studio.inits.at(0).first_msn == 42);
  CHECK(studio.inits.at(0).discontinuity == 2);
  CHECK(studio.parts.at(0).msn == 42);
  studio.stop();
  CHECK(studio.saved.back().msn >= 42);
  CHECK(studio.stored_paths.empty());
}

TEST_CASE("a ladder that is not written largest first carries each rendition under its own name") {
  test::TempFolder folder;
  Studio studio(folder.path());
  studio.ladder = {{"24p", 42, 24, 50, 64}, {"90p", 160, 90, 200, 64}};
  REQUIRE(studio.start({}));
  auto first = [&](const std::string& rendition) {
    return std::ranges::find(studio.parts, rendition, &media::Part::rendition);
  };
  REQUIRE(studio.wait_for(
      [&] { return first("24p") != studio.parts.end() && first("90p") != studio.parts.end(); }));
  studio.stop();
  // Both begin with the slate's IDR, of 6 and of 60 macroblocks.
  CHECK(first("90p")->data->size() > 2 * first("24p")->data->size());
}

TEST_CASE("a run whose wall clock was set back goes on behind the run before it") {
  test::TempFolder folder;
  Studio studio(folder.path());
  SystemClock clock;
  ProgramTime ahead = clock.wall() + seconds(3600);
  Checkpoint checkpoint;
  checkpoint.present = true;
  checkpoint.clock = clock_of_run(ahead, clock.now());
  REQUIRE(studio.start(checkpoint));
  REQUIRE(studio.wait_for([&] { return !studio.parts.empty(); }));
  studio.stop();
  CHECK(studio.parts.at(0).at >= ahead);
  CHECK(studio.parts.at(0).at < ahead + seconds(30));
  CHECK(studio.saved.back().clock - checkpoint.clock <= milliseconds(1));
}

TEST_CASE("a run is counted with its first part: one that dies before leaves the numbers as they were") {
  test::TempFolder folder;
  Studio studio(folder.path());
  Checkpoint checkpoint;
  checkpoint.msn = 41;
  checkpoint.runs = 2;
  checkpoint.present = true;
  REQUIRE(studio.start(checkpoint));
  REQUIRE(studio.wait_for([&] { return !studio.parts.empty() && !studio.stored_paths.empty(); }));
  studio.stop();
  REQUIRE(!studio.saved.empty());
  CHECK(studio.saved.front().msn == 41);  // of its first scene, some 0.7 s before the first part can be out
  for (const Checkpoint& saved : studio.saved) CHECK(saved.runs == (saved.msn > 41 ? 3 : 2));
  CHECK(studio.saved.back().msn > 41);
}

TEST_CASE(
    "a feed introduced before its venue is named gets its ring when that has come, and another with a "
    "new slot") {
  test::TempFolder folder;
  Studio studio(folder.path());
  REQUIRE(studio.start({}));
  auto seats = [](int slot) {
    Json hall = {{"slot", slot}, {"venue", "hall"}, {"name", "Hall"}};
    return Json{{"slots", {{{"slot", 0}, {"venue", "court"}, {"name", "Court"}}, hall}}};
  };
  auto told = [&](const std::string& type, int slot = -1) {
    return std::ranges::any_of(studio.told_feed, [&](const Json& head) {
      return head["t"] == type && (slot < 0 || head["slot"] == slot);
    });
  };
  studio.introduce_feed("b/hall");
  REQUIRE(studio.wait_for([&] { return !studio.parts.empty(); }));
  studio.say("configure", seats(1));
  REQUIRE(studio.wait_for([&] { return told("ring", 1) && told("want"); }));
  studio.say("configure", seats(2));
  REQUIRE(studio.wait_for([&] { return told("ring", 2); }));
  studio.stop();
  CHECK(std::ranges::count_if(studio.told_feed, [](const Json& head) { return head["t"] == "ring"; }) == 2);
}

TEST_CASE("a feed that lies spoils its own tile and nothing else") {
  test::TempFolder folder;
  Studio studio(folder.path());
  REQUIRE(studio.start({}));
  studio.introduce_feed("b/court");
  REQUIRE(studio.wait_for([&] { return !studio.told_feed.empty(); }));
  Json deep = 1;  // as deep as a message may be, so that whoever wraps it sends one that is too deep
  for (int i = 0; i < link::kMaxDepth - 1; ++i) deep = Json::array({deep});
  std::string long_text(link::kMaxHead - 1000, 'x');
  studio.feed_says({{"state", "live"}, {"why", deep}, {"source", {{"video", 7}}}, {"stats", long_text}});
  studio.feed_says(
      {{"state", "live"}, {"caught_up", deep}, {"source", nullptr}, {"stats", {{"fps", "fast"}}}});
  studio.feed_says({{"state", "stalled"}, {"why", long_text}, {"more", long_text.substr(0, 9)}});
  REQUIRE(studio.wait_for([&] {
    return studio.stats.contains("slots") &&
           link::text_in(studio.stats["slots"][0]["feed"], "state") == "stalled";
  }));
  Json feed = studio.stats["slots"][0]["feed"];
  CHECK(feed["why"].get<std::string>().size() == 200);
  CHECK(!feed.contains("more"));
  size_t heard = studio.parts.size();
  CHECK(studio.wait_for([&] { return studio.parts.size() > heard; }));
  studio.stop();
}
