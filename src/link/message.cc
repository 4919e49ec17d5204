#include "link/message.h"

#include <algorithm>

namespace openday::link {
namespace {

constexpr std::string_view kMagic = "ODL1";

struct Header {
  size_t fds;
  size_t head;
  size_t body;
};

Result<Header> parse_header(ByteView bytes) {
  ByteReader in(bytes);
  if (as_text(in.take(4)) != kMagic) return fail(Errc::kInvalid, "link: not a version 1 message");
  Header header{};
  header.fds = in.u16();
  uint16_t reserved = in.u16();
  header.head = in.u32();
  header.body = in.u32();
  if (reserved != 0) return fail(Errc::kInvalid, "link: reserved field is not zero");
  if (header.fds > kMaxFds) return fail(Errc::kLimit, "link: too many descriptors");
  if (header.head < 2 || header.head > kMaxHead) return fail(Errc::kLimit, "link: head length out of range");
  if (header.body > kMaxBody) return fail(Errc::kLimit, "link: body length out of range");
  return header;
}

bool is_deeper(std::string_view json, int most) {
  int depth = 0;
  bool in_string = false;
  bool escaped = false;
  for (char c : json) {
    if (in_string) {
      if (escaped) {
        escaped = false;
      } else if (c == '\\') {
        escaped = true;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > most) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::string Message::type() const {
  if (!head.is_object()) return {};
  auto found = head.find("t");
  return found != head.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Message make_message(std::string_view type, Json fields, SharedBytes body) {
  Message message;
  message.head = std::move(fields);
  message.head["t"] = type;
  message.body = std::move(body);
  return message;
}

std::string text_in(const Json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Json plain_fields(const Json& said, std::initializer_list<const char*> names) {
  static constexpr size_t kLongestText = 200;
  Json fields = Json::object();
  for (const char* name : names) {
    auto found = said.find(name);
    if (found == said.end()) continue;
    if (found->is_number() || found->is_boolean()) fields[name] = *found;
    if (found->is_string()) fields[name] = found->get_ref<const std::string&>().substr(0, kLongestText);
  }
  return fields;
}

std::optional<int64_t> integer_in(const Json& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<int64_t>();
}

std::optional<bool> truth_in(const Json& object, const char* name) {
  auto found = object.find(name);
  if (found == object.end() || !found->is_boolean()) return std::nullopt;
  return found->get<bool>();
}

Result<Json> parse_json(std::string_view text, int max_depth) {
  // Depth is checked over the text first: the values of a deep document must not even be built.
  if (is_deeper(text, max_depth)) return fail(Errc::kLimit, "JSON is nested too deeply");
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) return fail(Errc::kInvalid, "not valid JSON");
  return value;
}

Result<Bytes> encode_front(const Message& message) {
  std::string head = message.head.dump(-1, ' ', false, Json::error_handler_t::replace);
  size_t body = message.body ? message.body->size() : 0;
  if (head.size() > kMaxHead || body > kMaxBody || message.fds.size() > kMaxFds ||
      is_deeper(head, kMaxDepth)) {
    return fail(Errc::kLimit, "link: message is larger than the protocol allows");
  }
  Bytes out;
  out.reserve(kHeaderSize + head.size());
  ByteWriter writer(out);
  writer.append(kMagic);
  writer.u16(static_cast<uint16_t>(message.fds.size()));
  writer.u16(0);
  writer.u32(static_cast<uint32_t>(head.size()));
  writer.u32(static_cast<uint32_t>(body));
  writer.append(head);
  return out;
}

Result<> Decoder::feed(ByteView bytes, std::vector<Message>& out, std::vector<size_t>& fd_counts) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  size_t at = 0;
  while (buffer_.size() - at >= kHeaderSize) {
    ByteView rest = ByteView(buffer_).subspan(at);
    OPENDAY_TRY(Header header, parse_header(rest.first(kHeaderSize)));
    size_t total = kHeaderSize + header.head + header.body;
    if (rest.size() < total) break;
    OPENDAY_TRY(Json head, parse_json(as_text(rest.subspan(kHeaderSize, header.head))));
    Message message;
    message.head = std::move(head);
    if (message.type().empty()) return fail(Errc::kInvalid, "link: message without a type");
    if (header.body > 0) {
      ByteView body = rest.subspan(kHeaderSize + header.head, header.body);
      message.body = std::make_shared<const Bytes>(body.begin(), body.end());
    }
    out.push_back(std::move(message));
    fd_counts.push_back(header.fds);
    at += total;
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(at));
  return {};
}

}  // namespace openday::link
