// A gateway on a thread of its own, between a hub and feeds that the test plays.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/loop.h"
#include "ingest/gateway.h"
#include "link/channel.h"

namespace openday::test {

/// Things that happened, on whatever thread, and waiting for them.
template <class T>
class Journal {
 public:
  void add(T item) {
    {
      std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    changed_.notify_all();
  }
  /// True once `enough` holds for what has happened; false after `patience`.
  bool wait(std::function<bool(const std::vector<T>&)> enough, Duration patience = seconds(20)) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return enough(items_); });
  }
  std::vector<T> all() const {
    std::lock_guard lock(mutex_);
    return items_;
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<T> items_;
};

struct Heard {
  link::Json head;
  SharedBytes body;
  [[nodiscard]] std::string type() const { return head.value("t", ""); }
};

/// The first message of that type with those fields; null when there is none.
inline const Heard* find(const std::vector<Heard>& all, const std::string& type,
                         const link::Json& fields = link::Json::object()) {
  for (const auto& heard : all) {
    bool fits = heard.type() == type;
    for (const auto& [name, value] : fields.items())
      fits = fits && heard.head.value(name, link::Json()) == value;
    if (fits) return &heard;
  }
  return nullptr;
}

/// Whatever is made with it is used on its thread only, through call().
class LoopThread {
 public:
  LoopThread() : loop_(Loop::create(clock_).value()), thread_([this] { loop_->run(); }) {}
  ~LoopThread() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    loop_->stop();
    thread_.join();
  }
  Loop& loop() { return *loop_; }

  /// Runs `task` on the loop's thread and waits for it. No assertions inside: Catch is for one thread.
  template <class F>
  auto call(F task) -> decltype(task()) {
    auto packaged = std::make_shared<std::packaged_task<decltype(task())()>>(std::move(task));
    auto done = packaged->get_future();
    if (!loop_->post([packaged] { (*packaged)(); })) throw std::runtime_error("the loop has ended");
    return done.get();
  }

 private:
  SystemClock clock_;
  std::unique_ptr<Loop> loop_;
  std::thread thread_;
};

/// The far end of a link: writes down what it hears.
struct Peer {
  Journal<Heard> heard;
  std::shared_ptr<link::Channel> channel;
  std::function<void(const Heard&)> on_message;

  UniqueFd open(Loop& loop) {
    auto [ours, theirs] = socket_pair().value();
    channel = link::Channel::open(
                  loop, std::move(ours), 1 << 20,
                  [this](link::Message message) {
                    Heard item{std::move(message.head), std::move(message.body)};
                    if (on_message) on_message(item);
                    heard.add(std::move(item));
                  },
                  [](const Error&) {})
                  .value();
    return std::move(theirs);
  }
  void say(std::string_view type, link::Json fields) {
    (void)channel->send(link::make_message(type, std::move(fields)));
  }
  bool hears(const std::string& type, const link::Json& fields = link::Json::object(),
             Duration patience = seconds(20)) {
    return heard.wait([&](const auto& all) { return find(all, type, fields) != nullptr; }, patience);
  }
  size_t count(const std::string& type) const {
    size_t count = 0;
    for (const auto& item : heard.all()) count += item.type() == type ? 1 : 0;
    return count;
  }
};

/// Gateway, hub and feeds on one loop. Members are touched through loop.call(), or are journals.
struct Studio {
  struct Venue {
    std::string venue;
    std::string feed;
  };

  explicit Studio(ingest::GatewayLimits limits = {}) {
    loop.call([&] {
      gateway = std::make_unique<ingest::Gateway>(
          loop.loop(),
          Log("test", LogLevel::kDebug, [this](std::string_view line) { log.add(std::string(line)); }),
          limits);
    });
  }
  ~Studio() {
    loop.call([&] {
      gateway.reset();
      hub.channel.reset();
      for (auto& [id, feed] : feeds) feed.channel.reset();
    });
  }

  void start_hub() {
    REQUIRE(loop.call([&] {
      if (hub.channel) hub.channel->close();
      hub.on_message = [this](const Heard& heard) { answer(heard); };
      return gateway->connect_hub(hub.open(loop.loop())).has_value();
    }));
  }
  Peer& start_feed(const std::string& id) {
    Peer& feed = feeds[id];
    REQUIRE(loop.call([&] {
      if (feed.channel) feed.channel->close();
      return gateway->connect_feed(id, feed.open(loop.loop())).has_value();
    }));
    return feed;
  }
  void answer(const Heard& heard) {
    if (heard.type() != "auth" || silent) return;
    if (trouble) {
      link::Json fields = {{"id", heard.head["id"]}, {"ok", false}, {"trouble", true}};
      fields["why"] = "The server cannot check keys now.";
      return hub.say("auth_result", fields);
    }
    auto known = keys.find(heard.head["key"].get<std::string>());
    link::Json fields = {{"id", heard.head["id"]}, {"ok", known != keys.end()}};
    if (known != keys.end()) {
      fields["venue"] = known->second.venue;
      if (!known->second.feed.empty()) fields["feed"] = known->second.feed;
    } else {
      fields["why"] = "This key is not known.";
    }
    hub.say("auth_result", fields);
  }

  LoopThread loop;
  Journal<std::string> log;
  Peer hub;
  std::map<std::string, Peer> feeds;
  std::map<std::string, Venue> keys = {{"east-key", {"east", "b1/east"}}, {"west-key", {"west", "b1/west"}}};
  std::atomic<bool> silent{false};   // the hub hears and does not answer
  std::atomic<bool> trouble{false};  // the hub cannot read its books
  std::unique_ptr<ingest::Gateway> gateway;
};

}  // namespace openday::test
