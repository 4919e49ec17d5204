#include "app/config_keys.h"

namespace openday::app {

using link::Json;

const std::vector<Key>& keys() {
  static const std::vector<Key> kKeys = {
      {"server.data_dir", KeyType::kText, "/var/lib/openday", 0, 0, nullptr,
       "database, secrets and, by default, media; must be writable"},
      {"server.log_level", KeyType::kText, "info", 0, 0, "debug info warn error",
       "least level that is logged"},
      {"server.pages", KeyType::kText, "/usr/share/openday/pages", 0, 0, nullptr, "the built web pages"},
      {"server.pipelines", KeyType::kText, "/usr/share/openday/pipelines", 0, 0, nullptr,
       "layouts and ladders"},
      {"institution.name_zh", KeyType::kText, "演示法院", 0, 120, nullptr,
       "name in Chinese, on slates and pages"},
      {"institution.name_en", KeyType::kText, "Demonstration Court", 0, 120, nullptr, "name in English"},
      {"http.listen", KeyType::kAddresses, Json::array({"127.0.0.1:8080"}), 0, 8, nullptr,
       "plain HTTP addresses"},
      {"http.tls", KeyType::kAddresses, Json::array(), 0, 8, nullptr,
       "HTTPS addresses (HTTP/2 and HTTP/1.1)"},
      {"http.certificate", KeyType::kText, "", 0, 0, nullptr, "PEM chain; also used for RTMPS"},
      {"http.private_key", KeyType::kText, "", 0, 0, nullptr, "PEM key"},
      {"http.hsts", KeyType::kTruth, false, 0, 0, nullptr,
       "tell browsers that come by HTTPS to use nothing else for a year; only with a certificate they trust"},
      {"http.trusted_proxies", KeyType::kNetworks, Json::array(), 0, 64, nullptr,
       "networks (CIDR) whose X-Forwarded-For is believed"},
      {"http.metrics_from", KeyType::kNetworks, Json::array({"127.0.0.0/8", "::1/128"}), 0, 64, nullptr,
       "networks (CIDR) that may read /metrics"},
      {"http.max_connections", KeyType::kWhole, 10000, 100, 1000000, nullptr,
       "connections at once, WebSockets included; as far as the limit of open files allows"},
      {"room.shown_per_second", KeyType::kWhole, 30, 0, 100000, nullptr,
       "comments a second that a live room shows; of more, a sample. 0 shows all"},
      {"ingest.address", KeyType::kText, "0.0.0.0", 0, 0, nullptr, "address the RTMP and SRT listeners bind"},
      {"ingest.public_host", KeyType::kText, "localhost", 0, 0, nullptr, "host name that encoders are told"},
      {"ingest.rtmp_port", KeyType::kWhole, 1935, 1, 65535, nullptr, "RTMP"},
      {"ingest.rtmps_port", KeyType::kWhole, 0, 0, 65535, nullptr, "RTMPS; 0 is off, needs the certificate"},
      {"ingest.srt_port", KeyType::kWhole, 9710, 1, 65535, nullptr, "SRT (UDP)"},
      {"ingest.srt_latency_ms", KeyType::kWhole, 120, 20, 8000, nullptr, "SRT receive latency"},
      {"ingest.connections", KeyType::kWhole, 64, 1, 4096, nullptr,
       "publishers and would-be publishers at once"},
      {"ingest.per_address", KeyType::kWhole, 16, 1, 4096, nullptr, "of them, from one address"},
      {"ingest.auth_failures_per_minute", KeyType::kWhole, 10, 1, 10000, nullptr,
       "wrong keys from one address in a minute before only five of its attempts a second are looked at"},
      {"house.width", KeyType::kWhole, 1280, 320, 1920, nullptr, "program width in pixels, even"},
      {"house.height", KeyType::kWhole, 720, 180, 1080, nullptr, "program height in pixels, even"},
      {"house.fps", KeyType::kWhole, 30, 25, 30, nullptr, "program frames per second, 25 or 30"},
      {"encode.preset", KeyType::kText, "superfast", 0, 0, "ultrafast superfast veryfast faster fast medium",
       "x264 preset"},
      {"encode.ladder", KeyType::kRungs, Json::array(), 0, 6, nullptr,
       "renditions as \"NAME WIDTHxHEIGHT VIDEO_KBPS AUDIO_KBPS\", in any order; empty: chosen from the "
       "cores"},
      {"store.dir", KeyType::kText, "", 0, 0, nullptr, "recorded media; empty: DATA_DIR/media"},
      {"store.retention_days", KeyType::kWhole, 90, 0, 36500, nullptr,
       "age at which media is deleted; 0 keeps it"},
      {"store.max_gb", KeyType::kWhole, 0, 0, 1 << 20, nullptr,
       "oldest media of all broadcasts goes beyond this; 0: no limit"},
      {"store.reserve_mb", KeyType::kWhole, 1024, 0, 1 << 20, nullptr,
       "free space that recording leaves alone"},
      {"store.dvr_window_minutes", KeyType::kWhole, 240, 1, 1440, nullptr,
       "how far back viewers can go while live"},
      {"tips.enabled", KeyType::kTruth, false, 0, 0, nullptr, "take confidential tips"},
      {"tips.listen", KeyType::kAddresses, Json::array({"127.0.0.1:8081"}), 0, 8, nullptr,
       "plain HTTP addresses of the tip site, for a proxy that gives it a host name of its own"},
      {"tips.tls", KeyType::kAddresses, Json::array(), 0, 8, nullptr, "HTTPS addresses of the tip site"},
      {"tips.url", KeyType::kText, "", 0, 300, nullptr,
       "where viewers find the tip site, https://…; the watch page links to it"},
      {"tips.per_address", KeyType::kWhole, 30, 1, 10000, nullptr,
       "tips from one address in a quarter of an hour; four times as many looks for answers; 30 a minute of "
       "either"},
      {"tips.emergency_zh", KeyType::kText, "", 0, 2000, nullptr,
       "emergency notice above the form; empty: to call the number below"},
      {"tips.emergency_en", KeyType::kText, "", 0, 2000, nullptr, "the same in English"},
      {"tips.emergency_number", KeyType::kText, "110", 0, 20, nullptr,
       "number the notice's button calls: digits, in front of them a + if need be; empty: no button"},
      {"tips.privacy_zh", KeyType::kText, "", 0, 8000, nullptr,
       "privacy notice above the form; empty: what docs/TIPS.md says, in short"},
      {"tips.privacy_en", KeyType::kText, "", 0, 8000, nullptr, "the same in English"},
      {"tips.received_days", KeyType::kWhole, 730, 0, 36500, nullptr,
       "days after which a tip that nobody has triaged is deleted; 0 keeps it"},
      {"tips.triaged_days", KeyType::kWhole, 730, 0, 36500, nullptr, "the same since it waits for an answer"},
      {"tips.answered_days", KeyType::kWhole, 365, 0, 36500, nullptr, "the same since it was answered"},
      {"tips.closed_days", KeyType::kWhole, 180, 0, 36500, nullptr, "the same since it was closed"},
      {"tips.spam_days", KeyType::kWhole, 30, 0, 36500, nullptr, "the same, closed as spam"},
      {"egress.allow_private", KeyType::kTruth, false, 0, 0, nullptr,
       "let pull sources and push targets use private and loopback addresses"},
      {"egress.media_root", KeyType::kText, "", 0, 0, nullptr,
       "the one folder file sources are read from; empty: none"},
  };
  return kKeys;
}

const char* expected(const Key& key) {
  switch (key.type) {
    case KeyType::kText: return "a text in quotes";
    case KeyType::kWhole: return "a whole number";
    case KeyType::kTruth: return "true or false";
    case KeyType::kRungs: return "a list of texts";
    case KeyType::kAddresses: return "a list of \"ADDRESS:PORT\"";
    case KeyType::kNetworks: return "a list of addresses or networks";
  }
  return "";
}

const char* example(const Key& key) {
  switch (key.type) {
    case KeyType::kRungs: return ", each like \"720p 1280x720 2500 128\"";
    case KeyType::kAddresses: return ", each like \"127.0.0.1:8080\" or \"[::1]:8080\"";
    case KeyType::kNetworks: return ", each like \"192.0.2.1\" or \"10.0.0.0/8\"";
    default: return "";
  }
}

}  // namespace openday::app
