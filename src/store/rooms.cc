#include "store/rooms.h"

#include <fmt/ranges.h>

#include "store/rows.h"

// The reader function beside it expects these columns in this order.
#define OPENDAY_COMMENT_COLUMNS                                                                       \
  "id, broadcast, author, name, text, badge, at, moment, reply_to, state, rule, span_from, span_to, " \
  "ref, decided_by, decided_name, decided_at, state_before, reason, note"
// Of engage::Filter, with what query() binds in comments().
#define OPENDAY_COMMENT_FILTER " AND broadcast = ?1" OPENDAY_COMMENT_REST
#define OPENDAY_COMMENT_FILTER_UNINDEXED " AND +broadcast = ?1" OPENDAY_COMMENT_REST
#define OPENDAY_COMMENT_REST                                                    \
  " AND (?2 IS NULL OR state = ?2) AND (?3 IS NULL OR author = ?3)"             \
  " AND (?4 IS NULL OR rule = ?4 OR (?4 = 'word:' AND rule LIKE 'word:%'))"     \
  " AND (?5 = 0 OR EXISTS (SELECT 1 FROM reports WHERE comment = comments.id))" \
  " AND (?6 = 0 OR id < ?6) ORDER BY id DESC LIMIT ?7"
#define OPENDAY_BAN_COLUMNS "number, broadcast, author, name, until, reason, since, person"

