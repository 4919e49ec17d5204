#include "hub/multipart.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

using namespace openday;
using namespace openday::hub;

namespace {

/// Everything heard, as text.
struct Heard final : MultipartEvents {
  Result<size_t> on_part(const MultipartPart& part) override {
    text += fmt::format("[{}|{}:", part.name, part.content_type);
    if (part.name == "forbidden") return fail(Errc::kRefused, "no such field");
    return most;
  }
  Result<> on_bytes(ByteView bytes) override {
    text += as_text(bytes);
    return {};
  }
  Result<> on_part_end() override {
    text += "]";
    return {};
  }
  size_t most = 1000;
  std::string text;
};

constexpr std::string_view kType = "multipart/form-data; boundary=AaB03x";

/// What was heard, or the error's name.
std::string parse(std::string_view body, std::initializer_list<size_t> cuts = {},
                  std::string_view type = kType) {
  Heard heard;
  auto parser = MultipartParser::create(type, heard);
  if (!parser) return name_of(parser.error().code);
  size_t at = 0;
  auto feed = [&](size_t to) {
    auto fed = parser->feed(as_bytes(body.substr(at, to - at)));
    at = to;
    return fed;
  };
  for (size_t cut : cuts) {
    if (auto fed = feed(cut); !fed) return name_of(fed.error().code);
  }
  if (auto fed = feed(body.size()); !fed) return name_of(fed.error().code);
  if (auto ended = parser->finish(); !ended) return std::string("unfinished ") + heard.text;
  return heard.text;
}

std::string part(std::string_view headers, std::string_view content) {
  return fmt::format("--AaB03x\r\n{}\r\n\r\n{}\r\n", headers, content);
}

const std::string kBody =
    "preamble\r\n" + part("Content-Disposition: form-data; name=\"text\"", "a tip\r\n--AaB03 -- \r\n\r") +
    part(
        "content-disposition:form-data;name=photo; filename=\"a \\\"b\\\".jpg\"\r\nContent-Type: Image/JPEG; "
        "q=1",
        "\xFF\xD8\r\n-") +
    part("Content-Disposition: form-data; name=\"empty\"; filename=\"\"", "") + "--AaB03x--\r\nepilogue";

const std::string kHeard =
    "[text|:a tip\r\n--AaB03 -- \r\n\r]"
    "[photo|image/jpeg:\xFF\xD8\r\n-]"
    "[empty|:]";

}  // namespace

TEST_CASE("parts are read, and what is around them is not") {
  CHECK(parse(kBody) == kHeard);
  CHECK(parse("--AaB03x--") == "");
  CHECK(parse("--AaB03x \t\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--AaB03x--") == "[a|:b]");
  // RFC 2046: the line end that begins a delimiter may be the one of the empty line.
  CHECK(parse("--AaB03x\r\nContent-Disposition: form-data; name=a\r\n\r\n--AaB03x--") == "[a|:]");
  CHECK(parse(part("Content-Disposition: form-data; name=\"a\"; filename*=utf-8''x\r\nX-Other: y\r\n"
                   "Content-Transfer-Encoding: BINARY",
                   "b") +
              "--AaB03x--") == "[a|:b]");
  CHECK(parse("--a b'()+_,-./:=?c\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--a b'()+_,-./:=?c--",
              {}, "Multipart/Form-Data ; Boundary=\"a b'()+_,-./:=?c\"") == "[a|:b]");
}

TEST_CASE("it does not matter where the bytes are cut") {
  for (size_t first = 0; first <= kBody.size(); ++first) {
    for (size_t second = first; second <= kBody.size(); second += 3) {
      if (parse(kBody, {first, second}) != kHeard) {
        INFO(first << " and " << second);
        CHECK(parse(kBody, {first, second}) == kHeard);
      }
    }
  }
  Heard heard;
  auto parser = MultipartParser::create(kType, heard).value();
  for (char c : kBody) REQUIRE(parser.feed(as_bytes(std::string_view(&c, 1))));
  REQUIRE(parser.finish());
  CHECK(heard.text == kHeard);
}

TEST_CASE("a body that ends early is not taken for a whole one") {
  size_t end = kBody.find("--AaB03x--") + 10;
  for (size_t size = 0; size < end; ++size) {
    INFO(size);
    std::string got = parse(std::string_view(kBody).substr(0, size));
    CHECK(got.starts_with("unfinished"));
  }
  CHECK(parse(std::string_view(kBody).substr(0, end)) == kHeard);
}

TEST_CASE("what is no form is refused") {
  for (const char* type :
       {"application/json", "multipart/mixed; boundary=a", "multipart/form-datax; boundary=a", ""})
    CHECK(parse("", {}, type) == "unsupported");
  for (const char* type :
       {"multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"a \"",
        "multipart/form-data; boundary=a; boundary=b", "multipart/form-data; boundary=a<",
        "multipart/form-data; boundary=\"a", "multipart/form-data; boundary"})
    CHECK(parse("", {}, type) == "invalid");
  CHECK(parse("", {}, "multipart/form-data; boundary=" + std::string(71, 'a')) == "invalid");
  CHECK(parse("", {}, "multipart/form-data; boundary=" + std::string(70, 'a')).starts_with("unfinished"));
  const char* bad_headers[] = {
      "Content-Type: a/b",
      "Content-Disposition: attachment; name=a",
      "Content-Disposition: form-data",
      "Content-Disposition: form-data; name=\"\"",
      "Content-Disposition: form-data; name=\"a",
      "Content-Disposition: form-data; name=a; name=b",
      "Content-Disposition: form-data; name=\"a\x01\"",
      "Content-Disposition: form-data; name=\"\xFF\"",
      "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
      "Content-Disposition: form-data; name=a\r\n folded",
      "Content-Disposition: form-data; name=a\nX: b",
      ": x"};
  for (const char* headers : bad_headers) {
    INFO(headers);
    CHECK(parse(part(headers, "x")) == "invalid");
  }
  CHECK(parse("--AaB03x\r\n\r\nno headers\r\n--AaB03x--") == "invalid");
  CHECK(parse("--AaB03xy\r\n") == "invalid");
  CHECK(parse("--AaB03x\n\n") == "invalid");
  CHECK(parse(part("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", "x")) ==
        "unsupported");
  CHECK(parse(part("Content-Disposition: form-data; name=forbidden", "x")) == "refused");
}

TEST_CASE("everything is bounded") {
  std::string plain = "Content-Disposition: form-data; name=a";
  CHECK(parse(part(plain, std::string(1000, 'x')) + "--AaB03x--").ends_with("x]"));
  CHECK(parse(part(plain, std::string(1001, 'x')) + "--AaB03x--") == "limit");
  CHECK(parse(part(plain, std::string(100'000, '\r'))) == "limit");
  CHECK(parse(part(plain + "\r\nX: " + std::string(5000, 'x'), "")) == "limit");
  CHECK(parse("--AaB03x\r\nX: " + std::string(5000, 'x')) == "limit");  // and no end of them
  CHECK(parse("--AaB03x" + std::string(5000, ' ')) == "limit");
  CHECK(parse(std::string(5000, 'x')) == "limit");
  CHECK(parse(part("Content-Disposition: form-data; name=" + std::string(65, 'a'), "")) == "invalid");
  std::string many;
  for (size_t i = 0; i < MultipartParser::kMaxParts; ++i) many += part(plain, "x");
  CHECK(parse(many + "--AaB03x--").starts_with("[a|:x]"));
  CHECK(parse(many + part(plain, "x") + "--AaB03x--") == "limit");
}
