// The real hub process's body on a thread, with a test as its supervisor, gateway and engines.
#pragma once

#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "../hub_api/far_end.h"
#include "../hub_http/harness.h"
#include "../port.h"
#include "app/processes.h"
#include "base/fd.h"
#include "base/text.h"
#include "package/wire.h"

namespace openday::app::test {

using hub::test::Answer;
using hub::test::Client;
using hub::test::FarEnd;
using link::Json;

/// What outlives a hub: the data folder, and the supervisor's loop with the engines on it.
class House {
 public:
  House() {
    loop_ = *Loop::create(clock_);
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~House() {
    if (hub_.joinable()) stop();
    on_loop([this] {
      engines.clear();
      gateway.reset();
      control.reset();
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
  template <class Condition>
  void until(Condition condition) {
    auto end = std::chrono::steady_clock::now() + seconds(20);
    while (!on_loop(condition)) {
      if (std::chrono::steady_clock::now() > end) FAIL("the condition did not come true in 20 s");
      std::this_thread::yield();
    }
  }

  [[nodiscard]] Json config() const {
    return {{"data_dir", folder.path()},
            {"institution", {{"name_zh", "法院"}, {"name_en", "Court"}}},
            {"http",
             {{"listen", {{{"address", "127.0.0.1"}, {"port", port}}}},
              {"tls", Json::array()},
              {"certificate", ""},
              {"private_key", ""},
              {"hsts", false},
              {"trusted_proxies", Json::array()},
              {"metrics_from", Json::array()},
              {"pages", ""}}},
            {"ingest",
             {{"public_host", "live.example"}, {"rtmp_port", 1935}, {"rtmps_port", 0}, {"srt_port", 9000}}},
            {"house", {{"width", 640}, {"height", 360}, {"fps", 25}}},
            {"encode", {{"preset", "superfast"}, {"ladder", Json::array()}}},
            {"store",
             {{"dir", folder / "media"},
              {"retention_days", 30},
              {"max_bytes", 1'000'000'000},
              {"reserve_bytes", 0},
              {"dvr_window_s", 600}}},
            {"egress", {{"allow_private", false}, {"media_root", ""}}},
            {"pipelines", OPENDAY_SOURCE_DIR "/pipelines"}};
  }

  /// Starts a hub and waits until it is ready.
  void start() { start(config()); }
  void start(const Json& with) {
    launch(with);
    until([this] { return !control->heard_of("ready").empty(); });
  }
  /// Starts a hub; the value is its exit status, once it has one.
  void launch(const Json& with) { launch_by({{"config", with}, {"checkpoint", nullptr}}); }
  /// The same with all that `start` says.
  void launch_by(const Json& said) {
    auto ends = socket_pair();
    REQUIRE(ends);
    on_loop([&] {
      control = std::make_unique<FarEnd>(*loop_, std::move(ends->first));
      control->say("start", said);
    });
    std::promise<int> status;
    exit_status = status.get_future();
    std::promise<HubRoutes> routes;
    built_routes = routes.get_future();
    hub_ = std::thread([socket = std::move(ends->second), status = std::move(status),
                        routes = std::move(routes)]() mutable {
      status.set_value(run_hub(std::move(socket), [&](const HubRoutes& built) { routes.set_value(built); }));
    });
  }
  /// As the supervisor does; gives the exit status.
  int stop() {
    on_loop([this] { control->say("stop", Json::object()); });
    return wait();
  }
  int wait() {
    int status = exit_status.get();
    hub_.join();
    return status;
  }
  /// As a crash looks from outside: everybody's channel ends. (The thread itself comes down in order.)
  void lose() {
    on_loop([this] {
      control.reset();
      gateway.reset();
    });
    wait();
  }

  FarEnd& give_peer(const std::string& role, const std::string& id) {
    return on_loop([&]() -> FarEnd& {
      auto ends = socket_pair();
      REQUIRE(ends);
      auto far = std::make_unique<FarEnd>(*loop_, std::move(ends->first));
      auto message = link::make_message("peer", {{"role", role}, {"id", id}});
      message.fds.push_back(std::move(ends->second));
      control->say(std::move(message));
      auto& slot = role == "gateway" ? gateway : engines[id];
      slot = std::move(far);
      return *slot;
    });
  }
  [[nodiscard]] Json desired() {
    return on_loop([this] {
      auto all = control->heard_of("desired");
      return all.empty() ? Json() : all.back();
    });
  }

  Answer ask(const std::string& method, const std::string& path, const std::string& body = {}) {
    auto token = read_file(folder / "admin.token", 4096);
    REQUIRE(token);
    while (!token->empty() && token->back() == '\n') token->pop_back();
    return ask_with("Authorization: Bearer " + *token + "\r\n", method, path, body);
  }
  Answer ask_with(const std::string& headers, const std::string& method, const std::string& path,
                  const std::string& body = {}) {
    Client client(port);
    REQUIRE(client.connected());
    std::string text =
        method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n" + headers;
    if (!body.empty()) text += "Content-Type: application/json\r\n";
    if (!body.empty() || method != "GET") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    REQUIRE(client.send(text + "\r\n" + body));
    auto answer = client.read();
    REQUIRE(answer);
    return *answer;
  }
  Json json(const std::string& method, const std::string& path, const std::string& body = {}) {
    auto answer = ask(method, path, body);
    CAPTURE(method, path, answer.body);
    REQUIRE(answer.status < 300);
    return answer.body.empty() ? Json() : Json::parse(answer.body);
  }
  Json post(const std::string& path, const std::string& body = {}) {
    return json("POST", "/api/v1/admin" + path, body);
  }

  /// To be touched on its own thread only, by on_loop().
  Loop& loop() { return *loop_; }

  hub::test::TemporaryFolder folder;
  const openday::test::HeldPort held_port;
  const int port = held_port.number();
  std::unique_ptr<FarEnd> control;
  std::unique_ptr<FarEnd> gateway;
  std::map<std::string, std::unique_ptr<FarEnd>> engines;
  std::future<int> exit_status;
  std::future<HubRoutes> built_routes;  // of the hub that was launched last

 private:
  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
  std::thread hub_;
};

/// An engine's media, one segment of three parts after the other, real in form though not in content.
class FakeRun {
 public:
  FakeRun(House& house, FarEnd& engine, std::string run, int64_t first_msn, ProgramTime at)
      : house_(house), engine_(engine), run_(std::move(run)), first_msn_(first_msn), start_(at) {}

  void init() {
    media::InitSegment init;
    init.run = run_;
    init.rendition = "360p";
    init.codecs = "avc1.4d401e,mp4a.40.2";
    init.width = 640;
    init.height = 360;
    init.fps = 25;
    init.bandwidth = 900'000;
    init.part_target = 0.36;
    init.first_msn = first_msn_;
    init.start = start_;
    init.data = bytes(100);
    say(package::to_message(init));
  }
  /// `path` empty: not recorded.
  void segment(int64_t number, bool recorded = false) {
    int64_t msn = first_msn_ + number;
    ProgramTime at = start_ + milliseconds(2000 * number);
    for (int i = 0; i < 6; ++i) {
      media::Part part;
      part.rendition = "360p";
      part.msn = msn;
      part.index = i;
      part.independent = i == 0;
      part.last = i == 5;
      part.duration = i == 5 ? 0.2 : 0.36;
      part.at = at + milliseconds(360 * i);
      part.data = bytes(500);
      say(package::to_message(run_, part));
    }
    media::Segment whole;
    whole.rendition = "360p";
    whole.msn = msn;
    whole.parts = 6;
    whole.duration = 2;
    whole.at = at;
    whole.bytes = 3000;
    std::string path = recorded ? run_ + "/360p/" + std::to_string(msn) + ".m4s" : "";
    say(package::to_message(run_, whole, path));
  }
  void stats() {
    Json scene = {
        {"layout", "grid"}, {"venues", {"a", "b"}}, {"slate", false}, {"follow_audio", true}, {"title", ""}};
    say(link::make_message("stats", {{"tick", 1}, {"slots", Json::array()}, {"scene", scene}}));
  }
  void say(link::Message message) {
    auto shared = std::make_shared<link::Message>(std::move(message));
    house_.on_loop([&] { engine_.say(std::move(*shared)); });
  }

 private:
  static SharedBytes bytes(size_t size) { return std::make_shared<const Bytes>(size, uint8_t{7}); }

  House& house_;
  FarEnd& engine_;
  const std::string run_;
  const int64_t first_msn_;
  const ProgramTime start_;
};

}  // namespace openday::app::test
