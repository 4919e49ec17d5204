#include "ingest/srt_listener.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "ingest/stream_id.h"
#include "ingest/ts_aligner.h"
#include "wrap/srt/srt.h"

namespace openday::ingest {
namespace {

using srt::Reject;
using srt::SocketId;
using srt::Verdict;

/// Of one call of PublisherSink::ts(), in whole packets.
constexpr size_t kMostPerPost = 64 * 1024 / TsAligner::kPacket * TsAligner::kPacket;
/// What may be posted and not yet taken: beyond it the loop is stuck and media is dropped.
constexpr size_t kMostOnTheWay = 16 * 1024 * 1024;
/// Lets packets gather, so that a publisher costs the loop some 200 tasks a second and not one per packet.
constexpr milliseconds kGather{4};
constexpr milliseconds kWait{20};
constexpr Duration kAnswerKept = seconds(5);
constexpr size_t kMaxKept = 256;
constexpr Duration kBudget = milliseconds(250);
constexpr double kBudgetShare = 0.25;
constexpr Duration kLeastCost = milliseconds(5);
/// Of one network: at most a third of a full budget at once and a tenth of what it earns. A broadcast's eight
/// venues behind one address come back all at once, with a second try each.
constexpr Pace kKnocks(5, 16);
/// Of one key that has published from a network, when that network's pace is used up: enough for an encoder
/// that reconnects, and little for a stranger behind the same address who knows the stream id.
constexpr Pace kRegularKnocks(1, 3);

}  // namespace

/// Between the receiving thread, which waits for a while, and the loop's, which answers.
class SrtListener::Question {
 public:
  Question(SocketId caller, AuthRequest asked) : socket(caller), request(std::move(asked)) {}

  const SocketId socket;
  const AuthRequest request;
  [[nodiscard]] std::string kept_as() const { return request.key + '\0' + network_of(request.address); }

  /// Nothing: no answer in time, and none will be taken any more.
  std::optional<Verdict> wait(Duration patience) {
    std::unique_lock lock(mutex_);
    answered_.wait_for(lock, patience, [&] { return verdict_.has_value(); });
    closed_ = true;
    return verdict_;
  }
  /// False: nobody waits for it any more.
  bool answer(Verdict verdict) {
    std::lock_guard lock(mutex_);
    if (closed_ || verdict_) return false;
    verdict_ = std::move(verdict);
    answered_.notify_one();
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<Verdict> verdict_;
  bool closed_ = false;
};

struct SrtListener::Line {
  std::unique_ptr<srt::Socket> socket;
  std::atomic<bool> cut{false};  // by the loop's thread: let go of it
};

struct SrtListener::Reader {
  std::shared_ptr<Line> line;
  TsAligner aligner;
  HouseTime since;
  uint64_t skipped = 0;  // of aligner, as last counted
  bool started = false;
};

class SrtListener::Session final : public PublisherSession {
 public:
  Session(std::shared_ptr<Line> line, Admission admission)
      : line_(std::move(line)), admission_(std::move(admission)) {}

  void kick(std::string_view) override {
    publisher = PublisherId{};
    line_->cut = true;  // the own thread lets go of it and tells left()
    line_->socket->close();
  }
  [[nodiscard]] LineHealth health() const override {
    auto stats = line_->socket->stats();
    return stats ? LineHealth{stats->rtt_ms, stats->packets_lost} : LineHealth{};
  }

  PublisherId publisher{};  // 0: kicked

