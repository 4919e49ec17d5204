#include "app/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <set>

#include "app/config_keys.h"
#include "base/address.h"
#include "base/text.h"
#include "encode/ladder.h"
#include "encode/ladder_choice.h"
#include "hub/http_parse.h"
#include "mixer/layout.h"
#include "wrap/ssl/tls.h"
#include "wrap/toml/toml.h"

namespace openday::app {
namespace {

using link::Json;
using wrap::TomlArray;
using wrap::TomlNode;
using wrap::TomlTable;

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
  if (!SocketAddress::parse(host, static_cast<uint16_t>(port))) return std::nullopt;
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

std::optional<Json> parse_item(KeyType type, const std::string& text) {
  if (type == KeyType::kAddresses) return parse_address(text);
  if (type == KeyType::kRungs) return parse_rendition(text);
  if (!hub::Network::parse(text)) return std::nullopt;
  return text;
}

/// Whether a listener at `a` would also take what is sent to the port of `b`: the same address, or all of
/// them ("::" takes IPv4 too).
bool takes(const SocketAddress& a, const SocketAddress& b) {
  bool v4 = b.ip().find(':') == std::string::npos;
  return a.port() == b.port() && (a.ip() == b.ip() || a.ip() == "::" || (a.ip() == "0.0.0.0" && v4));
}

class Checker {
 public:
  explicit Checker(std::string file) : file_(std::move(file)) {}

  void problem(int line, const std::string& key, const std::string& what) {
    refused_.insert(key);
    problems_ += fmt::format("{}{}:{}: {}: {}", problems_.empty() ? "" : "\n", file_, line, key, what);
  }
  void problem(const std::string& key, const std::string& what) { problem(line_of(key), key, what); }
  [[nodiscard]] const std::string& problems() const { return problems_; }
  /// There was a problem with it.
  [[nodiscard]] bool refused(const std::string& key) const { return refused_.contains(key); }

  void found(const std::string& key, int line) { lines_[key] = line; }
  [[nodiscard]] bool in_file(const std::string& key) const { return lines_.contains(key); }
  [[nodiscard]] int line_of(const std::string& key) const { return in_file(key) ? lines_.at(key) : 1; }
  /// Of an entry of a list.
  [[nodiscard]] int line_of(const std::string& key, size_t entry) const {
    auto found = entry_lines_.find(key);
    return found != entry_lines_.end() && entry < found->second.size() ? found->second[entry] : line_of(key);
  }

  /// The value of `key` from its node, or nothing and a problem.
  std::optional<Json> value(const Key& key, const TomlNode& node) {
    if (key.type == KeyType::kTruth) {
      if (const auto* truth = std::get_if<bool>(&node.value)) return *truth;
    } else if (key.type == KeyType::kWhole) {
      if (const auto* whole = std::get_if<int64_t>(&node.value)) {
        if (*whole >= key.least && *whole <= key.most) return *whole;
        problem(node.line, key.name, fmt::format("expected {} to {}, not {}", key.least, key.most, *whole));
        return std::nullopt;
      }
    } else if (key.type == KeyType::kText) {
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
      std::optional<Json> parsed = text != nullptr ? parse_item(key.type, *text) : std::nullopt;
      if (!parsed) {
        problem(item.line, key.name,
                fmt::format("expected {}{}{}", expected(key), example(key),
                            text != nullptr ? fmt::format(", not \"{}\"", *text) : ""));
        return std::nullopt;
      }
      entry_lines_[key.name].push_back(item.line);
      list.push_back(*parsed);
    }
    return list;
  }

