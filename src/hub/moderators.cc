#include "hub/moderators.h"

#include "hub/api_values.h"

namespace openday::hub {
namespace {

using engage::Claim;
using engage::Comment;

}  // namespace

/// The pages of one room. What is new is gathered for a moment and told together.
class Moderators::Desk final : public RoomWatcher {
 public:
  Desk(Loop& loop, Room& room, engage::Archives& archives) : loop_(loop), room_(room), archives_(archives) {
    room_.watch(*this);
  }
  ~Desk() override {
    room_.unwatch(*this);
    if (timer_ != 0) loop_.cancel(timer_);
  }
  Desk(const Desk&) = delete;

  void on_said(const Comment& comment) override {
    if (pages_.empty()) return;
    if (comment.state == engage::CommentState::kHeld || said_++ < kMostSaid) on_comments({comment});
  }
  void on_comments(const std::vector<Comment>& comments) override {
    if (pages_.empty()) return;
    for (const Comment& comment : comments) waiting_[comment.id] = comment;
    // More than anybody can look at: pages start again from the queue.
    if (waiting_.size() > kMostGathered) {
      waiting_.clear();
      behind_ = true;
    }
    if (timer_ != 0) return;
    timer_ = loop_.after(kGather, [this] {
      timer_ = 0;
      flush();
    });
  }
  void on_settings() override { tell({{"t", "room"}, {"room", room_.json()}}); }

  void enter(WebSocket& socket) {
    pages_.insert(&socket);
    socket.send(shared_text(queue()), WebSocket::Loss::kMustNot);
  }
  void leave(WebSocket& socket) { pages_.erase(&socket); }
  [[nodiscard]] bool empty() const { return pages_.empty(); }

  void tell(const Json& message) {
    if (pages_.empty()) return;
    SharedBytes text = shared_text(message);
    auto present = pages_;  // one that is too slow leaves
    for (WebSocket* socket : present) {
      if (pages_.contains(socket)) socket->send(text, WebSocket::Loss::kMustNot);
    }
  }
  void tell_claims(const std::vector<Claim>& claims) {
    if (!claims.empty()) tell({{"t", "claims"}, {"claims", claims_json(claims)}});
  }
  void every_second() {
    tell_claims(claimed.expire(loop_.clock().wall()));
    // Always: a page that hears nothing for some seconds takes itself for cut off.
    Json counts = room_.counts();
    counts["t"] = "counts";
    tell(counts);
  }
  void close() {
    auto present = pages_;
    for (WebSocket* socket : present) {
      if (pages_.contains(socket)) socket->close(1000, "the broadcast was deleted");
    }
  }

  engage::Claims claimed;

 private:
  static constexpr Duration kGather = milliseconds(100);
  static constexpr size_t kMostGathered = 1000;
  static constexpr int kMostSaid = 50;  // new ones that nobody has to decide, in one of these moments

  [[nodiscard]] Json queue() const {
    Json items = Json::array();
    if (auto held = archives_.archive().held(room_.id(), kMostItems)) {
      for (const Comment& comment : *held) items.push_back(room_.item(comment));
    }
    return {{"t", "queue"},
            {"items", std::move(items)},
            {"claims", claims_json(claimed.all(loop_.clock().wall()))},
            {"room", room_.json()},
            {"counts", room_.counts()}};
  }
  void flush() {
    said_ = 0;
    if (behind_) {
      behind_ = false;
      waiting_.clear();
      return tell(queue());
    }
    Json items = Json::array();
    for (const auto& [id, comment] : waiting_) items.push_back(room_.item(comment));
    waiting_.clear();
    if (!items.empty()) tell({{"t", "items"}, {"items", std::move(items)}});
  }

  Loop& loop_;
  Room& room_;
  engage::Archives& archives_;
  std::set<WebSocket*> pages_;
  std::map<int64_t, Comment> waiting_;
  bool behind_ = false;
  int said_ = 0;  // since pages were told last
  Loop::TimerId timer_ = 0;
};

class Moderators::Page final : public WebSocketHandler {
 public:
  Page(Moderators& all, std::string broadcast) : all_(all), broadcast_(std::move(broadcast)) {}

