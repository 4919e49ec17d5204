// The hub's side of its channels to the engines: commands go out, what engines confirm and report is kept.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "broadcast/json.h"
#include "link/channel.h"

namespace openday::hub {

using Json = nlohmann::json;

/// What the engine has put on air.
struct Taken {
  broadcast::Scene scene;
  int64_t tick = 0;
  ProgramTime at;
};

/// Home thread: the loop's. Tally and "on air" come only from what an engine has confirmed: nothing here is
/// assumed from a command that was sent.
///
/// Bounds: kChannelBound bytes wait for a slow engine, beyond it commands are refused with kBusy;
/// kMaxRequests wait for confirmation; a thumbnail is at most kMaxThumbnail, and there is one for each venue
/// and one for the program.
class Engines {
 public:
  static constexpr size_t kChannelBound = 1024 * 1024;
  static constexpr size_t kMaxRequests = 32;
  static constexpr size_t kMaxThumbnail = 512 * 1024;
  static constexpr auto kConfirmPatience = seconds(2);  // an engine that runs
  static constexpr auto kAttachPatience = seconds(5);   // one that is starting

  struct Events {
    /// init, part, segment, snapshot, snapshot_end and thumbnail, in the engine's order. For the viewers'
    /// side.
    std::function<void(const std::string& broadcast, const link::Message& message)> media;
    /// An engine has come, gone, or reported (once a second).
    std::function<void(const std::string& broadcast)> state;
    std::function<void(const std::string& broadcast, const Taken& taken)> taken;
    std::function<void(const std::string& broadcast, const Json& levels)> levels;
    /// `venue` empty: the program. `number` counts up.
    std::function<void(const std::string& broadcast, const std::string& venue, int64_t number)> thumbnail;
  };

  struct Thumbnail {
    SharedBytes jpeg;
    int64_t number = 0;
  };

  using OnTaken = std::function<void(Result<Taken>)>;
  using OnDone = std::function<void(Result<>)>;

  Engines(Loop& loop, Log log, Events events);
  ~Engines();
  Engines(const Engines&) = delete;

  /// Those that should run. What is known of others is forgotten.
  void expect(const std::set<std::string>& broadcasts);
  /// A channel from the supervisor; replaces an older one.
  Result<> attach(const std::string& broadcast, UniqueFd socket);
  /// The engine was stopped on purpose.
  void gone(const std::string& broadcast);

  /// The whole of `configure`'s fields. Sent when they differ from what this engine was sent last.
  void configure(const std::string& broadcast, const Json& fields);
  /// `on_taken` is called once, with what the engine confirmed, or why it did not: its own refusal, kTimeout,
  /// kClosed (no engine, or it went) or kBusy. An engine that is starting is waited for.
  void take(const std::string& broadcast, const broadcast::Scene& scene, OnTaken on_taken);
  /// Venues not named keep what they had. `on_done` as above.
  void mix(const std::string& broadcast, const std::map<std::string, broadcast::Mix>& venues, OnDone on_done);
  Result<> withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to);

  /// "running": attached and reporting; "starting": expected, not reporting yet or again; "down": not
  /// expected.
  [[nodiscard]] const char* state(const std::string& broadcast) const;
  [[nodiscard]] bool attached(const std::string& broadcast) const;
  /// The last `stats`, without its type; null before the first of this engine.
  [[nodiscard]] const Json* stats(const std::string& broadcast) const;
  /// What is on air, as far as this engine has confirmed.
  [[nodiscard]] std::optional<broadcast::Scene> scene(const std::string& broadcast) const;
  [[nodiscard]] const Thumbnail* thumbnail(const std::string& broadcast, const std::string& venue) const;
  /// The newest of this venue from any engine.
  [[nodiscard]] const Thumbnail* venue_thumbnail(const std::string& venue) const;
  [[nodiscard]] std::set<std::string> expected() const;
  /// Commands that are not answered yet.
  [[nodiscard]] size_t waiting(const std::string& broadcast) const;
  /// Messages that made no sense, since start.
  [[nodiscard]] uint64_t malformed() const { return malformed_; }

 private:
  using OnAnswer = std::function<void(Result<Json>)>;  // the head of `taken`

  struct Waiting {
    std::string type;
    Json fields;
    OnAnswer on_answer;
    bool sent = false;
    Loop::TimerId deadline = 0;
  };
  struct Engine {
    std::shared_ptr<link::Channel> channel;
    bool expected = false;
    Json configured;
    Json stats;
    HouseTime reported{-1};
    std::optional<broadcast::Scene> scene;
    std::map<std::string, Thumbnail> thumbnails;  // "" is the program
    std::map<uint64_t, Waiting> requests;         // by req
  };

  void on_message(const std::string& broadcast, const link::Message& message);
  void on_taken(const std::string& broadcast, Engine& engine, const Json& head);
  void on_thumbnail(const std::string& broadcast, Engine& engine, const link::Message& message);
  /// Tells of it last: whoever hears it may forget engines, this one too.
  void lost(const std::string& broadcast, Engine& engine, const Error& why);
  /// One that nobody expects and that has no channel.
  void forget(const std::string& broadcast);
  void ask(const std::string& broadcast, std::string type, Json fields, OnAnswer on_answer);
  void send_request(const std::string& broadcast, Engine& engine, uint64_t request);
  void answer(const std::string& broadcast, uint64_t request, Result<Json> outcome);
  [[nodiscard]] const Engine* find(const std::string& broadcast) const;
  [[nodiscard]] Engine* channel_of(const std::string& broadcast);

  Loop& loop_;
  const Log log_;
  const Events events_;
  std::map<std::string, Engine> engines_;
  uint64_t next_request_ = 1;
  int64_t next_thumbnail_ = 1;
  uint64_t malformed_ = 0;
};

}  // namespace openday::hub
