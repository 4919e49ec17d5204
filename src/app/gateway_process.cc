// The gateway: listeners, the owner of publishers, and the links to hub and feeds. Parses what strangers send
// to RTMP and SRT ports, so it binds, then gives up everything else.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app/child.h"
#include "app/processes.h"
#include "base/log.h"
#include "base/loop.h"
#include "ingest/gateway.h"
#include "ingest/rtmp_listener.h"
#include "ingest/srt_listener.h"
#include "wrap/sandbox/sandbox.h"
#include "wrap/srt/srt.h"
#include "wrap/ssl/tls.h"

namespace openday::app {
namespace {

using link::Json;

struct Endpoint {
  std::string address;
  uint16_t port = 0;
};

/// The member `name` of the gateway's start configuration as an endpoint; nothing when it is null or absent.
Result<std::optional<Endpoint>> endpoint_of(const Json& config, const char* name) {
  auto found = config.find(name);
  if (found == config.end() || found->is_null()) return std::nullopt;
  if (!found->is_object()) return fail(Errc::kInvalid, std::string(name) + " is not an object");
  Endpoint endpoint;
  auto address = found->find("address");
  auto port = found->find("port");
  if (address == found->end() || !address->is_string() || port == found->end() ||
      !port->is_number_unsigned() || port->get<uint64_t>() > 65535) {
    return fail(Errc::kInvalid, std::string(name) + " needs an address and a port");
  }
  return Endpoint{address->get<std::string>(), port->get<uint16_t>()};
}

/// A positive whole number, or `fallback` when it is not given.
Result<int64_t> number_of(const Json& object, const char* name, int64_t fallback) {
  auto found = object.find(name);
  if (found == object.end()) return fallback;
  if (!found->is_number_integer() || found->get<int64_t>() <= 0 || found->get<int64_t>() > 10'000'000) {
    return fail(Errc::kInvalid, std::string(name) + " is not a sensible number");
  }
  return found->get<int64_t>();
}

Result<std::shared_ptr<const wrap::TlsContext>> tls_of(const Json& config) {
  auto tls = config.find("tls");
  if (tls == config.end() || !tls->is_object()) return fail(Errc::kInvalid, "rtmps needs a certificate");
  auto certificate = tls->find("cert_pem");
  auto key = tls->find("key_pem");
  if (certificate == tls->end() || key == tls->end() || !certificate->is_string() || !key->is_string()) {
    return fail(Errc::kInvalid, "tls needs cert_pem and key_pem");
  }
  OPENDAY_TRY(auto context,
              wrap::TlsContext::server(certificate->get<std::string>(), key->get<std::string>()));
  return std::make_shared<const wrap::TlsContext>(std::move(context));
}

class GatewayProcess {
 public:
  GatewayProcess(Loop& loop, Log log) : loop_(loop), log_(std::move(log)) {}

  Result<> open(UniqueFd control) {
    Child::Handlers handlers;
    handlers.on_start = [this](const Child::Start& begin) {
      auto started = start(begin);
      if (started) return;
      log_.error("start_failed", {{"why", started.error().message}});
      failed_ = true;
      loop_.stop();
    };
    handlers.on_peer = [this](const std::string& role, const std::string& id, UniqueFd socket) {
      if (!gateway_) return;
      Result<> connected;
      if (role == "hub") {
        connected = gateway_->connect_hub(std::move(socket));
      } else if (role == "feed") {
        connected = gateway_->connect_feed(id, std::move(socket));
      }
      if (!connected)
        log_.error("peer_failed", {{"role", role}, {"id", id}, {"why", connected.error().message}});
    };
    handlers.on_gone = [this](const std::string& role, const std::string& id) {
      if (gateway_ && role == "feed") gateway_->forget_feed(id);
    };
    handlers.on_stop = [this] {
      if (gateway_) gateway_->stop();
      loop_.stop();
    };
    OPENDAY_TRY(child_, Child::open(loop_, std::move(control), std::move(handlers)));
    return {};
  }

  [[nodiscard]] bool failed() const { return failed_; }

