#include "hub/room.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <ranges>
#include <set>

#include "base/random.h"
#include "hub/api_values.h"
#include "hub/websocket_frame.h"

namespace openday::hub {
namespace {

using engage::Comment;
using engage::CommentState;

constexpr size_t kKeptEvents = 2000;  // for who comes back
constexpr size_t kKeptBytes = size_t{2} << 20;
constexpr int kMostHeld = 10'000;  // counted by wording; all are kept and shown to moderators
constexpr size_t kAnsweredText = 60;
// A page reads what comes twenty times a second as at once; a larger room waits a little longer, for fewer
// writes.
constexpr Duration kFrameEvery = milliseconds(25);   // what comes within this shares a frame;
constexpr Duration kTick = milliseconds(50);         // between two writes to a socket,
constexpr Duration kTickOfMany = milliseconds(100);  // or this, with so many of them
constexpr size_t kMany = 2000;
constexpr Duration kCountsAtLeast = seconds(15);
const Json::json_pointer kPinned("/comment");
const Json::json_pointer kPinnedInRoom("/room/pinned");

SharedBytes framed(const std::string& text) {
  return std::make_shared<const Bytes>(ws_text_frame(text));
}

std::string events_text(uint64_t from, std::string_view events) {
  std::string text = R"({"t":"events","from":)" + std::to_string(from) + R"(,"events":[)";
  text += events;
  text += "]}";
  return text;
}

}  // namespace

Room::Room(const Parts& parts, RoomOptions options, std::string broadcast)
    : parts_(parts),
      options_(options),
      id_(std::move(broadcast)),
      log_(random_name(8), kKeptEvents, kKeptBytes),
      fanout_(parts.loop, {},
              [](WebSocket& socket, uint64_t first) {
                std::string text = R"({"t":"resync","from":)" + std::to_string(first) + "}";
                socket.send(std::make_shared<const Bytes>(text.begin(), text.end()),
                            WebSocket::Loss::kMustNot);
              }),
      budget_(static_cast<double>(options.shown_per_second)),
      budget_at_(parts.loop.clock().now()) {
  second_ = parts_.loop.every(seconds(1), [this] { every_second(); });
}

Room::~Room() {
  parts_.loop.cancel(second_);
  if (flush_timer_ != 0) parts_.loop.cancel(flush_timer_);
}

Result<std::unique_ptr<Room>> Room::open(const Parts& parts, RoomOptions options, std::string broadcast) {
  std::unique_ptr<Room> room(new Room(parts, options, std::move(broadcast)));
  OPENDAY_CHECK_OK(room->load());
  return room;
}

Result<> Room::load() {
  auto& archive = parts_.archives.archive();
  OPENDAY_TRY(settings_, archive.room(id_));
  OPENDAY_TRY(auto bans, archive.bans(id_, parts_.loop.clock().wall()));
  for (auto& ban : bans) bans_[ban.author] = std::move(ban);
  engage::Filter newest{id_, CommentState::kPublished, "", "", false, 0, static_cast<int>(options_.history)};
  OPENDAY_TRY(auto said, archive.comments(newest));
  for (const Comment& comment : said | std::views::reverse) {
    // What was approved just before the hub went down waits for its time once more.
    if (engage::may_be_undone_unseen(comment, parts_.loop.clock().wall())) {
      approved_.push_back({parts_.loop.clock().now() + engage::kAfterthought, comment});
    } else {
      log_.append(comment_event(comment), comment.id, comment.reply_to);
    }
  }
  flushed_ = log_.head();
  OPENDAY_TRY(held_count_, archive.count_held(id_));
  OPENDAY_TRY(auto held, archive.held(id_, kMostHeld));
  for (const Comment& comment : held) held_[comment.id] = {comment.at, 0};
  if (settings_.pinned != 0) {
    auto pinned = archive.comment(id_, settings_.pinned);
    if (pinned && is_public(*pinned)) pinned_ = comment_json(*pinned, nullptr);
  }
  return {};
}

Json Room::json() const {
  return room_json(settings_, open_, pinned_);
}

void Room::set_open(bool open, std::optional<ProgramTime> from) {
  from_ = from;
  if (open == open_) return;
  open_ = open;
  watchers_hear_of_settings();
  if (fanout_.sockets() == 0) return;  // who comes later is told on the way in
  append_pinned({{"k", "room"}, {"room", json()}}, kPinnedInRoom);
}

Duration Room::tick() const {
  return fanout_.sockets() < kMany ? kTick : kTickOfMany;
}

// --- who is there

void Room::enter(Seat& seat, const std::optional<Since>& since, Json welcome) {
  // What has not been sent to anybody yet comes to the newcomer with the next flush.
  uint64_t to = flushed_;
  uint64_t from = std::max(log_.tail(), to > options_.history ? to - options_.history : 0);
  const char* how = "fresh";
  bool own = false;  // a history that is not what newcomers get
  if (since && since->epoch == log_.epoch() && since->offset <= to) {
    how = "gap";
    if (since->offset >= log_.tail()) {
      from = log_.fitting(since->offset, to, kHistoryBytes);
      own = true;
      if (from == since->offset) how = "resumed";
    }
  }
  welcome["epoch"] = log_.epoch();
  welcome["room"] = json();
  welcome["viewers"] = fanout_.sockets() + 1;
  welcome["since"] = how;
  // The seat comes first: a socket that breaks while it is sent to gives it up again.
  fanout_.join(*seat.socket(), seat.place);
  seats_.emplace(seat.author, &seat);
  seat.say(welcome);
  SharedBytes history;
  if (own) {
    std::string text = events_text(from, log_.slice(from, to));
    history = std::make_shared<const Bytes>(text.begin(), text.end());
  } else {
    if (history_at_ != to || !history_) {
      from = log_.fitting(from, to, kHistoryBytes);
      std::string text = events_text(from, log_.slice(from, to));
      history_ = std::make_shared<const Bytes>(text.begin(), text.end());
      history_at_ = to;
    }
    history = history_;
  }
  if (WebSocket* socket = seat.socket()) socket->send(std::move(history), WebSocket::Loss::kMustNot);
}

void Room::leave(Seat& seat) {
  fanout_.leave(seat.place);
  auto [first, last] = seats_.equal_range(seat.author);
  auto own = std::find_if(first, last, [&](const auto& entry) { return entry.second == &seat; });
  if (own != last) seats_.erase(own);
}

void Room::tell_author(const std::string& author, const Json& message) {
  std::vector<Seat*> theirs;
  auto [first, last] = seats_.equal_range(author);
  for (auto it = first; it != last; ++it) theirs.push_back(it->second);
  for (Seat* seat : theirs) seat->say(message);
}

std::optional<engage::Ban> Room::ban_of(const std::string& author) const {
  auto ban = bans_.find(author);
  if (ban == bans_.end()) return std::nullopt;
  if (ban->second.until && *ban->second.until <= parts_.loop.clock().wall()) return std::nullopt;
  return ban->second;
}

ProgramTime Room::moment_within(std::optional<ProgramTime> moment) const {
  ProgramTime edge = parts_.edge(id_).value_or(parts_.loop.clock().wall());
  ProgramTime within = std::min(moment.value_or(edge), edge);
  return from_ ? std::max(within, *from_) : within;
}

bool Room::is_public(const Comment& comment) const {
  return comment.state == CommentState::kPublished &&
         std::ranges::none_of(approved_, [&](const Due& due) { return due.comment.id == comment.id; });
}

std::optional<Quoted> Room::quoted(int64_t id) const {
  auto comment = parts_.archives.archive().comment(id_, id);
  if (!comment || !is_public(*comment)) return std::nullopt;
  return Quoted{comment->id, comment->name, beginning(comment->text, kAnsweredText)};
}

void Room::react(size_t kind, int64_t times) {
  reactions_[kind] += times;
}

// --- what is said

std::string Room::comment_event(const Comment& comment) const {
  std::optional<Quoted> to;
  if (comment.reply_to != 0) to = quoted(comment.reply_to);
  Json event = comment_json(comment, to ? &*to : nullptr);
  event["k"] = "comment";
  return dump(event);
}

void Room::append(const Json& event) {
  log_.append(dump(event));
  plan_flush();
}

void Room::append_pinned(Json event, const Json::json_pointer& where) {
  if (pinned_.is_null()) return append(event);
  std::string text = dump(event);
  event[where] = nullptr;
  log_.append_showing(std::move(text), pinned_["id"], dump(event));
  plan_flush();
}

void Room::on_committed(const Comment& comment, uint64_t fingerprint) {
  ++heard_[heard_at_];
  if (comment.state == CommentState::kPublished) publish(comment);
  if (comment.state == CommentState::kHeld) hold(comment, fingerprint);
  for (RoomWatcher* watcher : watchers_) watcher->on_said(comment);
}

void Room::publish(const Comment& comment) {
  waiting_.push_back(comment);
  plan_flush();
}

/// Of more comments than anybody can read, those are shown whose authors have not just been: staff's always.
void Room::choose_sample() {
  if (options_.shown_per_second == 0) return;
  HouseTime now = parts_.loop.clock().now();
  auto rate = static_cast<double>(options_.shown_per_second);
  budget_ = std::min(rate, budget_ + rate * std::chrono::duration<double>(now - budget_at_).count());
  budget_at_ = now;
  auto allowed = static_cast<size_t>(budget_);
  if (waiting_.size() <= allowed) {
    budget_ -= static_cast<double>(waiting_.size());
    return;
  }
  thread_local std::minstd_rand dice(std::random_device{}());  // fairness among viewers, no secret
  std::vector<size_t> order(waiting_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::shuffle(order, dice);
  std::set<std::string_view> seen;
  std::vector<int> rank(waiting_.size());
  for (size_t at : order) {
    bool first = seen.insert(waiting_[at].author).second;
    rank[at] = waiting_[at].badge != engage::Badge::kNone ? 0 : first ? 1 : 2;
  }
  std::vector<bool> keep(waiting_.size());
  size_t kept = 0;
  for (int turn = 0; turn < 3; ++turn) {
    for (size_t at : order) {
      if (rank[at] != turn || (turn > 0 && kept >= allowed)) continue;
      keep[at] = true;
      ++kept;
    }
  }
  std::vector<Comment> chosen;
  chosen.reserve(kept);
  for (size_t at = 0; at < waiting_.size(); ++at) {
    if (keep[at]) chosen.push_back(std::move(waiting_[at]));
  }
  budget_ = std::max(0.0, budget_ - static_cast<double>(chosen.size()));
  waiting_ = std::move(chosen);
}

void Room::plan_flush() {
  if (flush_timer_ != 0) return;
  Duration wait(0);
  if (flushed_at_) wait = std::max(Duration(0), *flushed_at_ + kFrameEvery - parts_.loop.clock().now());
  flush_timer_ = parts_.loop.after(wait, [this] {
    flush_timer_ = 0;
    flush();
  });
}

void Room::flush() {
  flushed_at_ = parts_.loop.clock().now();
  choose_sample();
  for (const Comment& comment : waiting_) log_.append(comment_event(comment), comment.id, comment.reply_to);
  waiting_.clear();
  uint64_t head = log_.head();
  // More in one tick than is kept: the beginning is lost to everybody, as if they had been too slow.
  uint64_t from = std::max(flushed_, log_.tail());
  flushed_ = head;
  if (from == head) return;
  fanout_.set_pace(tick());
  fanout_.publish(framed(events_text(from, log_.slice(from, head))), from);
  counts_wait_ = false;
}

bool Room::take_approved(int64_t id) {
  return std::erase_if(approved_, [&](const Due& due) { return due.comment.id == id; }) > 0;
}

void Room::withdraw(const Comment& comment) {
  std::erase_if(waiting_, [&](const Comment& one) { return one.id == comment.id; });
  log_.bury(comment.id);
  // What quoted it quotes it no more.
  for (int64_t id : log_.answering(comment.id)) {
    if (auto answer = parts_.archives.archive().comment(id_, id)) log_.replace(id, comment_event(*answer));
  }
  history_at_ = UINT64_MAX;
  append({{"k", "removed"}, {"id", comment.id}});
}

bool Room::show_pinned() {
  Json shown;
  if (settings_.pinned != 0) {
    auto comment = parts_.archives.archive().comment(id_, settings_.pinned);
    if (comment && is_public(*comment)) shown = comment_json(*comment, nullptr);
  }
  if (shown == pinned_) return false;
  pinned_ = std::move(shown);
  append_pinned({{"k", "pinned"}, {"comment", pinned_}}, kPinned);
  return true;
}

void Room::tell_decided(const Comment& comment) {
  tell_author(comment.author, decided_json(comment));
}

void Room::hold(const Comment& comment, uint64_t fingerprint) {
  if (!held_.contains(comment.id)) ++held_count_;
  if (held_.size() >= kMostHeld) return;
  held_[comment.id] = {comment.at, fingerprint};
  if (fingerprint != 0) ++similar_[fingerprint];
}

void Room::unhold(int64_t id) {
  held_count_ = std::max<int64_t>(0, held_count_ - 1);
  auto held = held_.find(id);
  if (held == held_.end()) return;
  auto similar = similar_.find(held->second.fingerprint);
  if (similar != similar_.end() && --similar->second <= 0) similar_.erase(similar);
  held_.erase(held);
}

void Room::on_decided(const std::vector<Comment>& comments) {
  for (const Comment& comment : comments) {
    CommentState before = comment.decision ? comment.decision->before : CommentState::kHeld;
    if (before == CommentState::kHeld) unhold(comment.id);
    // Nobody has seen what waits for its time: to its author, too, it is as before.
    bool unseen = take_approved(comment.id);
    bool undone = comment.decision && comment.decision->reason == engage::kUndone;
    if (before == CommentState::kPublished) {
      if (!unseen) withdraw(comment);
      // The archive pins it no longer (engage/moderation.cc).
      if (settings_.pinned == comment.id) settings_.pinned = 0;
      if (show_pinned()) watchers_hear_of_settings();
    }
    if (comment.state == CommentState::kHeld) hold(comment, 0);
    if (comment.state == CommentState::kPublished) {
      approved_.push_back({parts_.loop.clock().now() + engage::kAfterthought, comment});
      continue;  // its author hears when everybody does
    }
    if (!(unseen && (undone || comment.state == CommentState::kHeld))) tell_decided(comment);
  }
  watchers_hear(comments);
}

void Room::on_banned(const engage::Ban& ban) {
  bans_[ban.author] = ban;
  tell_author(ban.author, {{"t", "banned"}, {"ban", ban_json(ban)}});
  watchers_hear_of(ban.author);
}

void Room::on_lifted(const engage::Ban& ban) {
  bans_.erase(ban.author);
  tell_author(ban.author, {{"t", "banned"}, {"ban", nullptr}});
  watchers_hear_of(ban.author);
}

void Room::on_settings(const engage::RoomSettings& settings) {
  bool other_room = settings.mode != settings_.mode || settings.slow_s != settings_.slow_s;
  settings_ = settings;
  show_pinned();
  if (other_room) append_pinned({{"k", "room"}, {"room", json()}}, kPinnedInRoom);
  watchers_hear_of_settings();
}

void Room::on_reported(const Comment& comment) {
  watchers_hear({comment});
}

// --- every second

void Room::every_second() {
  HouseTime now = parts_.loop.clock().now();
  while (!approved_.empty() && approved_.front().at <= now) {
    Comment comment = std::move(approved_.front().comment);
    approved_.pop_front();
    tell_decided(comment);
    publish(comment);
    parts_.past_changed(id_);
    if (settings_.pinned == comment.id && show_pinned()) watchers_hear_of_settings();
  }
  bool talking = heard_[heard_at_] > 0;
  heard_at_ = (heard_at_ + 1) % heard_.size();
  heard_[heard_at_] = 0;
  if (std::exchange(counts_wait_, false)) fanout_.send();
  bool reacted = std::ranges::any_of(reactions_, [](int64_t count) { return count > 0; });
  // Also now and then when nothing is new: a page that hears nothing takes itself for cut off.
  bool quiet = !reacted && told_viewers_ == viewers();
  if (quiet && told_at_ && now - *told_at_ < kCountsAtLeast) return;
  told_at_ = now;
  Json reactions = Json::object();
  for (size_t kind = 0; kind < reactions_.size(); ++kind) {
    if (reactions_[kind] > 0) reactions[std::string(engage::kReactions[kind])] = reactions_[kind];
  }
  reactions_.fill(0);
  told_viewers_ = viewers();
  if (fanout_.sockets() == 0) return;
  fanout_.add(
      framed(dump({{"t", "counts"}, {"viewers", told_viewers_}, {"reactions", std::move(reactions)}})),
      flushed_);
  // A write to everybody is dear: while people talk, the next comment takes the counts along.
  counts_wait_ = talking;
  if (!talking) fanout_.send();
}

// --- moderators

void Room::watchers_hear(const std::vector<Comment>& comments) {
  auto watchers = watchers_;
  for (RoomWatcher* watcher : watchers) watcher->on_comments(comments);
}

void Room::watchers_hear_of_settings() {
  auto watchers = watchers_;
  for (RoomWatcher* watcher : watchers) watcher->on_settings();
}

/// A ban shows at each of the author's comments.
void Room::watchers_hear_of(const std::string& author) {
  if (watchers_.empty()) return;
  engage::Filter theirs;
  theirs.broadcast = id_;
  theirs.author = author;
  if (auto comments = parts_.archives.archive().comments(theirs)) watchers_hear(*comments);
}

Json Room::item(const Comment& comment) const {
  Around around;
  auto& archive = parts_.archives.archive();
  if (auto reports = archive.reports(comment.id)) around.reports = std::move(*reports);
  if (auto earlier = archive.count_by(id_, comment.author))
    around.earlier = std::max<int64_t>(0, *earlier - 1);
  auto held = held_.find(comment.id);
  if (held != held_.end() && held->second.fingerprint != 0) {
    auto similar = similar_.find(held->second.fingerprint);
    if (similar != similar_.end()) around.similar = similar->second - 1;
  }
  around.ban = ban_of(comment.author);
  std::optional<Quoted> to;
  if (comment.reply_to != 0) to = quoted(comment.reply_to);
  Json json = item_json(comment, to ? &*to : nullptr, around);
  if (comment.decision) {
    json["decision"]["undo_until"] = comment.decision->reason == engage::kUndone
                                         ? comment.decision->at.ms
                                         : (comment.decision->at + engage::kUndo).ms;
  }
  return json;
}

Json Room::counts() const {
  int64_t minute = std::accumulate(heard_.begin(), heard_.end(), int64_t{0});
  return {{"held", held_count_},
          {"oldest_at", held_.empty() ? Json() : Json(held_.begin()->second.at.ms)},
          {"per_minute", minute},
          {"viewers", viewers()}};
}

void Room::close() {
  fanout_.each([](WebSocket& socket) { socket.close(1000, "the broadcast was deleted"); });
}

}  // namespace openday::hub
