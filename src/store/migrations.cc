#include "store/migrations.h"

#include <fmt/format.h>

#include <array>

namespace openday::store {
namespace {

struct Step {
  sqlite::Sql schema;
  sqlite::Sql mark;  // PRAGMA takes no parameters, so each step names its own version
};

constexpr std::array kSteps = {
    Step{R"sql(
CREATE TABLE broadcasts (
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  language TEXT NOT NULL,
  hidden INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('scheduled', 'rehearsal', 'live', 'ended')),
  created_at INTEGER NOT NULL,        -- all times: UTC in ms
  starts_at INTEGER,
  live_at INTEGER,
  ended_at INTEGER,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  fps INTEGER NOT NULL,
  seats TEXT NOT NULL,                -- [[slot, venue, name], ...]
  scene TEXT NOT NULL,
  mix TEXT NOT NULL,
  preview TEXT NOT NULL,
  public_from INTEGER,
  recorded INTEGER NOT NULL
) STRICT;
CREATE INDEX broadcasts_by_state ON broadcasts (state, starts_at);

CREATE TABLE venues (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  source_kind TEXT NOT NULL CHECK (source_kind IN ('ingest', 'pull', 'file', 'test')),
  source_url TEXT NOT NULL,           -- as shown, without secrets
  source_sealed_url BLOB NOT NULL,
  source_path TEXT NOT NULL,
  av_offset_ms INTEGER NOT NULL,
  jitter_ms INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE ingest_keys (
  venue TEXT PRIMARY KEY REFERENCES venues (id) ON DELETE CASCADE,
  rtmp_digest BLOB NOT NULL UNIQUE,
  sealed_passphrase BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE scenes (
  broadcast TEXT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  scene TEXT NOT NULL,
  PRIMARY KEY (broadcast, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE targets (
  broadcast TEXT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  sealed_key BLOB NOT NULL,
  rendition TEXT NOT NULL,
  enabled INTEGER NOT NULL,
  PRIMARY KEY (broadcast, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE withdrawals (
  id INTEGER PRIMARY KEY,
  broadcast TEXT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
  from_ms INTEGER NOT NULL,
  to_ms INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX withdrawals_by_broadcast ON withdrawals (broadcast);

CREATE TABLE sessions (
  digest TEXT PRIMARY KEY,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Append-only: numbers are contiguous, and each hash covers its entry and the hash before it.
CREATE TABLE audit (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  by TEXT NOT NULL,
  via TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
CREATE TRIGGER audit_is_not_removed BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
)sql",
         "PRAGMA user_version = 1"},
    // targets.url is as shown from now on: broadcast::seal_targets() takes the secrets out of older rows.
    Step{"ALTER TABLE targets ADD COLUMN sealed_url BLOB NOT NULL DEFAULT x''", "PRAGMA user_version = 2"},
    // Removed broadcasts whose media may still be there.
    Step{"CREATE TABLE doomed_media (broadcast TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
         "PRAGMA user_version = 3"},
    // Who works here; a session is a person's, and those of before, of whoever had the admin token, have
    // ended.
    Step{R"sql(
CREATE TABLE people (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,                -- names, with commas between
  password TEXT NOT NULL,             -- Argon2id, as libsodium writes it
  must_change INTEGER NOT NULL,
  disabled INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
DROP TABLE sessions;
CREATE TABLE sessions (
  digest TEXT PRIMARY KEY,
  person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_person ON sessions (person);
)sql",
         "PRAGMA user_version = 4"},
    // The rooms. `author` is a viewer's for one broadcast: the hash of a random token.
    Step{R"sql(
CREATE TABLE comments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  broadcast TEXT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
  author TEXT NOT NULL,
  name TEXT NOT NULL,
  text TEXT NOT NULL,
  badge TEXT NOT NULL,
  at INTEGER NOT NULL,
  moment INTEGER NOT NULL,
  reply_to INTEGER NOT NULL,          -- 0: nothing
  state TEXT NOT NULL CHECK (state IN ('published', 'held', 'rejected', 'removed')),
  rule TEXT,                          -- what held it; with the span in UTF-16 units
  span_from INTEGER NOT NULL,
  span_to INTEGER NOT NULL,
  ref TEXT NOT NULL,
  decided_by TEXT,                    -- a person, last
  decided_name TEXT,
  decided_at INTEGER,
  state_before TEXT,
  reason TEXT,
  note TEXT,
  UNIQUE (broadcast, author, ref)
) STRICT;
CREATE INDEX comments_by_broadcast ON comments (broadcast, id);
CREATE INDEX comments_by_moment ON comments (broadcast, moment);
CREATE INDEX comments_held ON comments (broadcast, id) WHERE state = 'held';
CREATE TABLE reports (
  comment INTEGER NOT NULL REFERENCES comments (id) ON DELETE CASCADE,
  author TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (comment, author)
) STRICT, WITHOUT ROWID;
CREATE TABLE bans (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  broadcast TEXT NOT NULL REFERENCES broadcasts (id) ON DELETE CASCADE,
  author TEXT NOT NULL,
  name TEXT NOT NULL,
  until INTEGER,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  person TEXT NOT NULL,
  lifted INTEGER NOT NULL
) STRICT;
CREATE INDEX bans_by_broadcast ON bans (broadcast, author);
CREATE TABLE rooms (
  broadcast TEXT PRIMARY KEY REFERENCES broadcasts (id) ON DELETE CASCADE,
  mode TEXT NOT NULL,
  slow_s INTEGER NOT NULL,
  pinned INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE word_lists (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  by TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
         "PRAGMA user_version = 5"},
    // The desk. Nothing here has a row number: the order in which tips came is nobody's business.
    Step{R"sql(
CREATE TABLE person_keys (
  person TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
  public_half BLOB NOT NULL UNIQUE,
  salt BLOB NOT NULL,
  wrapped BLOB NOT NULL,              -- the secret half; the person's password opens it
  made_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE desk_root (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  person TEXT NOT NULL,
  public_half BLOB NOT NULL,
  recovery BLOB NOT NULL,
  recovery_signature BLOB NOT NULL,
  code BLOB NOT NULL
) STRICT;
CREATE TABLE desk_certificates (
  public_half BLOB PRIMARY KEY,
  person TEXT NOT NULL,
  signer BLOB NOT NULL,
  signature BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tips (
  id TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (state IN ('received', 'triaged', 'answered', 'closed')),
  verdict TEXT NOT NULL,
  received INTEGER NOT NULL CHECK (received % 60000 = 0),
  changed INTEGER NOT NULL CHECK (changed % 60000 = 0),
  broadcast TEXT NOT NULL,
  moment INTEGER CHECK (moment % 60000 = 0),
  clip TEXT NOT NULL,
  photos INTEGER NOT NULL,
  lookup BLOB NOT NULL UNIQUE,
  for_tipster BLOB NOT NULL,
  for_recovery BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tips_by_state ON tips (state, changed);
CREATE TABLE tip_timeline (
  tip TEXT NOT NULL REFERENCES tips (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL CHECK (at % 60000 = 0),
  by TEXT NOT NULL,                   -- an officer; '' the tipster
  deed TEXT NOT NULL,
  verdict TEXT NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (tip, number)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER timeline_is_not_changed BEFORE UPDATE ON tip_timeline
  BEGIN SELECT RAISE(ABORT, 'a timeline is append-only'); END;
CREATE TABLE tip_photos (
  tip TEXT NOT NULL REFERENCES tips (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (tip, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE tip_copies (
  tip TEXT NOT NULL REFERENCES tips (id) ON DELETE CASCADE,
  public_half BLOB NOT NULL REFERENCES person_keys (public_half) ON DELETE CASCADE,
  sealed BLOB NOT NULL,               -- the tip's content key
  PRIMARY KEY (tip, public_half)
) STRICT, WITHOUT ROWID;
CREATE INDEX tip_copies_by_reader ON tip_copies (public_half);
)sql",
         "PRAGMA user_version = 6"},
    // What moderators look for among all that was said (store/rooms.cc).
    Step{R"sql(
CREATE INDEX comments_by_author ON comments (broadcast, author, id);
CREATE INDEX comments_by_rule ON comments (broadcast, id) WHERE rule IS NOT NULL;
CREATE INDEX comments_refused ON comments (broadcast, id) WHERE state IN ('rejected', 'removed');
)sql",
         "PRAGMA user_version = 7"},
};

Result<> apply(sqlite::Database& db, const Step& step) {
  OPENDAY_CHECK_OK(db.run("BEGIN IMMEDIATE"));
  auto done = db.script(step.schema);
  if (done) done = db.script(step.mark);
  if (done) done = db.run("COMMIT");
  if (!done) (void)db.run("ROLLBACK");
  return done;
}

}  // namespace

int schema_version() {
  return static_cast<int>(kSteps.size());
}

Result<> migrate(sqlite::Database& db) {
  int64_t version = 0;
  {
    OPENDAY_TRY(auto rows, db.query("PRAGMA user_version"));
    OPENDAY_TRY(bool found, rows.next());
    version = found ? rows.integer(0) : 0;
  }
  if (version > schema_version()) {
    return fail(Errc::kUnsupported,
                fmt::format("the database has version {}, this program knows {}; run the newer program",
                            version, schema_version()));
  }
  for (auto next = static_cast<size_t>(version); next < kSteps.size(); ++next) {
    OPENDAY_CHECK_OK(apply(db, kSteps[next]));
  }
  return {};
}

}  // namespace openday::store
