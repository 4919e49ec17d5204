#include "hub/publishers.h"

#include <utility>

#include "base/text.h"
#include "broadcast/venues.h"

namespace openday::hub {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxKey = 512;  // SRT's stream id is at most that long

std::string protocol_in(const Json& head) {
  std::string protocol = link::text_in(head, "protocol");
  return protocol == "rtmp" || protocol == "srt" ? protocol : "";
}

}  // namespace

Publishers::Publishers(Loop& loop, Log log, broadcast::LedgerView& ledger, const broadcast::Rules& rules)
    : loop_(loop), log_(std::move(log)), ledger_(ledger), rules_(rules), not_told_log_(loop.clock()) {}

Publishers::~Publishers() {
  loop_.cancel(retell_);
  gone();
}

Result<> Publishers::attach(UniqueFd socket) {
  gone();
  OPENDAY_TRY(channel_, link::Channel::open(
                            loop_, std::move(socket), kChannelBound,
                            [this](const link::Message& message) { on_message(message); },
                            [this](const Error& why) {
                              log_.info("gateway_lost", {{"why", why.message}});
                              channel_ = nullptr;
                              publishers_.clear();
                              stats_ = nullptr;
                            }));
  // A gateway that stayed while the hub was away still routes as it was told then: tell all of it again.
  tell_all();
  return {};
}

void Publishers::gone() {
  if (channel_) channel_->close();
  channel_ = nullptr;
  publishers_.clear();
  stats_ = nullptr;
}

void Publishers::route(const std::map<std::string, std::string>& feed_of_venue) {
  for (const auto& [venue, feed] : routes_) {
    if (!feed_of_venue.contains(venue)) tell("attach", {{"venue", venue}, {"feed", nullptr}});
  }
  for (const auto& [venue, feed] : feed_of_venue) {
    auto before = routes_.find(venue);
    if (before == routes_.end() || before->second != feed) tell("attach", {{"venue", venue}, {"feed", feed}});
  }
  routes_ = feed_of_venue;
}

void Publishers::kick(const std::string& venue, std::string_view why) {
  let_in_.erase(venue);
  if (tell("kick", {{"venue", venue}, {"why", why}})) {
    untold_kicks_.erase(venue);
  } else if (ledger_.venue(venue)) {  // the gateway may name whatever it likes
    untold_kicks_[venue] = why;
  }
}

bool Publishers::tell(std::string_view type, Json fields) {
  if (!channel_) return false;
  auto sent = channel_->send(link::make_message(type, std::move(fields)));
  if (sent || sent.error().code != Errc::kBusy) return sent.has_value();
  if (auto left_out = not_told_log_.allow()) {
    log_.warn("gateway_not_told",
              {{"type", std::string(type)}, {"why", sent.error().message}, {"left_out", *left_out}});
  }
  // A route or a kick that the gateway has missed it would never learn by itself. Lost answers it asks for
  // again.
  if (type != "auth_result" && retell_ == 0) {
    retell_ = loop_.after(milliseconds(500), [this] {
      retell_ = 0;
      tell_all();
    });
  }
  return false;
}

void Publishers::tell_all() {
  for (const auto& [venue, feed] : routes_) {
    if (!tell("attach", {{"venue", venue}, {"feed", feed}})) return;
  }
  while (!untold_kicks_.empty()) {
    const auto& [venue, why] = *untold_kicks_.begin();
    if (!tell("kick", {{"venue", venue}, {"why", why}})) return;
    untold_kicks_.erase(untold_kicks_.begin());
  }
}

void Publishers::on_message(const link::Message& message) {
  std::string type = message.type();
  if (type == "auth") {
    on_auth(message.head);
  } else if (type == "publisher") {
    on_publisher(message.head);
  } else if (type == "stats") {
    on_stats(message.head);
  }
}

// What becomes a label of a metric is ours to name, so that their number is bounded by the venues there are.
void Publishers::on_stats(const Json& head) {
  stats_ = link::plain_fields(head, {"connections"});
  auto refused = head.find("refused");
  stats_["refused"] = link::plain_fields(
      refused != head.end() ? *refused : Json(),
      {"connections", "per_address", "wrong_key", "too_many_wrong_keys", "hub_away", "timeout", "protocol"});
  Json rows = Json::array();
  std::set<std::string> told;
  auto list = head.find("publishers");
  for (const auto& row : list != head.end() ? *list : Json()) {
    auto publisher = publishers_.find(link::text_in(row, "venue"));
    if (publisher == publishers_.end() || !told.insert(publisher->first).second) continue;
    Json fields = link::plain_fields(row, {"bytes", "kbps", "rtt_ms", "lost", "dropped", "since_ms"});
    fields["venue"] = publisher->first;
    fields["protocol"] = publisher->second.protocol;
    rows.push_back(std::move(fields));
  }
  stats_["publishers"] = std::move(rows);
}