 private:
  Result<> start(const Child::Start& begin) {
    OPENDAY_TRY(LogLevel least, begin.log_level);
    log_ = log_.from(least);
    const Json& config = begin.config;
    if (!config.is_object()) return fail(Errc::kInvalid, "start without a configuration");
    auto found = config.find("limits");
    Json limits = found != config.end() && found->is_object() ? *found : Json::object();
    ingest::GatewayLimits gateway_limits;
    OPENDAY_TRY(int64_t connections, number_of(limits, "connections", 256));
    OPENDAY_TRY(int64_t per_address, number_of(limits, "per_address", 32));
    OPENDAY_TRY(int64_t failures, number_of(limits, "auth_failures_per_minute", 10));
    gateway_limits.connections = static_cast<size_t>(connections);
    gateway_limits.per_address = static_cast<size_t>(per_address);
    gateway_limits.auth_failures_per_minute = static_cast<size_t>(failures);
    gateway_ = std::make_unique<ingest::Gateway>(loop_, log_, gateway_limits);

    ingest::RtmpListenerConfig listener;
    OPENDAY_TRY(int64_t handshake_ms, number_of(limits, "handshake_ms", 5000));
    OPENDAY_TRY(int64_t publish_ms, number_of(limits, "publish_ms", 10000));
    listener.handshake = milliseconds(handshake_ms);
    listener.publish = milliseconds(publish_ms);
    OPENDAY_TRY(auto plain, endpoint_of(config, "rtmp"));
    if (plain) OPENDAY_CHECK_OK(listen(rtmp_, *plain, listener));
    OPENDAY_TRY(auto secure, endpoint_of(config, "rtmps"));
    if (secure) {
      OPENDAY_TRY(listener.tls, tls_of(config));
      OPENDAY_CHECK_OK(listen(rtmps_, *secure, listener));
    }
    // libsrt makes threads as soon as it listens, and the sandbox wants to be entered by a process that has
    // one: bind first, listen inside.
    OPENDAY_TRY(auto srt_endpoint, endpoint_of(config, "srt"));
    UniqueFd srt_port;
    ingest::SrtOptions srt_options;
    if (srt_endpoint) {
      OPENDAY_TRY(auto address, SocketAddress::parse(srt_endpoint->address, srt_endpoint->port));
      OPENDAY_TRY(srt_port, srt::bind_udp(address));
      OPENDAY_TRY(int64_t latency_ms, number_of(config["srt"], "latency_ms", srt_options.latency.count()));
      srt_options.latency = milliseconds(latency_ms);
      srt_options.media_deadline = listener.publish;
      srt_options.wrong_passphrases_per_minute = gateway_limits.auth_failures_per_minute;
    }

    wrap::SandboxRules rules;
    rules.role = wrap::SandboxRole::kGateway;
    // Publishers, feeds (two a venue at most), the listeners, and what the loop needs.
    rules.open_files = static_cast<uint64_t>(connections) + 256;
    OPENDAY_TRY(auto sandbox, wrap::enter_sandbox(rules));
    log_.info("sandboxed", {{"landlock", sandbox.landlock_abi}});
    if (srt_endpoint) {
      OPENDAY_TRY(srt_, ingest::SrtListener::open(loop_, *gateway_, log_, std::move(srt_port), srt_options));
      log_.info("listening", {{"protocol", "srt"}, {"port", srt_->local().port()}});
    }
    return child_->ready();
  }

  Result<> listen(std::unique_ptr<ingest::RtmpListener>& place, const Endpoint& endpoint,
                  ingest::RtmpListenerConfig config) {
    config.address = endpoint.address;
    config.port = endpoint.port;
    bool secure = config.tls != nullptr;
    OPENDAY_TRY(place, ingest::RtmpListener::open(loop_, *gateway_, log_, std::move(config)));
    log_.info("listening", {{"protocol", secure ? "rtmps" : "rtmp"}, {"port", place->port()}});
    return {};
  }

  Loop& loop_;
  Log log_;
  std::unique_ptr<Child> child_;
  std::unique_ptr<ingest::Gateway> gateway_;  // outlives the listeners
  std::unique_ptr<ingest::RtmpListener> rtmp_;
  std::unique_ptr<ingest::RtmpListener> rtmps_;
  std::unique_ptr<ingest::SrtListener> srt_;
  bool failed_ = false;
};

}  // namespace

int run_gateway(UniqueFd control) {
  Log log("gateway");
  SystemClock clock;
  auto loop = Loop::create(clock);
  if (!loop) {
    log.error("start_failed", {{"why", loop.error().message}});
    return 1;
  }
  GatewayProcess process(**loop, log);
  if (auto opened = process.open(std::move(control)); !opened) {
    log.error("start_failed", {{"why", opened.error().message}});
    return 1;
  }
  (*loop)->run();
  return process.failed() ? 1 : 0;
}

}  // namespace openday::app
