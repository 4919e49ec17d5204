#include "app/data_folder.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>

#include "../store/folder.h"
#include "base/text.h"
#include "store/migrations.h"
#include "store/store.h"
#include "wrap/sqlite/sqlite.h"

using namespace openday;
using namespace openday::app;
using openday::test::Folder;

namespace {

const std::string kKey(64, 'a');
const std::string kToken(64, 'b');

std::string text_of(const std::string& path) {
  return read_file(path, 1 << 24).value_or("");
}

unsigned mode_of(const std::string& path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

/// A data folder with a server's store open in it.
struct Running {
  Folder folder;
  std::unique_ptr<store::Store> store;

  Running() {
    REQUIRE(write_file_atomic(folder / "server.key", kKey + "\n", 0600));
    REQUIRE(write_file_atomic(folder / "admin.token", kToken + "\n", 0600));
    store = *store::Store::open(folder / "openday.db", Log("test", LogLevel::kError));
    add("east");
  }
  void add(const std::string& venue) {
    std::promise<Result<>> done;
    REQUIRE(store->submit(
        [&](const store::Tables& tables) {
          return tables.ledger.put(broadcast::Venue{venue, venue, {}, 0, 120, {1}});
        },
        [&](Result<> outcome) { done.set_value(std::move(outcome)); }));
    REQUIRE(done.get_future().get());
  }
};

std::vector<std::string> venues_in(const std::string& data_dir) {
  auto db = sqlite::Database::open(data_dir + "/openday.db", sqlite::Mode::kReadOnly);
  REQUIRE(db);
  auto rows = db->query("SELECT id FROM venues ORDER BY id");
  REQUIRE(rows);
  std::vector<std::string> out;
  while (*rows->next()) out.push_back(rows->text(0));
  return out;
}

}  // namespace

TEST_CASE("a backup of a running server is what was committed, and restores it elsewhere") {
  Running server;
  Folder elsewhere;
  std::string file = elsewhere / "backup";
  REQUIRE(back_up(server.folder.path(), file));
  CHECK(mode_of(file) == 0600);
  CHECK(!std::filesystem::exists(file + ".new"));
  server.add("west");  // it goes on

  std::string data = elsewhere / "new/data";
  REQUIRE(restore(file, data, false));
  CHECK(venues_in(data) == std::vector<std::string>{"east"});
  CHECK(text_of(data + "/server.key") == kKey + "\n");
  CHECK(text_of(data + "/admin.token") == kToken + "\n");
  for (const char* name : {"openday.db", "server.key", "admin.token"})
    CHECK(mode_of(data + "/" + name) == 0600);
  // The secrets are in files of their own alone, and a server takes the folder as its own.
  CHECK(text_of(data + "/openday.db").find(kKey) == std::string::npos);
  CHECK(text_of(data + "/openday.db").find("openday_backup") == std::string::npos);
  CHECK(store::Store::open(data + "/openday.db", Log("test", LogLevel::kError)));
}

TEST_CASE("a backup overwrites nothing and leaves nothing half-made") {
  Running server;
  Folder elsewhere;
  std::ofstream(elsewhere / "taken") << "mine";
  CHECK(back_up(server.folder.path(), elsewhere / "taken").error().code == Errc::kConflict);
  CHECK(text_of(elsewhere / "taken") == "mine");
  CHECK(!back_up(server.folder.path(), elsewhere / "no/such/folder/backup"));
  CHECK(back_up(elsewhere.path(), elsewhere / "backup").error().code == Errc::kNotFound);
  std::filesystem::remove(server.folder / "server.key");
  CHECK(!back_up(server.folder.path(), elsewhere / "backup"));
  CHECK(!std::filesystem::exists(elsewhere / "backup"));
}

TEST_CASE("restore refuses a folder that a server holds, and one that is not empty unless told") {
  Running server;
  Folder elsewhere;
  std::string file = elsewhere / "backup";
  REQUIRE(back_up(server.folder.path(), file));
  server.add("west");
  {
    auto held = hold_data_folder(server.folder.path());
    REQUIRE(held);
    CHECK(hold_data_folder(server.folder.path()).error().code == Errc::kBusy);
    CHECK(restore(file, server.folder.path(), true).error().code == Errc::kBusy);
  }
  server.store.reset();
  auto refused = restore(file, server.folder.path(), false);
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::kConflict);
  CHECK(refused.error().message.find("--force yes") != std::string::npos);
  CHECK(venues_in(server.folder.path()) == std::vector<std::string>{"east", "west"});

  REQUIRE(write_file_atomic(server.folder / "server.key", std::string(64, 'c'), 0600));
  std::filesystem::create_directory(server.folder / "media");
  REQUIRE(restore(file, server.folder.path(), true));
  CHECK(venues_in(server.folder.path()) == std::vector<std::string>{"east"});
  CHECK(text_of(server.folder / "server.key") == kKey + "\n");
  CHECK(text_of(server.folder / "server.key.before-restore") == std::string(64, 'c'));
  CHECK(std::filesystem::exists(server.folder / "openday.db.before-restore"));
  CHECK(std::filesystem::exists(server.folder / "media"));
}

TEST_CASE("what is no whole backup of this program is refused, and the folder stays as it is") {
  Running server;
  Folder elsewhere;
  std::string file = elsewhere / "backup";
  REQUIRE(back_up(server.folder.path(), file));
  server.store.reset();
  auto refusal = [&](const std::string& from) {
    auto done = restore(from, server.folder.path(), true);
    REQUIRE(!done);
    CHECK(venues_in(server.folder.path()) == std::vector<std::string>{"east"});
    CHECK(text_of(server.folder / "server.key") == kKey + "\n");
    CHECK(!std::filesystem::exists(server.folder / "openday.db.restored"));
    CHECK(!std::filesystem::exists(server.folder / "openday.db.before-restore"));
    return done.error().code;
  };
  CHECK(refusal(elsewhere / "nothing") == Errc::kNotFound);
  std::ofstream(elsewhere / "text") << "no database";
  CHECK(refusal(elsewhere / "text") == Errc::kInvalid);
  CHECK(refusal(server.folder / "openday.db") == Errc::kInvalid);  // a database, but no backup
  std::string half = text_of(file);
  std::ofstream(elsewhere / "half", std::ios::binary) << half.substr(0, half.size() / 2);
  CHECK(refusal(elsewhere / "half") == Errc::kInvalid);
  {
    auto db = sqlite::Database::open(file, sqlite::Mode::kReadWrite);
    REQUIRE(db);
    REQUIRE(db->script("PRAGMA user_version = 10000"));
  }
  CHECK(refusal(file) == Errc::kUnsupported);
}
