#include "hub/room_guest.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/random.h"
#include "base/text.h"
#include "hub/api_values.h"
#include "wrap/sodium/sodium.h"

namespace openday::hub {
namespace {

constexpr Duration kRenameAfter = seconds(5);
constexpr Duration kReactAfter = milliseconds(500);
constexpr Duration kReportAfter = seconds(2);

/// Who a token belongs to, as others see them: nothing leads back.
std::string author_of(const std::string& token) {
  return to_hex(sodium::sha256(as_bytes("room author " + token))).substr(0, 16);
}

engage::Badge badge_for(account::Roles roles) {
  return account::may(roles, account::Right::kModerate) ? engage::Badge::kModerator
                                                        : engage::Badge::kProducer;
}

}  // namespace

RoomGuest::RoomGuest(Rooms& rooms, std::string broadcast, std::string address, std::unique_ptr<Staff> staff)
    : rooms_(rooms),
      broadcast_(std::move(broadcast)),
      address_(std::move(address)),
      staff_(std::move(staff)),
      turns_at_(rooms.clock().now()) {}

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

void RoomGuest::dismiss() {
  staff_.reset();
  if (badge_ != engage::Badge::kNone && socket_ != nullptr) socket_->close(1008, "logged out");
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

void RoomGuest::refuse(const engage::Comment& comment) {
  say({{"t", "refused"},
       {"code", "rule"},
       {"message", "a rule of this room does not let this through"},
       {"ref", comment.ref},
       {"id", comment.id},
       {"why", why_json(comment.why)}});
}

void RoomGuest::mistake(const std::string& why, const std::string& ref) {
  refuse(ref, "invalid", why);
  if (++mistakes_ >= kMostMistakes && socket_ != nullptr)
    socket_->close(1008, "this is not the room's protocol");
}

bool RoomGuest::has_turn() {
  HouseTime now = rooms_.clock().now();
  double passed = std::chrono::duration<double>(now - turns_at_).count();
  turns_ = std::min(kMessagesAtOnce, turns_ + passed * kMessagesPerSecond);
  turns_at_ = now;
  if (turns_ < 1) return false;
  turns_ -= 1;
  return true;
}

void RoomGuest::on_text(WebSocket& socket, std::string_view text) {
  if (!has_turn()) return socket.close(1008, "too many messages");
  auto heard = read_room_message(text);
  if (!heard) return mistake(heard.error().why, heard.error().ref);
  if (heard->kind->right && !(staff_ && account::may(staff_->roles, *heard->kind->right))) {
    return refuse("", "forbidden", "speaking as staff needs a session with the right to it; log in first");
  }
  const RoomWord& word = heard->word;
  if (const auto* joins = std::get_if<JoinMessage>(&word)) return join(*joins, heard->kind->as == "staff");
  if (room_ == nullptr) return mistake("join comes first");
  if (const auto* says = std::get_if<CommentMessage>(&word)) return comment(*says);
  if (const auto* renames = std::get_if<NameMessage>(&word)) return rename(*renames);
  if (const auto* reacts = std::get_if<ReactMessage>(&word)) return react(*reacts);
  report(std::get<ReportMessage>(word));
}

void RoomGuest::join(const JoinMessage& message, bool as_staff) {
  if (room_ != nullptr) return mistake("this socket has joined");
  auto room = rooms_.room(broadcast_);
  if (!room) {
    refuse("", room.error().code == Errc::kNotFound ? "not_found" : "busy", room.error().message);
    if (socket_ != nullptr) socket_->close(1011, "the room cannot be opened");
    return;
  }
  std::string own = message.token.empty() ? random_name(kTokenSize / 2) : message.token;
  author = author_of(own);
  if (as_staff) {
    author = author_of("staff " + broadcast_ + " " + staff_->id);
    badge_ = badge_for(staff_->roles);
    name_ = staff_->name;
  } else if (is_possible_name(message.name) && !rooms_.objection(message.name)) {
    // A name of before that is not welcome any more is left out; the page sees that in the welcome.
    name_ = message.name;
  }
  auto ban = (*room)->ban_of(author);
  room_ = *room;
  room_->enter(
      *this, message.since,
      {{"t", "welcome"},
       {"v", 1},
       {"token", own},
       {"viewer", author},
       {"name", name_},
       {"staff", badge_ == engage::Badge::kNone ? Json() : Json(std::string(engage::name_of(badge_)))},
       {"now", rooms_.clock().wall().ms},
       {"banned", ban ? ban_json(*ban) : Json()}});
  rooms_.tell_absent(*this, message.mine);
}

void RoomGuest::comment(const CommentMessage& message) {
  engage::Comment said;
  said.broadcast = broadcast_;
  said.author = author;
  said.name = name_;
  said.text = message.text;
  said.badge = badge_;
  said.at = rooms_.clock().wall();
  said.moment = room_->moment_within(message.moment);
  said.reply_to = message.reply_to;
  said.ref = message.ref;
  rooms_.comment(*this, std::move(said));
}

void RoomGuest::rename(const NameMessage& message) {
  const std::string& ref = message.ref;
  if (badge_ != engage::Badge::kNone)
    return refuse(ref, "forbidden", "staff speak with the name of their account");
  HouseTime now = rooms_.clock().now();
  if (renamed_ && now - *renamed_ < kRenameAfter) {
    return refuse(ref, "slow_down", "one change of name in five seconds", *renamed_ + kRenameAfter - now);
  }
  renamed_ = now;
  if (auto why = rooms_.objection(message.name))
    return refuse(ref, "rule", "this name is not possible here", {}, why);
  name_ = message.name;
  say({{"t", "ack"}, {"ref", ref}});
}

void RoomGuest::react(const ReactMessage& message) {
  HouseTime now = rooms_.clock().now();
  // Pages gather taps; what comes faster is a program, and does not count.
  if (!room_->is_open() || (reacted_ && now - *reacted_ < kReactAfter) || room_->ban_of(author)) return;
  reacted_ = now;
  room_->react(message.kind, message.times);
}

void RoomGuest::report(const ReportMessage& message) {
  const std::string& ref = message.ref;
  HouseTime now = rooms_.clock().now();
  if (reported_ && now - *reported_ < kReportAfter) {
    return refuse(ref, "slow_down", "one report in two seconds", *reported_ + kReportAfter - now);
  }
  reported_ = now;
  rooms_.report(*this, ref, message.id, message.reason);
}

}  // namespace openday::hub
