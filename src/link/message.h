// The protocol between Openday's processes, version 1. docs/LINK.md lists the messages.
//
// On the wire, over a Unix stream socket: a 16-byte header, then a JSON head, then a binary body.
//
//   0  4  magic "ODL1" (protocol version 1)
//   4  2  file descriptors that travel with this message (SCM_RIGHTS), big-endian, 0 … 4
//   6  2  reserved, zero
//   8  4  length of the JSON head, big-endian, 2 … 256 KiB
//  12  4  length of the body, big-endian, 0 … 16 MiB
//
// The head is an object with a string "t", the message's type. Neither side trusts the other: every length is
// checked before anything is allocated for it, nesting is bounded, and a broken peer costs only its own
// channel.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/fd.h"

namespace openday::link {

using Json = nlohmann::json;

inline constexpr size_t kHeaderSize = 16;
inline constexpr size_t kMaxHead = 256 * 1024;
inline constexpr size_t kMaxBody = 16 * 1024 * 1024;
inline constexpr size_t kMaxFds = 4;
inline constexpr int kMaxDepth = 16;

struct Message {
  Json head;         // an object with "t"
  SharedBytes body;  // null: empty
  std::vector<UniqueFd> fds;

  [[nodiscard]] std::string type() const;
};

/// A message of type `type` with the fields of `fields` (an object).
Message make_message(std::string_view type, Json fields = Json::object(), SharedBytes body = nullptr);

/// JSON from a peer or a client: at most kMaxDepth deep, valid UTF-8, no duplicate silently merged beyond
/// nlohmann's last-wins. kInvalid or kLimit otherwise.
Result<Json> parse_json(std::string_view text, int max_depth = kMaxDepth);

/// A field of `object`, when it is there and of the kind asked for; else nothing. For messages of our own
/// processes, which say what they mean: a field that is missing or strange counts as not said.
std::string text_in(const Json& object, const char* name);
std::optional<int64_t> integer_in(const Json& object, const char* name);
std::optional<bool> truth_in(const Json& object, const char* name);
/// Of what a process said that may have been taken over, the fields that may be passed on: numbers, truths
/// and texts, these cut at 200 bytes, under the names asked for. An object, whatever `said` is.
Json plain_fields(const Json& said, std::initializer_list<const char*> names);

/// Header and head of `message`, ready to be followed by its body. kLimit: more than the peer would take.
Result<Bytes> encode_front(const Message& message);

/// Reads messages out of a byte stream. Holds at most one message; after an error it stays broken.
/// Descriptors are attached by the channel, which receives them beside the bytes.
class Decoder {
 public:
  /// Takes bytes; complete messages are appended to `out`, with `fd_counts` telling how many descriptors each
  /// wants.
  Result<> feed(ByteView bytes, std::vector<Message>& out, std::vector<size_t>& fd_counts);

 private:
  Bytes buffer_;
};

}  // namespace openday::link
