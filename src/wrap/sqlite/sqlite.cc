#include "wrap/sqlite/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <unordered_map>

#include "base/fd.h"

namespace openday::sqlite {
namespace {

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};

// sqlite3_errmsg() names tables and columns, never bound values.
Error error_of(sqlite3* db, int code) {
  Errc kind = Errc::kInternal;
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: kind = Errc::kBusy; break;
    case SQLITE_CONSTRAINT: kind = Errc::kConflict; break;
    case SQLITE_TOOBIG: kind = Errc::kLimit; break;
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: kind = Errc::kIo; break;
    default: break;
  }
  return {kind, std::string("sqlite: ") + (db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code))};
}

}  // namespace

struct Database::State {
  std::unique_ptr<sqlite3, CloseDatabase> db;
  // Keyed by the address of the constant, which is as good as its text and cheaper.
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, FinalizeStatement>> statements;
};

Database::Database(std::unique_ptr<State> state) : state_(std::move(state)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() {
  if (state_) state_->statements.clear();  // before the connection
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  if (mode == Mode::kReadWrite) {
    // SQLite gives its WAL files the database file's mode, so creating that as 0600 keeps all of them
    // private.
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file) return std::unexpected(errno_error(("sqlite: " + path).c_str()));
  }
  sqlite3* raw = nullptr;
  int flags = (mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) |
              SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  auto state = std::make_unique<State>();
  state->db.reset(raw);
  if (code != SQLITE_OK) return std::unexpected(error_of(raw, code));
  sqlite3_busy_timeout(raw,
                       2000);  // another process (a backup, a person with sqlite3) may hold the lock briefly
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  return Database(std::move(state));
}

Result<> Database::script(Sql sql) {
  int code = sqlite3_exec(state_->db.get(), sql.text(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error_of(state_->db.get(), code));
  return {};
}

Result<sqlite3_stmt*> Database::prepared(Sql sql, std::initializer_list<Value> values) {
  auto& cached = state_->statements[sql.text()];
  if (!cached) {
    sqlite3_stmt* raw = nullptr;
    int code = sqlite3_prepare_v3(state_->db.get(), sql.text(), -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (code != SQLITE_OK) return std::unexpected(error_of(state_->db.get(), code));
    cached.reset(raw);
  }
  sqlite3_stmt* statement = cached.get();
  if (sqlite3_stmt_busy(statement) != 0)
    return fail(Errc::kInternal, "sqlite: the same query is being read already");
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(values.size())) {
    return fail(Errc::kInternal, "sqlite: wrong number of values for a statement");
  }
  int index = 0;
  for (const auto& value : values) {
    ++index;
    int code = SQLITE_OK;
    if (const auto* whole = std::get_if<int64_t>(&value.value_)) {
      code = sqlite3_bind_int64(statement, index, *whole);
    } else if (const auto* text = std::get_if<std::string_view>(&value.value_)) {
      // An empty view may have no data pointer, and a null pointer would bind NULL.
      code = sqlite3_bind_text64(statement, index, text->data() != nullptr ? text->data() : "", text->size(),
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
    } else if (const auto* bytes = std::get_if<ByteView>(&value.value_)) {
      code = bytes->empty()
                 ? sqlite3_bind_zeroblob(statement, index, 0)
                 : sqlite3_bind_blob64(statement, index, bytes->data(), bytes->size(), SQLITE_TRANSIENT);
    } else {
      code = sqlite3_bind_null(statement, index);
    }
    if (code != SQLITE_OK) return std::unexpected(error_of(state_->db.get(), code));
  }
  return statement;
}

Result<> Database::run(Sql sql, std::initializer_list<Value> values) {
  OPENDAY_TRY(Rows rows, query(sql, values));
  OPENDAY_TRY(bool more, rows.next());
  if (more) return fail(Errc::kInternal, "sqlite: a statement returned rows that nobody reads");
  return {};
}

Result<Rows> Database::query(Sql sql, std::initializer_list<Value> values) {
  OPENDAY_TRY(sqlite3_stmt * statement, prepared(sql, values));
  return Rows(statement);
}

int64_t Database::changes() const {
  return sqlite3_changes64(state_->db.get());
}
int64_t Database::last_id() const {
  return sqlite3_last_insert_rowid(state_->db.get());
}
bool Database::in_transaction() const {
  return sqlite3_get_autocommit(state_->db.get()) == 0;
}

Rows::Rows(Rows&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}

Rows::~Rows() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);  // keys and names do not linger in the cache
}

Result<bool> Rows::next() {
  int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(error_of(sqlite3_db_handle(statement_), code));
}

bool Rows::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
int64_t Rows::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string Rows::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return data != nullptr ? std::string(data, size) : std::string();
}

Bytes Rows::bytes(int column) const {
  const auto* data = static_cast<const uint8_t*>(sqlite3_column_blob(statement_, column));
  auto size = static_cast<size_t>(sqlite3_column_bytes(statement_, column));
  return data != nullptr ? Bytes(data, data + size) : Bytes();
}

std::optional<int64_t> Rows::maybe_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

}  // namespace openday::sqlite
