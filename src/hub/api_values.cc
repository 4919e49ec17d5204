#include "hub/api_values.h"

#include <fmt/format.h>

namespace openday::hub {
namespace {

using namespace broadcast;  // NOLINT(google-build-using-namespace): its values fill this file

Json time_or_null(const std::optional<ProgramTime>& at) {
  return at ? Json(to_rfc3339(*at)) : Json(nullptr);
}

const char* public_state(const Broadcast& broadcast) {
  switch (broadcast.state) {
    case State::kScheduled:
    case State::kRehearsal: return "scheduled";
    case State::kLive: return "live";
    case State::kEnded: return broadcast.recorded ? "replay" : "ended";
  }
  return "ended";
}

}  // namespace

Json public_json(const Broadcast& broadcast, const Surroundings& around) {
  std::string hls = "/hls/" + broadcast.id;
  Json json = {{"id", broadcast.id},
               {"title", broadcast.title},
               {"description", broadcast.description},
               {"language", broadcast.language},
               {"state", public_state(broadcast)},
               {"starts_at", time_or_null(broadcast.starts_at)},
               {"live_at", time_or_null(broadcast.live_at)},
               {"ended_at", time_or_null(broadcast.ended_at)},
               {"poster", around.has_poster ? Json("/thumb/" + broadcast.id + "/poster.jpg") : Json(nullptr)},
               {"live", nullptr},
               {"replay", nullptr},
               {"venues", Json::array()}};
  if (broadcast.state == State::kLive) {
    json["live"] = {{"hls", hls + "/live.m3u8"},
                    {"dvr", hls + "/dvr.m3u8"},
                    {"audio", hls + "/audio/live.m3u8"},
                    {"audio_dvr", hls + "/audio/dvr.m3u8"},
                    {"dvr_window_s", around.dvr_window_s}};
  } else if (broadcast.state == State::kEnded && broadcast.recorded) {
    json["replay"] = {
        {"hls", hls + "/replay.m3u8"}, {"audio", hls + "/audio/replay.m3u8"}, {"mp4", hls + "/replay.mp4"}};
  }
  for (const auto& seat : broadcast.seats)
    json["venues"].push_back({{"id", seat.venue}, {"name", seat.name}});
  return json;
}

Json broadcast_json(const Broadcast& broadcast, const std::vector<Target>& targets,
                    const Surroundings& around) {
  Json json = public_json(broadcast, around);
  json["state"] = name_of(broadcast.state);
  json["hidden"] = broadcast.hidden;
  json["created_at"] = to_rfc3339(broadcast.created_at);
  json["house"] = to_json(broadcast.house);
  json["scene"] = to_json(broadcast.scene);
  json["mix"] = {{"venues", to_json(broadcast.mix)}};
  json["targets"] = Json::array();
  for (const auto& target : targets) json["targets"].push_back(target_json(target));
  json["preview"] = broadcast.state == State::kRehearsal
                        ? Json{{"hls", "/hls/" + broadcast.preview + "/live.m3u8"}}
                        : Json(nullptr);
  return json;
}

Json venue_json(const Venue& venue, bool has_key) {
  Json source = {{"kind", name_of(venue.source.kind)}};
  if (venue.source.kind == SourceKind::kPull) source["url"] = venue.source.url;
  if (venue.source.kind == SourceKind::kFile) source["path"] = venue.source.path;
  return {{"id", venue.id},
          {"name", venue.name},
          {"source", std::move(source)},
          {"av_offset_ms", venue.av_offset_ms},
          {"jitter_ms", venue.jitter_ms},
          {"has_key", has_key}};
}

Json target_json(const Target& target) {
  return {{"id", target.id},
          {"name", target.name},
          {"url", target.url},
          {"rendition", target.rendition.empty() ? Json(nullptr) : Json(target.rendition)},
          {"enabled", target.enabled},
          {"has_key", !target.sealed_key.empty()}};
}

Json scene_json(const SavedScene& scene) {
  return {{"name", scene.name}, {"scene", to_json(scene.scene)}};
}

Json withdrawal_json(const Withdrawal& withdrawal) {
  return {{"id", withdrawal.id},
          {"from", to_rfc3339(withdrawal.from)},
          {"to", to_rfc3339(withdrawal.to)},
          {"reason", withdrawal.reason},
          {"withdrawn_at", to_rfc3339(withdrawal.at)}};
}

Json audit_json(const AuditEntry& entry) {
  Json detail = Json::parse(entry.detail, nullptr, /*allow_exceptions=*/false);
  return {{"number", entry.number},
          {"time", to_rfc3339(entry.at)},
          {"by", entry.by},
          {"via", entry.via},
          {"action", entry.action},
          {"subject", entry.subject},
          {"detail", detail.is_discarded() ? Json(nullptr) : detail}};
}

Json key_json(const IngestAddresses& at, const std::string& venue, const IngestSecrets& secrets) {
  std::string host = at.host.find(':') != std::string::npos ? "[" + at.host + "]" : at.host;
  auto rtmp = [&](const char* scheme, int port) {
    return Json{{"url", fmt::format("{}://{}:{}/live", scheme, host, port)},
                {"stream_key", secrets.stream_key}};
  };
  Json json = {{"rtmp", nullptr}, {"rtmps", nullptr}, {"srt", nullptr}};
  if (at.rtmp_port > 0) json["rtmp"] = rtmp("rtmp", at.rtmp_port);
  if (at.rtmps_port > 0) json["rtmps"] = rtmp("rtmps", at.rtmps_port);
  if (at.srt_port > 0) {
    json["srt"] = {{"url", fmt::format("srt://{}:{}", host, at.srt_port)},
                   {"stream_id", venue},
                   {"passphrase", secrets.passphrase}};
  }
  return json;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

SharedBytes shared_text(const Json& json) {
  std::string text = dump(json);
  return std::make_shared<const Bytes>(text.begin(), text.end());
}

}  // namespace openday::hub
