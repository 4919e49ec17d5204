// Rooms over a database of the test's, with a clock that stands still until told, and sockets that keep what
// they are told.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "../broadcast/memory_ledger.h"
#include "../engage/test_archives.h"
#include "hub/moderators.h"
#include "hub/room_guest.h"
#include "hub/rooms.h"

namespace openday::hub::test {

/// The other end of a socket that takes what it is allowed to. As with a real one, nothing leaves its queue
/// while the handler is inside a message, and what does not fit closes it.
class FakeSocket final : public WebSocket {
 public:
  static constexpr size_t kQueue = size_t{256} << 10;  // a route of rooms has as much

  bool send(SharedBytes text, Loss) override {
    if (closed != 0) return false;
    if (broken) {
      closed = 1006;
      handler->on_close(*this);
      return false;
    }
    if ((inside ? queued : 0) + text->size() > kQueue) {
      close(1013, "too slow");
      return false;
    }
    if (inside) queued += text->size();
    take(as_text(*text));
    return true;
  }
  size_t offer(std::span<const SharedBytes> frames) override {
    if (closed != 0) return 0;
    ++writes;
    size_t taken = 0;
    for (const SharedBytes& frame : frames) {
      if (allowed == 0) {
        wants = true;
        break;
      }
      if (allowed > 0) --allowed;
      // What the server frames, without a mask; read as a client would.
      size_t header = (*frame)[1] < 126 ? 2 : (*frame)[1] == 126 ? 4 : 10;
      take(as_text(ByteView(*frame).subspan(header)));
      ++taken;
    }
    return taken;
  }
  void close(uint16_t code, std::string_view) override { closed = code; }
  [[nodiscard]] size_t queued_bytes() const override { return queued; }
  [[nodiscard]] uint64_t dropped() const override { return 0; }

  std::vector<Json> heard;
  int allowed = -1;  // frames it still takes; -1: all
  int writes = 0;    // offers
  bool wants = false;
  uint16_t closed = 0;
  bool inside = false;  // a message of the page is being handled
  size_t queued = 0;    // in bytes, by that
  bool broken = false;  // the peer has reset it; the next that is sent finds out, and tells
  WebSocketHandler* handler = nullptr;

  [[nodiscard]] std::vector<Json> of(std::string_view kind) const {
    std::vector<Json> found;
    for (const Json& one : heard) {
      if (one["t"] == kind) found.push_back(one);
    }
    return found;
  }
  [[nodiscard]] Json last(std::string_view kind) const {
    auto all = of(kind);
    return all.empty() ? Json() : all.back();
  }

 private:
  void take(std::string_view text) { heard.push_back(Json::parse(text)); }
};

class RoomHouse {
 public:
  explicit RoomHouse(RoomOptions options = {}) {
    loop_ = *Loop::create(clock);
    broadcast::Broadcast made;
    made.id = "court";
    made.title = "Court";
    made.state = broadcast::State::kLive;
    made.public_from = clock.wall();
    REQUIRE(books.ledger.put(made));
    gate.emplace("the-admin-token", books, *loop_, log);
    options_ = options;
    open_rooms();
  }
  ~RoomHouse() {
    guests.clear();
    moderators.reset();
    rooms.reset();
    gate.reset();
  }

  /// Somebody's page: what it says goes in by say(), what it is told stands in socket.heard.
  struct Guest {
    std::unique_ptr<FakeSocket> socket = std::make_unique<FakeSocket>();
    std::unique_ptr<RoomGuest> handler;
  };

  /// Time passes in steps, and everything that is due is done.
  void advance(Duration time) {
    for (Duration passed(0); passed < time; passed += milliseconds(50)) {
      clock.advance(std::min<Duration>(milliseconds(50), time - passed));
      loop_->run_ready();
    }
  }

