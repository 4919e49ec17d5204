#include "app/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "base/text.h"
#include "wrap/toml/toml.h"

namespace openday::app {
namespace {

using link::Json;
using wrap::TomlArray;
using wrap::TomlNode;
using wrap::TomlTable;

enum class Type { kText, kWhole, kTruth, kTexts, kAddresses };

struct Key {
  const char* name;  // "table.key"
  Type type;
  Json fallback;
  int64_t least = 0;
  int64_t most = 0;
  const char* choices = nullptr;  // space-separated; null: any text
  const char* meaning = "";
};

const std::vector<Key>& keys() {
  static const std::vector<Key> kKeys = {
      {"server.data_dir", Type::kText, "/var/lib/openday", 0, 0, nullptr,
       "database, secrets and, by default, media; must be writable"},
      {"server.log_level", Type::kText, "info", 0, 0, "debug info warn error", "least level that is logged"},
      {"server.pages", Type::kText, "/usr/share/openday/pages", 0, 0, nullptr, "the built web pages"},
      {"server.pipelines", Type::kText, "/usr/share/openday/pipelines", 0, 0, nullptr, "layouts and ladders"},
      {"institution.name_zh", Type::kText, "演示法院", 0, 120, nullptr,
       "name in Chinese, on slates and pages"},
      {"institution.name_en", Type::kText, "Demonstration Court", 0, 120, nullptr, "name in English"},
      {"http.listen", Type::kAddresses, Json::array({"127.0.0.1:8080"}), 0, 8, nullptr,
       "plain HTTP addresses"},
      {"http.tls", Type::kAddresses, Json::array(), 0, 8, nullptr, "HTTPS addresses (HTTP/2 and HTTP/1.1)"},
      {"http.certificate", Type::kText, "", 0, 0, nullptr, "PEM chain; also used for RTMPS"},
      {"http.private_key", Type::kText, "", 0, 0, nullptr, "PEM key"},
      {"http.hsts", Type::kTruth, false, 0, 0, nullptr,
       "tell browsers that come by HTTPS to use nothing else for a year; only with a certificate they trust"},
      {"http.trusted_proxies", Type::kTexts, Json::array(), 0, 64, nullptr,
       "networks (CIDR) whose X-Forwarded-For is believed"},
      {"http.metrics_from", Type::kTexts, Json::array({"127.0.0.0/8", "::1/128"}), 0, 64, nullptr,
       "networks (CIDR) that may read /metrics"},
      {"ingest.address", Type::kText, "0.0.0.0", 0, 0, nullptr, "address the RTMP and SRT listeners bind"},
      {"ingest.public_host", Type::kText, "localhost", 0, 0, nullptr, "host name that encoders are told"},
      {"ingest.rtmp_port", Type::kWhole, 1935, 1, 65535, nullptr, "RTMP"},
      {"ingest.rtmps_port", Type::kWhole, 0, 0, 65535, nullptr, "RTMPS; 0 is off, needs the certificate"},
      {"ingest.srt_port", Type::kWhole, 9710, 1, 65535, nullptr, "SRT (UDP)"},
      {"ingest.srt_latency_ms", Type::kWhole, 120, 20, 8000, nullptr, "SRT receive latency"},
      {"ingest.connections", Type::kWhole, 64, 1, 4096, nullptr,
       "publishers and would-be publishers at once"},
      {"ingest.per_address", Type::kWhole, 16, 1, 4096, nullptr, "of them, from one address"},
      {"ingest.auth_failures_per_minute", Type::kWhole, 10, 1, 10000, nullptr,
       "wrong keys from one address before it is refused for a minute"},
      {"house.width", Type::kWhole, 1280, 320, 1920, nullptr, "program width in pixels, even"},
      {"house.height", Type::kWhole, 720, 180, 1080, nullptr, "program height in pixels, even"},
      {"house.fps", Type::kWhole, 30, 25, 30, nullptr, "program frames per second, 25 or 30"},
      {"encode.preset", Type::kText, "superfast", 0, 0, "ultrafast superfast veryfast faster fast medium",
       "x264 preset"},
      {"encode.ladder", Type::kTexts, Json::array(), 0, 6, nullptr,
       "renditions as \"NAME WIDTHxHEIGHT VIDEO_KBPS AUDIO_KBPS\", largest first; empty: chosen from the "
       "cores"},
      {"store.dir", Type::kText, "", 0, 0, nullptr, "recorded media; empty: DATA_DIR/media"},
      {"store.retention_days", Type::kWhole, 90, 0, 36500, nullptr,
       "age at which media is deleted; 0 keeps it"},
      {"store.max_gb", Type::kWhole, 0, 0, 1 << 20, nullptr, "oldest media goes beyond this; 0: no limit"},
      {"store.reserve_mb", Type::kWhole, 1024, 0, 1 << 20, nullptr, "free space that recording leaves alone"},
      {"store.dvr_window_minutes", Type::kWhole, 240, 1, 1440, nullptr,
       "how far back viewers can go while live"},
      {"egress.allow_private", Type::kTruth, false, 0, 0, nullptr,
       "let pull sources and push targets use private and loopback addresses"},
      {"egress.media_root", Type::kText, "", 0, 0, nullptr,
       "the one folder file sources are read from; empty: none"},
  };
  return kKeys;
}

const char* expected(const Key& key) {
  switch (key.type) {
    case Type::kText: return "a text in quotes";
    case Type::kWhole: return "a whole number";
    case Type::kTruth: return "true or false";
    case Type::kTexts: return "a list of texts";
    case Type::kAddresses: return "a list of \"ADDRESS:PORT\"";
  }
  return "";
}

std::string table_of(std::string_view name) {
  return std::string(name.substr(0, name.find('.')));
}

/// "127.0.0.1:8080" or "[::1]:8080".
std::optional<Json> parse_address(const std::string& text) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  std::string host = text.substr(0, colon);
  std::string digits = text.substr(colon + 1);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (digits.empty() || digits.size() > 5 || digits.find_first_not_of("0123456789") != std::string::npos) {
    return std::nullopt;
  }
  int port = std::stoi(digits);
  if (port < 1 || port > 65535) return std::nullopt;
  return Json{{"address", host}, {"port", port}};
}

std::optional<Json> parse_rendition(const std::string& text) {
  char name[33] = {};
  int width = 0;
  int height = 0;
  int video = 0;
  int audio = 0;
  int end = 0;
  if (std::sscanf(text.c_str(), "%32s %dx%d %d %d%n", name, &width, &height, &video, &audio, &end) != 5 ||
      static_cast<size_t>(end) != text.size() || !is_slug(name) || width < 64 || width > 1920 ||
      width % 2 != 0 || height < 36 || height > 1080 || height % 2 != 0 || video < 50 || video > 50000 ||
      audio < 32 || audio > 320) {
    return std::nullopt;
  }
  return Json{
      {"name", name}, {"width", width}, {"height", height}, {"video_kbps", video}, {"audio_kbps", audio}};
}

class Checker {
 public:
  explicit Checker(std::string file) : file_(std::move(file)) {}