  std::string file_;
  std::string problems_;
  std::set<std::string> refused_;
  std::map<std::string, int> lines_;
  std::map<std::string, std::vector<int>> entry_lines_;
};

void check_house(const Json& values, Checker& checker) {
  if (int64_t fps = values["house.fps"]; fps != 25 && fps != 30) {
    checker.problem("house.fps", "expected 25 or 30");
  }
  for (const char* key : {"house.width", "house.height"}) {
    if (values[key].get<int64_t>() % 2 != 0) checker.problem(key, "expected an even number");
  }
}

/// As the engine will: rung by rung, so that the one that does not fit is named with its line.
void check_ladder(const Json& values, Checker& checker) {
  if (checker.refused("house.width") || checker.refused("house.height")) return;
  encode::LadderConfig ladder;
  ladder.house = {values["house.width"], values["house.height"], values["house.fps"]};
  for (const auto& rung : values["encode.ladder"]) {
    ladder.renditions.push_back(
        {rung["name"], rung["width"], rung["height"], rung["video_kbps"], rung["audio_kbps"]});
    if (auto fits = encode::check_ladder(ladder); !fits) {
      return checker.problem(checker.line_of("encode.ladder", ladder.renditions.size() - 1), "encode.ladder",
                             fits.error().message);
    }
  }
}

void check_emergency_number(const Json& values, Checker& checker) {
  auto number = values["tips.emergency_number"].get<std::string>();
  if (number.empty()) return;
  size_t digits = number.starts_with('+') ? 1 : 0;
  if (digits == number.size() || number.find_first_not_of("0123456789", digits) != std::string::npos)
    checker.problem("tips.emergency_number", "expected digits, in front of them at most a +");
}

void check_listeners(const Json& values, Checker& checker) {
  struct Listener {
    std::string key;
    int line;
    SocketAddress at;
  };
  std::vector<Listener> all;
  bool tips = values["tips.enabled"];
  for (const char* key : {"http.listen", "http.tls", "tips.listen", "tips.tls"}) {
    if (checker.refused(key) || (!tips && std::string_view(key).starts_with("tips."))) continue;
    for (size_t i = 0; i < values[key].size(); ++i) {
      const Json& entry = values[key][i];
      auto at = SocketAddress::parse(entry["address"], entry["port"]);
      if (at) all.push_back({key, checker.line_of(key, i), *at});
    }
  }
  if (values["http.listen"].empty() && values["http.tls"].empty() && !checker.refused("http.tls")) {
    checker.problem("http.listen", "expected an address here or in http.tls");
  }
  if (tips && values["tips.listen"].empty() && values["tips.tls"].empty() && !checker.refused("tips.tls")) {
    checker.problem("tips.listen", "expected an address here or in tips.tls");
  }
  for (const char* key : {"ingest.rtmp_port", "ingest.rtmps_port"}) {
    auto at = SocketAddress::parse(values["ingest.address"], values[key]);
    if (at && at->port() != 0) all.push_back({key, checker.line_of(key), *at});
    if (!at && !checker.refused("ingest.address")) {
      checker.problem("ingest.address", fmt::format("expected an IP address (0.0.0.0 is all), not \"{}\"",
                                                    values["ingest.address"].get<std::string>()));
    }
  }
  for (auto later = all.begin(); later != all.end(); ++later) {
    auto other = std::find_if(all.begin(), later, [&](const Listener& one) {
      return takes(one.at, later->at) || takes(later->at, one.at);
    });
    if (other == later) continue;
    // The one that the file has is told; two defaults do not meet.
    bool told = checker.in_file(later->key);
    const Listener& wrong = told ? *later : *other;
    const Listener& first = told ? *other : *later;
    checker.problem(wrong.line, wrong.key,
                    fmt::format("expected another port; {} listens on {}", first.key, first.at.text()));
  }
}

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
      checker.found(full, value.line);
      if (auto checked = checker.value(*key, value)) values[full] = *checked;
    }
  }

  for (const char* key : {"http.listen", "http.tls", "tips.listen", "tips.tls"}) {
    for (auto& entry : values[key]) {
      if (entry.is_string()) entry = *parse_address(entry.get<std::string>());
    }
  }
  check_house(values, checker);
  check_ladder(values, checker);
  check_listeners(values, checker);
  check_emergency_number(values, checker);
  bool certificate = !values["http.certificate"].get<std::string>().empty() &&
                     !values["http.private_key"].get<std::string>().empty();
  for (const char* key : {"http.tls", "tips.tls"}) {
    if (!certificate && !values[key].empty()) {
      checker.problem(key, "expected http.certificate and http.private_key as well");
    }
  }
  if (!certificate && values["ingest.rtmps_port"] != 0) {
    checker.problem("ingest.rtmps_port", "expected http.certificate and http.private_key as well");
  }
  if (!checker.problems().empty()) return fail(Errc::kInvalid, checker.problems());

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
        {"max_connections", values["http.max_connections"]},
        {"trusted_proxies", values["http.trusted_proxies"]},
        {"metrics_from", values["http.metrics_from"]},
        {"pages", values["server.pages"]}}},
      {"room", {{"shown_per_second", values["room.shown_per_second"]}}},
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
      {"tips", nullptr},
      {"egress",
       {{"allow_private", values["egress.allow_private"]}, {"media_root", values["egress.media_root"]}}},
      {"pipelines", values["server.pipelines"]},
  };
  if (values["tips.enabled"]) {
    config.hub["tips"] = {{"listen", values["tips.listen"]},
                          {"tls", values["tips.tls"]},
                          {"url", values["tips.url"]},
                          {"per_address", values["tips.per_address"]},
                          {"emergency_zh", values["tips.emergency_zh"]},
                          {"emergency_en", values["tips.emergency_en"]},
                          {"emergency_number", values["tips.emergency_number"]},
                          {"privacy_zh", values["tips.privacy_zh"]},
                          {"privacy_en", values["tips.privacy_en"]},
                          {"days",
                           {{"received", values["tips.received_days"]},
                            {"triaged", values["tips.triaged_days"]},
                            {"answered", values["tips.answered_days"]},
                            {"closed", values["tips.closed_days"]},
                            {"spam", values["tips.spam_days"]}}}};
  }
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
    // Only with it: the key of the website is not for a process that has no use for it.
    config.gateway["tls"] = {{"certificate", values["http.certificate"]},
                             {"private_key", values["http.private_key"]}};
  }
  return config;
}