namespace openday::store {
namespace {

using engage::Ban;
using engage::Comment;
using engage::CommentState;
using engage::Decision;
using engage::RoomSettings;
using engage::WordListText;
using sqlite::Rows;

template <class T, size_t N>
Result<T> known(const std::array<std::pair<T, std::string_view>, N>& table, const std::string& name) {
  auto value = engage::named(table, name);
  if (!value) return fail(Errc::kInternal, "database: unknown value " + name);
  return *value;
}

Result<Comment> read_comment(const Rows& row) {
  Comment read;
  read.id = row.integer(0);
  read.broadcast = row.text(1);
  read.author = row.text(2);
  read.name = row.text(3);
  read.text = row.text(4);
  OPENDAY_TRY(read.badge, known(engage::kBadges, row.text(5)));
  read.at = {row.integer(6)};
  read.moment = {row.integer(7)};
  read.reply_to = row.integer(8);
  OPENDAY_TRY(read.state, known(engage::kCommentStates, row.text(9)));
  if (!row.is_null(10)) {
    read.why = engage::Why{row.text(10), static_cast<uint32_t>(row.integer(11)),
                           static_cast<uint32_t>(row.integer(12))};
  }
  read.ref = row.text(13);
  if (!row.is_null(14)) {
    OPENDAY_TRY(CommentState before, known(engage::kCommentStates, row.text(17)));
    read.decision =
        Decision{row.text(14), row.text(15), {row.integer(16)}, before, row.text(18), row.text(19)};
  }
  return read;
}

Result<Ban> read_ban(const Rows& row) {
  Ban read{row.integer(0), row.text(1), row.text(2),      row.text(3),
           std::nullopt,   row.text(5), {row.integer(6)}, row.text(7)};
  if (auto until = row.maybe_integer(4)) read.until = ProgramTime{*until};
  return read;
}

Result<RoomSettings> read_room(const Rows& row) {
  RoomSettings read;
  OPENDAY_TRY(read.mode, known(engage::kModes, row.text(0)));
  read.slow_s = static_cast<int>(row.integer(1));
  read.pinned = row.integer(2);
  return read;
}

Result<int64_t> read_count(const Rows& row) {
  return row.integer(0);
}

Result<WordListText> read_word_list(const Rows& row) {
  return WordListText{row.text(0), row.text(1), {row.integer(2)}, row.text(3)};
}

}  // namespace

Result<Comment> SqliteArchive::comment(const std::string& broadcast, int64_t id) {
  return one(db_.query("SELECT " OPENDAY_COMMENT_COLUMNS " FROM comments WHERE id = ? AND broadcast = ?",
                       {id, broadcast}),
             read_comment, "comment", fmt::format("{}", id));
}

Result<Comment> SqliteArchive::by_ref(const std::string& broadcast, const std::string& author,
                                      const std::string& ref) {
  return one(db_.query("SELECT " OPENDAY_COMMENT_COLUMNS
                       " FROM comments WHERE broadcast = ? AND author = ? AND ref = ?",
                       {broadcast, author, ref}),
             read_comment, "comment", ref);
}

Result<std::vector<Comment>> SqliteArchive::unpublished(const std::string& broadcast,
                                                        const std::string& author,
                                                        const std::vector<int64_t>& ids) {
  return all<Comment>(db_.query("SELECT " OPENDAY_COMMENT_COLUMNS
                                " FROM comments WHERE id IN (SELECT value FROM json_each(?))"
                                " AND broadcast = ? AND author = ? AND state <> 'published' ORDER BY id",
                                {fmt::format("[{}]", fmt::join(ids, ",")), broadcast, author}),
                      read_comment);
}

Result<std::vector<Comment>> SqliteArchive::comments(const engage::Filter& filter) {
  std::optional<std::string> state;
  if (filter.state) state = std::string(name_of(*filter.state));
  std::optional<std::string> author;
  if (!filter.author.empty()) author = filter.author;
  std::optional<std::string> rule;
  if (!filter.rule.empty()) rule = filter.rule;
  auto found = [&](sqlite::Sql sql) {
    return all(
        db_.query(sql, {filter.broadcast, state, author, rule, filter.reported, filter.before, filter.limit}),
        read_comment);
  };
  // A broadcast may have hundreds of thousands of comments, and the hub's thread waits for this: whatever is
  // asked for that is rare has an index, which the first condition of each names.
  if (author)
    return found("SELECT " OPENDAY_COMMENT_COLUMNS
                 " FROM comments INDEXED BY comments_by_author"
                 " WHERE author = ?3" OPENDAY_COMMENT_FILTER);
  if (filter.reported) {
    return found("SELECT " OPENDAY_COMMENT_COLUMNS
                 " FROM comments WHERE id IN (SELECT comment FROM reports)" OPENDAY_COMMENT_FILTER_UNINDEXED);
  }
  if (rule) {
    return found("SELECT " OPENDAY_COMMENT_COLUMNS
                 " FROM comments INDEXED BY comments_by_rule"
                 " WHERE rule IS NOT NULL" OPENDAY_COMMENT_FILTER);
  }
  if (filter.state == CommentState::kHeld) {
    return found("SELECT " OPENDAY_COMMENT_COLUMNS
                 " FROM comments INDEXED BY comments_held"
                 " WHERE state = 'held'" OPENDAY_COMMENT_FILTER);
  }
  if (filter.state && *filter.state != CommentState::kPublished) {
    return found("SELECT " OPENDAY_COMMENT_COLUMNS
                 " FROM comments INDEXED BY comments_refused"
                 " WHERE state IN ('rejected', 'removed')" OPENDAY_COMMENT_FILTER);
  }
  return found("SELECT " OPENDAY_COMMENT_COLUMNS
               " FROM comments INDEXED BY comments_by_broadcast"
               " WHERE TRUE" OPENDAY_COMMENT_FILTER);
}

Result<std::vector<Comment>> SqliteArchive::held(const std::string& broadcast, int limit) {
  return all(db_.query("SELECT " OPENDAY_COMMENT_COLUMNS
                       " FROM comments WHERE broadcast = ? AND state = 'held' ORDER BY id LIMIT ?",
                       {broadcast, limit}),
             read_comment);
}

Result<int64_t> SqliteArchive::count_held(const std::string& broadcast) {
  return one(db_.query("SELECT count(*) FROM comments WHERE broadcast = ? AND state = 'held'", {broadcast}),
             read_count, "count", "");
}

Result<engage::Minute> SqliteArchive::minute(const std::string& broadcast, int64_t minute, int limit) {
  const int64_t from = minute * 60'000;
  const int64_t to = from + 60'000;
  OPENDAY_TRY(int64_t present,
              one(db_.query("SELECT count(*) FROM comments WHERE broadcast = ? AND moment >= ? AND"
                            " moment < ? AND state = 'published'",
                            {broadcast, from, to}),
                  read_count, "count", ""));
  // Staff's, and of the others evenly so many that it is about `limit` together. Ids decide, so that the
  // sample is the same for everybody.
  int64_t step = std::max<int64_t>(1, (present + limit - 1) / limit);
  OPENDAY_TRY(
      auto found,
      all(db_.query("SELECT " OPENDAY_COMMENT_COLUMNS
                    " FROM comments WHERE broadcast = ? AND moment >= ? AND moment < ? AND"
                    " state = 'published' AND (badge <> '' OR id % ? = 0) ORDER BY moment, id LIMIT ?",
                    {broadcast, from, to, step, limit}),
          read_comment));
  auto shown = static_cast<int64_t>(found.size());
  return engage::Minute{std::move(found), present - shown};
}

Result<int64_t> SqliteArchive::count_by(const std::string& broadcast, const std::string& author) {
  return one(
      db_.query("SELECT count(*) FROM comments WHERE broadcast = ? AND author = ?", {broadcast, author}),
      read_count, "count", "");
}

Result<std::map<std::string, int64_t>> SqliteArchive::reports(int64_t comment) {
  OPENDAY_TRY(auto rows,
              db_.query("SELECT reason, count(*) FROM reports WHERE comment = ? GROUP BY reason", {comment}));
  std::map<std::string, int64_t> found;
  while (true) {
    OPENDAY_TRY(bool more, rows.next());
    if (!more) return found;
    found[rows.text(0)] = rows.integer(1);
  }
}

Result<std::vector<Ban>> SqliteArchive::bans(const std::string& broadcast, ProgramTime now) {
  return all(db_.query("SELECT " OPENDAY_BAN_COLUMNS
                       " FROM bans WHERE broadcast = ? AND lifted = 0 AND (until IS NULL OR until > ?)"
                       " ORDER BY number DESC",
                       {broadcast, now.ms}),
             read_ban);
}

Result<RoomSettings> SqliteArchive::room(const std::string& broadcast) {
  OPENDAY_TRY(
      auto found,
      all(db_.query("SELECT mode, slow_s, pinned FROM rooms WHERE broadcast = ?", {broadcast}), read_room));
  return found.empty() ? RoomSettings() : found.front();
}

Result<std::vector<WordListText>> SqliteArchive::word_lists() {
  return all(db_.query("SELECT name, text, changed_at, by FROM word_lists ORDER BY name"), read_word_list);
}

Result<engage::Added> SqliteArchive::add(const Comment& comment) {
  std::optional<std::string> rule;
  if (comment.why) rule = comment.why->rule;
  engage::Why why = comment.why.value_or(engage::Why());
  OPENDAY_CHECK_OK(
      db_.run("INSERT INTO comments (broadcast, author, name, text, badge, at, moment, reply_to, state, "
              "rule, span_from,"
              " span_to, ref) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (broadcast, author, "
              "ref) DO NOTHING",
              {comment.broadcast, comment.author, comment.name, comment.text, name_of(comment.badge),
               comment.at.ms, comment.moment.ms, comment.reply_to, name_of(comment.state), rule,
               int64_t{why.from}, int64_t{why.to}, comment.ref}));
  if (db_.changes() == 0) {
    OPENDAY_TRY(Comment earlier, by_ref(comment.broadcast, comment.author, comment.ref));
    return engage::Added{std::move(earlier), true};
  }
  engage::Added added{comment, false};
  added.comment.id = db_.last_id();
  return added;
}

Result<> SqliteArchive::decide(int64_t id, CommentState state, const Decision& decision) {
  return db_.run(
      "UPDATE comments SET state = ?, decided_by = ?, decided_name = ?, decided_at = ?, state_before = ?, "
      "reason = ?,"
      " note = ? WHERE id = ?",
      {name_of(state), decision.by, decision.name, decision.at.ms, name_of(decision.before), decision.reason,
       decision.note, id});
}

Result<bool> SqliteArchive::report(int64_t comment, const std::string& author, const std::string& reason) {
  OPENDAY_CHECK_OK(
      db_.run("INSERT INTO reports (comment, author, reason) VALUES (?, ?, ?)"
              " ON CONFLICT (comment, author) DO NOTHING",
              {comment, author, reason}));
  return db_.changes() > 0;
}

Result<Ban> SqliteArchive::ban(const Ban& ban) {
  OPENDAY_CHECK_OK(
      db_.run("UPDATE bans SET lifted = 1 WHERE broadcast = ? AND author = ?", {ban.broadcast, ban.author}));
  std::optional<int64_t> until;
  if (ban.until) until = ban.until->ms;
  OPENDAY_CHECK_OK(
      db_.run("INSERT INTO bans (broadcast, author, name, until, reason, since, person, lifted) VALUES (?, "
              "?, ?, ?, ?, ?, ?, 0)",
              {ban.broadcast, ban.author, ban.name, until, ban.reason, ban.since.ms, ban.person}));
  Ban made = ban;
  made.number = db_.last_id();
  return made;
}

Result<Ban> SqliteArchive::lift(const std::string& broadcast, int64_t number) {
  OPENDAY_TRY(Ban lifted, one(db_.query("SELECT " OPENDAY_BAN_COLUMNS
                                        " FROM bans WHERE broadcast = ? AND number = ? AND lifted = 0",
                                        {broadcast, number}),
                              read_ban, "ban", fmt::format("{}", number)));
  OPENDAY_CHECK_OK(db_.run("UPDATE bans SET lifted = 1 WHERE number = ?", {number}));
  return lifted;
}

Result<> SqliteArchive::put(const std::string& broadcast, const RoomSettings& settings) {
  return db_.run(
      "INSERT INTO rooms (broadcast, mode, slow_s, pinned) VALUES (?, ?, ?, ?) ON CONFLICT (broadcast)"
      " DO UPDATE SET mode = excluded.mode, slow_s = excluded.slow_s, pinned = excluded.pinned",
      {broadcast, name_of(settings.mode), settings.slow_s, settings.pinned});
}

Result<> SqliteArchive::put(const WordListText& list) {
  return db_.run(
      "INSERT INTO word_lists (name, text, changed_at, by) VALUES (?, ?, ?, ?) ON CONFLICT (name)"
      " DO UPDATE SET text = excluded.text, changed_at = excluded.changed_at, by = excluded.by",
      {list.name, list.text, list.changed_at.ms, list.by});
}

Result<> SqliteArchive::remove_word_list(const std::string& name) {
  OPENDAY_CHECK_OK(db_.run("DELETE FROM word_lists WHERE name = ?", {name}));
  if (db_.changes() == 0) return fail(Errc::kNotFound, "there is no word list " + name);
  return {};
}

}  // namespace openday::store
