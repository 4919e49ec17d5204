// What the rooms need to remember. The store keeps it in SQLite, tests in memory.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "account/act.h"
#include "base/result.h"
#include "engage/values.h"

namespace openday::engage {

/// Which comments of a broadcast; newest first.
struct Filter {
  std::string broadcast;
  std::optional<CommentState> state = {};
  std::string rule = {};    // empty: any; "word:" alone: of any list
  std::string author = {};  // empty: any
  bool reported = false;
  int64_t before = 0;  // ids below; 0: from the newest
  int limit = 50;
};

struct Minute {
  std::vector<Comment> comments;  // published ones, by moment, then id
  int64_t left_out = 0;
};

struct Added {
  Comment comment;
  bool repeated = false;  // it was there already, and this is how it stands
};

/// Reading. Unknown names are kNotFound with a message fit for people.
class ArchiveView {
 public:
  virtual ~ArchiveView() = default;
  virtual Result<Comment> comment(const std::string& broadcast, int64_t id) = 0;
  virtual Result<Comment> by_ref(const std::string& broadcast, const std::string& author,
                                 const std::string& ref) = 0;
  virtual Result<std::vector<Comment>> comments(const Filter& filter) = 0;
  /// Of these, the author's that are published no longer.
  virtual Result<std::vector<Comment>> unpublished(const std::string& broadcast, const std::string& author,
                                                   const std::vector<int64_t>& ids) = 0;
  /// Oldest first.
  virtual Result<std::vector<Comment>> held(const std::string& broadcast, int limit) = 0;
  virtual Result<int64_t> count_held(const std::string& broadcast) = 0;
  /// With moments in [minute, minute + 1) · 60 s; beyond `limit` staff's and every n-th of the others.
  virtual Result<Minute> minute(const std::string& broadcast, int64_t minute, int limit) = 0;
  virtual Result<int64_t> count_by(const std::string& broadcast, const std::string& author) = 0;
  /// By reason.
  virtual Result<std::map<std::string, int64_t>> reports(int64_t comment) = 0;
  /// Those that are in force at `now`.
  virtual Result<std::vector<Ban>> bans(const std::string& broadcast, ProgramTime now) = 0;
  /// Defaults for a broadcast that nobody set.
  virtual Result<RoomSettings> room(const std::string& broadcast) = 0;
  virtual Result<std::vector<WordListText>> word_lists() = 0;
};

/// Reading and writing inside one transaction.
class Archive : public ArchiveView {
 public:
  /// Assigns the id. When this author has sent this `ref` before, nothing is added and the earlier one comes
  /// back.
  virtual Result<Added> add(const Comment& comment) = 0;
  virtual Result<> decide(int64_t id, CommentState state, const Decision& decision) = 0;
  /// False: this viewer has reported it before.
  virtual Result<bool> report(int64_t comment, const std::string& author, const std::string& reason) = 0;
  /// Assigns the number; an author's earlier ban of the same broadcast ends.
  virtual Result<Ban> ban(const Ban& ban) = 0;
  virtual Result<Ban> lift(const std::string& broadcast, int64_t number) = 0;
  virtual Result<> put(const std::string& broadcast, const RoomSettings& settings) = 0;
  virtual Result<> put(const WordListText& list) = 0;
  virtual Result<> remove_word_list(const std::string& name) = 0;
  virtual Result<> append(const account::AuditEntry& entry) = 0;
};

/// Where units of work are queued, and what has been committed is read; as broadcast::Books.
class Archives {
 public:
  using Work = std::function<Result<>(Archive&)>;
  using Done = std::function<void(Result<>)>;

  virtual ~Archives() = default;
  /// `done` is called on the caller's thread once the outcome is durable. Work that fails changes nothing.
  /// Never waits: when the queue is full `done` gets kBusy.
  virtual void submit(Work work, Done done) = 0;
  virtual ArchiveView& archive() = 0;
};

}  // namespace openday::engage
