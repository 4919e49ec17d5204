#include "hub/room_guest.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check_text.h"
#include "base/random.h"
#include "base/text.h"
#include "hub/api_values.h"
#include "wrap/sodium/sodium.h"

namespace openday::hub {
namespace {

constexpr size_t kTokenSize = 32;  // hex digits: 128 bits
constexpr Duration kRenameAfter = seconds(5);
constexpr Duration kReactAfter = milliseconds(500);
constexpr Duration kReportAfter = seconds(2);

/// Who a token belongs to, as others see them: nothing leads back.
std::string author_of(const std::string& token) {
  return to_hex(sodium::sha256(as_bytes("room author " + token))).substr(0, 16);
}

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

}  // namespace

RoomGuest::RoomGuest(Rooms& rooms, std::string broadcast, std::string address, std::unique_ptr<Staff> staff)
    : rooms_(rooms),
      broadcast_(std::move(broadcast)),
      address_(std::move(address)),
      staff_(std::move(staff)) {}

RoomGuest::~RoomGuest() = default;

void RoomGuest::on_open(WebSocket& socket) {
  socket_ = &socket;
  number_ = rooms_.greet(*this);
}

void RoomGuest::on_close(WebSocket&) {
  if (room_ != nullptr) room_->leave(*this);
  room_ = nullptr;
  rooms_.forget(number_);
  socket_ = nullptr;
}

void RoomGuest::on_writable(WebSocket&) {
  if (room_ != nullptr) room_->writable(*this);
}

void RoomGuest::say(const Json& message) {
  if (socket_ == nullptr) return;
  socket_->send(shared_text(message), WebSocket::Loss::kMustNot);
}

void RoomGuest::refuse(const std::string& ref, std::string_view code, const std::string& message,
                       Duration retry, const std::optional<engage::Why>& why) {
  Json json{{"t", "refused"}, {"code", code}, {"message", message}};
  if (!ref.empty()) json["ref"] = ref;
  if (retry > Duration(0)) json["retry_ms"] = duration_cast<milliseconds>(retry + milliseconds(1)).count();
  if (why) json["why"] = why_json(why);
  say(json);
}

void RoomGuest::mistake(const std::string& why, const std::string& ref) {
  refuse(ref, "invalid", why);
  if (++mistakes_ >= kMostMistakes && socket_ != nullptr)
    socket_->close(1008, "this is not the room's protocol");
}

void RoomGuest::on_text(WebSocket&, std::string_view text) {
  auto message = parse_object(text);
  if (!message) return mistake(message.error().message);
  auto kind = message->find("t");
  if (kind == message->end() || !kind->is_string())
    return mistake("t is missing: join, comment, name, react or report");
  const auto& name = kind->get_ref<const std::string&>();
  if (name == "join") return join(*message);
  if (room_ == nullptr) return mistake("join comes first");
  if (name == "comment") return comment(*message);
  if (name == "name") return rename(*message);
  if (name == "react") return react(*message);
  if (name == "report") return report(*message);
  mistake("t must be join, comment, name, react or report");
}

void RoomGuest::join(const Json& message) {
  Fields fields(message);
  fields.text("t");
  auto token = fields.text("token");
  auto name = fields.text("name");
  auto as = fields.text("as");
  std::optional<Room::Since> since;
  if (const Json* from = fields.object("since")) {
    Fields inner(*from, "since");
    Room::Since read{inner.need("epoch", inner.text("epoch")),
                     static_cast<uint64_t>(inner.need("offset", inner.integer("offset", 0, INT64_MAX)))};
    if (auto good = inner.finish(); !good) fields.fail_with(good.error());
    since = read;
  }
  if (token && !is_token(*token)) fields.complain(Errc::kInvalid, "token", "is not one of ours");
  if (as && *as != "staff") fields.complain(Errc::kInvalid, "as", "must be staff");
  if (auto good = fields.finish(); !good) return mistake(good.error().message);
  if (room_ != nullptr) return mistake("this socket has joined");
  auto room = rooms_.room(broadcast_);
  if (!room) {
    refuse("", room.error().code == Errc::kNotFound ? "not_found" : "busy", room.error().message);
    return socket_->close(1011, "the room cannot be opened");
  }
  if (as && !staff_) {
    return refuse("", "forbidden", "speaking as staff needs a session with the right to it; log in first");
  }
  std::string own = token.value_or(random_name(kTokenSize / 2));
  author = author_of(own);
  if (as) {
    author = author_of("staff " + broadcast_ + " " + staff_->id);
    badge_ = staff_->badge;
    name_ = staff_->name;
  } else if (name) {
    // A name of before that is not welcome any more is left out; the page sees that in the welcome.
    std::string line = one_line(*name);
    if (check_line("name", line, 1, engage::kMostName) && !rooms_.objection(line)) name_ = line;
  }
  auto ban = (*room)->ban_of(author);
  room_ = *room;
  room_->enter(
      *this, since,
      {{"t", "welcome"},
       {"v", 1},
       {"token", own},
       {"viewer", author},
       {"name", name_},
       {"staff", badge_ == engage::Badge::kNone ? Json() : Json(std::string(engage::name_of(badge_)))},
       {"now", rooms_.clock().wall().ms},
       {"banned", ban ? ban_json(*ban) : Json()}});
}

void RoomGuest::comment(const Json& message) {
  Fields fields(message);
  fields.text("t");
  std::string ref = fields.need("ref", fields.text("ref"));
  std::string text = one_line(fields.need("text", fields.text("text")));
  auto moment = fields.integer("moment", 0, int64_t{1} << 53);
  auto reply_to = fields.integer("reply_to", 1, int64_t{1} << 53);
  if (!is_ref(ref)) fields.complain(Errc::kInvalid, "ref", "must be 8 to 64 letters, digits, - or _");
  if (auto good = check_line("text", text, 1, engage::kMostText); !good) fields.fail_with(good.error());
  if (auto good = fields.finish(); !good) return mistake(good.error().message, is_ref(ref) ? ref : "");

  engage::Comment said;
  said.broadcast = broadcast_;
  said.author = author;
  said.name = name_;
  said.text = text;
  said.badge = badge_;
  said.at = rooms_.clock().wall();
  said.moment = room_->moment_within(moment ? std::optional(ProgramTime{*moment}) : std::nullopt);
  said.reply_to = reply_to.value_or(0);
  said.ref = ref;
  rooms_.comment(*this, std::move(said));
}

void RoomGuest::rename(const Json& message) {
  Fields fields(message);
  fields.text("t");
  std::string ref = fields.need("ref", fields.text("ref"));
  std::string name = one_line(fields.need("name", fields.text("name")));
  if (!is_ref(ref)) fields.complain(Errc::kInvalid, "ref", "must be 8 to 64 letters, digits, - or _");
  if (auto good = check_line("name", name, 1, engage::kMostName); !good) fields.fail_with(good.error());
  if (auto good = fields.finish(); !good) return mistake(good.error().message, is_ref(ref) ? ref : "");
  if (badge_ != engage::Badge::kNone)
    return refuse(ref, "forbidden", "staff speak with the name of their account");
  HouseTime now = rooms_.clock().now();
  if (renamed_ && now - *renamed_ < kRenameAfter) {
    return refuse(ref, "slow_down", "one change of name in five seconds", *renamed_ + kRenameAfter - now);
  }
  renamed_ = now;
  if (auto why = rooms_.objection(name))
    return refuse(ref, "rule", "this name is not possible here", {}, why);
  name_ = name;
  say({{"t", "ack"}, {"ref", ref}});
}

void RoomGuest::react(const Json& message) {
  Fields fields(message);
  fields.text("t");
  std::vector<std::string> kinds(engage::kReactions.begin(), engage::kReactions.end());
  auto kind = fields.choice("kind", kinds);
  if (!kind) fields.complain(Errc::kInvalid, "kind", "is missing");
  int64_t times = fields.integer("n", 1, 10).value_or(1);
  if (auto good = fields.finish(); !good) return mistake(good.error().message);
  HouseTime now = rooms_.clock().now();
  // Pages gather taps; what comes faster is a program, and does not count.
  if (!room_->is_open() || (reacted_ && now - *reacted_ < kReactAfter) || room_->ban_of(author)) return;
  reacted_ = now;
  room_->react(*kind, times);
}

void RoomGuest::report(const Json& message) {
  Fields fields(message);
  fields.text("t");
  std::string ref = fields.need("ref", fields.text("ref"));
  int64_t id = fields.need("id", fields.integer("id", 1, int64_t{1} << 53));
  std::vector<std::string> reasons(engage::kReportReasons.begin(), engage::kReportReasons.end());
  auto reason = fields.choice("reason", reasons);
  if (!reason) fields.complain(Errc::kInvalid, "reason", "is missing");
  if (!is_ref(ref)) fields.complain(Errc::kInvalid, "ref", "must be 8 to 64 letters, digits, - or _");
  if (auto good = fields.finish(); !good) return mistake(good.error().message, is_ref(ref) ? ref : "");
  HouseTime now = rooms_.clock().now();
  if (reported_ && now - *reported_ < kReportAfter) {
    return refuse(ref, "slow_down", "one report in two seconds", *reported_ + kReportAfter - now);
  }
  reported_ = now;
  rooms_.report(*this, ref, id, reasons[*reason]);
}

}  // namespace openday::hub
