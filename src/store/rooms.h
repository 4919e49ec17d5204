// The rooms' archive in SQLite. One thread at a time; writing needs a transaction that the caller has begun.
#pragma once

#include "account/people.h"
#include "engage/archive.h"
#include "wrap/sqlite/sqlite.h"

namespace openday::store {

class SqliteArchive final : public engage::Archive {
 public:
  /// `audit`: where append() goes.
  SqliteArchive(sqlite::Database& db, account::Roll& audit) : db_(db), audit_(audit) {}

  Result<engage::Comment> comment(const std::string& broadcast, int64_t id) override;
  Result<engage::Comment> by_ref(const std::string& broadcast, const std::string& author,
                                 const std::string& ref) override;
  Result<std::vector<engage::Comment>> comments(const engage::Filter& filter) override;
  Result<std::vector<engage::Comment>> unpublished(const std::string& broadcast, const std::string& author,
                                                   const std::vector<int64_t>& ids) override;
  Result<std::vector<engage::Comment>> held(const std::string& broadcast, int limit) override;
  Result<int64_t> count_held(const std::string& broadcast) override;
  Result<engage::Minute> minute(const std::string& broadcast, int64_t minute, int limit) override;
  Result<int64_t> count_by(const std::string& broadcast, const std::string& author) override;
  Result<std::map<std::string, int64_t>> reports(int64_t comment) override;
  Result<std::vector<engage::Ban>> bans(const std::string& broadcast, ProgramTime now) override;
  Result<engage::RoomSettings> room(const std::string& broadcast) override;
  Result<std::vector<engage::WordListText>> word_lists() override;

  Result<engage::Added> add(const engage::Comment& comment) override;
  Result<> decide(int64_t id, engage::CommentState state, const engage::Decision& decision) override;
  Result<bool> report(int64_t comment, const std::string& author, const std::string& reason) override;
  Result<engage::Ban> ban(const engage::Ban& ban) override;
  Result<engage::Ban> lift(const std::string& broadcast, int64_t number) override;
  Result<> put(const std::string& broadcast, const engage::RoomSettings& settings) override;
  Result<> put(const engage::WordListText& list) override;
  Result<> remove_word_list(const std::string& name) override;
  Result<> append(const account::AuditEntry& entry) override { return audit_.append(entry); }

 private:
  sqlite::Database& db_;
  account::Roll& audit_;
};

}  // namespace openday::store
