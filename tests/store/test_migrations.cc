#include <catch2/catch.hpp>

#include "folder.h"
#include "store/migrations.h"
#include "store/store.h"

using namespace openday;
using namespace openday::store;

namespace {

int64_t number(sqlite::Database& db, sqlite::Sql sql) {
  auto rows = db.query(sql);
  REQUIRE(rows);
  REQUIRE(*rows->next());
  return rows->integer(0);
}

}  // namespace

TEST_CASE("an empty file becomes the present schema, and opening it again changes nothing") {
  test::Folder folder;
  auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
  REQUIRE(db);
  REQUIRE(migrate(*db));
  CHECK(number(*db, "PRAGMA user_version") == schema_version());
  CHECK(number(*db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'broadcasts'") == 1);
  int64_t schema = number(*db, "PRAGMA schema_version");
  REQUIRE(migrate(*db));
  CHECK(number(*db, "PRAGMA schema_version") == schema);
}

TEST_CASE("targets of the first version are kept") {
  test::Folder folder;
  auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
  REQUIRE(db);
  REQUIRE(migrate(*db));
  REQUIRE(db->script(
      "ALTER TABLE targets DROP COLUMN sealed_url; DROP TABLE doomed_media; "
      "DROP TABLE reports; DROP TABLE comments; DROP TABLE bans; DROP TABLE rooms; DROP TABLE word_lists; "
      "DROP TABLE tip_copies; DROP TABLE tip_photos; DROP TABLE tip_timeline; DROP TABLE tips; "
      "DROP TABLE desk_certificates; DROP TABLE desk_root; DROP TABLE person_keys; DROP TABLE people; "
      "PRAGMA user_version = 1"));
  REQUIRE(db->script("INSERT INTO targets VALUES ('day', 't', 'T', 'rtmp://h/a/key', x'', '', 1)"));
  REQUIRE(migrate(*db));
  CHECK(number(*db, "SELECT count(*) FROM targets WHERE url = 'rtmp://h/a/key' AND sealed_url = x''") == 1);
}

TEST_CASE("a database of a newer program is left alone") {
  test::Folder folder;
  {
    auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
    REQUIRE(db);
    REQUIRE(db->script("PRAGMA user_version = 999"));
  }
  auto store = Store::open(folder / "x.db", Log("test", LogLevel::kError));
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::kUnsupported);
}

TEST_CASE("a migration that fails leaves the version it started from") {
  test::Folder folder;
  auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
  REQUIRE(db);
  // A table of the schema's name is in the way half-way through the first step.
  REQUIRE(db->script("CREATE TABLE targets (x)"));
  REQUIRE_FALSE(migrate(*db));
  CHECK(number(*db, "PRAGMA user_version") == 0);
  CHECK(number(*db, "SELECT count(*) FROM sqlite_schema WHERE name = 'broadcasts'") == 0);
}

TEST_CASE("a file that is not a database is refused") {
  test::Folder folder;
  {
    auto file = std::fopen((folder / "x.db").c_str(), "w");
    REQUIRE(file != nullptr);
    for (int i = 0; i < 100; ++i) std::fputs("this is certainly not a database ", file);
    std::fclose(file);
  }
  auto store = Store::open(folder / "x.db", Log("test", LogLevel::kError));
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::kIo);
}