 private:
  std::shared_ptr<Line> line_;
  Admission admission_;
};

Result<std::unique_ptr<SrtListener>> SrtListener::open(Loop& loop, PublisherSink& sink, Log log,
                                                       UniqueFd port, const SrtOptions& options) {
  std::unique_ptr<SrtListener> self(new SrtListener(loop, sink, std::move(log), options));
  OPENDAY_TRY(self->poller_, srt::Poller::create());
  OPENDAY_TRY(self->listener_, srt::Listener::open(std::move(port), {.latency = options.latency},
                                                   [listener = self.get()](const srt::Knock& knock) {
                                                     return listener->knock(knock);
                                                   }));
  OPENDAY_CHECK_OK(self->poller_->add(self->listener_->id()));
  self->tidy_timer_ = loop.every(seconds(1), [listener = self.get()] { listener->tidy(); });
  self->thread_ = std::jthread([listener = self.get()](const std::stop_token& stop) { listener->run(stop); });
  return self;
}

SrtListener::SrtListener(Loop& loop, PublisherSink& sink, Log log, const SrtOptions& options)
    : loop_(loop),
      sink_(sink),
      log_(std::move(log)),
      options_(options),
      regulars_(loop.clock(), kRegularKnocks),
      pace_(loop.clock(), kKnocks),
      budget_(loop.clock(), kBudget, kBudgetShare, kLeastCost),
      wrong_passphrases_(loop.clock(), options.wrong_passphrases_per_minute) {}

SrtListener::~SrtListener() {
  stopping_ = true;
  if (tidy_timer_ != 0) loop_.cancel(tidy_timer_);
  for (auto& [id, question] : open_questions_) {
    sink_.forget(id);
    question->answer(
        Verdict::refuse(Reject::kDown));  // so that the receiving thread does not keep us waiting
  }
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  listener_.reset();
  for (auto& [id, session] : sessions_) {
    if (session->publisher != PublisherId{}) sink_.end(session->publisher, "the server stops");
  }
}

SocketAddress SrtListener::local() const {
  return listener_->local();
}

SrtCounters SrtListener::counters() const {
  return {.dropped_bytes = dropped_bytes_, .skipped_bytes = skipped_bytes_, .overload = overload_};
}

bool SrtListener::post(Loop::Task task) {
  return loop_.post([alive = std::weak_ptr(alive_), task = std::move(task)] {
    if (!alive.expired()) task();
  });
}

// libsrt's receiving thread
// --------------------------------------------------------------------------------------------

Verdict SrtListener::knock(const srt::Knock& knock) {
  auto key = publish_key(knock.stream_id);
  if (!key)
    return Verdict::refuse(key.error().code == Errc::kUnsupported ? Reject::kBadMode : Reject::kBadRequest);
  if (stopping_) return Verdict::refuse(Reject::kDown);
  AuthRequest request{.protocol = Protocol::kSrt, .key = std::move(*key), .address = knock.peer.ip()};
  // Before the budget, which is everybody's.
  if (!pace_.take(request.address) && !regulars_.take(request)) return Verdict::refuse(Reject::kOverload);
  Duration patience = std::min(budget_.available(), options_.answer_patience);
  if (patience <= Duration(0)) {
    ++overload_;
    return Verdict::refuse(Reject::kOverload);
  }
  auto question = std::make_shared<Question>(knock.socket, std::move(request));
  HouseTime start = loop_.clock().now();
  std::optional<Verdict> verdict;
  if (post([this, question] { ask(question); })) verdict = question->wait(patience);
  budget_.spend(loop_.clock().now() - start);
  return verdict.value_or(Verdict::refuse(Reject::kDown));
}

// The loop's thread
// ----------------------------------------------------------------------------------------------------

void SrtListener::ask(std::shared_ptr<Question> question) {
  const std::string& address = question->request.address;
  if (!wrong_passphrases_.may_try(address)) {
    sink_.refused(Protocol::kSrt, Refusal::kTooManyWrongKeys);
    question->answer(Verdict::refuse(Reject::kOverload));
    return;
  }
  auto admission = sink_.admit(Protocol::kSrt, address);
  if (!admission) {
    question->answer(Verdict::refuse(Reject::kOverload));
    return;
  }
  if (auto kept = kept_answers_.extract(question->kept_as());
      !kept.empty() && !kept.mapped().answer.grant.expired()) {
    return decide(*question, kept.mapped().answer, std::move(*admission));
  }
  auto id = std::make_shared<AuthId>();
  auto on_answer = [this, id, question, admission = std::move(*admission)](const AuthAnswer& answer) {
    open_questions_.erase(*id);
    decide(*question, answer, admission);
  };
  *id = sink_.authorise(question->request, std::move(on_answer));
  open_questions_[*id] = std::move(question);
}

void SrtListener::decide(Question& question, const AuthAnswer& answer, Admission admission) {
  if (!answer.ok) {
    if (answer.wrong) regulars_.forget(question.request);
    question.answer(Verdict::refuse(Reject::kForbidden));
    return;
  }
  HouseTime now = loop_.clock().now();
  if (question.answer({.accept = true, .reject = {}, .passphrase = answer.passphrase})) {
    guests_[question.socket] = {.admission = std::move(admission),
                                .request = question.request,
                                .venue = answer.venue,
                                .grant = answer.grant,
                                .encrypted = !answer.passphrase.empty(),
                                .since = now};
  } else if (kept_answers_.size() < kMaxKept) {
    kept_answers_[question.kept_as()] = {answer, now};
  }
}

void SrtListener::arrived(SocketId id, std::shared_ptr<Line> line) {
  auto guest = guests_.extract(id);
  if (guest.empty() || guest.mapped().grant.expired()) {
    line->cut = true;
    return;
  }
  const auto& [admission, request, venue, grant, encrypted, since] = guest.mapped();
  regulars_.remember(request, grant);
  auto& placed = *(sessions_[id] = std::make_unique<Session>(std::move(line), admission));
  placed.publisher = sink_.begin(Protocol::kSrt, Container::kTs, venue, request.address, placed);
}

void SrtListener::left(SocketId id, const std::string& why) {
  auto session = sessions_.extract(id);
  if (session.empty() || session.mapped()->publisher == PublisherId{}) return;
  sink_.end(session.mapped()->publisher, why);
}

void SrtListener::tidy() {
  HouseTime now = loop_.clock().now();
  std::erase_if(kept_answers_, [&](const auto& kept) { return now - kept.second.since > kAnswerKept; });
  std::erase_if(guests_, [&](const auto& entry) {
    const Guest& guest = entry.second;
    if (now - guest.since <= options_.guest_patience) return false;
    // Let in and never arrived: libsrt found that the encryption does not fit.
    if (guest.encrypted) wrong_passphrases_.failed(guest.request.address);
    log_.info("srt_guest_lost", {{"venue", guest.venue}, {"address", guest.request.address}});
    return true;
  });
}

// Own thread
// -----------------------------------------------------------------------------------------------------------

void SrtListener::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    auto ready = poller_->wait(kWait);
    if (!ready.empty()) std::this_thread::sleep_for(kGather);
    if (std::ranges::find(ready, listener_->id()) != ready.end()) accept_all();
    for (auto it = readers_.begin(); it != readers_.end();) {
      if (read(*it->second)) {
        ++it;
      } else {
        poller_->remove(it->first);
        it = readers_.erase(it);
      }
    }
    finish_ended();
  }
  readers_.clear();
}

