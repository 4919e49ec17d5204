// The gateway process itself, in its sandbox; the test plays its supervisor, its hub and a feed.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "app/processes.h"
#include "studio.h"

namespace openday::test {

using link::Json;

class Station {
 public:
  /// Forks, so this process must have one thread still.
  Station() {
    auto ends = *socket_pair();
    child_ = ::fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      ends.first.reset();
      ::_exit(app::run_gateway(std::move(ends.second)));
    }
    home_ = std::make_unique<LoopThread>();
    control_ = open(std::move(ends.first), control, [](const Heard&) {});
  }
  ~Station() {
    home_->call([&] {
      hub_->close();
      feed_->close();
      control_->close();  // a child whose control channel closes exits
    });
    int status = 0;
    ::waitpid(child_, &status, 0);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  /// Starts the gateway and introduces a hub and the feed "b/one".
  void start(const Json& config) {
    REQUIRE(control_->send(link::make_message("start", {{"config", config}, {"checkpoint", nullptr}})));
    REQUIRE(control.wait([](const auto& all) { return find(all, "ready") != nullptr; }));
    introduce(feed_, "feed", "b/one", feed, [](const Heard&) {});
    start_hub();
  }

  /// The hub is gone; a publisher that asks now has to wait.
  void lose_hub() {
    home_->call([&] { hub_->close(); });
  }
  /// The next hub process is there.
  void start_hub() {
    introduce(hub_, "hub", "", hub, [this](const Heard& heard) {
      if (heard.type() == "auth") answer(heard.head);
    });
  }
  void stop_reading_feed() {
    home_->call([&] { feed_->pause(true); });
  }
  [[nodiscard]] pid_t gateway() const { return child_; }

  Journal<Heard> control;
  Journal<Heard> hub;
  Journal<Heard> feed;
  Json grant = {{"venue", "one"}, {"feed", "b/one"}};  // what the key "good" is answered with

 private:
  using OnHeard = std::function<void(const Heard&)>;

  std::shared_ptr<link::Channel> open(UniqueFd socket, Journal<Heard>& journal, OnHeard on_heard) {
    return home_->call([&] {
      auto on_message = [&journal, on_heard](link::Message message) {
        Heard heard{std::move(message.head), std::move(message.body)};
        on_heard(heard);
        journal.add(std::move(heard));
      };
      return link::Channel::open(home_->loop(), std::move(socket), 1 << 20, on_message, [](const Error&) {})
          .value();
    });
  }
  void introduce(std::shared_ptr<link::Channel>& place, const char* role, const char* id,
                 Journal<Heard>& journal, OnHeard on_heard) {
    auto ends = *socket_pair();
    auto message = link::make_message("peer", {{"role", role}, {"id", id}});
    message.fds.push_back(std::move(ends.second));
    auto channel = open(std::move(ends.first), journal, std::move(on_heard));
    home_->call([&] { place = channel; });  // before the peer may speak: answers use it on that thread
    REQUIRE(control_->send(std::move(message)));
  }
  void answer(const Json& question) {
    Json fields = {{"id", question["id"]}, {"ok", question.value("key", "") == "good"}};
    if (fields["ok"] == true) fields.update(grant);
    (void)hub_->send(link::make_message("auth_result", fields));
  }

  pid_t child_ = -1;
  std::unique_ptr<LoopThread> home_;
  std::shared_ptr<link::Channel> control_;
  std::shared_ptr<link::Channel> hub_;
  std::shared_ptr<link::Channel> feed_;
};

}  // namespace openday::test
