#include "desk/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/check_text.h"
#include "wrap/sodium/keys.h"

namespace openday::desk {
namespace {

using Json = nlohmann::json;

Result<Key> key_in(Result<Bytes> plain) {
  if (!plain) return std::unexpected(plain.error());
  auto key = sodium::SecretKey::from(*plain);
  sodium::wipe(*plain);
  if (!key) return std::unexpected(key.error());
  return std::make_shared<const sodium::SecretKey>(*key);
}

std::string entry_purpose(const std::string& tip, int number) {
  return fmt::format("tip {} entry {}", tip, number);
}

std::string photo_purpose(const std::string& tip, int number) {
  return fmt::format("tip {} photo {}", tip, number);
}

}  // namespace

Key make_content_key() {
  return std::make_shared<const sodium::SecretKey>(sodium::SecretKey::random());
}

Bytes wrap_key(const Key& content, const Key& wrapping) {
  return sodium::seal(*wrapping, content->bytes());
}

Result<Key> unwrap_key(const Bytes& wrapped, const Key& wrapping) {
  return key_in(sodium::open(*wrapping, wrapped));
}

Result<Bytes> seal_key(const Key& content, const Bytes& public_half) {
  return sodium::seal_to(public_half, content->bytes());
}

Result<Key> open_key(const Bytes& sealed, const Pair& pair) {
  return key_in(pair->open(sealed));
}

Bytes seal_words(const Key& key, const std::string& tip, int number, std::string_view words) {
  return sodium::seal_stream(*key, entry_purpose(tip, number), as_bytes(words));
}

Result<std::string> open_words(const Key& key, const Entry& entry) {
  OPENDAY_TRY(Bytes words, sodium::open_stream(*key, entry_purpose(entry.tip, entry.number), entry.sealed));
  return std::string(as_text(words));
}

Bytes seal_photo(const Key& key, const std::string& tip, int number, ByteView image) {
  return sodium::seal_stream(*key, photo_purpose(tip, number), image);
}

Result<Bytes> open_photo(const Key& key, const Photo& photo) {
  return sodium::open_stream(*key, photo_purpose(photo.tip, photo.number), photo.sealed);
}

Result<> check(const Content& content) {
  if (std::ranges::find(kKinds, content.kind) == kKinds.end()) {
    return fail(Errc::kInvalid, "kind is none of those there are");
  }
  if (content.text.empty()) return fail(Errc::kInvalid, "text is missing");
  OPENDAY_CHECK_OK(check_paragraph("text", content.text, kMostCharacters));
  return check_line("contact", content.contact, 0, kMostContact);
}

std::string to_words(const Content& content) {
  Json json = {{"kind", content.kind}, {"text", content.text}, {"contact", content.contact}};
  if (content.moment) json["moment"] = content.moment->ms;
  return json.dump();
}

Result<Content> content_in(const std::string& words) {
  Json json = Json::parse(words, nullptr, /*allow_exceptions=*/false);
  Content content;
  auto text = [&](const char* key, std::string& into) {
    auto found = json.find(key);
    if (found == json.end() || !found->is_string()) return false;
    into = found->get<std::string>();
    return true;
  };
  if (!json.is_object() || !text("kind", content.kind) || !text("text", content.text) ||
      !text("contact", content.contact)) {
    return fail(Errc::kInternal, "a tip's content is not what the desk writes");
  }
  if (auto moment = json.find("moment"); moment != json.end() && moment->is_number_integer()) {
    content.moment = ProgramTime{moment->get<int64_t>()};
  }
  return content;
}

}  // namespace openday::desk
