// One child process: how it is started, watched and stopped. Knows nothing of what the child does.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.h"
#include "link/channel.h"

namespace openday::app {

/// Home thread: the loop's. The child dies with this object.
class Process {
 public:
  struct Handlers {
    std::function<void(link::Message)> on_message;
    /// The process is gone; `how` is "exit 3" or "signal 9". Called once, on the loop's thread.
    std::function<void(const std::string& how)> on_exit;
  };

  /// Runs this same executable as `openday child ROLE` with the control socket at descriptor 3 and nothing
  /// else inherited but standard error. `title` becomes its argv[0].
  static Result<std::unique_ptr<Process>> spawn(Loop& loop, const std::string& role, const std::string& title,
                                                Handlers handlers);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  Result<> send(link::Message message) { return control_->send(std::move(message)); }
  void kill();
  [[nodiscard]] int pid() const { return pid_; }

 private:
  Process(Loop& loop, int pid, UniqueFd pidfd, Handlers handlers);
  void reap();

  Loop& loop_;
  int pid_;
  UniqueFd pidfd_;
  bool reaped_ = false;
  std::shared_ptr<link::Channel> control_;
  Handlers handlers_;
};

}  // namespace openday::app
