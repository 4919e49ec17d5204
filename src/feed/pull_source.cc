#include "feed/pull_source.h"

#include <algorithm>
#include <utility>

#include "feed/demux_units.h"
#include "feed/pacer.h"
#include "wrap/av_decode/demuxer.h"

namespace openday::feed {
namespace {

constexpr Duration kFirstRetry = seconds(1);
constexpr Duration kLastRetry = seconds(15);
constexpr Duration kHealthy = seconds(10);
constexpr const char* kAuthorities = "/etc/ssl/certs/ca-certificates.crt";  // ca-certificates of Debian

/// What the demuxer is told. `url` has its host replaced by an address where libavformat makes no connect().
struct Plan {
  std::string url;
  wrap::Demuxer::UrlOptions options;
  bool paced = false;  // comes in segments
};

std::string option_of(const PullConfig& config, const std::string& name) {
  auto found = config.options.find(name);
  return found != config.options.end() ? found->second : std::string();
}

bool has_suffix(const std::string& path, std::string_view suffix) {
  return path.size() >= suffix.size() && path.ends_with(suffix);
}

// Sanctioned settings only: libavformat would also take "mode=listener" or a local file's name from a URL's
// query.
Result<Plan> plan_srt(const PullConfig& config, Url url, const SocketAddress& address) {
  auto setting = [&](const char* in_query, const char* in_options) {
    std::string value = option_of(config, in_options);
    return value.empty() ? url.parameter(in_query).value_or("") : value;
  };
  Plan plan;
  plan.url = "srt://" + address.text();
  plan.options.format = "mpegts";
  plan.options.protocols = "srt";
  auto& settings = plan.options.settings;
  settings["mode"] = "caller";
  settings["transtype"] = "live";
  settings["connect_timeout"] = "5000";
  std::string latency = setting("latency", "latency_ms");
  if (!latency.empty()) {
    if (latency.size() > 5 || !std::ranges::all_of(latency, [](char c) { return c >= '0' && c <= '9'; })) {
      return fail(Errc::kInvalid, "srt: latency is not a number of milliseconds");
    }
    settings["latency"] = latency + "000";  // libavformat counts microseconds
  }
  if (std::string name = setting("streamid", "streamid"); !name.empty()) settings["streamid"] = name;
  if (std::string secret = setting("passphrase", "passphrase"); !secret.empty())
    settings["passphrase"] = secret;
  return plan;
}

Plan plan_rtsp(const Url& url) {
  Plan plan;
  plan.url = url.text();
  plan.options.format = "rtsp";
  plan.options.protocols = "rtsp,tcp";
  plan.options.settings["rtsp_transport"] =
      "tcp";  // no ports of ours, no lost packets, no addresses from the SDP
  plan.options.settings["allowed_media_types"] = "video+audio";
  return plan;
}

Result<Plan> plan_http(const PullConfig& config, const Url& url) {
  Plan plan;
  plan.url = url.text();
  plan.options.protocols = "http,https,tcp,tls,crypto";
  std::string format = option_of(config, "format");
  if (format.empty() && has_suffix(url.path, ".m3u8")) format = "hls";
  if (format.empty() && has_suffix(url.path, ".flv")) format = "flv";
  if (format == "ts") format = "mpegts";
  if (!format.empty() && format != "hls" && format != "flv" && format != "mpegts") {
    return fail(Errc::kInvalid, "format is one of ts, flv, hls");
  }
  plan.options.format = format;  // empty: found out by the demuxer, among the live ones
  plan.paced = format == "hls";
  if (plan.paced) plan.options.patience = seconds(30);  // three target durations
  return plan;
}

Plan plan_rtmp(const Url& url) {
  Plan plan;
  plan.url = url.text();
  plan.options.format = "flv";
  plan.options.protocols = url.scheme == "rtmps" ? "rtmps,rtmp,tls,tcp" : "rtmp,tcp";
  plan.options.settings["rtmp_live"] = "live";
  return plan;
}

Result<Plan> make_plan(const PullConfig& config) {
  OPENDAY_TRY(Url url, check_pull_url(config.url, config.egress));
  OPENDAY_TRY(auto addresses, resolve(url.host, url.port, config.egress));
  Result<Plan> plan = fail(Errc::kUnsupported, "this kind of source is not pulled");
  if (url.scheme == "srt") plan = plan_srt(config, url, addresses.front());
  if (url.scheme == "rtsp") plan = plan_rtsp(url);
  if (url.scheme == "http" || url.scheme == "https") plan = plan_http(config, url);
  if (url.scheme == "rtmp" || url.scheme == "rtmps") plan = plan_rtmp(url);
  if (!plan) return plan;
  if (url.scheme != "srt") {
    plan->options.settings["tls_verify"] = "1";
    plan->options.settings["ca_file"] = kAuthorities;
  }
  return plan;
}

}  // namespace

void StopSwitch::stop() {
  {
    std::lock_guard lock(mutex_);
    flag_->store(true);
  }
  wake_.notify_all();
}

bool StopSwitch::sleep_until(HouseTime until) {
  using Steady = std::chrono::steady_clock;  // house time is its clock
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, Steady::time_point(Duration(until.ns)), [&] { return flag_->load(); });
  return !flag_->load();
}

Result<> check_pull(const PullConfig& config) {
  OPENDAY_TRY(Url url, check_pull_url(config.url, config.egress));
  if (url.host.empty()) return fail(Errc::kInvalid, "the URL names no host");
  return {};
}

PullSource::PullSource(const Clock& clock, PullConfig config, SourceEvents events)
    : clock_(clock), config_(std::move(config)), events_(std::move(events)), thread_([this] { work(); }) {}

PullSource::~PullSource() {
  stop_.stop();
  thread_.join();
}

void PullSource::work() {
  Duration pause = kFirstRetry;
  while (!stop_.stopped()) {
    HouseTime began = clock_.now();
    auto ended = stream();
    if (stop_.stopped()) return;
    events_.lost(ended ? Error{Errc::kClosed, "the source ended"} : ended.error());
    if (clock_.now() - began > kHealthy) pause = kFirstRetry;
    if (!stop_.sleep_until(clock_.now() + pause)) return;
    pause = std::min(pause * 2, kLastRetry);
  }
}

Result<> PullSource::stream() {
  OPENDAY_TRY(Plan plan, make_plan(config_));
  OPENDAY_TRY(auto demuxer, wrap::Demuxer::open_url(plan.url, plan.options, stop_.flag()));
  events_.begin();
  DemuxUnits units;
  Pacer pacer;
  bool paced = plan.paced || demuxer.format() == "hls";
  for (;;) {
    OPENDAY_TRY(auto unit, demuxer.read());
    HouseTime arrival = clock_.now();
    if (paced) {
      arrival = pacer.due(unit.dts, arrival);
      if (!stop_.sleep_until(arrival)) return {};
    }
    events_.unit(units.convert(std::move(unit), arrival));
  }
}

}  // namespace openday::feed
