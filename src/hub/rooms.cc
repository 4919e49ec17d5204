#include "hub/rooms.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ranges>
#include <set>
#include <utility>

#include "base/address.h"
#include "base/random.h"
#include "engage/moderation.h"
#include "engage/screen.h"
#include "hub/api_values.h"
#include "hub/room_guest.h"

namespace openday::hub {
namespace {

using engage::Comment;
using engage::Verdict;

constexpr size_t kSocketQueue = size_t{256} << 10;  // answers to one page, and its history
constexpr int kSendBuffer = 64 << 10;
constexpr size_t kMostMessage = 4096;
constexpr int kMinuteLimit = 300;
constexpr Duration kMinuteKept = seconds(5);
constexpr Duration kStaffNamesKept = seconds(10);
constexpr Duration kSharesLast = seconds(60);
constexpr size_t kMostAddresses = 100'000;
constexpr auto kTryAgain = seconds(2);
constexpr const char* kBanned = "you cannot write here";

std::string said(const Verdict& verdict) {
  if (verdict.code == "slow_mode") return "slow mode: wait until you may write again";
  if (verdict.code == "slow_down") return "that was quick; wait a moment";
  if (verdict.code == "duplicate") return "you have just said that";
  return "comments are closed";
}

}  // namespace

Rooms::Rooms(Parts parts, RoomOptions options, size_t max_sockets)
    : parts_(std::move(parts)), options_(options), max_sockets_(max_sockets), salt_(random_name()) {}

Rooms::~Rooms() {
  *alive_ = false;
}

void Rooms::add_routes() {
  WebSocketRoute route;
  route.subprotocol = "openday-room-1";
  route.max_message = kMostMessage;
  route.queue_bytes = kSocketQueue;
  route.max_sockets = max_sockets_;
  route.send_buffer = kSendBuffer;
  route.first_message = RoomGuest::kJoinWithin;
  route.accept =
      [this](const Request& request) -> std::expected<std::unique_ptr<WebSocketHandler>, Response> {
    std::string id(request.param("b"));
    auto found = room(id);
    if (!found) return std::unexpected(Response::error(found.error(), request.id));
    // A cookie makes nobody staff who does not ask for it; without the right they are a viewer like all.
    std::unique_ptr<RoomGuest::Staff> staff;
    std::optional<Gate::Visitor> person;
    if (!request.header("cookie").empty()) {
      auto visitor = parts_.gate.admit(request, account::Right::kSpeakAsStaff, /*changes=*/true);
      if (visitor && visitor->person) {
        staff = std::make_unique<RoomGuest::Staff>(
            RoomGuest::Staff{visitor->person->id, visitor->person->name, visitor->person->roles});
        person = std::move(*visitor);
      }
    }
    auto guest = std::make_unique<RoomGuest>(*this, id, request.peer, std::move(staff));
    if (person) {
      guest->keep(parts_.gate.stay(*person, account::Right::kSpeakAsStaff,
                                   [leaving = guest.get()] { leaving->dismiss(); }));
    }
    return guest;
  };
  parts_.router.websocket("/api/v1/broadcasts/{b}/room", std::move(route));
  parts_.router.get(
      "/api/v1/broadcasts/{b}/comments",
      [this](const Request& request, Responder responder) { send_minute(request, std::move(responder)); },
      {.any_origin = false});
}

Result<Room*> Rooms::room(const std::string& broadcast) {
  if (auto present = rooms_.find(broadcast); present != rooms_.end()) return present->second.get();
  OPENDAY_TRY(auto found, parts_.books.view().broadcast(broadcast));
  OPENDAY_TRY(auto opened, Room::open({parts_.loop, parts_.archives, parts_.edge,
                                       [this](const std::string& id) { forget_past(id); }, parts_.log},
                                      options_, broadcast));
  Room* room = opened.get();
  rooms_[broadcast] = std::move(opened);
  update(found);
  return room;
}

Room* Rooms::known(const std::string& broadcast) {
  auto present = rooms_.find(broadcast);
  return present == rooms_.end() ? nullptr : present->second.get();
}

void Rooms::update(const broadcast::Broadcast& broadcast) {
  Room* present = known(broadcast.id);
  if (present == nullptr) return;
  present->set_open(broadcast.state == broadcast::State::kLive, broadcast.public_from);
}

void Rooms::remove(const std::string& broadcast) {
  auto present = rooms_.find(broadcast);
  if (present == rooms_.end()) return;
  present->second->close();
  // Its sockets are on their way out and still refer to it.
  std::shared_ptr<Room> going = std::move(present->second);
  rooms_.erase(present);
  forget_past(broadcast);
  parts_.loop.after(seconds(60), [going] {});
}

void Rooms::forget_past(const std::string& broadcast) {
  std::erase_if(minutes_, [&](const auto& entry) { return entry.first.starts_with(broadcast + "/"); });
}

uint64_t Rooms::greet(RoomGuest& guest) {
  uint64_t number = next_guest_++;
  guests_[number] = &guest;
  return number;
}

// --- comments

uint64_t Rooms::address_key(const std::string& address) {
  HouseTime now = parts_.loop.clock().now();
  if (now - salted_ > kSharesLast || of_address_.size() > kMostAddresses) {
    of_address_.clear();
    salt_ = random_name();
    salted_ = now;
  }
  auto parsed = SocketAddress::parse(address, 0);
  std::string caller = parsed ? parsed->caller() : address;  // an IPv6 /64 is one caller
  return std::hash<std::string>()(salt_ + caller);
}

std::string Rooms::key_of(const Comment& comment) {
  return fmt::format("{} {} {}", comment.broadcast, comment.author, comment.ref);
}

void Rooms::comment(RoomGuest& guest, Comment comment) {
  auto refuse = [&](std::string_view code, const std::string& message, Duration retry = Duration(0)) {
    ++counters_.refused;
    guest.refuse(comment.ref, code, message, retry);
  };
  // Sent again after the connection broke: whoever is there now hears.
  if (auto under_way = told_.find(key_of(comment)); under_way != told_.end()) {
    under_way->second = guest.number();
    return;
  }
  // Or it was kept before: it counted then. Pages send every held one again when they come back.
  auto earlier = parts_.archives.archive().by_ref(comment.broadcast, comment.author, comment.ref);
  if (earlier) return acknowledge(guest.number(), *earlier);
  Room* room = known(comment.broadcast);
  if (room == nullptr || !room->is_open())
    return refuse("closed", "comments are open while the broadcast is live");
  if (auto ban = room->ban_of(comment.author)) return refuse("banned", kBanned);
  if (waiting_.size() + in_flight_ >= kMostWaiting) {
    return refuse("busy", "too many comments at once; try again", kTryAgain);
  }
  // What is not kept is not of the address's share: one page that repeats itself must not use up a school's.
  uint64_t address = comment.badge == engage::Badge::kNone ? address_key(guest.address()) : 0;
  auto sent = of_address_.find(address);
  bool flood = sent != of_address_.end() && sent->second.comments >= kAddressShare;
  auto screen = parts_.screen();
  Verdict verdict = room->judge().judge(room->settings(), *screen, comment.author, comment.badge,
                                        comment.text, flood, parts_.loop.clock().now());
  if (!verdict.said_at && verdict.kind == Verdict::Kind::kRefuse) {
    return refuse(verdict.code, said(verdict), verdict.retry);
  }
  if (verdict.kind == Verdict::Kind::kHold) comment.state = engage::CommentState::kHeld;
  if (verdict.kind == Verdict::Kind::kRefuse) comment.state = engage::CommentState::kRejected;
  comment.why = verdict.why;
  if (address != 0) ++of_address_[address].comments;
  told_[key_of(comment)] = guest.number();
  std::string where = comment.broadcast;
  waiting_.push_back({std::move(where), std::move(comment), std::move(verdict), address});
  if (in_flight_ == 0) commit();
}

/// What has come while the disk was busy goes next, together: one commit for many.
void Rooms::commit() {
  auto group = std::make_shared<std::vector<Pending>>();
  size_t count = std::min(waiting_.size(), kGroup);
  auto end = waiting_.begin() + static_cast<ptrdiff_t>(count);
  group->assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  in_flight_ = count;
  auto added = std::make_shared<Outcomes>();
  parts_.archives.submit(
      [group, added, now = parts_.loop.clock().wall()](engage::Archive& archive) -> Result<> {
        added->clear();
        std::map<std::string, std::set<std::string>> banned;  // authors, by broadcast
        for (const Pending& one : *group) {
          const Comment& comment = one.comment;
          auto [there, fresh] = banned.try_emplace(comment.broadcast);
          if (fresh) {
            OPENDAY_TRY(auto bans, archive.bans(comment.broadcast, now));
            for (auto& ban : bans) there->second.insert(std::move(ban.author));
          }
          // The ban came while this one waited.
          if (there->second.contains(comment.author) &&
              !archive.by_ref(comment.broadcast, comment.author, comment.ref)) {
            added->push_back(std::nullopt);
            continue;
          }
          OPENDAY_TRY(auto kept, archive.add(comment));
          added->push_back(std::move(kept));
        }
        return {};
      },
      [this, group, added, alive = alive_](const Result<>& outcome) {
        if (!*alive) return;
        in_flight_ = 0;
        on_outcome(std::move(*group), *added, outcome);
        if (in_flight_ == 0 && !waiting_.empty()) commit();
      });
}

void Rooms::acknowledge(uint64_t number, const Comment& comment) {
  auto guest = guests_.find(number);
  if (guest == guests_.end()) return;
  if (engage::refused_by_rule(comment)) return guest->second->refuse(comment);
  // Whatever a person decided since, it was kept; "decided" says the rest.
  Room* room = known(comment.broadcast);
  bool shown = room != nullptr ? room->is_public(comment) : comment.state == engage::CommentState::kPublished;
  Json ack{{"t", "ack"}, {"ref", comment.ref}, {"id", comment.id}, {"state", shown ? "published" : "held"}};
  if (comment.why && !shown) ack["why"] = why_json(comment.why);
  RoomGuest& author = *guest->second;
  author.say(ack);
  // The author may have been away when a person decided.
  bool against =
      comment.state == engage::CommentState::kRejected || comment.state == engage::CommentState::kRemoved;
  if (against) author.say(decided_json(comment));
}

/// Nothing of it was kept: it may be said again at once.
void Rooms::take_back(std::span<const Pending> group) {
  for (const Pending& one : group | std::views::reverse) {
    if (Room* room = known(one.room)) room->judge().take_back(one.comment.author, one.verdict);
    auto sent = of_address_.find(one.address);
    if (sent != of_address_.end() && sent->second.comments > 0) --sent->second.comments;
  }
}

void Rooms::on_outcome(std::vector<Pending> group, const Outcomes& added, const Result<>& outcome) {
  if (!outcome) take_back(group);
  for (size_t at = 0; at < group.size(); ++at) {
    const Pending& one = group[at];
    auto told = told_.extract(key_of(one.comment));
    uint64_t number = told.empty() ? 0 : told.mapped();
    if (!outcome) {
      ++counters_.refused;
      auto guest = guests_.find(number);
      if (guest != guests_.end()) {
        guest->second->refuse(one.comment.ref, "busy", "it could not be kept; try again", kTryAgain);
      }
      continue;
    }
    if (!added[at]) {
      ++counters_.refused;
      auto guest = guests_.find(number);
      if (guest != guests_.end()) guest->second->refuse(one.comment.ref, "banned", kBanned);
      continue;
    }
    const auto& [comment, repeated] = *added[at];
    acknowledge(number, comment);
    if (repeated) {  // it could not be looked up when it came
      take_back({&one, 1});
      continue;
    }
    ++(comment.state == engage::CommentState::kRejected ? counters_.refused : counters_.comments);
    if (comment.state == engage::CommentState::kHeld) ++counters_.held;
    if (Room* room = known(one.room)) room->on_committed(comment, one.verdict.fingerprint);
  }
  if (!outcome)
    parts_.log.error("comments_not_kept", {{"count", group.size()}, {"why", outcome.error().message}});
}

void Rooms::tell_absent(RoomGuest& guest, const std::vector<int64_t>& mine) {
  if (mine.empty()) return;
  auto unpublished = parts_.archives.archive().unpublished(guest.broadcast(), guest.author, mine);
  if (!unpublished) return;  // what cannot be read just now is told on the next return
  for (const auto& comment : *unpublished) {
    if (comment.decision) guest.say(decided_json(comment));
  }
}

void Rooms::report(RoomGuest& guest, const std::string& ref, int64_t id, const std::string& reason) {
  Room* room = known(guest.broadcast());
  if (room != nullptr && room->ban_of(guest.author)) return guest.refuse(ref, "banned", kBanned);
  // One page joins as many viewers as it likes.
  uint64_t address = address_key(guest.address());
  Share& share = of_address_[address];
  if (share.reports >= kReportShare) {
    Duration left = salted_ + kSharesLast - parts_.loop.clock().now();
    return guest.refuse(ref, "slow_down", "many reports come from your network; try again", left);
  }
  auto reported = parts_.archives.archive().comment(guest.broadcast(), id);
  if (!reported || reported->state != engage::CommentState::kPublished) {
    return guest.refuse(ref, "not_found", "there is no such comment any more");
  }
  if (reports_.size() >= kGroup) {
    return guest.refuse(ref, "busy", "too many reports at once; try again", kTryAgain);
  }
  ++share.reports;
  reports_.push_back({guest.number(), ref, guest.author, reason, guest.broadcast(), id, address});
  if (!reporting_) commit_reports();
}

/// As with comments: what has come while the disk was busy shares a commit.
void Rooms::commit_reports() {
  auto group = std::make_shared<const std::vector<Report>>(std::exchange(reports_, {}));
  reporting_ = true;
  parts_.archives.submit(
      [group](engage::Archive& archive) -> Result<> {
        for (const Report& one : *group) {
          OPENDAY_TRY(bool fresh, archive.report(one.comment, one.author, one.reason));
          static_cast<void>(fresh);  // reported before: it is known, and that is the answer
        }
        return {};
      },
      [this, group, alive = alive_](const Result<>& outcome) {
        if (!*alive) return;
        reporting_ = false;
        on_reports(*group, outcome);
        if (!reporting_ && !reports_.empty()) commit_reports();
      });
}

void Rooms::on_reports(const std::vector<Report>& group, const Result<>& outcome) {
  std::set<int64_t> told;  // of these comments moderators have heard
  for (const Report& one : group) {
    auto sent = of_address_.find(one.address);
    if (!outcome && sent != of_address_.end() && sent->second.reports > 0) --sent->second.reports;
    auto guest = guests_.find(one.guest);
    if (guest != guests_.end()) {
      if (outcome) {
        guest->second->say({{"t", "ack"}, {"ref", one.ref}});
      } else {
        guest->second->refuse(one.ref, "busy", "it could not be kept; try again", kTryAgain);
      }
    }
    Room* room = known(one.broadcast);
    if (!outcome || room == nullptr || !told.insert(one.comment).second) continue;
    // As it is by now: it may have been decided while the report waited for the disk.
    if (auto comment = parts_.archives.archive().comment(one.broadcast, one.comment)) {
      room->on_reported(*comment);
    }
  }
}

std::optional<engage::Why> Rooms::objection(const std::string& name) {
  auto screen = parts_.screen();
  if (auto finding = screen->find(name)) return finding->why;
  HouseTime now = parts_.loop.clock().now();
  if (!staff_at_ || now - *staff_at_ > kStaffNamesKept) {
    staff_at_ = now;
    staff_names_.clear();
    staff_looks_.clear();
    if (auto people = parts_.rolls.roll().people()) {
      for (const auto& person : *people) {
        staff_names_.insert(screen->fingerprint(person.name));
        staff_looks_.insert(engage::looks_of(person.name));
      }
    }
    staff_looks_.erase(std::u32string());  // of names without a letter
  }
  if (staff_names_.contains(screen->fingerprint(name)) || staff_looks_.contains(engage::looks_of(name)))
    return engage::Why{"name"};
  return std::nullopt;
}

// --- the past

void Rooms::send_minute(const Request& request, Responder responder) {
  std::string id(request.param("b"));
  auto minute = request.query.integer("minute");
  if (!minute || !*minute || **minute < 0 || **minute > INT64_MAX / 60'000 - 1) {
    return responder.send(
        Response::error(400, "invalid", "minute must be a program time in ms divided by 60000", request.id));
  }
  std::string key = fmt::format("{}/{}", id, **minute);
  HouseTime now = parts_.loop.clock().now();
  auto cached = minutes_.find(key);
  if (cached != minutes_.end() && now < cached->second.until) {
    return responder.send(Response::shared(cached->second.response));
  }
  if (auto there = parts_.books.view().broadcast(id); !there) {
    return responder.send(Response::error(there.error(), request.id));
  }
  auto& archive = parts_.archives.archive();
  auto found = archive.minute(id, **minute, kMinuteLimit);
  if (!found) return responder.send(Response::error(found.error(), request.id));
  // In a room that nobody has opened since the start, nothing was decided since.
  const Room* room = known(id);
  auto is_public = [&](const Comment& comment) {
    return room != nullptr ? room->is_public(comment)
                           : comment.state == engage::CommentState::kPublished &&
                                 !engage::may_be_undone_unseen(comment, parts_.loop.clock().wall());
  };
  Json comments = Json::array();
  for (const Comment& comment : found->comments) {
    if (!is_public(comment)) continue;
    std::optional<Quoted> to;
    if (comment.reply_to != 0) {
      auto quoted = archive.comment(id, comment.reply_to);
      if (quoted && is_public(*quoted)) {
        to = Quoted{quoted->id, quoted->name, beginning(quoted->text, 60)};
      }
    }
    comments.push_back(comment_json(comment, to ? &*to : nullptr));
  }
  std::string body =
      dump({{"minute", **minute}, {"comments", std::move(comments)}, {"left_out", found->left_out}});
  auto response = std::make_shared<const SharedResponse>(
      200, std::vector<Header>{{"Content-Type", "application/json"}, {"Cache-Control", "public, max-age=5"}},
      std::make_shared<const Bytes>(body.begin(), body.end()));
  if (minutes_.size() >= kMostCached) {
    std::erase_if(minutes_, [&](const auto& entry) { return now >= entry.second.until; });
    if (minutes_.size() >= kMostCached) minutes_.erase(minutes_.begin());
  }
  minutes_[key] = {response, now + kMinuteKept};
  responder.send(Response::shared(response));
}

Rooms::Counters Rooms::counters() const {
  Counters now = counters_;
  now.waiting = waiting_.size() + in_flight_;
  for (const auto& [id, room] : rooms_) {
    now.sockets += room->viewers();
    now.deliveries += room->deliveries().deliveries;
    now.skips += room->deliveries().skips;
    now.closed_slow += room->deliveries().closed_slow;
  }
  return now;
}

void room_metrics(MetricsText& out, const Rooms::Counters& rooms) {
  using Family = MetricsText::Type;
  auto count = [&](std::string_view name, Family type, std::string_view help, uint64_t value) {
    out.metric(name, type, help);
    out.value(static_cast<double>(value));
  };
  count("openday_room_sockets", Family::kGauge, "Viewers' sockets in all rooms.", rooms.sockets);
  count("openday_room_comments_total", Family::kCounter, "Comments that were taken.", rooms.comments);
  count("openday_room_comments_held_total", Family::kCounter, "Of them, held for a moderator.", rooms.held);
  count("openday_room_comments_refused_total", Family::kCounter,
        "Comments that were refused, by a rule or at a bound.", rooms.refused);
  count("openday_room_comments_waiting", Family::kGauge, "Comments on their way to the disk.", rooms.waiting);
  count("openday_room_deliveries_total", Family::kCounter, "Messages handed to sockets.", rooms.deliveries);
  count("openday_room_skips_total", Family::kCounter,
        "Times that a socket was too slow and skipped messages.", rooms.skips);
  count("openday_room_closed_slow_total", Family::kCounter, "Sockets closed for their slowness.",
        rooms.closed_slow);
}

}  // namespace openday::hub