  size_t enter(std::unique_ptr<RoomGuest::Staff> staff = nullptr, const std::string& address = "192.0.2.1") {
    Guest guest;
    guest.handler = std::make_unique<RoomGuest>(*rooms, "court", address, std::move(staff));
    guest.socket->handler = guest.handler.get();
    guest.handler->on_open(*guest.socket);
    guests.push_back(std::move(guest));
    return guests.size() - 1;
  }
  void say(size_t guest, const Json& message) { say_text(guest, message.dump()); }
  void say_text(size_t guest, const std::string& text) {
    FakeSocket& socket = *guests[guest].socket;
    socket.inside = true;
    guests[guest].handler->on_text(socket, text);
    socket.inside = false;
    socket.queued = 0;
  }
  void leave(size_t guest) { guests[guest].handler->on_close(*guests[guest].socket); }
  /// Joins as a new viewer, and answers the welcome.
  size_t join(Json more = Json::object(), std::unique_ptr<RoomGuest::Staff> staff = nullptr) {
    size_t guest = enter(std::move(staff));
    more["t"] = "join";
    say(guest, more);
    return guest;
  }
  Json last(size_t guest, std::string_view kind) { return guests[guest].socket->last(kind); }
  std::vector<Json> all(size_t guest, std::string_view kind) { return guests[guest].socket->of(kind); }
  /// Every event that a guest was told, with its offset.
  std::vector<std::pair<uint64_t, Json>> events(size_t guest) {
    std::vector<std::pair<uint64_t, Json>> found;
    for (const Json& batch : all(guest, "events")) {
      uint64_t at = batch["from"];
      for (const Json& event : batch["events"]) found.emplace_back(at++, event);
    }
    return found;
  }
  std::vector<std::string> texts(size_t guest) {
    std::vector<std::string> found;
    for (const auto& [at, event] : events(guest)) {
      if (event["k"] == "comment") found.push_back(event["text"]);
    }
    return found;
  }
  /// The hub dies and comes back: what is not on the disk is gone.
  void restart() {
    for (Guest& guest : guests) guest.handler->on_close(*guest.socket);
    guests.clear();
    moderators.reset();
    rooms.reset();
    open_rooms();
  }
  std::string ref() { return "ref-" + std::to_string(1000 + refs_++); }
  /// As a moderator's request does it.
  void decide(int64_t id, engage::CommentState from, engage::CommentState to) {
    {
      engage::Decided made;
      REQUIRE(archives.run([&](engage::Archive& archive) -> Result<> {
        OPENDAY_TRY(made, engage::decide(archive, "court", {{id, from, to}}, "spam", "",
                                         {{"ana", "session", clock.wall()}, "Ana"}));
        return {};
      }));
      (*rooms->room("court"))->on_decided(made.comments);
      rooms->forget_past("court");
    }
  }
  void undo(int64_t id) {
    engage::Decided made;
    REQUIRE(archives.run([&](engage::Archive& archive) -> Result<> {
      OPENDAY_TRY(made, engage::undo(archive, "court", {id}, {{"ana", "session", clock.wall()}, "Ana"}));
      return {};
    }));
    (*rooms->room("court"))->on_decided(made.comments);
    rooms->forget_past("court");
  }
  void pin(int64_t id) { set({std::nullopt, std::nullopt, id}); }
  void slow(int seconds) { set({std::nullopt, seconds, std::nullopt}); }
  void set(const engage::RoomChanges& changes) {
    engage::RoomSettings settings;
    REQUIRE(archives.run([&](engage::Archive& archive) -> Result<> {
      engage::Decider who{{"ana", "session", clock.wall()}, "Ana"};
      OPENDAY_TRY(settings, engage::set_room(archive, "court", changes, who));
      return {};
    }));
    (*rooms->room("court"))->on_settings(settings);
  }
  engage::Ban ban(int64_t comment) {
    engage::Banned banned;
    REQUIRE(archives.run([&](engage::Archive& archive) -> Result<> {
      engage::Decider who{{"ana", "session", clock.wall()}, "Ana"};
      OPENDAY_TRY(banned, engage::ban(archive, "court", {comment, 10, "abuse", false}, who));
      return {};
    }));
    (*rooms->room("court"))->on_banned(banned.ban);
    return banned.ban;
  }
  /// Texts of the present minute, as the replay gets them.
  std::vector<std::string> minute() {
    Request request;
    request.method = Method::kGet;
    request.path = "/api/v1/broadcasts/court/comments";
    request.query = *Query::parse("minute=" + std::to_string(clock.wall().ms / 60'000));
    Json answer;
    router.dispatch(std::move(request), make_responder([&](const Response& response) {
                      REQUIRE(response.status == 200);
                      const auto& shared = std::get<std::shared_ptr<const SharedResponse>>(response.body);
                      answer = Json::parse(as_text(*shared->body()));
                    }));
    std::vector<std::string> found;
    for (const Json& one : answer["comments"]) found.push_back(one["text"]);
    return found;
  }

  ManualClock clock;
  Log log = Log("test", LogLevel::kError);
  openday::test::MemoryBooks books;
  openday::test::TestArchives archives;
  std::shared_ptr<openday::test::PlainScreen> screen = std::make_shared<openday::test::PlainScreen>();
  std::optional<ProgramTime> edge;
  Router router;
  std::optional<Gate> gate;
  std::optional<Rooms> rooms;
  std::optional<Moderators> moderators;
  std::vector<Guest> guests;

 private:
  void open_rooms() {
    rooms.emplace(Rooms::Parts{router, *loop_, archives, books, books, *gate,
                               [this] { return std::shared_ptr<const engage::Screen>(screen); },
                               [this](const std::string&) { return edge; }, log},
                  options_, 100);
    router = Router();
    rooms->add_routes();
    moderators.emplace(*loop_, *rooms, archives);
  }
  std::unique_ptr<Loop> loop_;
  RoomOptions options_;
  int refs_ = 0;
};

}  // namespace openday::hub::test
