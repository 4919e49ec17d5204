// Starts, watches and restarts the other processes, and introduces them to each other (docs/LINK.md).
//
// It parses nothing from outside but its own configuration, keeps no state on disk, and is the only process
// that others depend on: when it ends, all end.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "app/config.h"
#include "app/process.h"
#include "base/log.h"
#include "base/loop.h"

namespace openday::app {

/// Home thread: the loop's.
class Supervisor {
 public:
  Supervisor(Loop& loop, const Clock& clock, Log log, Config config);
  ~Supervisor();

  /// Starts hub and gateway; engines and feeds follow when the hub asks for them.
  Result<> start();
  /// Asks every child to finish, kills what has not after 5 s, then stops the loop.
  void stop();

 private:
  struct Key {
    std::string role;
    std::string id;
    auto operator<=>(const Key&) const = default;
  };
  /// One that the hub wants to run.
  struct Wish {
    Key key;
    const link::Json* what;
  };
  struct Entry {
    link::Json config;
    link::Json checkpoint;  // engines
    std::string engine;     // feeds: the engine they serve
    int64_t slot = -1;
    std::unique_ptr<Process> process;
    std::string state = "stopped";  // starting, ready, backoff, stopping
    uint64_t restarts = 0;
    int quick_failures = 0;
    HouseTime since;
    int unanswered = 0;  // pings since it last said anything
    std::string last_exit;
    Loop::TimerId deadline = 0;
    bool wanted = true;
  };

  void launch(const Key& key);
  void introduce(const Key& key);
  void connect(const Key& a, const Key& b);
  void on_message(const Key& key, link::Message message);
  void on_exit(const Key& key, const std::string& how);
  void apply_desired(const link::Json& head);
  void want(const Key& key, link::Json config, const std::string& engine, int64_t slot);
  void dismiss(const Key& key);
  void watch_over();
  void report_children();
  void finish_if_empty();
  [[nodiscard]] link::Json start_config(const Key& key, const Entry& entry);
  [[nodiscard]] static bool are_peers(const Key& a, const Entry& ea, const Key& b, const Entry& eb);

  Loop& loop_;
  const Clock& clock_;
  Log log_;
  link::Json certificate_;  // the last that could be used, with its key, as the gateway gets it
  Config config_;
  std::map<Key, Entry> entries_;
  bool stopping_ = false;
};

}  // namespace openday::app
