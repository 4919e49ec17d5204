// What the rules need to remember. The store keeps it in SQLite, tests in memory.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "broadcast/values.h"

namespace openday::broadcast {

/// Reading. Unknown names are kNotFound with a message fit for people.
class LedgerView {
 public:
  virtual ~LedgerView() = default;

  virtual Result<Broadcast> broadcast(const std::string& id) = 0;
  /// Newest first by start (or creation).
  virtual Result<std::vector<Broadcast>> broadcasts() = 0;
  /// Not hidden: live first, then scheduled by start, then ended with the newest first.
  virtual Result<std::vector<Broadcast>> public_broadcasts(int limit) = 0;
  /// In rehearsal or live.
  virtual Result<std::vector<Broadcast>> active_broadcasts() = 0;

  virtual Result<Venue> venue(const std::string& id) = 0;
  virtual Result<std::vector<Venue>> venues() = 0;
  virtual Result<IngestKey> ingest_key(const std::string& venue) = 0;
  virtual Result<IngestKey> ingest_key_by_digest(const Bytes& rtmp_digest) = 0;

  virtual Result<std::vector<SavedScene>> scenes(const std::string& broadcast) = 0;
  virtual Result<Target> target(const std::string& broadcast, const std::string& id) = 0;
  virtual Result<std::vector<Target>> targets(const std::string& broadcast) = 0;
  virtual Result<std::vector<Withdrawal>> withdrawals(const std::string& broadcast) = 0;

  /// Broadcasts that were removed, and whose media may still be there.
  virtual Result<std::vector<std::string>> doomed_media() = 0;
};

/// Reading and writing inside one transaction: what one unit of work does is kept whole or not at all.
class Ledger : public LedgerView {
 public:
  virtual Result<> put(const Broadcast& broadcast) = 0;
  /// With its seats, scenes, targets, withdrawals and comments.
  virtual Result<> remove_broadcast(const std::string& id) = 0;
  virtual Result<> doom_media(const std::string& broadcast) = 0;
  virtual Result<> media_gone(const std::string& broadcast) = 0;
  virtual Result<> put(const Venue& venue) = 0;
  /// With its key.
  virtual Result<> remove_venue(const std::string& id) = 0;
  virtual Result<> put(const IngestKey& key) = 0;
  virtual Result<> put(const std::string& broadcast, const SavedScene& scene) = 0;
  virtual Result<> remove_scene(const std::string& broadcast, const std::string& name) = 0;
  virtual Result<> put(const Target& target) = 0;
  virtual Result<> remove_target(const std::string& broadcast, const std::string& id) = 0;
  /// Assigns and returns the id.
  virtual Result<int64_t> add(const Withdrawal& withdrawal) = 0;
  /// Assigns the number; entries are never changed or removed.
  virtual Result<> append(const AuditEntry& entry) = 0;
};

/// Where units of work are queued and what has been committed is read.
class Books {
 public:
  using Work = std::function<Result<>(Ledger&)>;
  using Done = std::function<void(Result<>)>;

  virtual ~Books() = default;
  /// Runs `work` elsewhere, then `done` on the caller's thread once its outcome is durable. Work that fails
  /// changes nothing. Never waits: when the queue is full `done` gets kBusy.
  virtual void submit(Work work, Done done) = 0;
  /// The committed state. Caller's thread.
  virtual LedgerView& view() = 0;
};

/// submit() for work with a result.
template <class T>
void submit(Books& books, std::function<Result<T>(Ledger&)> work, std::function<void(Result<T>)> done) {
  auto outcome = std::make_shared<std::optional<T>>();
  books.submit(
      [work = std::move(work), outcome](Ledger& ledger) -> Result<> {
        OPENDAY_TRY(*outcome, work(ledger));
        return {};
      },
      [done = std::move(done), outcome](Result<> result) {
        if (result) {
          done(std::move(**outcome));
        } else {
          done(std::unexpected(result.error()));
        }
      });
}

}  // namespace openday::broadcast
