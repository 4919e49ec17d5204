// The ledger and the roll in SQLite. One thread at a time; writing needs a transaction that the caller has
// begun.
#pragma once

#include <utility>
#include <vector>

#include "account/people.h"
#include "broadcast/ledger.h"
#include "wrap/sqlite/sqlite.h"

namespace openday::store {

class SqliteLedger final : public broadcast::Ledger, public account::Roll {
 public:
  explicit SqliteLedger(sqlite::Database& db) : db_(db) {}

  Result<broadcast::Broadcast> broadcast(const std::string& id) override;
  Result<std::vector<broadcast::Broadcast>> broadcasts() override;
  Result<std::vector<broadcast::Broadcast>> public_broadcasts(int limit) override;
  Result<std::vector<broadcast::Broadcast>> active_broadcasts() override;
  Result<broadcast::Venue> venue(const std::string& id) override;
  Result<std::vector<broadcast::Venue>> venues() override;
  Result<broadcast::IngestKey> ingest_key(const std::string& venue) override;
  Result<broadcast::IngestKey> ingest_key_by_digest(const Bytes& rtmp_digest) override;
  Result<std::vector<broadcast::SavedScene>> scenes(const std::string& broadcast) override;
  Result<broadcast::Target> target(const std::string& broadcast, const std::string& id) override;
  Result<std::vector<broadcast::Target>> targets(const std::string& broadcast) override;
  Result<std::vector<broadcast::Withdrawal>> withdrawals(const std::string& broadcast) override;
  Result<std::vector<std::string>> doomed_media() override;
  Result<account::Person> person(const std::string& id) override;
  Result<std::vector<account::Person>> people() override;
  Result<std::vector<account::Session>> sessions() override;
  Result<std::vector<account::AuditEntry>> audit(int64_t before, int limit) override;
  Result<std::vector<account::Keys>> keys() override;

  Result<> put(const broadcast::Broadcast& broadcast) override;
  Result<> remove_broadcast(const std::string& id) override;
  Result<> doom_media(const std::string& broadcast) override;
  Result<> media_gone(const std::string& broadcast) override;
  Result<> put(const broadcast::Venue& venue) override;
  Result<> remove_venue(const std::string& id) override;
  Result<> put(const broadcast::IngestKey& key) override;
  Result<> put(const std::string& broadcast, const broadcast::SavedScene& scene) override;
  Result<> remove_scene(const std::string& broadcast, const std::string& name) override;
  Result<> put(const broadcast::Target& target) override;
  Result<> remove_target(const std::string& broadcast, const std::string& id) override;
  Result<int64_t> add(const broadcast::Withdrawal& withdrawal) override;
  Result<> append(const account::AuditEntry& entry) override;
  Result<> put(const account::Person& person) override;
  Result<> add(const account::Session& session) override;
  Result<> renew(const std::string& digest, ProgramTime expires_at) override;
  Result<> remove_session(const std::string& digest) override;
  Result<> remove_sessions(const std::string& person, const std::string& kept) override;
  Result<> put(const account::Keys& keys) override;
  Result<> remove_keys(const std::string& person) override;

  /// Whether keys have been removed or replaced since the last time this was asked.
  bool take_removed_keys() { return std::exchange(removed_keys_, false); }

 private:
  sqlite::Database& db_;
  bool removed_keys_ = false;
};

/// How far the audit trail goes. Each entry's hash covers all before it, so the last one's stands for the
/// whole.
struct AuditHead {
  int64_t entries = 0;
  std::string hash;  // of the last one, in hex; empty: there is none
};
/// Walks the audit trail from its first entry; kInternal names the first one that does not fit its hash or
/// number. With a hash that was the last one's once (`noted`, hex), also says when no entry has it any more:
/// what a cut-off end, or a trail written anew, cannot hide.
Result<AuditHead> verify_audit(sqlite::Database& db, const std::string& noted = {});

}  // namespace openday::store
