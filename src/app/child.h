// What every process under the supervisor has in common: the control channel of docs/LINK.md.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/loop.h"
#include "link/channel.h"

namespace openday::app {

/// Home thread: the loop's, but send() and checkpoint(), which any thread may call.
/// Invariant: `on_start` comes once and first; nothing comes after `on_stop`.
class Child {
 public:
  struct Start {
    const link::Json& config;
    const link::Json& checkpoint;  // null: none
    Result<LogLevel> log_level;    // kInvalid: the message names a level that there is not
  };
  struct Handlers {
    std::function<void(const Start& start)> on_start;
    /// A channel to a peer. A later one of the same role and id replaces it.
    std::function<void(const std::string& role, const std::string& id, UniqueFd socket)> on_peer;
    /// That peer was stopped on purpose.
    std::function<void(const std::string& role, const std::string& id)> on_gone;
    /// Any other message (the hub's `children`).
    std::function<void(link::Message)> on_message;
    /// Finish: asked by the supervisor, or the supervisor is gone. The process has 5 s.
    std::function<void()> on_stop;
  };

  /// `control`: the socket the supervisor left at descriptor 3.
  static Result<std::unique_ptr<Child>> open(Loop& loop, UniqueFd control, Handlers handlers);
  ~Child();

  /// Tells the supervisor that this process works now; due 10 s after its start.
  Result<> ready();
  Result<> send(link::Message message);
  /// The state to be handed to the next process of this id (engine only), at most 64 KiB of JSON.
  Result<> checkpoint(link::Json state);

 private:
  explicit Child(Handlers handlers);
  void on_message(link::Message message);
  void stop();

  Handlers handlers_;
  std::shared_ptr<link::Channel> control_;
  bool started_ = false;
  bool stopped_ = false;
};

}  // namespace openday::app