  void problem(int line, const std::string& key, const std::string& what) {
    problems_ += fmt::format("{}{}:{}: {}: {}", problems_.empty() ? "" : "\n", file_, line, key, what);
  }
  [[nodiscard]] const std::string& problems() const { return problems_; }

  /// The value of `key` from its node, or nothing and a problem.
  std::optional<Json> value(const Key& key, const TomlNode& node) {
    if (key.type == Type::kTruth) {
      if (const auto* truth = std::get_if<bool>(&node.value)) return *truth;
    } else if (key.type == Type::kWhole) {
      if (const auto* whole = std::get_if<int64_t>(&node.value)) {
        if (*whole >= key.least && *whole <= key.most) return *whole;
        problem(node.line, key.name, fmt::format("expected {} to {}, not {}", key.least, key.most, *whole));
        return std::nullopt;
      }
    } else if (key.type == Type::kText) {
      if (const auto* text = std::get_if<std::string>(&node.value)) return text_value(key, node.line, *text);
    } else if (const auto* array = std::get_if<TomlArray>(&node.value)) {
      return list_value(key, node.line, *array);
    }
    problem(node.line, key.name, fmt::format("expected {}", expected(key)));
    return std::nullopt;
  }

 private:
  std::optional<Json> text_value(const Key& key, int line, const std::string& text) {
    if (!is_valid_utf8(text) || text.find('\0') != std::string::npos) {
      problem(line, key.name, "expected UTF-8 text");
      return std::nullopt;
    }
    if (key.most > 0 && text.size() > static_cast<size_t>(key.most)) {
      problem(line, key.name, fmt::format("expected at most {} bytes", key.most));
      return std::nullopt;
    }
    if (key.choices != nullptr) {
      std::vector<std::string> choices;
      std::string_view rest = key.choices;
      while (!rest.empty()) {
        size_t space = std::min(rest.find(' '), rest.size());
        choices.emplace_back(rest.substr(0, space));
        rest.remove_prefix(std::min(space + 1, rest.size()));
      }
      if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
        problem(line, key.name,
                fmt::format("expected one of {}, not \"{}\"", fmt::join(choices, ", "), text));
        return std::nullopt;
      }
    }
    return text;
  }

