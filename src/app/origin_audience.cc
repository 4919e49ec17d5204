#include "app/origin_audience.h"

namespace openday::app {

using broadcast::Broadcast;
using broadcast::State;

void OriginAudience::update(const Broadcast& broadcast) {
  hub::OriginSetup setup;
  setup.id = broadcast.id;
  setup.store = hub::media_folder(settings_, broadcast.id);
  setup.dvr_window_s = dvr_window_s_;
  setup.public_from = broadcast.public_from.value_or(ProgramTime{});
  switch (broadcast.state) {
    case State::kScheduled: return origin_.remove(broadcast.id);
    case State::kRehearsal:
      setup.names = {broadcast.preview};
      setup.state = hub::OriginState::kLive;
      setup.public_from = {};
      break;
    case State::kLive:
      setup.names = {broadcast.id};
      setup.state = hub::OriginState::kLive;
      break;
    case State::kEnded:
      setup.names = {broadcast.id};
      setup.state = hub::OriginState::kEnded;
      break;
  }
  origin_.put(setup);
}

void OriginAudience::remove(const std::string& broadcast) {
  origin_.remove(broadcast);
}

void OriginAudience::withdraw(const std::string& broadcast, ProgramTime from, ProgramTime to,
                              std::function<void(int64_t segments)> done) {
  origin_.withdraw(broadcast, from, to);
  if (on_withdrawn) on_withdrawn(broadcast, from, to);
  origin_.count_recorded(broadcast, from, to,
                         [done = std::move(done)](size_t recorded) { done(static_cast<int64_t>(recorded)); });
}

void OriginAudience::keep_withdrawn(const std::string& broadcast, ProgramTime from, ProgramTime to) {
  origin_.withdraw(broadcast, from, to);
}

void OriginAudience::ask_recorded(const std::string& broadcast,
                                  std::function<void(std::optional<bool> recorded)> done) {
  origin_.ask_recorded(broadcast, std::move(done));
}

std::optional<ProgramTime> OriginAudience::edge(const std::string& broadcast) const {
  auto view = origin_.view(broadcast);
  return view ? view->edge : std::nullopt;
}

bool OriginAudience::has_poster(const std::string& broadcast) const {
  auto view = origin_.view(broadcast);
  return view && view->has_poster;
}

hub::Viewers OriginAudience::viewers(const std::string& broadcast) const {
  auto view = origin_.view(broadcast);
  if (!view) return {};
  return {static_cast<int64_t>(view->viewers), view->viewers_at_least};
}

void origin_metrics(hub::MetricsText& out, const hub::OriginMetrics& metrics) {
  using Type = hub::MetricsText::Type;
  auto count = [&](std::string_view name, Type type, std::string_view help, double value) {
    out.metric(name, type, help);
    out.value(value);
  };
  const auto& counters = metrics.counters;
  out.metric("openday_origin_requests_total", Type::kCounter,
             "Requests of players, by what they asked and the status' hundreds.");
  for (size_t of = 0; of < counters.requests.size(); ++of) {
    for (size_t hundreds = 1; hundreds < counters.requests[of].size(); ++hundreds) {
      if (counters.requests[of][hundreds] == 0) continue;
      out.value({{"class", name_of(static_cast<hub::OriginClass>(of))},
                 {"status", std::to_string(hundreds) + "xx"}},
                static_cast<double>(counters.requests[of][hundreds]));
    }
  }
  count("openday_origin_waiters", Type::kGauge, "Requests that wait for a part.",
        static_cast<double>(metrics.waiters));
  count("openday_origin_waits_timed_out_total", Type::kCounter, "Waits that ended without the part.",
        static_cast<double>(counters.waits_timed_out));
  count("openday_origin_waits_refused_total", Type::kCounter, "Waits refused: too many wait already.",
        static_cast<double>(counters.waits_refused));
  count("openday_origin_renders_total", Type::kCounter, "Playlists rendered.",
        static_cast<double>(counters.renders));
  count("openday_origin_render_seconds_total", Type::kCounter, "Time spent on rendering them.",
        static_cast<double>(counters.render_ns) / 1e9);
  count("openday_origin_slowest_pass_seconds", Type::kGauge,
        "Longest time it took to answer all who waited for one part.",
        static_cast<double>(counters.slowest_pass_ns) / 1e9);
  count("openday_origin_messages_refused_total", Type::kCounter,
        "Messages of engines that the origin could not take.",
        static_cast<double>(counters.messages_refused));
  auto each = [&](std::string_view name, std::string_view help, auto value) {
    out.metric(name, Type::kGauge, help);
    for (const auto& broadcast : metrics.broadcasts) {
      out.value({{"broadcast", broadcast.id}}, static_cast<double>(value(broadcast)));
    }
  };
  using One = hub::OriginBroadcastMetrics;
  each("openday_viewers",
       "Viewers, estimated from how often playlists are asked for; far too low behind a proxy that asks once "
       "for many.",
       [](const One& b) { return b.viewers; });
  each("openday_broadcast_waiters", "Requests that wait for the broadcast's parts.",
       [](const One& b) { return b.waiters; });
  each("openday_broadcast_edge_age_seconds", "Age of the newest part; -1: none.",
       [](const One& b) { return b.edge_age_s; });
  each("openday_broadcast_dvr_seconds", "Recorded and public.", [](const One& b) { return b.dvr_s; });
}

}  // namespace openday::app
