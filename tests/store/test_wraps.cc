#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "folder.h"
#include "wrap/sodium/sodium.h"
#include "wrap/sqlite/sqlite.h"

using namespace openday;

TEST_CASE("hashes match their published test vectors") {
  // FIPS 180-2 appendix B.1; RFC 4231 test case 1 has a 20-byte key, so the 32-byte key of case 4.x is padded
  // by hand.
  CHECK(to_hex(sodium::sha256(as_bytes("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Bytes key(32, 0);
  for (size_t i = 0; i < 20; ++i)
    key[i] = 0x0b;  // HMAC pads short keys with zeros, so this is RFC 4231 case 1
  CHECK(to_hex(sodium::hmac_sha256(*sodium::SecretKey::from(key), as_bytes("Hi There"))) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

TEST_CASE("what was sealed opens with its key only, and not after a change") {
  auto key = sodium::SecretKey::random();
  Bytes sealed = sodium::seal(key, as_bytes("passphrase"));
  CHECK(as_text(*sodium::open(key, sealed)) == "passphrase");
  CHECK(sodium::seal(key, as_bytes("passphrase")) != sealed);
  CHECK_FALSE(sodium::open(sodium::SecretKey::random(), sealed));
  for (size_t i = 0; i < sealed.size(); ++i) {
    Bytes changed = sealed;
    changed[i] ^= 1;
    CHECK_FALSE(sodium::open(key, changed));
  }
  CHECK_FALSE(sodium::open(key, {}));
  CHECK_FALSE(sodium::SecretKey::from(Bytes(31, 1)));
  CHECK(to_hex(key.derive(1, "one").bytes()) != to_hex(key.derive(2, "one").bytes()));
  CHECK(to_hex(key.derive(1, "one").bytes()) != to_hex(key.derive(1, "two").bytes()));
}

TEST_CASE("values go into SQLite and come back with their types") {
  test::Folder folder;
  auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
  REQUIRE(db);
  REQUIRE(db->script("CREATE TABLE t (i INTEGER, s TEXT, b BLOB, n INTEGER) STRICT"));
  std::string text("a\0b'; DROP TABLE t; --", 22);
  REQUIRE(db->run("INSERT INTO t VALUES (?, ?, ?, ?)", {int64_t{1} << 40, text, Bytes{0, 255}, nullptr}));
  REQUIRE(db->run("INSERT INTO t VALUES (?, ?, ?, ?)",
                  {1, std::string_view(), Bytes{}, std::optional<int64_t>(7)}));
  auto rows = db->query("SELECT i, s, b, n FROM t ORDER BY i DESC");
  REQUIRE(rows);
  REQUIRE(*rows->next());
  CHECK(rows->integer(0) == int64_t{1} << 40);
  CHECK(rows->text(1) == text);
  CHECK(rows->bytes(2) == Bytes{0, 255});
  CHECK(rows->is_null(3));
  REQUIRE(*rows->next());
  CHECK_FALSE(rows->is_null(1));
  CHECK_FALSE(rows->is_null(2));
  CHECK(rows->maybe_integer(3) == 7);
  CHECK_FALSE(*rows->next());
}

TEST_CASE("mistakes with SQLite are values, not crashes") {
  test::Folder folder;
  CHECK_FALSE(sqlite::Database::open(folder / "missing.db", sqlite::Mode::kReadOnly));
  CHECK_FALSE(sqlite::Database::open("/nowhere/x.db", sqlite::Mode::kReadWrite));
  auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
  REQUIRE(db);
  CHECK_FALSE(db->run("SELEKT 1"));
  CHECK_FALSE(db->run("SELECT ?", {}));
  CHECK_FALSE(db->run("SELECT 1"));  // rows nobody reads
  REQUIRE(db->script("CREATE TABLE t (i INTEGER PRIMARY KEY) STRICT; INSERT INTO t VALUES (1), (2)"));
  auto twice = db->run("INSERT INTO t VALUES (?)", {1});
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == Errc::kConflict);
  auto first = db->query("SELECT i FROM t WHERE i > ?", {0});
  REQUIRE(first);
  REQUIRE(*first->next());
  auto& again = *first;
  CHECK(again.integer(0) == 1);
  struct stat info{};
  REQUIRE(::stat((folder / "x.db").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("a query that is still being read is not run a second time") {
  test::Folder folder;
  auto db = sqlite::Database::open(folder / "x.db", sqlite::Mode::kReadWrite);
  REQUIRE(db);
  REQUIRE(db->script("CREATE TABLE t (i INTEGER) STRICT; INSERT INTO t VALUES (1), (2)"));
  static constexpr sqlite::Sql kAll = "SELECT i FROM t";
  {
    auto rows = db->query(kAll);
    REQUIRE(*rows->next());
    CHECK_FALSE(db->query(kAll));
  }
  CHECK(db->query(kAll));
}
