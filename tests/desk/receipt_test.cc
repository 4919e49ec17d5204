#include "desk/receipt.h"

#include <catch2/catch.hpp>
#include <set>

#include "base/random.h"
#include "desk/content.h"
#include "wrap/sodium/keys.h"

using namespace openday;
using namespace openday::desk;

TEST_CASE("a receipt is 24 digits, shown by fours, and read back however it is typed") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    std::string receipt = make_receipt();
    CHECK(receipt.size() == 24);
    CHECK(receipt.find_first_not_of("0123456789") == std::string::npos);
    CHECK(read_receipt(shown_receipt(receipt)) == receipt);
    seen.insert(receipt);
  }
  CHECK(seen.size() == 100);
  CHECK(shown_receipt("123456789012345678901234") == "1234 5678 9012 3456 7890 1234");
  CHECK(read_receipt("  1234-5678-9012\r\n3456\t78901234 ") == "123456789012345678901234");
  CHECK(read_receipt("１２３４ 5678 9012　3456 7890 １２３４") == "123456789012345678901234");
  for (const char* wrong : {"", "12345678901234567890123", "1234567890123456789012345",
                            "12345678901234567890123x", "\xEF\xBC", "１２", "\xEF\xBC\x9A"}) {
    CAPTURE(wrong);
    CHECK_FALSE(read_receipt(wrong));
  }
}

TEST_CASE("a receipt leads to the same keys with the same salt, and to others with another") {
  Bytes salt(16, 1);
  auto keys = keys_of("123456789012345678901234", salt);
  REQUIRE(keys);
  auto again = keys_of("123456789012345678901234", salt);
  CHECK(keys->lookup == again->lookup);
  CHECK(keys->lookup.size() == 32);
  Key content = make_content_key();
  auto opened = unwrap_key(wrap_key(content, keys->wrapping), again->wrapping);
  REQUIRE(opened);
  CHECK(std::ranges::equal((*opened)->bytes(), content->bytes()));
  auto other = keys_of("123456789012345678901235", salt);
  CHECK(other->lookup != keys->lookup);
  CHECK_FALSE(unwrap_key(wrap_key(content, keys->wrapping), other->wrapping));
  CHECK(keys_of("123456789012345678901234", Bytes(16, 2))->lookup != keys->lookup);
}

TEST_CASE("what is sealed opens for its purpose only, and its length tells little") {
  auto key = sodium::SecretKey::random();
  for (size_t size : {0u, 1u, 4095u, 4096u, 65535u, 65536u, 200000u}) {
    CAPTURE(size);
    Bytes plain = random_bytes(size);
    Bytes sealed = sodium::seal_stream(key, "a tip", plain);
    CHECK(sodium::open_stream(key, "a tip", sealed) == plain);
    CHECK_FALSE(sodium::open_stream(key, "another tip", sealed));
    CHECK_FALSE(sodium::open_stream(sodium::SecretKey::random(), "a tip", sealed));
    Bytes changed = sealed;
    changed[changed.size() / 2] ^= 1;
    CHECK_FALSE(sodium::open_stream(key, "a tip", changed));
    for (size_t cut : {size_t{1}, size_t{17}, std::min(sealed.size(), size_t{65536 + 17})}) {
      CHECK_FALSE(sodium::open_stream(key, "a tip", ByteView(sealed).first(sealed.size() - cut)));
    }
    Bytes longer = sealed;
    longer.insert(longer.end(), sealed.begin(), sealed.end());
    CHECK_FALSE(sodium::open_stream(key, "a tip", longer));
  }
  auto size_of = [&](size_t size) { return sodium::seal_stream(key, "x", Bytes(size)).size(); };
  CHECK(size_of(0) == size_of(4000));
  CHECK(size_of(5000) == size_of(8000));
  CHECK(size_of(70'000) == size_of(130'000));
}

TEST_CASE("a pair is wrapped with a password and opens with no other") {
  auto pair = sodium::KeyPair::random();
  Bytes salt = random_bytes(sodium::kSaltSize);
  auto key = sodium::password_key("correct horse battery", salt);
  REQUIRE(key);
  Bytes wrapped = pair->wrapped(*key);
  auto opened = sodium::KeyPair::unwrap(*sodium::password_key("correct horse battery", salt), wrapped);
  REQUIRE(opened);
  CHECK((*opened)->public_half() == pair->public_half());
  CHECK_FALSE(sodium::KeyPair::unwrap(*sodium::password_key("correct horse batterx", salt), wrapped));
  Bytes sealed = *sodium::seal_to(pair->public_half(), as_bytes("secret"));
  CHECK(as_text(*(*opened)->open(sealed)) == "secret");
  CHECK_FALSE(sodium::KeyPair::random()->open(sealed));
  Bytes signature = pair->sign(as_bytes("word"));
  CHECK(sodium::is_signed_by(pair->public_half(), as_bytes("word"), signature));
  CHECK_FALSE(sodium::is_signed_by(pair->public_half(), as_bytes("wort"), signature));
}
