#include "app/secrets.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "../hub_http/harness.h"

using namespace openday;
using namespace openday::app;

TEST_CASE("a secret is made once, for its owner only, and read again") {
  hub::test::TemporaryFolder folder;
  auto made = load_or_create_secret(folder / "token", 32);
  REQUIRE(made);
  CHECK(made->size() == 64);
  CHECK(load_or_create_secret(folder / "token", 32) == *made);
  struct stat info{};
  REQUIRE(::stat((folder / "token").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(load_or_create_secret(folder / "other", 32) != *made);
}

TEST_CASE("a secret that others can read, or that is too short, is refused") {
  hub::test::TemporaryFolder folder;
  REQUIRE(write_file_atomic(folder / "open", std::string(64, 'a'), 0640));
  CHECK(load_or_create_secret(folder / "open", 32).error().code == Errc::kRefused);
  REQUIRE(write_file_atomic(folder / "short", "abc\n", 0600));
  CHECK(load_or_create_secret(folder / "short", 32).error().code == Errc::kInvalid);
  CHECK_FALSE(load_or_create_secret("/nowhere/token", 32));
}
