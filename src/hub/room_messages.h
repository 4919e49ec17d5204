// What a page says in a room (docs/ROOM.md), read strictly. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "account/rights.h"
#include "base/clock.h"
#include "hub/api_json.h"
#include "hub/room.h"

namespace openday::hub {

struct JoinMessage {
  std::string token;  // of an earlier welcome, 32 hexadecimal digits; empty: somebody new
  std::string name;   // as it was sent; empty: none. It may be impossible
  std::optional<Room::Since> since;
  std::vector<int64_t> mine;  // comments of their own that stood there when they left; at most kMostMine
};
constexpr size_t kMostMine = 20;
struct CommentMessage {
  std::string ref;
  std::string text;  // one line of 1 to engage::kMostText characters
  std::optional<ProgramTime> moment;
  int64_t reply_to = 0;  // 0: nothing
};
struct NameMessage {
  std::string ref;
  std::string name;  // one line of 1 to engage::kMostName characters
};
struct ReactMessage {
  size_t kind = 0;  // of engage::kReactions
  int64_t times = 1;
};
struct ReportMessage {
  std::string ref;
  int64_t id = 0;
  std::string reason;  // of engage::kReportReasons
};
using RoomWord = std::variant<JoinMessage, CommentMessage, NameMessage, ReactMessage, ReportMessage>;

/// A kind of message that a page may say, and the right that it takes; nothing: anybody.
struct RoomMessage {
  std::string_view t;
  std::string_view as;  // of a join: as what
  std::optional<account::Right> right;
  RoomWord (*read)(Fields& fields);
};
/// All of them: what is none of these is refused. docs/ROOM.md shows it, and a test walks it.
extern const std::array<RoomMessage, 6> kRoomMessages;

struct HeardMessage {
  const RoomMessage* kind = nullptr;  // of kRoomMessages; whoever takes the word asks for its right
  RoomWord word;
};

/// Why a text is none of these, for its sender; `ref`: of the message, when it has a good one.
struct Misunderstood {
  std::string why;
  std::string ref;
};
std::expected<HeardMessage, Misunderstood> read_room_message(std::string_view text);

constexpr size_t kTokenSize = 32;  // hexadecimal digits: 128 bits

/// Whether it is a name as docs/ROOM.md has it: one line, trimmed.
bool is_possible_name(std::string_view line);

}  // namespace openday::hub