  void on_open(WebSocket& socket) override {
    auto room = all_.rooms_.room(broadcast_);
    if (!room) return socket.close(1011, "the room cannot be opened");
    all_.desk(**room).enter(socket);
  }
  // Commands are requests; whatever a page says here is a mistake of its author.
  void on_text(WebSocket& socket, std::string_view) override {
    socket.close(1008, "nothing is expected from pages");
  }
  void on_close(WebSocket& socket) override {
    auto desk = all_.desks_.find(broadcast_);
    if (desk != all_.desks_.end()) desk->second->leave(socket);
  }

 private:
  Moderators& all_;
  const std::string broadcast_;
};

Moderators::Moderators(Loop& loop, Rooms& rooms, engage::Archives& archives)
    : loop_(loop), rooms_(rooms), archives_(archives) {
  second_ = loop_.every(seconds(1), [this] { every_second(); });
}

Moderators::~Moderators() {
  loop_.cancel(second_);
}

WebSocketRoute Moderators::route() {
  WebSocketRoute route;
  route.subprotocol = "openday-moderation-1";
  route.max_message = 1024;
  route.queue_bytes = size_t{2} << 20;
  route.max_sockets = kMaxPages;
  route.accept =
      [this](const Request& request) -> std::expected<std::unique_ptr<WebSocketHandler>, Response> {
    std::string broadcast(request.param("b"));
    auto room = rooms_.room(broadcast);
    if (!room) return std::unexpected(Response::error(room.error(), request.id));
    return std::make_unique<Page>(*this, broadcast);
  };
  return route;
}

Moderators::Desk& Moderators::desk(Room& room) {
  auto& desk = desks_[room.id()];
  if (!desk) desk = std::make_unique<Desk>(loop_, room, archives_);
  return *desk;
}

std::vector<Claim> Moderators::claim(const std::string& broadcast, const std::vector<int64_t>& ids,
                                     const std::string& by, const std::string& name) {
  auto room = rooms_.room(broadcast);
  if (!room) return {};
  Desk& desk = this->desk(**room);
  std::vector<Claim> made;
  made.reserve(ids.size());
  for (int64_t id : ids) made.push_back(desk.claimed.claim(id, by, name, loop_.clock().wall()));
  desk.tell_claims(made);
  return made;
}

std::vector<Claim> Moderators::release(const std::string& broadcast, const std::vector<int64_t>& ids,
                                       const std::string& by) {
  auto desk = desks_.find(broadcast);
  if (desk == desks_.end()) return {};
  std::vector<Claim> freed;
  for (int64_t id : ids) {
    if (desk->second->claimed.release(id, by)) freed.push_back({id, "", "", {}});
  }
  desk->second->tell_claims(freed);
  return freed;
}

std::optional<Claim> Moderators::held_against(const std::string& broadcast, int64_t id,
                                              const std::string& by) const {
  auto desk = desks_.find(broadcast);
  if (desk == desks_.end()) return std::nullopt;
  return desk->second->claimed.held_against(id, by, loop_.clock().wall());
}

void Moderators::decided(const std::string& broadcast, const std::vector<Comment>& comments) {
  auto desk = desks_.find(broadcast);
  if (desk == desks_.end()) return;
  std::vector<Claim> freed;
  for (const Comment& comment : comments) {
    desk->second->claimed.forget(comment.id);
    freed.push_back({comment.id, "", "", {}});
  }
  desk->second->tell_claims(freed);
}

void Moderators::close(const std::string& broadcast) {
  auto desk = desks_.extract(broadcast);
  if (!desk.empty()) desk.mapped()->close();
}

void Moderators::every_second() {
  for (auto& [id, desk] : desks_) desk->every_second();
}

}  // namespace openday::hub
