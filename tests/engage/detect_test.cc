#include "engage/detect.h"

#include <catch2/catch.hpp>

#include "shared.h"

using namespace openday;
using namespace openday::engage;

namespace {

template <class Find>
std::string found(Find find, std::string_view text) {
  Folded folded = fold(text);
  auto stretch = find(folded);
  if (!stretch) return "";
  uint32_t from = folded[stretch->first].from;
  return std::string(text.substr(from, folded[stretch->last].to - from));
}

}  // namespace

TEST_CASE("a link is found whole") {
  CHECK(found(find_link, "go to http://a.example/x?y now") == "http://a.example/x?y");
  CHECK(found(find_link, "去example.com看") == "example.com");
  CHECK(found(find_link, "at example dot com, friends") == "example dot com");
  CHECK(found(find_link, "at lucky-dot-com") == "lucky-dot-com");
  CHECK(found(find_link, "the dot-com era") == "");
  CHECK(found(find_link, "see e x a m p l e . c o m") == "e x a m p l e . c o m");
  CHECK(found(find_link, "3.14 and e.g. that") == "");
}

TEST_CASE("a messenger counts with an account behind it") {
  CHECK(found(find_contact, "请加微信 abc123 谢谢") == "微信 abc123");
  CHECK(found(find_contact, "q q 12345") == "q q 12345");
  CHECK(found(find_contact, "微信id: lucky888") == "微信id: lucky888");
  CHECK(found(find_contact, "微信号是luckyman") == "微信号是luckyman");
  CHECK(found(find_contact, "qq 1234") == "");
  CHECK(found(find_contact, "微信 12345人") == "");
  CHECK(found(find_contact, "vxworks") == "");
}

TEST_CASE("a telephone number is found with all its digits") {
  CHECK(found(find_phone, "打138-0013-8000找我") == "138-0013-8000");
  CHECK(found(find_phone, "room 5, 13800138000, thanks") == "13800138000");
  CHECK(found(find_phone, "+44 20 7946 0958") == "44 20 7946 0958");
  CHECK(found(find_phone, "138001380001") == "");
  CHECK(found(find_phone, "1380013800") == "");
  CHECK(found(find_phone, "12800138000") == "");
  CHECK(found(find_phone, "0.8.800004143.0008") == "");
}

TEST_CASE("an identity number needs its region, its day and its check character") {
  CHECK(found(find_id_number, "号11010519491231002X。") == "11010519491231002X");
  CHECK(found(find_id_number, "440524188001010014") == "440524188001010014");
  CHECK(found(find_id_number, "440524188001010015") == "");
  CHECK(found(find_id_number, "990524188001010014") == "");
  CHECK(found(find_id_number, "110105194913310021") == "");
  CHECK(found(find_id_number, "1440524188001010014") == "");
  CHECK(found(find_id_number, "110105491231002") == "110105491231002");
  CHECK(found(find_id_number, "110105491331002") == "");
}