  std::optional<Json> list_value(const Key& key, int line, const TomlArray& array) {
    if (array.size() > static_cast<size_t>(key.most)) {
      problem(line, key.name, fmt::format("expected at most {} entries", key.most));
      return std::nullopt;
    }
    Json list = Json::array();
    for (const auto& item : array) {
      const auto* text = std::get_if<std::string>(&item.value);
      std::optional<Json> parsed;
      if (text != nullptr && key.type == Type::kAddresses) {
        parsed = parse_address(*text);
      } else if (text != nullptr && std::string_view(key.name) == "encode.ladder") {
        parsed = parse_rendition(*text);
      } else if (text != nullptr) {
        parsed = *text;
      }
      if (!parsed) {
        problem(item.line, key.name,
                fmt::format("expected {}{}", expected(key),
                            std::string_view(key.name) == "encode.ladder"
                                ? ", each like \"720p 1280x720 2500 128\""
                                : ""));
        return std::nullopt;
      }
      if (std::string_view(key.name) == "encode.ladder" && !list.empty() &&
          list[0]["audio_kbps"] != (*parsed)["audio_kbps"]) {
        problem(item.line, key.name, "all renditions share one sound: give each the same AUDIO_KBPS");
        return std::nullopt;
      }
      list.push_back(*parsed);
    }
    return list;
  }

