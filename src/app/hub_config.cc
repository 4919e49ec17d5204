#include "app/hub_config.h"

namespace openday::app {
namespace {

using link::Json;

Result<std::vector<hub::HttpListener>> listeners_of(const Json& http) {
  std::vector<hub::HttpListener> listeners;
  for (const char* kind : {"listen", "tls"}) {
    for (const auto& one : http.value(kind, Json::array())) {
      listeners.push_back(
          {one.at("address").get<std::string>(), one.at("port").get<int>(), std::string_view(kind) == "tls"});
    }
  }
  if (listeners.empty()) return fail(Errc::kInvalid, "neither listen nor tls names an address");
  return listeners;
}

Json site_of(const Json& institution) {
  std::string zh = institution.value("name_zh", "");
  std::string en = institution.value("name_en", "");
  return {{"name", zh.empty() ? en : zh}, {"name_zh", zh}, {"name_en", en}};
}

// A crowd belongs to the program; nobody needs many connections to send a tip.
constexpr size_t kMostTipsters = 1000;

Result<TipsConfig> tips_of(const Json& tips, const HubConfig& config) {
  TipsConfig made;
  made.http = config.http;
  OPENDAY_TRY(made.http.listeners, listeners_of(tips));
  made.http.max_connections = kMostTipsters;
  made.url = tips.value("url", "");
  made.per_address = tips.value("per_address", made.per_address);
  const Json& institution = config.settings.institution;
  made.notices = {institution.value("name_zh", ""),  institution.value("name_en", ""),
                  tips.value("emergency_zh", ""),    tips.value("emergency_en", ""),
                  tips.value("privacy_zh", ""),      tips.value("privacy_en", ""),
                  tips.value("emergency_number", "")};
  const Json days = tips.value("days", Json::object());
  auto clock = [&](const char* state) -> std::optional<std::chrono::days> {
    int count = days.value(state, 0);
    return count > 0 ? std::optional(std::chrono::days(count)) : std::nullopt;
  };
  made.retention = {clock("received"), clock("triaged"), clock("answered"), clock("closed"), clock("spam")};
  return made;
}

Result<HubConfig> parse(const Json& json) {
  HubConfig config;
  config.data_dir = json.at("data_dir").get<std::string>();
  const Json& http = json.at("http");
  config.pages = http.value("pages", "");
  OPENDAY_TRY(config.http.listeners, listeners_of(http));
  std::string certificate = http.value("certificate", "");
  if (!certificate.empty()) config.http.tls = hub::TlsFiles{certificate, http.value("private_key", "")};
  config.http.trusted_proxies = http.value("trusted_proxies", std::vector<std::string>());
  config.http.hsts = http.value("hsts", false);
  config.http.max_connections = http.value("max_connections", config.http.max_connections);
  config.room.shown_per_second =
      json.value("room", Json::object()).value("shown_per_second", config.room.shown_per_second);
  for (const auto& text : http.value("metrics_from", std::vector<std::string>())) {
    OPENDAY_TRY(auto network, hub::Network::parse(text));
    config.metrics_from.push_back(network);
  }
  const Json& ingest = json.at("ingest");
  config.ingest = {ingest.value("public_host", ""), ingest.value("rtmp_port", 0),
                   ingest.value("rtmps_port", 0), ingest.value("srt_port", 0)};
  const Json& house = json.at("house");
  config.house = {house.at("width").get<int>(), house.at("height").get<int>(), house.at("fps").get<int>()};
  const Json encode = json.value("encode", Json::object());
  config.settings.ladder = encode.value("ladder", Json::array());
  config.settings.preset = encode.value("preset", "superfast");
  config.settings.store = json.at("store");
  config.settings.institution = json.value("institution", Json::object());
  config.settings.pipelines = json.at("pipelines").get<std::string>();
  config.settings.egress = json.value("egress", Json::object());
  config.egress.allow_private = config.settings.egress.value("allow_private", false);
  config.dvr_window_s = config.settings.store.value("dvr_window_s", int64_t{0});
  config.media_root = config.settings.store.at("dir").get<std::string>();
  config.retention.most_bytes = config.settings.store.value("max_bytes", uint64_t{0});
  config.retention.most_age = std::chrono::days(config.settings.store.value("retention_days", 0));
  config.retention.reserve_bytes = config.settings.store.value("reserve_bytes", uint64_t{0});
  config.site = site_of(config.settings.institution);
  if (const Json tips = json.value("tips", Json()); tips.is_object()) {
    OPENDAY_TRY(config.tips, tips_of(tips, config));
    if (!config.tips->url.empty()) config.site["tips"] = config.tips->url;
  }
  return config;
}

}  // namespace

Result<HubConfig> parse_hub_config(const Json& json) {
  try {
    return parse(json);
  } catch (const Json::exception& error) {  // nlohmann throws on what is missing or of a wrong type
    return fail(Errc::kInvalid, std::string("hub config: ") + error.what());
  }
}

broadcast::Layouts layouts_of(const Json& book) {
  broadcast::Layouts layouts;
  for (const auto& layout : book.at("layouts")) {
    auto& counts = layouts[layout.at("name").get<std::string>()];
    for (const auto& [count, tiles] : layout.at("tiles").items()) counts.insert(std::stoi(count));
  }
  return layouts;
}

Json layouts_answer(const Json& book) {
  Json list = Json::array();
  for (const auto& layout : book.at("layouts")) {
    Json arrangements = Json::array();
    for (const auto& [count, tiles] : layout.at("tiles").items()) {
      Json shown = Json::array();
      for (const auto& t : tiles) shown.push_back({{"x", t[0]}, {"y", t[1]}, {"w", t[2]}, {"h", t[3]}});
      arrangements.push_back({{"venues", std::stoi(count)}, {"tiles", std::move(shown)}});
    }
    list.push_back({{"id", layout.at("name")},
                    {"labels", layout.at("labels")},
                    {"overlap", layout.at("overlap")},
                    {"arrangements", std::move(arrangements)}});
  }
  return {{"layouts", std::move(list)}};
}

}  // namespace openday::app