Result<std::string> Publishers::venue_of(const std::string& protocol, const std::string& key,
                                         std::string& passphrase) {
  if (key.empty() || key.size() > kMaxKey) return fail(Errc::kRefused, "malformed key");
  std::string venue;
  if (protocol == "rtmp") {
    OPENDAY_TRY(venue, broadcast::venue_of_stream_key(ledger_, key, rules_));
  } else if (protocol == "srt") {
    // The stream id only says who is calling; SRT's own handshake proves it with the passphrase.
    if (!is_slug(key)) return fail(Errc::kRefused, "malformed stream id");
    auto stored = ledger_.ingest_key(key);
    if (!stored && stored.error().code == Errc::kNotFound) return fail(Errc::kRefused, "unknown stream id");
    if (!stored) return std::unexpected(stored.error());
    OPENDAY_TRY(passphrase, rules_.vault.open(stored->sealed_passphrase));
    venue = key;
  } else {
    return fail(Errc::kRefused, "unknown protocol");
  }
  OPENDAY_TRY(auto found, ledger_.venue(venue));
  if (found.source.kind != broadcast::SourceKind::kIngest) {
    return fail(Errc::kRefused,
                "this venue does not publish; it is " + std::string(name_of(found.source.kind)));
  }
  return venue;
}

void Publishers::on_auth(const Json& head) {
  auto id = head.find("id");
  if (id == head.end() || !id->is_number_integer()) return;
  std::string passphrase;
  auto venue = venue_of(link::text_in(head, "protocol"), link::text_in(head, "key"), passphrase);
  Json answer = {{"id", *id}, {"ok", venue.has_value()}};
  if (venue) {
    let_in_.insert(*venue);
    answer["venue"] = *venue;
    if (!passphrase.empty()) answer["passphrase"] = passphrase;
    if (auto route = routes_.find(*venue); route != routes_.end()) answer["feed"] = route->second;
  } else {
    // One answer for all wrong keys; only our own trouble is told apart.
    bool trouble = venue.error().code != Errc::kRefused;
    answer["why"] = trouble ? "The server cannot check keys now." : "This key is not known.";
    if (trouble) answer["trouble"] = true;
    if (trouble) log_.error("auth_failed", {{"why", venue.error().message}});
  }
  tell("auth_result", std::move(answer));
}

// Let in by an earlier hub, with a key that was changed since: the kick was lost with that hub. Whom this hub
// has let in is not asked, so a clock that was set back cuts an encoder once at most.
bool Publishers::is_outdated(const std::string& venue, const Json& head) const {
  auto since_ms = link::integer_in(head, "since_ms");
  if (!since_ms || let_in_.contains(venue)) return false;
  auto key = ledger_.ingest_key(venue);
  return key ? *since_ms < key->created_at.ms : key.error().code == Errc::kNotFound;
}

void Publishers::on_publisher(const Json& head) {
  std::string venue = link::text_in(head, "venue");
  std::string state = link::text_in(head, "state");
  if (!is_slug(venue)) return;
  if ((state == "connected" || state == "streaming") && is_outdated(venue, head)) {
    kick(venue, "the venue's key was changed");
  }
  if (!ledger_.venue(venue)) return;             // what is tracked is bounded by the venues there are
  if (state == "gone" || state == "replaced") {  // the newer one that replaces it is told next
    publishers_.erase(venue);
  } else if (state == "connected" || state == "streaming") {
    bool fresh = !publishers_.contains(venue);
    Publisher& publisher = publishers_[venue];
    if (fresh) {
      publisher.since = loop_.clock().wall();
      ++connects_[venue];
    }
    publisher.state = state;
    publisher.protocol = protocol_in(head);
  }
  log_.info("publisher", {{"venue", venue},
                          {"state", state},
                          {"protocol", protocol_in(head)},
                          {"why", link::text_in(head, "why")}});
  if (on_change) on_change(venue);
}

}  // namespace openday::hub