  std::string file_;
  std::string problems_;
};

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& file) {
  OPENDAY_TRY(TomlNode root, wrap::parse_toml(text, file));
  Checker checker(file);
  std::vector<std::string> known_tables;
  std::vector<std::string> known_keys;
  Json values = Json::object();
  for (const auto& key : keys()) {
    known_keys.emplace_back(key.name);
    std::string table = table_of(key.name);
    if (known_tables.empty() || known_tables.back() != table) known_tables.push_back(table);
    values[key.name] = key.fallback;
  }
  std::map<std::string, int> lines;
  for (const auto& [table, node] : std::get<TomlTable>(root.value)) {
    const auto* entries = std::get_if<TomlTable>(&node.value);
    bool known = std::find(known_tables.begin(), known_tables.end(), table) != known_tables.end();
    if (!known || entries == nullptr) {
      std::string near = nearest(table, known_tables);
      checker.problem(node.line, table,
                      known ? "expected a table, written as [" + table + "]"
                            : "unknown table" + (near.empty() ? "" : "; did you mean [" + near + "]?"));
      continue;
    }
    for (const auto& [name, value] : *entries) {
      std::string full = fmt::format("{}.{}", table, name);
      auto key = std::find_if(keys().begin(), keys().end(), [&](const Key& k) { return full == k.name; });
      if (key == keys().end()) {
        std::string near = nearest(full, known_keys);
        checker.problem(value.line, full,
                        "unknown key" + (near.empty() ? "" : "; did you mean " + near + "?"));
        continue;
      }
      lines[full] = value.line;
      if (auto checked = checker.value(*key, value)) values[full] = *checked;
    }
  }

  auto line_of = [&](const char* key) { return lines.contains(key) ? lines[key] : 1; };
  if (int64_t fps = values["house.fps"]; fps != 25 && fps != 30) {
    checker.problem(line_of("house.fps"), "house.fps", "expected 25 or 30");
  }
  for (const char* key : {"house.width", "house.height"}) {
    if (values[key].get<int64_t>() % 2 != 0) checker.problem(line_of(key), key, "expected an even number");
  }
  bool certificate = !values["http.certificate"].get<std::string>().empty() &&
                     !values["http.private_key"].get<std::string>().empty();
  if (!certificate && !values["http.tls"].empty()) {
    checker.problem(line_of("http.tls"), "http.tls",
                    "expected http.certificate and http.private_key as well");
  }
  if (!certificate && values["ingest.rtmps_port"] != 0) {
    checker.problem(line_of("ingest.rtmps_port"), "ingest.rtmps_port",
                    "expected http.certificate and http.private_key as well");
  }
  if (!checker.problems().empty()) return fail(Errc::kInvalid, checker.problems());

  for (const char* key : {"http.listen", "http.tls"}) {
    for (auto& entry : values[key]) {
      if (entry.is_string()) entry = *parse_address(entry.get<std::string>());
    }
  }
  Config config;
  config.data_dir = values["server.data_dir"];
  config.log_level = values["server.log_level"];
  std::string store = values["store.dir"];
  if (store.empty()) store = config.data_dir + "/media";
  config.hub = {
      {"data_dir", config.data_dir},
      {"institution",
       {{"name_zh", values["institution.name_zh"]}, {"name_en", values["institution.name_en"]}}},
      {"http",
       {{"listen", values["http.listen"]},
        {"tls", values["http.tls"]},
        {"certificate", values["http.certificate"]},
        {"private_key", values["http.private_key"]},
        {"hsts", values["http.hsts"]},
        {"trusted_proxies", values["http.trusted_proxies"]},
        {"metrics_from", values["http.metrics_from"]},
        {"pages", values["server.pages"]}}},
      {"ingest",
       {{"public_host", values["ingest.public_host"]},
        {"rtmp_port", values["ingest.rtmp_port"]},
        {"rtmps_port", values["ingest.rtmps_port"]},
        {"srt_port", values["ingest.srt_port"]}}},
      {"house",
       {{"width", values["house.width"]}, {"height", values["house.height"]}, {"fps", values["house.fps"]}}},
      {"encode", {{"preset", values["encode.preset"]}, {"ladder", values["encode.ladder"]}}},
      {"store",
       {{"dir", store},
        {"retention_days", values["store.retention_days"]},
        {"max_bytes", values["store.max_gb"].get<int64_t>() * 1'000'000'000},
        {"reserve_bytes", values["store.reserve_mb"].get<int64_t>() * 1'000'000},
        {"dvr_window_s", values["store.dvr_window_minutes"].get<int64_t>() * 60}}},
      {"egress",
       {{"allow_private", values["egress.allow_private"]}, {"media_root", values["egress.media_root"]}}},
      {"pipelines", values["server.pipelines"]},
  };
  const Json& address = values["ingest.address"];
  config.gateway = {
      {"rtmp", {{"address", address}, {"port", values["ingest.rtmp_port"]}}},
      {"rtmps", nullptr},
      {"srt",
       {{"address", address},
        {"port", values["ingest.srt_port"]},
        {"latency_ms", values["ingest.srt_latency_ms"]}}},
      {"tls", nullptr},
      {"limits",
       {{"connections", values["ingest.connections"]},
        {"per_address", values["ingest.per_address"]},
        {"handshake_ms", 5000},
        {"publish_ms", 10000},
        {"auth_failures_per_minute", values["ingest.auth_failures_per_minute"]}}},
  };
  if (values["ingest.rtmps_port"] != 0) {
    config.gateway["rtmps"] = {{"address", address}, {"port", values["ingest.rtmps_port"]}};
  }
  if (certificate) {
    config.gateway["tls"] = {{"certificate", values["http.certificate"]},
                             {"private_key", values["http.private_key"]}};
  }
  return config;
}

Result<Config> load_config(const std::string& file) {
  OPENDAY_TRY(std::string text, read_file(file, 1 << 20));
  return parse_config(text, file);
}

std::string config_reference() {
  std::string out = "| key | expects | default | meaning |\n|---|---|---|---|\n";
  for (const auto& key : keys()) {
    std::string expects = expected(key);
    if (key.type == Type::kWhole) expects = fmt::format("{} to {}", key.least, key.most);
    if (key.choices != nullptr) expects = key.choices;
    out += fmt::format("| `{}` | {} | `{}` | {} |\n", key.name, expects, key.fallback.dump(), key.meaning);
  }
  return out;
}

}  // namespace openday::app
