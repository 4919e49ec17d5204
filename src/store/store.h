// The institution's database: SQLite in WAL mode, one writer thread, group commit.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "account/people.h"
#include "base/log.h"
#include "base/queue.h"
#include "broadcast/ledger.h"
#include "desk/ledger.h"
#include "engage/archive.h"

namespace openday::store {

struct StoreCounters {
  uint64_t units = 0;           // units of work that were committed
  uint64_t commits = 0;         // transactions they took
  uint64_t failed_commits = 0;  // the disk refused
  uint64_t refused = 0;         // units not taken because the queue was full
  uint64_t queued = 0;
};

/// What one unit of work may read and write.
struct Tables {
  broadcast::Ledger& ledger;
  account::Roll& roll;
  engage::Archive& archive;
  desk::Ledger& desk;
};

/// What has been committed. One thread.
class Reader {
 public:
  virtual ~Reader() = default;
  virtual broadcast::LedgerView& ledger() = 0;
  virtual account::RollView& roll() = 0;
  virtual engage::ArchiveView& archive() = 0;
  virtual desk::LedgerView& desk() = 0;
};

/// Thread-safe. Units of work run in the order of submit(), each atomic: it is kept whole or leaves no trace.
/// Those that wait together share one commit. An outcome is told only after the commit has reached the disk
/// (synchronous=FULL).
class Store {
 public:
  using Work = std::function<Result<>(const Tables&)>;
  using Done = std::function<void(Result<>)>;

  struct Options {
    size_t queue_bound = 256;  // units that may wait; beyond it submit() refuses
    size_t group_bound = 64;   // units that share a commit
  };

  /// Opens or creates the file (0600), and migrates it.
  static Result<std::unique_ptr<Store>> open(const std::string& path, Log log, Options options);
  static Result<std::unique_ptr<Store>> open(const std::string& path, Log log);
  /// Commits what is queued, then stops.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// `work` and `done` are called on the writer thread. False: the queue is full, and neither is called.
  bool submit(Work work, Done done);

  /// Another connection that sees what has been committed. For one thread of the caller's; must not outlive
  /// this.
  Result<std::unique_ptr<Reader>> reader() const;

  [[nodiscard]] StoreCounters counters() const;
  /// What kept the last commit from the disk; empty when it got there.
  [[nodiscard]] std::string trouble() const;

 private:
  struct Unit {
    Work work;
    Done done;
    Result<> outcome;
  };
  class Writer;

  Store(std::string path, Log log, Options options);
  void write(Writer& writer);
  void commit_group(Writer& writer, std::vector<Unit>& group);
  void shred(Writer& writer);

  const std::string path_;
  const Log log_;
  const Options options_;
  BoundedQueue<Unit> queue_;
  mutable std::mutex mutex_;  // guards what follows
  StoreCounters counters_;
  std::string trouble_;
  std::unique_ptr<Writer> writer_;  // the thread's, after open()
  std::thread thread_;
};

}  // namespace openday::store
