// Other people's programs, run by tests.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <sstream>
#include <string>
#include <vector>

extern char** environ;

namespace openday::test {

/// A program with its words separated by blanks. Killed and collected at the end.
class Program {
 public:
  explicit Program(const std::string& words, bool complains = false) {
    std::istringstream in(words);
    for (std::string word; in >> word;) words_.push_back(word);
    std::vector<char*> argv;
    for (auto& word : words_) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (complains) posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    REQUIRE(::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Program() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  void signal(int number) const { ::kill(pid_, number); }
  /// Its exit status, when it ends by itself.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }

 private:
  std::vector<std::string> words_;
  pid_t pid_ = -1;
};

/// Three seconds of picture and tone as fast as they can be encoded, or in real time and without end.
inline std::string ffmpeg(const std::string& url, const std::string& more = "", bool endless = false) {
  std::string input = endless ? "-re " : "";
  std::string length = endless ? "" : " -t 3";
  return "ffmpeg -hide_banner -loglevel fatal " + input + "-f lavfi -i testsrc2=size=160x90:rate=30 " +
         input + "-f lavfi -i sine=frequency=500:sample_rate=48000" + length +
         " -c:v libx264 -preset ultrafast -bf 2 -g 15 -threads 1 -c:a aac -f flv " + more + " " + url;
}

}  // namespace openday::test
