// The supervisor over processes that do as they are told, in a time of its own.
#include "app/supervisor.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <csignal>
#include <future>
#include <mutex>
#include <sstream>
#include <thread>

#include "../hub_http/harness.h"
#include "base/text.h"
#include "wrap/ssl/self_signed.h"

using namespace openday;
using namespace openday::app;
using link::Json;

namespace {

class House {
 public:
  explicit House(Json hub = Json::object(), Json gateway = {{"tls", nullptr}})
      : loop_(*Loop::create(clock_)) {
    Config config;
    config.hub = std::move(hub);
    config.gateway = std::move(gateway);
    Log log("supervisor", LogLevel::kInfo, [this](std::string_view line) {
      std::lock_guard lock(mutex_);
      lines_.push_back(Json::parse(line));
      changed_.notify_all();
    });
    supervisor_ = std::make_unique<Supervisor>(*loop_, clock_, log, config);
    thread_ = std::thread([this] { loop_->run(); });
    REQUIRE(on_loop([this] { return supervisor_->start().has_value(); }));
    REQUIRE(wait([this] { return count("process_ready") >= 2; }));
  }
  ~House() {
    loop_->stop();
    thread_.join();
  }

  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(30), condition);
  }
  template <class Question>
  auto locked(Question question) {
    std::lock_guard lock(mutex_);
    return question();
  }
  void pass(Duration time) {
    on_loop([&] {
      clock_.advance(time);
      return true;
    });
  }
  /// Lets so much time pass at once, and waits until the hub has answered what it was asked then.
  void pass_and_hear(Duration time) {
    size_t before = locked([this] { return count("desired_refused"); });
    pass(time);
    REQUIRE(wait([&] { return count("desired_refused") > before; }));
  }
  /// Inside wait() or locked(): the lines of that event, of one role if one is given.
  size_t count(const std::string& event, const std::string& role = "") const {
    return static_cast<size_t>(std::ranges::count_if(lines_, [&](const Json& line) {
      return line["event"] == event && (role.empty() || line.value("role", "") == role);
    }));
  }
  /// Of the process that became ready last.
  int pid(const std::string& role, const std::string& id = "") {
    return locked([&] {
      int pid = 0;
      for (const auto& line : lines_) {
        if (line["event"] == "process_ready" && line["role"] == role && line["id"] == id) pid = line["pid"];
      }
      return pid;
    });
  }

 private:
  bool on_loop(std::function<bool()> task) {
    std::promise<bool> done;
    REQUIRE(loop_->post([&] { done.set_value(task()); }));
    return done.get_future().get();
  }

  ManualClock clock_;  // touched on the loop's thread
  std::unique_ptr<Loop> loop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Json> lines_;
  std::unique_ptr<Supervisor> supervisor_;
  std::thread thread_;
};

Json engine(const std::string& id) {
  return {{"id", id}, {"config", Json::object()}};
}

}  // namespace

TEST_CASE("a child that stops answering is killed and started again, and its neighbours are not") {
  House house;
  int hub = house.pid("hub");
  int gateway = house.pid("gateway");
  house.pass_and_hear(seconds(1));
  REQUIRE(::kill(gateway, SIGSTOP) == 0);
  for (int i = 0; i < 9; ++i) house.pass_and_hear(seconds(1));
  CHECK(house.locked([&] { return house.count("process_silent"); }) == 0);
  for (int i = 0; i < 2 && house.locked([&] { return house.count("process_silent"); }) == 0; ++i)
    house.pass_and_hear(seconds(1));
  CHECK(house.locked([&] { return house.count("process_silent", "gateway"); }) == 1);
  REQUIRE(house.wait([&] { return house.count("process_ready", "gateway") == 2; }));
  CHECK(house.locked([&] { return house.count("process_died"); }) == 1);
  CHECK(house.pid("gateway") != gateway);
  CHECK(house.pid("hub") == hub);
}

TEST_CASE("a supervisor that itself stood still kills nobody") {
  House house;
  for (int i = 0; i < 5; ++i) house.pass_and_hear(seconds(11));
  house.pass_and_hear(std::chrono::hours(1));
  CHECK(house.locked([&] { return house.count("process_silent") + house.count("process_died"); }) == 0);
}

TEST_CASE("a hub that wants more than there may be keeps what runs and gets what fits") {
  Json first = {{"engines", {engine("last")}}, {"feeds", Json::array()}};
  Json second = {{"engines", Json::array()}, {"feeds", Json::array()}};
  for (int i = 0; i < 70; ++i) second["engines"].push_back(engine("e" + std::to_string(i)));
  second["engines"].push_back(engine("last"));
  Json hub;
  hub["wishes"] = {first, second};
  House house(hub);
  REQUIRE(house.wait([&] { return house.count("process_ready", "engine") >= 64; }));
  CHECK(house.pid("engine", "last") > 0);
  CHECK(house.pid("engine", "e62") > 0);
  house.pass_and_hear(seconds(1));
  CHECK(house.locked([&] { return house.count("process_ready", "engine"); }) == 64);
  CHECK(house.locked([&] { return house.count("process_stopped") + house.count("process_died"); }) == 0);
  CHECK(house.locked([&] { return house.count("too_many_desired"); }) == 1);
}

TEST_CASE("a certificate that is half renewed costs the gateway nothing") {
  hub::test::TemporaryFolder folder;
  auto first = wrap::make_self_signed("one.test").value();
  auto second = wrap::make_self_signed("one.test").value();
  REQUIRE(write_file_atomic(folder / "cert.pem", first.certificate_pem));
  REQUIRE(write_file_atomic(folder / "key.pem", first.key_pem));
  House house(Json::object(),
              {{"tls", {{"certificate", folder / "cert.pem"}, {"private_key", folder / "key.pem"}}},
               {"rtmps", {{"port", 1936}}},
               {"note", folder / "note"}});
  auto start_again = [&](size_t times) {
    ::kill(house.pid("gateway"), SIGKILL);
    REQUIRE(house.wait([&] { return house.count("process_ready", "gateway") == times; }));
  };
  REQUIRE(write_file_atomic(folder / "cert.pem", second.certificate_pem));
  start_again(2);
  CHECK(house.locked([&] { return house.count("certificate_unusable"); }) == 1);
  REQUIRE(write_file_atomic(folder / "key.pem", second.key_pem));
  house.pass(seconds(60));  // it had been stable
  start_again(3);
  std::istringstream notes(read_file(folder / "note", 1 << 20).value());
  std::vector<std::string> given;
  for (std::string line; std::getline(notes, line);) {
    Json config = Json::parse(line);
    CHECK(config["rtmps"]["port"] == 1936);
    given.push_back(config["tls"]["cert_pem"]);
  }
  CHECK(given == std::vector{first.certificate_pem, first.certificate_pem, second.certificate_pem});
}
