#include "base/text.h"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace openday;

TEST_CASE("UTF-8 is accepted whole and refused when overlong, surrogate or cut short") {
  CHECK(is_valid_utf8("执行公开日 ok \xF0\x9F\x98\x80"));
  CHECK(is_valid_utf8(""));
  CHECK_FALSE(is_valid_utf8("\xC0\xAF"));
  CHECK_FALSE(is_valid_utf8("\xED\xA0\x80"));
  CHECK_FALSE(is_valid_utf8("\xE6\x89"));
  CHECK_FALSE(is_valid_utf8("\xF4\x90\x80\x80"));
  CHECK_FALSE(is_valid_utf8("\x80"));
}

TEST_CASE("slugs are what ids are made of") {
  CHECK(is_slug("hall-a_2"));
  CHECK_FALSE(is_slug(""));
  CHECK_FALSE(is_slug("-a"));
  CHECK_FALSE(is_slug("Hall"));
  CHECK_FALSE(is_slug("a/b"));
  CHECK_FALSE(is_slug(std::string(65, 'a')));
}

TEST_CASE("the nearest word is offered only when it is near") {
  std::vector<std::string> words = {"width", "height", "fps"};
  CHECK(nearest("hieght", words) == "height");
  CHECK(nearest("wdth", words) == "width");
  CHECK(nearest("audience", words).empty());
}

TEST_CASE("secrets of equal length are compared whole") {
  CHECK(equal_constant_time("abc", "abc"));
  CHECK_FALSE(equal_constant_time("abc", "abd"));
  CHECK_FALSE(equal_constant_time("abc", "ab"));
}

TEST_CASE("a file is replaced atomically with the mode asked for, and read back within its limit") {
  char folder[] = "/tmp/openday-text-XXXXXX";
  REQUIRE(::mkdtemp(folder) != nullptr);
  std::string path = std::string(folder) + "/token";
  REQUIRE(write_file_atomic(path, "first", 0600));
  REQUIRE(write_file_atomic(path, "second", 0600));
  CHECK(read_file(path, 100).value() == "second");
  CHECK(read_file(path, 3).error().code == Errc::kLimit);
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(::access((path + ".new").c_str(), F_OK) != 0);
  CHECK_FALSE(write_file_atomic(std::string(folder) + "/no/such", "x"));
  ::unlink(path.c_str());
  ::rmdir(folder);
}

TEST_CASE("a decimal number is its digits and nothing else") {
  CHECK(decimal<int>("0") == 0);
  CHECK(decimal<int>("007") == 7);
  CHECK(decimal<uint16_t>("65535") == 65535);
  CHECK(decimal<int64_t>("9223372036854775807") == INT64_MAX);
  for (const char* wrong : {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "65536", "一"}) {
    INFO(wrong);
    CHECK(!decimal<uint16_t>(wrong));
  }
  CHECK(!decimal<int64_t>("9223372036854775808"));
  CHECK(!decimal<int64_t>("-0"));
}
