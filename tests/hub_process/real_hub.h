// The hub in a process of its own, as the supervisor starts it: what can be killed.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "supervised_hub.h"

namespace openday::app::test {

/// OPENDAY_PROGRAM's hub. Its log is the data folder's `log`, its temporary files go to `tmp` there.
class RealHub : public House {
 public:
  RealHub() { std::filesystem::create_directories(folder / "tmp"); }
  ~RealHub() { kill_hub(); }

  void spawn_hub(const Json& with) {
    auto ends = socket_pair();
    REQUIRE(ends);
    on_loop([&] {
      control = std::make_unique<FarEnd>(loop(), std::move(ends->first));
      control->say("start", {{"config", with}, {"checkpoint", nullptr}});
    });
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends->second.get(), 3);
    posix_spawn_file_actions_addopen(&actions, 2, (folder / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    std::string temporary = "TMPDIR=" + folder / "tmp";
    std::string words[] = {OPENDAY_PROGRAM, "child", "hub"};
    char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    std::string zone = "TZ=UTC0";
    char* environment[] = {temporary.data(), zone.data(), nullptr};
    int failed = ::posix_spawn(&pid_, OPENDAY_PROGRAM, &actions, nullptr, argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    REQUIRE(failed == 0);
    ends->second.reset();
    until([this] { return !control->heard_of("ready").empty(); });
  }
  void kill_hub() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
    on_loop([this] {
      control.reset();
      gateway.reset();
    });
  }
  [[nodiscard]] int pid() const { return pid_; }

  /// Files below the data folder that hold `secret`.
  std::vector<std::string> holding(const std::string& secret) {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::string content((std::istreambuf_iterator<char>(file)), {});
      if (content.find(secret) != std::string::npos) found.push_back(entry.path().filename());
    }
    return found;
  }

 private:
  pid_t pid_ = -1;
};

}  // namespace openday::app::test
