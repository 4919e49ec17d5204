// The owner of all publishers: asks the hub who may publish, and hands their media to the feeds.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/log_throttle.h"
#include "base/loop.h"
#include "ingest/admission.h"
#include "ingest/publisher_sink.h"
#include "ingest/publisher_stream.h"
#include "link/channel.h"

namespace openday::ingest {

struct GatewayLimits {
  size_t connections = 256;
  size_t per_address = 32;
  size_t auth_failures_per_minute = 10;
  Duration hub_patience = seconds(5);  // how long a publisher waits for a hub that restarts
};

/// Speaks `gateway ↔ hub` and `gateway → feed` of docs/LINK.md; knows no protocol of publishers.
///
/// Home thread: the loop's. Outlives the listeners that use it. Invariant: a venue has at most one publisher,
/// the newest that the hub accepted.
class Gateway final : public PublisherSink {
 public:
  Gateway(Loop& loop, Log log, const GatewayLimits& limits);
  ~Gateway() override;
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// A channel to a peer, as `peer` brings it; the one before is closed. A hub that is back is told of all
  /// publishers and asked all open questions again.
  Result<> connect_hub(UniqueFd socket);
  Result<> connect_feed(const std::string& id, UniqueFd socket);
  void forget_feed(const std::string& id);
  /// Cuts every publisher.
  void stop();

  Result<Admission> admit(Protocol protocol, const std::string& address) override;
  AuthId authorise(AuthRequest request, OnAnswer on_answer) override;
  void forget(AuthId question) override;
  PublisherId begin(Protocol protocol, Container container, const std::string& venue,
                    const std::string& address, PublisherSession& session) override;
  void tag(PublisherId publisher, FlvTag tag) override;
  void ts(PublisherId publisher, SharedBytes packets, HouseTime arrival) override;
  void end(PublisherId publisher, std::string_view why) override;
  void refused(Protocol protocol, Refusal reason) override;

  [[nodiscard]] size_t connections() const { return caps_.open(); }

 private:
  struct Question {
    AuthRequest request;
    OnAnswer on_answer;
    Loop::TimerId deadline = 0;
  };
  struct Publisher {
    PublisherId id{};
    Protocol protocol = Protocol::kRtmp;
    std::string venue;
    std::string address;
    PublisherSession* session = nullptr;  // lives until end() or kick()
    std::unique_ptr<PublisherStream> stream;
    bool streaming = false;
    ProgramTime since;
    uint64_t counted_bytes = 0;  // at the last statistics
  };

  void on_hub_message(const link::Message& message);
  void on_auth_result(const link::Json& head);
  void on_attach(const std::string& venue, const std::string& feed);
  void on_kick(const std::string& venue, const std::string& why);
  void answer(AuthId question, const AuthAnswer& answer);
  void ask(AuthId id, const Question& question);
  void tell_hub(std::string_view type, link::Json fields);
  void tell_state(const Publisher& publisher, const char* state, std::string_view why);
  void attach(Publisher& publisher, std::string_view why);
  std::shared_ptr<link::Channel> take_feed(const std::string& id);
  void started(Publisher& publisher);
  void report();
  Publisher* find(PublisherId id);

  Loop& loop_;
  Log log_;
  const GatewayLimits limits_;
  ConnectionCaps caps_;
  FailureLimiter failures_;
  GoodKeys good_keys_;
  std::shared_ptr<link::Channel> hub_;
  std::map<std::string, std::shared_ptr<link::Channel>> feeds_;
  std::map<AuthId, Question> questions_;         // bounded by the connection caps
  std::map<std::string, Publisher> publishers_;  // by venue
  std::map<PublisherId, std::string> venues_;    // of the publishers
  std::map<std::string, std::string>
      wanted_feed_;  // venue → feed, as the hub last said; bounded by its venues
  std::map<std::string, std::shared_ptr<const void>> grants_;  // by venue, until a kick
  std::map<std::string, uint64_t> refusals_;
  LogThrottle wrong_keys_log_;
  uint64_t next_id_ = 1;
  HouseTime last_report_;
  Loop::TimerId report_timer_ = 0;
};

}  // namespace openday::ingest
