#include "ingest/gateway.h"

#include <utility>

namespace openday::ingest {
namespace {

using link::Json;

// Bytes of small messages that may wait for a hub that does not read; beyond it news are lost, and told again
// when a hub connects.
constexpr size_t kHubBound = 1024 * 1024;

std::string text_field(const Json& head, const char* key) {
  auto found = head.find(key);
  return found != head.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const char* name_of(Refusal reason) {
  switch (reason) {
    case Refusal::kConnections: return "connections";
    case Refusal::kPerAddress: return "per_address";
    case Refusal::kWrongKey: return "wrong_key";
    case Refusal::kTooManyWrongKeys: return "too_many_wrong_keys";
    case Refusal::kHubAway: return "hub_away";
    case Refusal::kTimeout: return "timeout";
    case Refusal::kProtocol: return "protocol";
  }
  return "other";
}

AuthAnswer refusal(std::string why) {
  AuthAnswer answer;
  answer.why = std::move(why);
  return answer;
}

}  // namespace

Gateway::Gateway(Loop& loop, Log log, const GatewayLimits& limits)
    : loop_(loop),
      log_(std::move(log)),
      limits_(limits),
      caps_(limits.connections, limits.per_address),
      failures_(loop.clock(), limits.auth_failures_per_minute),
      wrong_keys_log_(loop.clock()),
      last_report_(loop.clock().now()) {
  report_timer_ = loop_.every(seconds(1), [this] { report(); });
}

Gateway::~Gateway() {
  loop_.cancel(report_timer_);
  for (auto& [id, question] : questions_) loop_.cancel(question.deadline);
  if (hub_) hub_->close();
  for (auto& [id, feed] : feeds_) feed->close();
}

Result<> Gateway::connect_hub(UniqueFd socket) {
  if (hub_) hub_->close();
  OPENDAY_TRY(hub_, link::Channel::open(
                        loop_, std::move(socket), kHubBound,
                        [this](const link::Message& message) { on_hub_message(message); },
                        [this](const Error& why) {
                          log_.info("hub_lost", {{"why", why.message}});
                          hub_ = nullptr;
                        }));
  for (const auto& [venue, publisher] : publishers_) {
    tell_state(publisher, publisher.streaming ? "streaming" : "connected", "");
  }
  for (const auto& [id, question] : questions_) ask(id, question);
  return {};
}

Result<> Gateway::connect_feed(const std::string& id, UniqueFd socket) {
  forget_feed(id);
  OPENDAY_TRY(feeds_[id], link::Channel::open(
                              loop_, std::move(socket), kFeedChannelBound, [](const link::Message&) {},
                              [this, id](const Error&) { take_feed(id); }));
  for (auto& [venue, publisher] : publishers_) attach(publisher, "");
  return {};
}

void Gateway::forget_feed(const std::string& id) {
  if (auto channel = take_feed(id)) channel->close();
}

std::shared_ptr<link::Channel> Gateway::take_feed(const std::string& id) {
  auto found = feeds_.find(id);
  if (found == feeds_.end()) return nullptr;
  auto channel = std::move(found->second);
  feeds_.erase(found);
  for (auto& [venue, publisher] : publishers_) publisher.stream->lose(*channel);
  return channel;
}

void Gateway::stop() {
  while (!publishers_.empty()) on_kick(publishers_.begin()->first, "the server is shutting down");
}

Result<Admission> Gateway::admit(Protocol protocol, const std::string& address) {
  auto admission = caps_.admit(address);
  if (!admission) {
    bool full = admission.error().code == Errc::kBusy;
    refused(protocol, full ? Refusal::kConnections : Refusal::kPerAddress);
  }
  return admission;
}

AuthId Gateway::authorise(AuthRequest request, OnAnswer on_answer) {
  AuthId id{next_id_++};
  // A key that was good is looked at whatever its neighbours send: an encoder that reconnects takes over at
  // once. SrtListener has let it come this far for the same reason.
  bool too_many = !good_keys_.contains(request) && !failures_.may_try(request.address);
  Question& question = questions_[id];
  question = {std::move(request), std::move(on_answer), 0};
  if (too_many) {
    question.deadline = loop_.after(Duration(0), [this, id] {
      refused(questions_[id].request.protocol, Refusal::kTooManyWrongKeys);
      answer(id, refusal("Too many wrong keys came from your address. Try again."));
    });
    return id;
  }
  question.deadline = loop_.after(limits_.hub_patience, [this, id] {
    refused(questions_[id].request.protocol, Refusal::kHubAway);
    answer(id, refusal("The server cannot check keys just now. Try again."));
  });
  ask(id, question);
  return id;
}

void Gateway::ask(AuthId id, const Question& question) {
  tell_hub("auth", {{"id", static_cast<uint64_t>(id)},
                    {"protocol", ingest::name_of(question.request.protocol)},
                    {"key", question.request.key},
                    {"address", question.request.address}});
}

void Gateway::forget(AuthId question) {
  auto found = questions_.find(question);
  if (found == questions_.end()) return;
  loop_.cancel(found->second.deadline);
  questions_.erase(found);
}

void Gateway::answer(AuthId question, const AuthAnswer& answer) {
  auto found = questions_.find(question);
  if (found == questions_.end()) return;  // forgotten, or answered by the hub before
  Question asked = std::move(found->second);
  loop_.cancel(asked.deadline);
  questions_.erase(found);
  asked.on_answer(answer);
}

void Gateway::on_hub_message(const link::Message& message) {
  std::string type = message.type();
  std::string venue = text_field(message.head, "venue");
  if (type == "auth_result") {
    on_auth_result(message.head);
  } else if (type == "attach" && !venue.empty()) {
    on_attach(venue, text_field(message.head, "feed"));
  } else if (type == "kick" && !venue.empty()) {
    on_kick(venue, text_field(message.head, "why"));
  }
}

void Gateway::on_auth_result(const Json& head) {
  auto id = head.find("id");
  if (id == head.end() || !id->is_number_unsigned()) return;
  AuthId question{id->get<uint64_t>()};
  auto found = questions_.find(question);
  if (found == questions_.end()) return;
  const AuthRequest& request = found->second.request;
  AuthAnswer answer;
  auto ok = head.find("ok");
  answer.venue = text_field(head, "venue");
  answer.ok = ok != head.end() && ok->is_boolean() && ok->get<bool>() && !answer.venue.empty();
  if (answer.ok) {
    answer.passphrase = text_field(head, "passphrase");
    wanted_feed_[answer.venue] = text_field(head, "feed");
    auto& grant = grants_[answer.venue];
    if (!grant) grant = std::make_shared<int>(0);
    answer.grant = grant;
    good_keys_.remember(request);
  } else if (link::truth_in(head, "trouble").value_or(false)) {
    refused(request.protocol, Refusal::kHubAway);  // nobody knows whether this key is wrong
    answer.why = text_field(head, "why");
  } else {
    good_keys_.forget(request);
    failures_.failed(request.address);
    refused(request.protocol, Refusal::kWrongKey);
    if (auto left_out = wrong_keys_log_.allow()) {
      log_.warn("publisher_refused", {{"protocol", ingest::name_of(request.protocol)},
                                      {"address", request.address},
                                      {"left_out", *left_out}});
    }
    answer.wrong = true;
    answer.why = text_field(head, "why");
    if (answer.why.empty()) answer.why = "This key is not known.";
  }
  this->answer(question, answer);
}

void Gateway::on_attach(const std::string& venue, const std::string& feed) {
  wanted_feed_[venue] = feed;
  auto found = publishers_.find(venue);
  if (found != publishers_.end()) attach(found->second, "the venue feeds another broadcast");
}

void Gateway::attach(Publisher& publisher, std::string_view why) {
  auto wanted = wanted_feed_.find(publisher.venue);
  auto feed = wanted != wanted_feed_.end() ? feeds_.find(wanted->second) : feeds_.end();
  publisher.stream->attach(feed != feeds_.end() ? feed->second : nullptr, why);
}

void Gateway::on_kick(const std::string& venue, const std::string& why) {
  // Whoever was let in and is not here yet stays out. Questions still open need nothing: their answers follow
  // this kick, so the hub knew of the change when it gave them.
  grants_.erase(venue);
  auto found = publishers_.find(venue);
  if (found == publishers_.end()) return;
  PublisherSession* session = found->second.session;
  end(found->second.id, why);
  session->kick(why);
}

PublisherId Gateway::begin(Protocol protocol, Container container, const std::string& venue,
                           const std::string& address, PublisherSession& session) {
  auto before = publishers_.find(venue);
  if (before != publishers_.end()) {
    // The newest connection with the right key is the live one: encoders reconnect long before a half-open
    // connection shows that it is dead.
    static constexpr std::string_view kWhy = "replaced by a newer connection";
    Publisher old = std::move(before->second);
    publishers_.erase(before);
    venues_.erase(old.id);
    old.stream->attach(nullptr, kWhy);
    tell_state(old, "replaced", kWhy);
    log_.info("publisher_replaced", {{"venue", venue}, {"bytes", old.stream->bytes()}});
    old.session->kick(kWhy);
  }
  caps_.welcome(address);
  PublisherId id{next_id_++};
  Publisher& publisher = publishers_[venue];
  publisher.id = id;
  publisher.protocol = protocol;
  publisher.venue = venue;
  publisher.address = address;
  publisher.session = &session;
  publisher.stream = std::make_unique<PublisherStream>(id, container);
  publisher.since = loop_.clock().wall();
  venues_[id] = venue;
  log_.info("publisher_connected",
            {{"venue", venue}, {"protocol", ingest::name_of(protocol)}, {"address", address}});
  tell_state(publisher, "connected", "");
  attach(publisher, "");
  return id;
}

Gateway::Publisher* Gateway::find(PublisherId id) {
  auto venue = venues_.find(id);
  return venue != venues_.end() ? &publishers_.at(venue->second) : nullptr;
}

void Gateway::started(Publisher& publisher) {
  if (std::exchange(publisher.streaming, true)) return;
  tell_state(publisher, "streaming", "");
}

void Gateway::tag(PublisherId id, FlvTag tag) {
  Publisher* publisher = find(id);
  if (publisher == nullptr) return;
  started(*publisher);
  publisher->stream->tag(tag);
}

void Gateway::ts(PublisherId id, SharedBytes packets, HouseTime arrival) {
  Publisher* publisher = find(id);
  if (publisher == nullptr) return;
  started(*publisher);
  publisher->stream->ts(packets, arrival);
}

void Gateway::end(PublisherId id, std::string_view why) {
  Publisher* publisher = find(id);
  if (publisher == nullptr) return;
  publisher->stream->attach(nullptr, why);
  tell_state(*publisher, "gone", why);
  log_.info("publisher_gone", {{"venue", publisher->venue},
                               {"protocol", ingest::name_of(publisher->protocol)},
                               {"why", std::string(why)},
                               {"bytes", publisher->stream->bytes()}});
  auto venue = venues_.find(id);
  publishers_.erase(venue->second);
  venues_.erase(venue);
}

void Gateway::refused(Protocol, Refusal reason) {
  ++refusals_[name_of(reason)];
}

void Gateway::tell_hub(std::string_view type, Json fields) {
  if (hub_) (void)hub_->send(link::make_message(type, std::move(fields)));
}

void Gateway::tell_state(const Publisher& publisher, const char* state, std::string_view why) {
  tell_hub("publisher", {{"venue", publisher.venue},
                         {"state", state},
                         {"protocol", ingest::name_of(publisher.protocol)},
                         {"address", publisher.address},
                         {"since_ms", publisher.since.ms},
                         {"why", std::string(why)}});
}

void Gateway::report() {
  HouseTime now = loop_.clock().now();
  double elapsed_ms = std::max<double>(1, static_cast<double>((now - last_report_).count()) / 1e6);
  last_report_ = now;
  Json publishers = Json::array();
  for (auto& [venue, publisher] : publishers_) {
    uint64_t bytes = publisher.stream->bytes();
    uint64_t recent = bytes - std::exchange(publisher.counted_bytes, bytes);
    LineHealth line = publisher.session->health();
    publishers.push_back({{"venue", venue},
                          {"protocol", ingest::name_of(publisher.protocol)},
                          {"bytes", bytes},
                          {"kbps", static_cast<int64_t>(static_cast<double>(recent) * 8 / elapsed_ms)},
                          {"rtt_ms", line.rtt_ms},
                          {"lost", line.lost},
                          {"dropped", publisher.stream->dropped()},
                          {"since_ms", publisher.since.ms}});
  }
  tell_hub("stats",
           {{"publishers", std::move(publishers)}, {"refused", refusals_}, {"connections", caps_.open()}});
}

}  // namespace openday::ingest
