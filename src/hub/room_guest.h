// One socket of a room's audience.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "account/rights.h"
#include "hub/room.h"
#include "hub/room_messages.h"
#include "hub/rooms.h"

namespace openday::hub {

/// Home thread: the hub's. Does what the page says; the fifth mistake ends the connection, and so does who
/// says more than anybody can read or look up.
class RoomGuest final : public WebSocketHandler, public Room::Seat {
 public:
  static constexpr int kMostMistakes = 5;
  static constexpr Duration kJoinWithin = seconds(10);
  // Messages of any kind. A page that comes back says at most 61 at once: what it joins with, 40 comments and
  // 20 requests that were not answered.
  static constexpr double kMessagesAtOnce = 80;
  static constexpr double kMessagesPerSecond = 10;

  struct Staff {
    std::string id;
    std::string name;
    account::Roles roles;  // which say what of kRoomMessages it may, and with which badge
  };
  /// `staff`: as whom this socket may speak, while its session has the right.
  RoomGuest(Rooms& rooms, std::string broadcast, std::string address, std::unique_ptr<Staff> staff);
  ~RoomGuest() override;
  /// What says how long it may speak as staff.
  void keep(std::shared_ptr<const Gate::Stay> stay) { stay_ = std::move(stay); }
  /// The right to is gone.
  void dismiss();

  void on_open(WebSocket& socket) override;
  void on_text(WebSocket& socket, std::string_view text) override;
  void on_close(WebSocket& socket) override;
  void on_writable(WebSocket& socket) override;

  void say(const Json& message) override;
  WebSocket* socket() override { return socket_; }

  /// Nothing was kept.
  void refuse(const std::string& ref, std::string_view code, const std::string& message,
              Duration retry = Duration(0), const std::optional<engage::Why>& why = std::nullopt);
  /// A rule has refused this comment, which was kept.
  void refuse(const engage::Comment& comment);
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const std::string& broadcast() const { return broadcast_; }
  [[nodiscard]] uint64_t number() const { return number_; }

 private:
  /// With `as_staff` its right has been asked for.
  void join(const JoinMessage& message, bool as_staff);
  void comment(const CommentMessage& message);
  void rename(const NameMessage& message);
  void react(const ReactMessage& message);
  void report(const ReportMessage& message);
  void mistake(const std::string& why, const std::string& ref = {});
  /// Counts a message. False: it is one too many.
  bool has_turn();

  Rooms& rooms_;
  const std::string broadcast_;
  const std::string address_;
  std::unique_ptr<Staff> staff_;
  std::shared_ptr<const Gate::Stay> stay_;
  WebSocket* socket_ = nullptr;
  Room* room_ = nullptr;
  engage::Badge badge_ = engage::Badge::kNone;
  std::string name_;
  uint64_t number_ = 0;
  std::optional<HouseTime> renamed_;
  std::optional<HouseTime> reacted_;
  std::optional<HouseTime> reported_;
  int mistakes_ = 0;
  double turns_ = kMessagesAtOnce;
  HouseTime turns_at_;
};

}  // namespace openday::hub
