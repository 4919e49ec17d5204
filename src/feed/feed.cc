#include "feed/feed.h"

#include <cmath>
#include <type_traits>
#include <utility>

#include "feed/pipeline.h"
#include "feed/test_pattern.h"

namespace openday::feed {
namespace {

constexpr size_t kEngineBound = 1024 * 1024;
constexpr size_t kGatewayBound = 64 * 1024;  // nothing is sent to it
constexpr Duration kLook = milliseconds(100);
constexpr Duration kTell = seconds(1);

DecodeThread::MakeLine line_maker(const FeedConfig& config) {
  return [config](Sink& sink) -> std::unique_ptr<Line> {
    if (const auto* test = std::get_if<TestConfig>(&config.source)) {
      return std::make_unique<TestPattern>(config.house, test->seed, config.av_offset, sink);
    }
    return std::make_unique<Pipeline>(PipelineOptions{config.house, config.jitter, config.av_offset}, sink);
  };
}

}  // namespace

Feed::Feed(Loop& loop, Log log, FeedConfig config, Result<UniqueFd> file)
    : loop_(loop), log_(std::move(log)), config_(std::move(config)) {
  decoder_ = std::make_unique<DecodeThread>(loop_.clock(), line_maker(config_),
                                            [this, alive = std::weak_ptr(alive_)] {
                                              loop_.post([this, alive] {
                                                if (alive.lock()) tell(false);
                                              });
                                            });
  start_source(std::move(file));
  timer_ = loop_.every(kLook, [this] { tell(false); });
}

Feed::~Feed() {
  loop_.cancel(timer_);
  if (gateway_) gateway_->close();
  if (engine_) engine_->close();
  // Sources call the decoder from their threads: they go first.
  pull_.reset();
  file_.reset();
  ts_.reset();
  decoder_.reset();
}

void Feed::start_source(Result<UniqueFd> file) {
  source_.since = loop_.clock().now();
  if (const auto* pull = std::get_if<PullConfig>(&config_.source)) {
    if (auto allowed = check_pull(*pull); !allowed) {
      set_source(false, allowed.error().message);
      return;
    }
    pull_ = std::make_unique<PullSource>(loop_.clock(), *pull, events());
  } else if (std::holds_alternative<FileConfig>(config_.source)) {
    if (!file) {
      set_source(false, file.error().message);
      return;
    }
    file_ = std::make_unique<FileSource>(loop_.clock(), *std::move(file), events());
  } else if (std::holds_alternative<TestConfig>(config_.source)) {
    set_source(true, "");
  }
}

SourceEvents Feed::events() {
  auto post = [this, alive = std::weak_ptr(alive_)](bool connected, const std::string& error) {
    loop_.post([this, alive, connected, error] {
      if (alive.lock()) set_source(connected, error);
    });
  };
  return {.unit = [this](Unit unit) { decoder_->push(std::move(unit)); },
          .begin =
              [this, post] {
                decoder_->restart();
                post(true, "");
              },
          .lost = [post](const Error& why) { post(false, why.message); }};
}

Result<> Feed::connect_gateway(UniqueFd socket) {
  forget_gateway();
  OPENDAY_TRY(gateway_,
              link::Channel::open(
                  loop_, std::move(socket), kGatewayBound, [this](const link::Message& m) { on_gateway(m); },
                  [this](const Error&) { on_end("the gateway is restarting"); }));
  return {};
}

void Feed::forget_gateway() {
  if (gateway_) gateway_->close();
  gateway_.reset();
  on_end("");
}

Result<> Feed::connect_engine(UniqueFd socket) {
  if (engine_) engine_->close();
  OPENDAY_TRY(engine_, link::Channel::open(
                           loop_, std::move(socket), kEngineBound,
                           [this](link::Message m) { on_engine(std::move(m)); }, [](const Error&) {}));
  tell(true);
  return {};
}

void Feed::on_gateway(const link::Message& message) {
  if (!std::holds_alternative<GatewayConfig>(config_.source)) return;
  std::string type = message.type();
  if (type == "begin") {
    on_begin(message.head);
  } else if (type == "bytes") {
    on_bytes(message);
  } else if (type == "end" && publisher_ == link::integer_in(message.head, "publisher").value_or(-1)) {
    on_end(link::text_in(message.head, "why"));
  }
}

void Feed::on_begin(const link::Json& head) {
  publisher_ = link::integer_in(head, "publisher").value_or(-1);
  flv_ = {};
  ts_.reset();
  decoder_->restart();
  mid_stream_ = link::truth_in(head, "waiting_for_key_frame").value_or(false);
  std::string container = link::text_in(head, "container");
  if (container == "ts") {
    ts_ = std::make_unique<TsReader>([this](Unit unit) { decoder_->push(std::move(unit)); });
  } else if (container != "flv") {
    publisher_.reset();
    set_source(false, "the publisher's container is not known here");
    return;
  }
  log_.info("publisher_begins", {{"container", container}});
  set_source(true, "");
}

void Feed::on_bytes(const link::Message& message) {
  if (!publisher_ || publisher_ != link::integer_in(message.head, "publisher").value_or(-1) || !message.body)
    return;
  HouseTime arrival{link::integer_in(message.head, "arrival_ns").value_or(loop_.clock().now().ns)};
  if (ts_) {
    ts_->bytes(message.body, arrival, link::truth_in(message.head, "after_loss").value_or(false));
    return;
  }
  auto unit = flv_.read(static_cast<int>(link::integer_in(message.head, "tag").value_or(0)),
                        link::integer_in(message.head, "time_ms").value_or(0), arrival, *message.body);
  if (!unit) return;
  if (unit->kind == media::Kind::kVideo) mid_stream_ = false;
  decoder_->push(std::move(*unit));
}

void Feed::on_end(const std::string& why) {
  if (!publisher_) return;
  publisher_.reset();
  ts_.reset();
  log_.info("publisher_ended", {{"why", why}});
  set_source(false, "");
}

void Feed::on_engine(link::Message message) {
  std::string type = message.type();
  if (type == "ring" && message.fds.size() == 1) {
    auto ring = link::RingWriter::attach(std::move(message.fds[0]));
    if (ring) {
      decoder_->attach(*std::move(ring));
    } else {
      log_.error("ring_refused", {{"why", ring.error().message}});
    }
  } else if (type == "want") {
    auto want = parse_want(message.head);
    if (want) {
      decoder_->want(*want);
    } else {
      log_.warn("want_refused", {{"why", want.error().message}});
    }
  }
}

void Feed::set_source(bool connected, const std::string& error) {
  if (!error.empty() && error != source_.error) log_.warn("source_lost", {{"why", error}});
  if (connected) ++beginnings_;  // an encoder that takes over from its dead self counts, too
  uint64_t reconnects = beginnings_ > 0 ? beginnings_ - 1 : 0;
  source_ = {connected, error, loop_.clock().now(), false, reconnects};
  frames_before_ = decoder_->stats().frames;
  tell(false);
}

void Feed::tell(bool always) {
  HouseTime now = loop_.clock().now();
  Stats stats = decoder_->stats();
  source_.waiting_for_key_frame =
      source_.connected && (mid_stream_ || stats.needs_key) && stats.frames == frames_before_;
  State state = judge(source_, stats, now);
  std::string why = why_of(source_);
  bool changed = told_ != state || told_why_ != why || told_caught_up_ != stats.caught_up;
  bool due = now - told_at_ >= kTell;
  if (!always && !changed && !due) return;
  if (due) {
    double elapsed = static_cast<double>((now - told_at_).count()) / 1e9;
    rates_.kbps = static_cast<int>(static_cast<double>(stats.bytes - told_bytes_) * 8 / 1000 / elapsed);
    rates_.fps = std::round(static_cast<double>(stats.pictures - told_pictures_) / elapsed * 10) / 10;
    told_at_ = now;
    told_bytes_ = stats.bytes;
    told_pictures_ = stats.pictures;
  }
  if (told_ != state) log_.info("state", {{"state", name_of(state)}, {"why", why}});
  told_ = state;
  told_why_ = why;
  told_caught_up_ = stats.caught_up;
  // A full queue means that the engine does not read; the next message says the same and more.
  if (engine_) (void)engine_->send(state_message(state, source_, stats, rates_, config_.av_offset));
}

}  // namespace openday::feed
