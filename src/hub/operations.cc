#include "hub/operations.h"

#include <algorithm>

#include "hub/api_values.h"
#include "hub/engine_metrics.h"

namespace openday::hub {
namespace {

using Type = MetricsText::Type;

// Load balancers read the status; people read why.
Response readiness(const std::vector<std::string>& reasons, bool with_names) {
  Json body = {{"ready", reasons.empty()}, {"reasons", Json::array()}};
  for (const auto& reason : reasons) body["reasons"].push_back(reason);
  if (!with_names && !reasons.empty()) body["reasons"] = Json::array({"see /readyz from this machine"});
  return Response::json(reasons.empty() ? 200 : 503, dump(body));
}

void http_metrics(MetricsText& out, const HttpCounters& http) {
  auto count = [&](std::string_view name, Type type, std::string_view help, uint64_t value) {
    out.metric(name, type, help);
    out.value(static_cast<double>(value));
  };
  count("openday_http_connections", Type::kGauge, "Open connections.", http.connections_open);
  count("openday_http_connections_limit", Type::kGauge, "Connections that may be open.",
        http.connections_limit);
  count("openday_http_connections_total", Type::kCounter, "Connections accepted.", http.connections_total);
  count("openday_http_connections_refused_total", Type::kCounter,
        "Connections closed at accept: the limit was reached.", http.connections_refused);
  count("openday_http_requests_open", Type::kGauge, "Requests without a complete answer.",
        http.requests_open);
  out.metric("openday_http_requests_total", Type::kCounter, "Answers, by status.");
  for (const auto& [status, number] : http.by_status) {
    out.value({{"status", std::to_string(status)}}, static_cast<double>(number));
  }
  count("openday_http_timeouts_total", Type::kCounter, "Connections closed for their slowness.",
        http.timeouts);
  count("openday_http_clients_left_total", Type::kCounter,
        "Clients that left before their answer was complete.", http.clients_left);
  count("openday_http_bytes_sent_total", Type::kCounter, "Bytes written to clients.", http.bytes_sent);
  count("openday_websockets", Type::kGauge, "Open WebSockets.", http.websockets_open);
  count("openday_websocket_dropped_total", Type::kCounter, "Messages not sent to slow WebSockets.",
        http.websocket_dropped);
}

void books_metrics(MetricsText& out, const BooksHealth& books) {
  auto count = [&](std::string_view name, Type type, std::string_view help, uint64_t value) {
    out.metric(name, type, help);
    out.value(static_cast<double>(value));
  };
  count("openday_store_healthy", Type::kGauge, "1 while the last commit reached the disk.",
        books.trouble.empty() ? 1 : 0);
  count("openday_store_failed_commits_total", Type::kCounter, "Transactions that the disk refused.",
        books.failed_commits);
  count("openday_store_refused_total", Type::kCounter, "Units of work not taken: the queue was full.",
        books.refused);
  count("openday_store_queued", Type::kGauge, "Units of work that wait.", books.queued);
}

}  // namespace

bool Operations::may_look_inside(const Request& request) const {
  if (request.peer_is_loopback) return true;
  return std::any_of(parts_.metrics_from.begin(), parts_.metrics_from.end(),
                     [&](const Network& network) { return network.contains(request.peer); });
}

void Operations::add_routes() {
  parts_.router.get("/healthz", [](const Request&, Responder responder) {
    responder.send(Response::json(200, R"({"ok":true})"));
  });
  parts_.router.get("/readyz", [this](const Request& request, Responder responder) {
    responder.send(readiness(reasons(), may_look_inside(request)));
  });
  parts_.router.get("/metrics", [this](const Request& request, Responder responder) {
    if (!may_look_inside(request)) {
      return responder.send(Response::error(
          403, "refused", "/metrics is for this machine and configured networks", request.id));
    }
    std::string text = metrics();
    auto response = Response::bytes(200, "text/plain; version=0.0.4; charset=utf-8",
                                    std::make_shared<const Bytes>(text.begin(), text.end()));
    responder.send(std::move(response.with("Cache-Control", "no-store")));
  });
}

std::vector<std::string> Operations::reasons() const {
  std::vector<std::string> reasons = parts_.conductor.trouble();
  if (auto trouble = parts_.books().trouble; !trouble.empty()) reasons.push_back("database: " + trouble);
  if (!parts_.publishers.attached()) reasons.emplace_back("the gateway is not there");
  for (const auto& id : parts_.conductor.active()) {
    if (std::string_view state = parts_.engines.state(id); state != "running") {
      reasons.push_back("the engine of broadcast " + id + " is " + std::string(state));
    }
  }
  return reasons;
}

std::string Operations::metrics() const {
  MetricsText out;
  out.metric("openday_ready", Type::kGauge, "1 while /readyz answers 200.");
  out.value(reasons().empty() ? 1 : 0);
  engine_metrics(out, parts_.engines, parts_.conductor.active());
  gateway_metrics(out, parts_.publishers);
  process_metrics(out, parts_.conductor.children());
  http_metrics(out, parts_.http());
  books_metrics(out, parts_.books());
  if (parts_.more) parts_.more(out);
  return out.text();
}

}  // namespace openday::hub
