// The desk's ledger in SQLite. One thread at a time; writing needs a transaction that the caller has begun.
#pragma once

#include <utility>

#include "desk/ledger.h"
#include "wrap/sqlite/sqlite.h"

namespace openday::store {

class SqliteDesk final : public desk::Ledger {
 public:
  explicit SqliteDesk(sqlite::Database& db) : db_(db) {}

  Result<std::optional<desk::Root>> root() override;
  Result<std::vector<desk::Certificate>> certificates() override;
  Result<desk::Tip> tip(const std::string& id) override;
  Result<desk::Tip> tip_of_receipt(const Bytes& lookup) override;
  Result<std::vector<desk::Tip>> tips(const desk::Listing& listing) override;
  Result<std::map<desk::State, int64_t>> counts() override;
  Result<std::vector<desk::Entry>> timeline(const std::string& tip) override;
  Result<std::vector<desk::Entry>> outline(const std::string& tip) override;
  Result<desk::Photo> photo(const std::string& tip, int number) override;
  Result<Bytes> copy(const std::string& tip, const Bytes& public_half) override;
  Result<std::vector<std::string>> tips_without_copy(const Bytes& reader, const Bytes& opener,
                                                     int limit) override;
  Result<std::vector<desk::Tip>> tips_without_clip(ProgramTime since, int limit) override;
  Result<std::vector<std::string>> clips() override;
  Result<std::vector<desk::Tip>> tips_since_before(desk::State state, std::optional<bool> spam,
                                                   ProgramTime until, int limit) override;

  Result<> put(const desk::Root& root) override;
  Result<> add(const desk::Certificate& certificate) override;
  Result<> add(const desk::Tip& tip) override;
  Result<> update(const desk::Tip& tip) override;
  Result<> append(const desk::Entry& entry) override;
  Result<> add(const desk::Photo& photo) override;
  Result<> add_copy(const std::string& tip, const Bytes& public_half, const Bytes& sealed) override;
  Result<> remove_tip(const std::string& id) override;

  /// Whether a tip has been removed since the last time this was asked.
  bool take_removed() { return std::exchange(removed_, false); }

 private:
  sqlite::Database& db_;
  bool removed_ = false;
};

}  // namespace openday::store
