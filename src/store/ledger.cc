#include "store/ledger.h"

#include <fmt/format.h>

#include "broadcast/json.h"
#include "store/rows.h"
#include "wrap/sodium/sodium.h"

// Every SELECT of one kind lists the same columns in the same order, which the reader function beside it
// expects.
#define OPENDAY_BROADCAST_COLUMNS                                                                      \
  "id, title, description, language, hidden, state, created_at, starts_at, live_at, ended_at, width, " \
  "height, "                                                                                           \
  "fps, seats, scene, mix, preview, public_from, recorded"
#define OPENDAY_VENUE_COLUMNS \
  "id, name, source_kind, source_url, source_sealed_url, source_path, av_offset_ms, jitter_ms, created_at"
#define OPENDAY_KEY_COLUMNS "venue, rtmp_digest, sealed_passphrase, created_at"
#define OPENDAY_TARGET_COLUMNS "id, broadcast, name, url, sealed_url, sealed_key, rendition, enabled"
#define OPENDAY_PERSON_COLUMNS "id, name, roles, password, must_change, disabled, created_at"
#define OPENDAY_AUDIT_COLUMNS "number, at, by, via, action, subject, detail"

namespace openday::store {
namespace {

using account::AuditEntry;
using account::Person;
using account::Session;
using broadcast::Broadcast;
using broadcast::IngestKey;
using broadcast::Json;
using broadcast::SavedScene;
using broadcast::SourceKind;
using broadcast::State;
using broadcast::Target;
using broadcast::Venue;
using broadcast::Withdrawal;
using sqlite::Rows;

Result<> removed(sqlite::Database& db, Result<> outcome, std::string_view what, std::string_view name) {
  if (outcome && db.changes() == 0)
    return fail(Errc::kNotFound, fmt::format("there is no {} {}", what, name));
  return outcome;
}

std::optional<int64_t> ms(const std::optional<ProgramTime>& at) {
  if (!at) return std::nullopt;
  return at->ms;
}

std::optional<ProgramTime> time_in(const Rows& row, int column) {
  auto value = row.maybe_integer(column);
  if (!value) return std::nullopt;
  return ProgramTime{*value};
}

Result<Json> json_in(const Rows& row, int column) {
  Json json = Json::parse(row.text(column), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return fail(Errc::kInternal, "database: a stored value is not JSON");
  return json;
}

Result<State> state_of(std::string_view name) {
  for (State state : {State::kScheduled, State::kRehearsal, State::kLive, State::kEnded}) {
    if (name == broadcast::name_of(state)) return state;
  }
  return fail(Errc::kInternal, "database: unknown broadcast state");
}

Result<SourceKind> source_kind_of(std::string_view name) {
  for (SourceKind kind : {SourceKind::kIngest, SourceKind::kPull, SourceKind::kFile, SourceKind::kTest}) {
    if (name == broadcast::name_of(kind)) return kind;
  }
  return fail(Errc::kInternal, "database: unknown source kind");
}

Json seats_json(const std::vector<broadcast::Seat>& seats) {
  Json json = Json::array();
  for (const auto& seat : seats) json.push_back({seat.slot, seat.venue, seat.name});
  return json;
}

Result<std::vector<broadcast::Seat>> seats_from(const Json& json) {
  std::vector<broadcast::Seat> seats;
  for (const auto& entry : json) {
    if (!entry.is_array() || entry.size() != 3 || !entry[0].is_number_integer() || !entry[1].is_string() ||
        !entry[2].is_string()) {
      return fail(Errc::kInternal, "database: malformed seats");
    }
    seats.push_back({entry[0].get<int>(), entry[1].get<std::string>(), entry[2].get<std::string>()});
  }
  return seats;
}

Result<Broadcast> read_broadcast(const Rows& row) {
  Broadcast read;
  read.id = row.text(0);
  read.title = row.text(1);
  read.description = row.text(2);
  read.language = row.text(3);
  read.hidden = row.integer(4) != 0;
  OPENDAY_TRY(read.state, state_of(row.text(5)));
  read.created_at = {row.integer(6)};
  read.starts_at = time_in(row, 7);
  read.live_at = time_in(row, 8);
  read.ended_at = time_in(row, 9);
  read.house = {static_cast<int>(row.integer(10)), static_cast<int>(row.integer(11)),
                static_cast<int>(row.integer(12))};
  OPENDAY_TRY(Json seats, json_in(row, 13));
  OPENDAY_TRY(read.seats, seats_from(seats));
  OPENDAY_TRY(Json scene, json_in(row, 14));
  OPENDAY_TRY(read.scene, broadcast::scene_from(scene));
  OPENDAY_TRY(Json mix, json_in(row, 15));
  OPENDAY_TRY(read.mix, broadcast::mix_from(mix));
  read.preview = row.text(16);
  read.public_from = time_in(row, 17);
  read.recorded = row.integer(18) != 0;
  return read;
}

Result<Venue> read_venue(const Rows& row) {
  Venue read;
  read.id = row.text(0);
  read.name = row.text(1);
  OPENDAY_TRY(read.source.kind, source_kind_of(row.text(2)));
  read.source.url = row.text(3);
  read.source.sealed_url = row.bytes(4);
  read.source.path = row.text(5);
  read.av_offset_ms = static_cast<int>(row.integer(6));
  read.jitter_ms = static_cast<int>(row.integer(7));
  read.created_at = {row.integer(8)};
  return read;
}

Result<IngestKey> read_key(const Rows& row) {
  return IngestKey{row.text(0), row.bytes(1), row.bytes(2), {row.integer(3)}};
}

Result<SavedScene> read_scene(const Rows& row) {
  OPENDAY_TRY(Json json, json_in(row, 1));
  OPENDAY_TRY(auto scene, broadcast::scene_from(json));
  return SavedScene{row.text(0), std::move(scene)};
}

Result<Target> read_target(const Rows& row) {
  return Target{row.text(0),  row.text(1),  row.text(2), row.text(3),
                row.bytes(4), row.bytes(5), row.text(6), row.integer(7) != 0};
}

Result<Withdrawal> read_withdrawal(const Rows& row) {
  return Withdrawal{row.integer(0),   row.text(1), {row.integer(2)},
                    {row.integer(3)}, row.text(4), {row.integer(5)}};
}

Result<AuditEntry> read_audit(const Rows& row) {
  return AuditEntry{row.integer(0), {row.integer(1)}, row.text(2), row.text(3),
                    row.text(4),    row.text(5),      row.text(6)};
}

Result<Person> read_person(const Rows& row) {
  OPENDAY_TRY(auto roles, account::roles_in(row.text(2)));
  return Person{row.text(0),         row.text(1),         roles,           row.text(3),
                row.integer(4) != 0, row.integer(5) != 0, {row.integer(6)}};
}

Result<Session> read_session(const Rows& row) {
  return Session{row.text(0), row.text(1), {row.integer(2)}, {row.integer(3)}};
}

// Lengths stand before texts, so that no two different entries have the same bytes.
Bytes audit_hash(const Bytes& before, const AuditEntry& entry) {
  Bytes bytes = before;
  ByteWriter out(bytes);
  out.u64(static_cast<uint64_t>(entry.number));
  out.u64(static_cast<uint64_t>(entry.at.ms));
  for (const auto* text : {&entry.by, &entry.via, &entry.action, &entry.subject, &entry.detail}) {
    out.u64(text->size());
    out.append(*text);
  }
  return sodium::sha256(bytes);
}

}  // namespace

Result<Broadcast> SqliteLedger::broadcast(const std::string& id) {
  return one(db_.query("SELECT " OPENDAY_BROADCAST_COLUMNS " FROM broadcasts WHERE id = ?", {id}),
             read_broadcast, "broadcast", id);
}

Result<std::vector<Broadcast>> SqliteLedger::broadcasts() {
  return all(db_.query("SELECT " OPENDAY_BROADCAST_COLUMNS
                       " FROM broadcasts ORDER BY coalesce(live_at, starts_at, created_at) DESC, id"),
             read_broadcast);
}

Result<std::vector<Broadcast>> SqliteLedger::public_broadcasts(int limit) {
  return all(db_.query("SELECT " OPENDAY_BROADCAST_COLUMNS " FROM broadcasts WHERE hidden = 0 ORDER BY"
                       " CASE state WHEN 'live' THEN 0 WHEN 'ended' THEN 2 ELSE 1 END,"
                       " CASE state WHEN 'live' THEN -live_at WHEN 'ended' THEN -ended_at"
                       "  ELSE coalesce(starts_at, 9223372036854775807) END, id LIMIT ?",
                       {limit}),
             read_broadcast);
}

Result<std::vector<Broadcast>> SqliteLedger::active_broadcasts() {
  return all(db_.query("SELECT " OPENDAY_BROADCAST_COLUMNS
                       " FROM broadcasts WHERE state IN ('rehearsal', 'live') ORDER BY id"),
             read_broadcast);
}

Result<Venue> SqliteLedger::venue(const std::string& id) {
  return one(db_.query("SELECT " OPENDAY_VENUE_COLUMNS " FROM venues WHERE id = ?", {id}), read_venue,
             "venue", id);
}

Result<std::vector<Venue>> SqliteLedger::venues() {
  return all(db_.query("SELECT " OPENDAY_VENUE_COLUMNS " FROM venues ORDER BY name, id"), read_venue);
}

Result<IngestKey> SqliteLedger::ingest_key(const std::string& venue) {
  return one(db_.query("SELECT " OPENDAY_KEY_COLUMNS " FROM ingest_keys WHERE venue = ?", {venue}), read_key,
             "ingest key of venue", venue);
}

Result<IngestKey> SqliteLedger::ingest_key_by_digest(const Bytes& rtmp_digest) {
  return one(
      db_.query("SELECT " OPENDAY_KEY_COLUMNS " FROM ingest_keys WHERE rtmp_digest = ?", {rtmp_digest}),
      read_key, "ingest key", "of this digest");
}

Result<std::vector<SavedScene>> SqliteLedger::scenes(const std::string& broadcast) {
  return all(db_.query("SELECT name, scene FROM scenes WHERE broadcast = ? ORDER BY name", {broadcast}),
             read_scene);
}

Result<Target> SqliteLedger::target(const std::string& broadcast, const std::string& id) {
  return one(db_.query("SELECT " OPENDAY_TARGET_COLUMNS " FROM targets WHERE broadcast = ? AND id = ?",
                       {broadcast, id}),
             read_target, "target", id);
}

Result<std::vector<Target>> SqliteLedger::targets(const std::string& broadcast) {
  return all(db_.query("SELECT " OPENDAY_TARGET_COLUMNS " FROM targets WHERE broadcast = ? ORDER BY id",
                       {broadcast}),
             read_target);
}

Result<std::vector<Withdrawal>> SqliteLedger::withdrawals(const std::string& broadcast) {
  return all(
      db_.query("SELECT id, broadcast, from_ms, to_ms, reason, at FROM withdrawals WHERE broadcast = ? "
                "ORDER BY id",
                {broadcast}),
      read_withdrawal);
}

Result<std::vector<AuditEntry>> SqliteLedger::audit(int64_t before, int limit) {
  return all(db_.query("SELECT " OPENDAY_AUDIT_COLUMNS
                       " FROM audit WHERE ?1 = 0 OR number < ?1 ORDER BY number DESC LIMIT ?2",
                       {before, limit}),
             read_audit);
}

Result<std::vector<Session>> SqliteLedger::sessions() {
  return all(db_.query("SELECT digest, person, created_at, expires_at FROM sessions"), read_session);
}

Result<Person> SqliteLedger::person(const std::string& id) {
  return one(db_.query("SELECT " OPENDAY_PERSON_COLUMNS " FROM people WHERE id = ?", {id}), read_person,
             "person", id);
}

Result<std::vector<Person>> SqliteLedger::people() {
  return all(db_.query("SELECT " OPENDAY_PERSON_COLUMNS " FROM people ORDER BY id"), read_person);
}

Result<> SqliteLedger::put(const Broadcast& b) {
  // Not "INSERT OR REPLACE": replacing deletes first, and the delete would cascade to scenes and targets.
  return db_.run(
      "INSERT INTO broadcasts (" OPENDAY_BROADCAST_COLUMNS
      ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (id) DO UPDATE SET title = excluded.title, description = excluded.description,"
      " language = excluded.language, hidden = excluded.hidden, state = excluded.state,"
      " starts_at = excluded.starts_at, live_at = excluded.live_at, ended_at = excluded.ended_at,"
      " width = excluded.width, height = excluded.height, fps = excluded.fps, seats = excluded.seats,"
      " scene = excluded.scene, mix = excluded.mix, preview = excluded.preview,"
      " public_from = excluded.public_from, recorded = excluded.recorded",
      {b.id, b.title, b.description, b.language, b.hidden, broadcast::name_of(b.state), b.created_at.ms,
       ms(b.starts_at), ms(b.live_at), ms(b.ended_at), b.house.width, b.house.height, b.house.fps,
       seats_json(b.seats).dump(), broadcast::to_json(b.scene).dump(), broadcast::to_json(b.mix).dump(),
       b.preview, ms(b.public_from), b.recorded});
}

Result<> SqliteLedger::remove_broadcast(const std::string& id) {
  return removed(db_, db_.run("DELETE FROM broadcasts WHERE id = ?", {id}), "broadcast", id);
}

Result<std::vector<std::string>> SqliteLedger::doomed_media() {
  OPENDAY_TRY(auto rows, db_.query("SELECT broadcast FROM doomed_media ORDER BY broadcast"));
  std::vector<std::string> all;
  while (true) {
    OPENDAY_TRY(bool found, rows.next());
    if (!found) return all;
    all.push_back(rows.text(0));
  }
}

Result<> SqliteLedger::doom_media(const std::string& broadcast) {
  return db_.run("INSERT OR IGNORE INTO doomed_media (broadcast) VALUES (?)", {broadcast});
}

Result<> SqliteLedger::media_gone(const std::string& broadcast) {
  return db_.run("DELETE FROM doomed_media WHERE broadcast = ?", {broadcast});
}

Result<> SqliteLedger::put(const Venue& v) {
  return db_.run("INSERT INTO venues (" OPENDAY_VENUE_COLUMNS
                 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                 " ON CONFLICT (id) DO UPDATE SET name = excluded.name, source_kind = excluded.source_kind,"
                 " source_url = excluded.source_url, source_sealed_url = excluded.source_sealed_url,"
                 " source_path = excluded.source_path, av_offset_ms = excluded.av_offset_ms,"
                 " jitter_ms = excluded.jitter_ms",
                 {v.id, v.name, broadcast::name_of(v.source.kind), v.source.url, v.source.sealed_url,
                  v.source.path, v.av_offset_ms, v.jitter_ms, v.created_at.ms});
}

Result<> SqliteLedger::remove_venue(const std::string& id) {
  return removed(db_, db_.run("DELETE FROM venues WHERE id = ?", {id}), "venue", id);
}

Result<> SqliteLedger::put(const IngestKey& key) {
  return db_.run("INSERT INTO ingest_keys (" OPENDAY_KEY_COLUMNS
                 ") VALUES (?, ?, ?, ?)"
                 " ON CONFLICT (venue) DO UPDATE SET rtmp_digest = excluded.rtmp_digest,"
                 " sealed_passphrase = excluded.sealed_passphrase, created_at = excluded.created_at",
                 {key.venue, key.rtmp_digest, key.sealed_passphrase, key.created_at.ms});
}

Result<> SqliteLedger::put(const std::string& broadcast, const SavedScene& scene) {
  return db_.run(
      "INSERT INTO scenes (broadcast, name, scene) VALUES (?, ?, ?)"
      " ON CONFLICT (broadcast, name) DO UPDATE SET scene = excluded.scene",
      {broadcast, scene.name, broadcast::to_json(scene.scene).dump()});
}

Result<> SqliteLedger::remove_scene(const std::string& broadcast, const std::string& name) {
  return removed(db_, db_.run("DELETE FROM scenes WHERE broadcast = ? AND name = ?", {broadcast, name}),
                 "scene", name);
}

Result<> SqliteLedger::put(const Target& t) {
  return db_.run(
      "INSERT INTO targets (" OPENDAY_TARGET_COLUMNS
      ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (broadcast, id) DO UPDATE SET name = excluded.name, url = excluded.url,"
      " sealed_url = excluded.sealed_url, sealed_key = excluded.sealed_key, rendition = excluded.rendition,"
      " enabled = excluded.enabled",
      {t.id, t.broadcast, t.name, t.url, t.sealed_url, t.sealed_key, t.rendition, t.enabled});
}

Result<> SqliteLedger::remove_target(const std::string& broadcast, const std::string& id) {
  return removed(db_, db_.run("DELETE FROM targets WHERE broadcast = ? AND id = ?", {broadcast, id}),
                 "target", id);
}

Result<int64_t> SqliteLedger::add(const Withdrawal& w) {
  OPENDAY_CHECK_OK(
      db_.run("INSERT INTO withdrawals (broadcast, from_ms, to_ms, reason, at) VALUES (?, ?, ?, ?, ?)",
              {w.broadcast, w.from.ms, w.to.ms, w.reason, w.at.ms}));
  return db_.last_id();
}

Result<> SqliteLedger::append(const AuditEntry& entry) {
  AuditEntry numbered = entry;
  Bytes before;
  {
    OPENDAY_TRY(auto rows, db_.query("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1"));
    OPENDAY_TRY(bool found, rows.next());
    numbered.number = found ? rows.integer(0) + 1 : 1;
    if (found) before = rows.bytes(1);
  }
  return db_.run("INSERT INTO audit (" OPENDAY_AUDIT_COLUMNS ", hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                 {numbered.number, entry.at.ms, entry.by, entry.via, entry.action, entry.subject,
                  entry.detail, audit_hash(before, numbered)});
}

Result<> SqliteLedger::put(const Person& p) {
  return db_.run(
      "INSERT INTO people (" OPENDAY_PERSON_COLUMNS
      ") VALUES (?, ?, ?, ?, ?, ?, ?)"
      " ON CONFLICT (id) DO UPDATE SET name = excluded.name, roles = excluded.roles,"
      " password = excluded.password, must_change = excluded.must_change,"
      " disabled = excluded.disabled",
      {p.id, p.name, account::text_of(p.roles), p.password, p.must_change, p.disabled, p.created_at.ms});
}

Result<> SqliteLedger::add(const Session& session) {
  return db_.run("INSERT INTO sessions (digest, person, created_at, expires_at) VALUES (?, ?, ?, ?)",
                 {session.digest, session.person, session.created_at.ms, session.expires_at.ms});
}

Result<> SqliteLedger::renew(const std::string& digest, ProgramTime expires_at) {
  return db_.run("UPDATE sessions SET expires_at = ? WHERE digest = ?", {expires_at.ms, digest});
}

Result<> SqliteLedger::remove_sessions(const std::string& person, const std::string& kept) {
  return db_.run("DELETE FROM sessions WHERE person = ? AND digest <> ?", {person, kept});
}

Result<> SqliteLedger::remove_session(const std::string& digest) {
  return db_.run("DELETE FROM sessions WHERE digest = ?", {digest});  // removing twice is no error
}

Result<AuditHead> verify_audit(sqlite::Database& db, const std::string& noted) {
  OPENDAY_TRY(auto rows, db.query("SELECT " OPENDAY_AUDIT_COLUMNS ", hash FROM audit ORDER BY number"));
  Bytes before;
  bool met = noted.empty();
  for (int64_t number = 1;; ++number) {
    OPENDAY_TRY(bool more, rows.next());
    if (!more && !met) {
      return fail(Errc::kInternal,
                  fmt::format("none of the {} audit entries has the hash {}: its end was cut off, or it was "
                              "written anew",
                              number - 1, noted));
    }
    if (!more) return AuditHead{number - 1, to_hex(before)};
    OPENDAY_TRY(AuditEntry entry, read_audit(rows));
    Bytes hash = rows.bytes(7);
    if (entry.number != number || hash != audit_hash(before, entry)) {
      return fail(Errc::kInternal,
                  fmt::format("audit entry {} was changed, or one before it is missing", number));
    }
    met = met || to_hex(hash) == noted;
    before = std::move(hash);
  }
}

}  // namespace openday::store
