#include "app/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/text.h"
#include "store/ledger.h"
#include "store/migrations.h"
#include "wrap/sqlite/sqlite.h"

namespace openday::app {
namespace {

constexpr const char* kLock = "server.lock";
constexpr const char* kDatabase = "openday.db";
constexpr const char* kServerKey = "server.key";
constexpr const char* kAdminToken = "admin.token";
constexpr size_t kMostSecret = 4096;

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

/// A file that is gone at the end unless it was kept: nothing half-made stays behind.
class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) { ::unlink(path_.c_str()); }
  ~Draft() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Draft(const Draft&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

  Result<> keep_as(const std::string& name) {
    UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0 || ::rename(path_.c_str(), name.c_str()) != 0)
      return std::unexpected(errno_error(name.c_str()));
    path_.clear();
    return {};
  }

 private:
  std::string path_;
};

Result<std::string> first_text(sqlite::Database& db, sqlite::Sql sql) {
  OPENDAY_TRY(auto rows, db.query(sql));
  OPENDAY_TRY(bool found, rows.next());
  return found ? rows.text(0) : std::string();
}

struct Secrets {
  std::string server_key;
  std::string admin_token;
};

Result<Secrets> take_secrets(sqlite::Database& db) {
  Secrets secrets;
  auto key = first_text(db, "SELECT content FROM openday_backup WHERE name = 'server.key'");
  auto token = first_text(db, "SELECT content FROM openday_backup WHERE name = 'admin.token'");
  if (!key || !token || key->size() < 32 || token->size() < 32)
    return fail(Errc::kInvalid,
                "the file is no backup of Openday: expected what 'openday backup' has written");
  secrets = {*std::move(key), *std::move(token)};
  OPENDAY_CHECK_OK(db.script("PRAGMA secure_delete = ON; DROP TABLE openday_backup;"));
  return secrets;
}

/// What is there is not lost: it makes room under another name.
Result<> put_aside(const std::string& path, const std::string& aside) {
  if (::rename(path.c_str(), aside.c_str()) != 0 && errno != ENOENT)
    return std::unexpected(errno_error(path.c_str()));
  return {};
}

}  // namespace

Result<UniqueFd> hold_data_folder(const std::string& data_dir) {
  std::string path = data_dir + "/" + kLock;
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return std::unexpected(errno_error(path.c_str()));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno == EWOULDBLOCK) return fail(Errc::kBusy, "a server is running on " + data_dir);
  return std::unexpected(errno_error(path.c_str()));
}

Result<> back_up(const std::string& data_dir, const std::string& file) {
  if (exists(file)) return fail(Errc::kConflict, file + " exists; choose a new name");
  std::string database = data_dir + "/" + kDatabase;
  if (!exists(database))
    return fail(Errc::kNotFound, "there is no " + database + "; has the server run with this configuration?");
  OPENDAY_TRY(std::string key, read_file(data_dir + "/" + kServerKey, kMostSecret));
  OPENDAY_TRY(std::string token, read_file(data_dir + "/" + kAdminToken, kMostSecret));

  mode_t before = ::umask(077);
  Draft draft(file + ".new");
  auto copied = [&]() -> Result<> {
    OPENDAY_TRY(auto source, sqlite::Database::open(database, sqlite::Mode::kReadOnly));
    // One read transaction: what is committed meanwhile is in the next backup.
    OPENDAY_CHECK_OK(source.run("VACUUM INTO ?", {draft.path()}));
    OPENDAY_TRY(auto copy, sqlite::Database::open(draft.path(), sqlite::Mode::kReadWrite));
    OPENDAY_CHECK_OK(
        copy.script("PRAGMA journal_mode = DELETE;"
                    "CREATE TABLE openday_backup (name TEXT PRIMARY KEY, content TEXT NOT NULL) STRICT;"));
    OPENDAY_CHECK_OK(
        copy.run("INSERT INTO openday_backup VALUES ('server.key', ?), ('admin.token', ?)", {key, token}));
    return {};
  }();
  ::umask(before);
  OPENDAY_CHECK_OK(copied);
  return draft.keep_as(file);
}

Result<> restore(const std::string& file, const std::string& data_dir, bool force) {
  if (!exists(file)) return fail(Errc::kNotFound, "there is no " + file);
  std::error_code error;
  std::filesystem::create_directories(data_dir, error);
  if (error) return fail(Errc::kIo, data_dir + ": " + error.message());
  bool empty = true;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir, error)) {
    empty = empty && entry.path().filename() == kLock;
  }
  if (error) return fail(Errc::kIo, data_dir + ": " + error.message());
  auto held = hold_data_folder(data_dir);
  if (!held && held.error().code == Errc::kBusy)
    return fail(Errc::kBusy, held.error().message + "; stop it first");
  if (!held) return std::unexpected(held.error());
  if (!empty && !force) {
    return fail(Errc::kConflict, data_dir +
                                     " is not empty; with '--force yes' the database and the secrets in "
                                     "it are replaced, and kept as NAME.before-restore");
  }

  mode_t before = ::umask(077);
  std::string database = data_dir + "/" + kDatabase;
  Draft draft(database + ".restored");
  Secrets secrets;
  auto unpacked = [&]() -> Result<> {
    {
      auto source = sqlite::Database::open(file, sqlite::Mode::kReadOnly);
      auto copied =
          source ? source->run("VACUUM INTO ?", {draft.path()}) : Result<>(std::unexpected(source.error()));
      if (!copied) return fail(Errc::kInvalid, file + " is no whole backup: " + copied.error().message);
    }
    OPENDAY_TRY(auto copy, sqlite::Database::open(draft.path(), sqlite::Mode::kReadWrite));
    OPENDAY_CHECK_OK(copy.script("PRAGMA journal_mode = DELETE;"));
    auto check = first_text(copy, "PRAGMA quick_check(1)");
    if (!check || *check != "ok") return fail(Errc::kInvalid, file + " is damaged");
    OPENDAY_TRY(secrets, take_secrets(copy));
    return store::migrate(copy);
  }();
  ::umask(before);
  OPENDAY_CHECK_OK(unpacked);

  std::string aside = database + ".before-restore";
  for (const char* part : {"", "-wal", "-shm"}) {
    OPENDAY_CHECK_OK(put_aside(database + part, aside + part));
  }
  for (const auto& [name, content] :
       {std::pair{kServerKey, secrets.server_key}, std::pair{kAdminToken, secrets.admin_token}}) {
    std::string path = data_dir + "/" + name;
    OPENDAY_CHECK_OK(put_aside(path, path + ".before-restore"));
    OPENDAY_CHECK_OK(write_file_atomic(path, content, 0600));
  }
  return draft.keep_as(database);
}

Result<std::string> verify_audit(const std::string& data_dir, const std::string& noted) {
  std::string file = data_dir + "/" + kDatabase;
  if (!exists(file)) return fail(Errc::kNotFound, "there is no " + file);
  OPENDAY_TRY(auto db, sqlite::Database::open(file, sqlite::Mode::kReadOnly));
  OPENDAY_TRY(auto head, store::verify_audit(db, noted));
  return fmt::format("{} entries, head {}", head.entries, head.entries > 0 ? head.hash : "none");
}

}  // namespace openday::app