Result<Config> load_config(const std::string& file) {
  OPENDAY_TRY(std::string text, read_file(file, 1 << 20));
  return parse_config(text, file);
}

Result<> check_certificate(const Config& config, const std::string& file) {
  const Json& http = config.hub["http"];
  const Json& tips = config.hub["tips"];
  bool tips_tls = tips.is_object() && !tips["tls"].empty();
  if (http["tls"].empty() && !tips_tls && config.gateway["rtmps"].is_null()) return {};
  std::vector<std::string> pem;
  for (const char* key : {"certificate", "private_key"}) {
    auto content = read_file(http[key], 256 * 1024);  // what the hub reads
    if (!content) {
      return fail(content.error().code,
                  fmt::format("{}: http.{}: {}; name a PEM file that this user may read", file, key,
                              content.error().message));
    }
    pem.push_back(*std::move(content));
  }
  if (auto made = wrap::TlsContext::server(pem[0], pem[1]); !made) {
    return fail(
        made.error().code,
        fmt::format("{}: http.certificate, http.private_key: {}; give the server's certificate with its "
                    "chain after it, and the key it was made for, without a password",
                    file, made.error().message));
  }
  return {};
}

Result<> check_pipelines(const Config& config, const std::string& file) {
  std::string folder = link::text_in(config.hub, "pipelines");
  auto layouts = mixer::LayoutBook::load(folder + "/layouts");
  auto ladders = encode::LadderBook::load(folder + "/ladders.json");
  if (layouts && ladders) return {};
  const Error& why = layouts ? ladders.error() : layouts.error();
  return fail(why.code, fmt::format("{}: server.pipelines: {}; name the folder `pipelines` that came with "
                                    "this openday",
                                    file, why.message));
}

std::string config_reference() {
  std::string out = "| key | expects | default | meaning |\n|---|---|---|---|\n";
  for (const auto& key : keys()) {
    std::string expects = expected(key);
    if (key.type == KeyType::kWhole) expects = fmt::format("{} to {}", key.least, key.most);
    if (key.choices != nullptr) expects = key.choices;
    out += fmt::format("| `{}` | {} | `{}` | {} |\n", key.name, expects, key.fallback.dump(), key.meaning);
  }
  return out;
}

}  // namespace openday::app