void SrtListener::accept_all() {
  while (true) {
    auto socket = listener_->accept();
    if (!socket || *socket == nullptr) return;
    auto line = std::make_shared<Line>();
    line->socket = std::move(*socket);
    SocketId id = line->socket->id();
    auto reader = std::make_unique<Reader>();
    reader->line = line;
    reader->since = loop_.clock().now();
    // A refused post or poll ends the connection here; its guest is forgotten by tidy().
    if (!post([this, id, line] { arrived(id, line); }) || !poller_->add(id)) continue;
    readers_[id] = std::move(reader);
  }
}

/// False: the connection has ended, and ended_ says why.
bool SrtListener::read(Reader& reader) {
  SocketId id = reader.line->socket->id();
  auto end = [&](std::string why) {
    ended_[id] = std::move(why);
    return false;
  };
  if (reader.line->cut) return end("");
  std::array<uint8_t, srt::kMaxMessage> message;
  Bytes packets;
  std::string why;
  while (why.empty()) {
    auto size = reader.line->socket->receive(message);
    if (!size) why = reader.line->socket->why();
    if (!size || *size == 0) break;
    reader.aligner.push(ByteView(message).first(*size), packets);
    if (packets.size() + message.size() > kMostPerPost && !deliver(reader, std::exchange(packets, {}))) break;
  }
  deliver(reader, std::move(packets));
  skipped_bytes_ += reader.aligner.skipped() - std::exchange(reader.skipped, reader.aligner.skipped());
  if (!why.empty()) return end(why);
  if (!reader.started && loop_.clock().now() - reader.since > options_.media_deadline)
    return end("no MPEG-TS came");
  return true;
}

/// False: dropped.
bool SrtListener::deliver(Reader& reader, Bytes packets) {
  if (packets.empty()) return true;
  reader.started = true;
  size_t size = packets.size();
  if (on_the_way_ + size <= kMostOnTheWay) {
    on_the_way_ += size;
    auto shared = std::make_shared<const Bytes>(std::move(packets));
    auto task = [this, id = reader.line->socket->id(), shared, arrival = loop_.clock().now()] {
      on_the_way_ -= shared->size();
      auto found = sessions_.find(id);
      if (found != sessions_.end() && found->second->publisher != PublisherId{}) {
        sink_.ts(found->second->publisher, shared, arrival);
      }
    };
    if (post(std::move(task))) return true;
    on_the_way_ -= size;
  }
  dropped_bytes_ += size;
  return false;
}

void SrtListener::finish_ended() {
  for (auto it = ended_.begin(); it != ended_.end();) {
    if (!post([this, id = it->first, why = it->second] { left(id, why); }))
      return;  // the loop is behind: next time
    it = ended_.erase(it);
  }
}

}  // namespace openday::ingest
