#include "hub/room_messages.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "base/check_text.h"
#include "base/text.h"
#include "engage/fold.h"
#include "engage/values.h"
#include "hub/api_json.h"
#include "hub/api_values.h"

namespace openday::hub {
namespace {

constexpr int64_t kMostWhole = int64_t{1} << 53;  // what JSON's numbers carry exactly

bool is_token(std::string_view text) {
  return text.size() == kTokenSize &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_ref(std::string_view text) {
  auto good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  return text.size() >= 8 && text.size() <= 64 && std::ranges::all_of(text, good);
}

/// One line: breaks and tabs become spaces, ends are trimmed.
std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
  return std::string(trim_blanks(text));
}

std::string read_ref(Fields& fields) {
  std::string ref = fields.need("ref", fields.text("ref"));
  if (!is_ref(ref)) fields.complain(Errc::kInvalid, "ref", "must be 8 to 64 letters, digits, - or _");
  return ref;
}

/// A line of 1 to `most` characters in which there is something to see.
Result<> check_seen(std::string_view what, std::string_view line, size_t most) {
  OPENDAY_CHECK_OK(check_line(what, line, 1, most));
  if (engage::is_visible(line)) return {};
  return fail(Errc::kInvalid, fmt::format("{} must have a character that can be seen", what));
}

std::string read_line(Fields& fields, const char* key, size_t most) {
  std::string line = one_line(fields.need(key, fields.text(key)));
  if (auto good = check_seen(key, line, most); !good) fields.fail_with(good.error());
  return line;
}

RoomWord read_join(Fields& fields) {
  JoinMessage join;
  auto token = fields.text("token");
  join.token = token.value_or("");
  join.name = one_line(fields.text("name").value_or(""));
  if (const Json* from = fields.object("since")) {
    Fields inner(*from, "since");
    Room::Since since;
    since.epoch = inner.need("epoch", inner.text("epoch"));
    since.offset = static_cast<uint64_t>(inner.need("offset", inner.integer("offset", 0, INT64_MAX)));
    if (auto good = inner.finish(); !good) fields.fail_with(good.error());
    join.since = std::move(since);
  }
  if (const Json* mine = fields.array("mine", kMostMine)) {
    for (const Json& id : *mine) {
      if (!id.is_number_unsigned() || id.get<uint64_t>() > uint64_t{kMostWhole}) {
        fields.complain(Errc::kInvalid, "mine", "must be ids of comments");
        break;
      }
      join.mine.push_back(id.get<int64_t>());
    }
  }
  auto as = fields.text("as");
  if (token && !is_token(*token)) fields.complain(Errc::kInvalid, "token", "is not one of ours");
  if (as && *as != "staff") fields.complain(Errc::kInvalid, "as", "must be staff");
  return join;
}

RoomWord read_comment(Fields& fields) {
  CommentMessage comment;
  comment.ref = read_ref(fields);
  comment.text = read_line(fields, "text", engage::kMostText);
  if (auto moment = fields.integer("moment", 0, kMostWhole)) comment.moment = ProgramTime{*moment};
  comment.reply_to = fields.integer("reply_to", 1, kMostWhole).value_or(0);
  return comment;
}

RoomWord read_name(Fields& fields) {
  NameMessage said;
  said.ref = read_ref(fields);
  said.name = read_line(fields, "name", engage::kMostName);
  return said;
}

RoomWord read_reaction(Fields& fields) {
  auto kind = fields.choice("kind", {engage::kReactions.begin(), engage::kReactions.end()});
  if (!kind) fields.complain(Errc::kInvalid, "kind", "is missing");
  return ReactMessage{kind.value_or(0), fields.integer("n", 1, 10).value_or(1)};
}

RoomWord read_report(Fields& fields) {
  ReportMessage report;
  report.ref = read_ref(fields);
  report.id = fields.need("id", fields.integer("id", 1, kMostWhole));
  const std::vector<std::string> reasons(engage::kReportReasons.begin(), engage::kReportReasons.end());
  auto reason = fields.choice("reason", reasons);
  if (!reason) fields.complain(Errc::kInvalid, "reason", "is missing");
  report.reason = reasons[reason.value_or(0)];
  return report;
}

/// The entry of what is said as `as`; when there is none, that of its kind: its reader says what is wrong.
const RoomMessage* kind_of(std::string_view t, std::string_view as) {
  const RoomMessage* found = nullptr;
  for (const RoomMessage& one : kRoomMessages) {
    if (one.t != t) continue;
    if (one.as == as) return &one;
    if (found == nullptr) found = &one;
  }
  return found;
}

std::string kinds() {
  std::vector<std::string_view> names;
  names.reserve(kRoomMessages.size());
  for (const RoomMessage& one : kRoomMessages) {
    if (one.as.empty()) names.push_back(one.t);
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

constinit const std::array<RoomMessage, 6> kRoomMessages = {{
    {"join", "", std::nullopt, read_join},
    {"join", "staff", account::Right::kSpeakAsStaff, read_join},
    {"comment", "", std::nullopt, read_comment},
    {"name", "", std::nullopt, read_name},
    {"react", "", std::nullopt, read_reaction},
    {"report", "", std::nullopt, read_report},
}};

std::expected<HeardMessage, Misunderstood> read_room_message(std::string_view text) {
  auto message = parse_object(text);
  if (!message) return std::unexpected(Misunderstood{message.error().message, ""});
  auto text_of = [&](const char* key) -> std::string {
    auto value = message->find(key);
    return value != message->end() && value->is_string() ? value->get<std::string>() : "";
  };
  const RoomMessage* kind = kind_of(text_of("t"), text_of("as"));
  if (kind == nullptr) return std::unexpected(Misunderstood{"t must be one of " + kinds(), ""});
  Fields fields(*message);
  fields.known("t");
  HeardMessage heard{kind, kind->read(fields)};
  if (auto good = fields.finish(); !good) {
    std::string ref = text_of("ref");
    return std::unexpected(Misunderstood{good.error().message, is_ref(ref) ? ref : ""});
  }
  return heard;
}

bool is_possible_name(std::string_view line) {
  return check_seen("name", line, engage::kMostName).has_value();
}

}  // namespace openday::hub
