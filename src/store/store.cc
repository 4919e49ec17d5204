#include "store/store.h"

#include "store/desk_ledger.h"
#include "store/ledger.h"
#include "store/migrations.h"
#include "store/rooms.h"
#include "wrap/sqlite/sqlite.h"

namespace openday::store {
namespace {

class OwnReader final : public Reader {
 public:
  explicit OwnReader(sqlite::Database db)
      : db_(std::move(db)), ledger_(db_), archive_(db_, ledger_), desk_(db_) {}
  broadcast::LedgerView& ledger() override { return ledger_; }
  account::RollView& roll() override { return ledger_; }
  engage::ArchiveView& archive() override { return archive_; }
  desk::LedgerView& desk() override { return desk_; }

 private:
  sqlite::Database db_;
  SqliteLedger ledger_;
  SqliteArchive archive_;
  SqliteDesk desk_;
};

}  // namespace

class Store::Writer {
 public:
  explicit Writer(sqlite::Database database)
      : db(std::move(database)), ledger(db), archive(db, ledger), desk(db) {}
  sqlite::Database db;
  SqliteLedger ledger;
  SqliteArchive archive;
  SqliteDesk desk;
};

Store::Store(std::string path, Log log, Options options)
    : path_(std::move(path)),
      log_(std::move(log)),
      options_(options),
      queue_(options.queue_bound, WhenFull::kRefuse) {}

Result<std::unique_ptr<Store>> Store::open(const std::string& path, Log log) {
  return open(path, std::move(log), Options());
}

Result<std::unique_ptr<Store>> Store::open(const std::string& path, Log log, Options options) {
  OPENDAY_TRY(auto db, sqlite::Database::open(path, sqlite::Mode::kReadWrite));
  // FULL: in WAL mode a commit survives a power cut only if the log is synced, and what we acknowledge must.
  OPENDAY_CHECK_OK(
      db.script("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;"));
  OPENDAY_CHECK_OK(migrate(db));
  std::unique_ptr<Store> store(new Store(path, std::move(log), options));
  store->writer_ = std::make_unique<Writer>(std::move(db));
  store->thread_ = std::thread([self = store.get()] { self->write(*self->writer_); });
  return store;
}

Store::~Store() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

bool Store::submit(Work work, Done done) {
  return queue_.push({std::move(work), std::move(done), {}});
}

Result<std::unique_ptr<Reader>> Store::reader() const {
  OPENDAY_TRY(auto db, sqlite::Database::open(path_, sqlite::Mode::kReadOnly));
  OPENDAY_CHECK_OK(db.script("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;"));
  return std::make_unique<OwnReader>(std::move(db));
}

void Store::write(Writer& writer) {
  while (auto first = queue_.pop()) {
    std::vector<Unit> group;
    group.push_back(std::move(*first));
    while (group.size() < options_.group_bound) {
      auto next = queue_.try_pop();
      if (!next) break;
      group.push_back(std::move(*next));
    }
    commit_group(writer, group);
    shred(writer);
    for (auto& unit : group) {
      unit.work = nullptr;  // before done(), which may let go of what the work refers to
      unit.done(std::move(unit.outcome));
    }
  }
}

// secure_delete overwrites what is deleted in the database; until the log is emptied, it stands there still.
void Store::shred(Writer& writer) {
  bool tips = writer.desk.take_removed();
  bool keys = writer.ledger.take_removed_keys();
  if (!tips && !keys) return;
  auto rows = writer.db.query("PRAGMA wal_checkpoint(TRUNCATE)");
  auto done = rows ? rows->next() : std::unexpected(rows.error());
  if (!done || (*done && rows->integer(0) != 0)) log_.warn("deleted_keys_still_in_the_log");
}

void Store::commit_group(Writer& writer, std::vector<Unit>& group) {
  auto& db = writer.db;
  auto outcome = db.run("BEGIN IMMEDIATE");
  if (outcome) {
    for (auto& unit : group) {
      // A savepoint each, so that one unit's failure leaves the others of its group alone.
      unit.outcome = db.run("SAVEPOINT unit");
      if (unit.outcome) unit.outcome = unit.work({writer.ledger, writer.ledger, writer.archive, writer.desk});
      if (!db.in_transaction()) {
        // A full disk makes SQLite roll back by itself, and all of the group with it.
        outcome = fail(Errc::kIo,
                       unit.outcome ? "database: the transaction was lost" : unit.outcome.error().message);
        break;
      }
      if (!unit.outcome) (void)db.run("ROLLBACK TO unit");
      if (auto released = db.run("RELEASE unit"); !released && unit.outcome) unit.outcome = released;
    }
    if (outcome) outcome = db.run("COMMIT");
    if (!outcome && db.in_transaction()) (void)db.run("ROLLBACK");
  }
  uint64_t committed = 0;
  for (auto& unit : group) {
    if (!outcome && unit.outcome) unit.outcome = outcome;
    if (unit.outcome) ++committed;
  }
  if (!outcome)
    log_.error("store_commit_failed", {{"why", outcome.error().message}, {"units", group.size()}});
  std::lock_guard lock(mutex_);
  if (outcome) {
    counters_.units += committed;
    ++counters_.commits;
    trouble_.clear();
  } else {
    ++counters_.failed_commits;
    trouble_ = outcome.error().message;
  }
}

StoreCounters Store::counters() const {
  std::lock_guard lock(mutex_);
  StoreCounters counters = counters_;
  counters.refused = queue_.dropped();
  counters.queued = queue_.size();
  return counters;
}

std::string Store::trouble() const {
  std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace openday::store
