#include "store/desk_ledger.h"

#include "store/ledger.h"
#include "store/rows.h"

#define OPENDAY_TIP_COLUMNS                                                                       \
  "id, state, verdict, received, changed, broadcast, moment, clip, photos, lookup, for_tipster, " \
  "for_recovery"

namespace openday::store {
namespace {

using desk::Certificate;
using desk::Entry;
using desk::Photo;
using desk::Root;
using desk::Tip;
using sqlite::Rows;

/// The value of a stored name.
template <class T, size_t N>
Result<T> named(const std::array<std::pair<T, std::string_view>, N>& names, const Rows& row, int column) {
  auto value = desk::value_named(names, row.text(column));
  if (!value) return fail(Errc::kInternal, "database: the desk knows no such word");
  return *value;
}

Result<account::Keys> read_keys(const Rows& row) {
  return account::Keys{row.text(0), row.bytes(1), row.bytes(2), row.bytes(3), {row.integer(4)}};
}

Result<Root> read_root(const Rows& row) {
  return Root{row.text(0), row.bytes(1), row.bytes(2), row.bytes(3), row.bytes(4)};
}

Result<Certificate> read_certificate(const Rows& row) {
  return Certificate{row.text(0), row.bytes(1), row.bytes(2), row.bytes(3)};
}

Result<Tip> read_tip(const Rows& row) {
  Tip tip;
  tip.id = row.text(0);
  OPENDAY_TRY(tip.state, named(desk::kStates, row, 1));
  OPENDAY_TRY(tip.verdict, named(desk::kVerdicts, row, 2));
  tip.received = {row.integer(3)};
  tip.changed = {row.integer(4)};
  tip.broadcast = row.text(5);
  if (auto moment = row.maybe_integer(6)) tip.moment = ProgramTime{*moment};
  tip.clip = row.text(7);
  tip.photos = static_cast<int>(row.integer(8));
  tip.lookup = row.bytes(9);
  tip.for_tipster = row.bytes(10);
  tip.for_recovery = row.bytes(11);
  return tip;
}

Result<Entry> read_entry(const Rows& row) {
  Entry entry;
  entry.tip = row.text(0);
  entry.number = static_cast<int>(row.integer(1));
  entry.at = {row.integer(2)};
  entry.by = row.text(3);
  OPENDAY_TRY(entry.deed, named(desk::kDeeds, row, 4));
  OPENDAY_TRY(entry.verdict, named(desk::kVerdicts, row, 5));
  entry.sealed = row.bytes(6);
  return entry;
}

Result<Photo> read_photo(const Rows& row) {
  return Photo{row.text(0), static_cast<int>(row.integer(1)), row.bytes(2)};
}

Result<Bytes> read_bytes(const Rows& row) {
  return row.bytes(0);
}

Result<std::string> read_text(const Rows& row) {
  return row.text(0);
}

}  // namespace

Result<std::vector<account::Keys>> SqliteLedger::keys() {
  return all<account::Keys>(
      db_.query("SELECT person, public_half, salt, wrapped, made_at FROM person_keys ORDER BY person"),
      read_keys);
}

Result<> SqliteLedger::put(const account::Keys& keys) {
  removed_keys_ = true;
  OPENDAY_CHECK_OK(db_.run("DELETE FROM person_keys WHERE person = ? AND public_half <> ?",
                           {keys.person, keys.public_half}));
  return db_.run(
      "INSERT INTO person_keys (person, public_half, salt, wrapped, made_at) VALUES (?, ?, ?, ?, ?)"
      " ON CONFLICT (person) DO UPDATE SET salt = excluded.salt, wrapped = excluded.wrapped",
      {keys.person, keys.public_half, keys.salt, keys.wrapped, keys.made_at.ms});
}

Result<> SqliteLedger::remove_keys(const std::string& person) {
  removed_keys_ = true;
  return db_.run("DELETE FROM person_keys WHERE person = ?", {person});
}

Result<std::optional<Root>> SqliteDesk::root() {
  OPENDAY_TRY(
      auto found,
      all<Root>(db_.query("SELECT person, public_half, recovery, recovery_signature, code FROM desk_root"),
                read_root));
  return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
}

Result<std::vector<Certificate>> SqliteDesk::certificates() {
  return all<Certificate>(db_.query("SELECT person, public_half, signer, signature FROM desk_certificates"),
                          read_certificate);
}

Result<Tip> SqliteDesk::tip(const std::string& id) {
  return one<Tip>(db_.query("SELECT " OPENDAY_TIP_COLUMNS " FROM tips WHERE id = ?", {id}), read_tip, "tip",
                  id);
}

Result<Tip> SqliteDesk::tip_of_receipt(const Bytes& lookup) {
  return one<Tip>(db_.query("SELECT " OPENDAY_TIP_COLUMNS " FROM tips WHERE lookup = ?", {lookup}), read_tip,
                  "tip", "of this receipt");
}

Result<std::vector<Tip>> SqliteDesk::tips(const desk::Listing& listing) {
  // Within a minute the order is that of the ids, which are random.
  if (listing.state) {
    return all<Tip>(db_.query("SELECT " OPENDAY_TIP_COLUMNS
                              " FROM tips WHERE state = ? ORDER BY received DESC, id LIMIT ? OFFSET ?",
                              {name_of(*listing.state), listing.limit, listing.offset}),
                    read_tip);
  }
  return all<Tip>(
      db_.query("SELECT " OPENDAY_TIP_COLUMNS " FROM tips ORDER BY received DESC, id LIMIT ? OFFSET ?",
                {listing.limit, listing.offset}),
      read_tip);
}

Result<std::map<desk::State, int64_t>> SqliteDesk::counts() {
  std::map<desk::State, int64_t> counts;
  for (const auto& [state, name] : desk::kStates) counts[state] = 0;
  OPENDAY_TRY(auto rows, db_.query("SELECT state, count(*) FROM tips GROUP BY state"));
  while (true) {
    OPENDAY_TRY(bool more, rows.next());
    if (!more) return counts;
    OPENDAY_TRY(desk::State state, named(desk::kStates, rows, 0));
    counts[state] = rows.integer(1);
  }
}

Result<std::vector<Entry>> SqliteDesk::timeline(const std::string& tip) {
  return all<Entry>(db_.query("SELECT tip, number, at, by, deed, verdict, sealed FROM tip_timeline"
                              " WHERE tip = ? ORDER BY number",
                              {tip}),
                    read_entry);
}

// SQLite reads no pages of a value that is not asked for.
Result<std::vector<Entry>> SqliteDesk::outline(const std::string& tip) {
  return all<Entry>(
      db_.query("SELECT tip, number, at, by, deed, verdict, CASE number WHEN 1 THEN sealed ELSE x'' END"
                " FROM tip_timeline WHERE tip = ? ORDER BY number",
                {tip}),
      read_entry);
}

Result<Photo> SqliteDesk::photo(const std::string& tip, int number) {
  return one<Photo>(
      db_.query("SELECT tip, number, sealed FROM tip_photos WHERE tip = ? AND number = ?", {tip, number}),
      read_photo, "photo", fmt::format("{}", number));
}

Result<Bytes> SqliteDesk::copy(const std::string& tip, const Bytes& public_half) {
  return one<Bytes>(
      db_.query("SELECT sealed FROM tip_copies WHERE tip = ? AND public_half = ?", {tip, public_half}),
      read_bytes, "key for this officer to the tip", tip);
}

Result<std::vector<std::string>> SqliteDesk::tips_without_copy(const Bytes& reader, const Bytes& opener,
                                                               int limit) {
  if (opener.empty()) {
    return all<std::string>(
        db_.query("SELECT id FROM tips WHERE NOT EXISTS"
                  " (SELECT 1 FROM tip_copies WHERE tip = id AND public_half = ?) LIMIT ?",
                  {reader, limit}),
        read_text);
  }
  return all<std::string>(
      db_.query("SELECT tip FROM tip_copies AS mine WHERE public_half = ? AND NOT EXISTS"
                " (SELECT 1 FROM tip_copies WHERE tip = mine.tip AND public_half = ?) LIMIT ?",
                {opener, reader, limit}),
      read_text);
}

Result<std::vector<Tip>> SqliteDesk::tips_without_clip(ProgramTime since, int limit) {
  // What was received since then was not changed before; there is an index by state and time of change.
  return all<Tip>(db_.query("SELECT " OPENDAY_TIP_COLUMNS
                            " FROM tips WHERE clip = '' AND broadcast <> '' AND moment IS NOT NULL"
                            " AND state IN ('received', 'triaged', 'answered', 'closed')"
                            " AND changed >= ?1 AND received >= ?1 LIMIT ?2",
                            {since.ms, limit}),
                  read_tip);
}

Result<std::vector<std::string>> SqliteDesk::clips() {
  return all<std::string>(db_.query("SELECT clip FROM tips WHERE clip <> ''"), read_text);
}

Result<std::vector<Tip>> SqliteDesk::tips_since_before(desk::State state, std::optional<bool> spam,
                                                       ProgramTime until, int limit) {
  return all<Tip>(db_.query("SELECT " OPENDAY_TIP_COLUMNS " FROM tips WHERE state = ? AND changed < ?"
                            " AND (?3 IS NULL OR (verdict = 'spam') = ?3) ORDER BY changed LIMIT ?4",
                            {name_of(state), until.ms, spam, limit}),
                  read_tip);
}

Result<> SqliteDesk::put(const Root& root) {
  return db_.run(
      "INSERT INTO desk_root (one, person, public_half, recovery, recovery_signature, code)"
      " VALUES (1, ?, ?, ?, ?, ?)",
      {root.person, root.public_half, root.recovery, root.recovery_signature, root.code});
}

Result<> SqliteDesk::add(const Certificate& one) {
  return db_.run("INSERT INTO desk_certificates (person, public_half, signer, signature) VALUES (?, ?, ?, ?)",
                 {one.person, one.public_half, one.signer, one.signature});
}

Result<> SqliteDesk::add(const Tip& tip) {
  std::optional<int64_t> moment;
  if (tip.moment) moment = tip.moment->ms;
  return db_.run(
      "INSERT INTO tips (" OPENDAY_TIP_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {tip.id, name_of(tip.state), name_of(tip.verdict), tip.received.ms, tip.changed.ms, tip.broadcast,
       moment, tip.clip, tip.photos, tip.lookup, tip.for_tipster, tip.for_recovery});
}

Result<> SqliteDesk::update(const Tip& tip) {
  auto done = db_.run("UPDATE tips SET state = ?, verdict = ?, changed = ?, clip = ? WHERE id = ?",
                      {name_of(tip.state), name_of(tip.verdict), tip.changed.ms, tip.clip, tip.id});
  if (done && db_.changes() == 0) return fail(Errc::kNotFound, "there is no tip " + tip.id);
  return done;
}

Result<> SqliteDesk::append(const Entry& entry) {
  return db_.run(
      "INSERT INTO tip_timeline (tip, number, at, by, deed, verdict, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)",
      {entry.tip, entry.number, entry.at.ms, entry.by, name_of(entry.deed), name_of(entry.verdict),
       entry.sealed});
}

Result<> SqliteDesk::add(const Photo& photo) {
  return db_.run("INSERT INTO tip_photos (tip, number, sealed) VALUES (?, ?, ?)",
                 {photo.tip, photo.number, photo.sealed});
}

Result<> SqliteDesk::add_copy(const std::string& tip, const Bytes& public_half, const Bytes& sealed) {
  return db_.run("INSERT INTO tip_copies (tip, public_half, sealed) VALUES (?, ?, ?)",
                 {tip, public_half, sealed});
}

Result<> SqliteDesk::remove_tip(const std::string& id) {
  removed_ = true;
  return db_.run("DELETE FROM tips WHERE id = ?", {id});
}

}  // namespace openday::store
