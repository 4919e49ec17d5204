#include "feed/messages.h"

#include <algorithm>
#include <cmath>

namespace openday::feed {
namespace {

using link::Json;

constexpr Duration kSilence = milliseconds(1500);

const Json* member(const Json& object, const char* name) {
  auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::string> text(const Json& object, const char* name) {
  const Json* value = member(object, name);
  if (value == nullptr || !value->is_string())
    return fail(Errc::kInvalid, std::string(name) + " is not a text");
  return value->get<std::string>();
}

Result<int64_t> number(const Json& object, const char* name, int64_t least, int64_t most,
                       std::optional<int64_t> fallback = std::nullopt) {
  const Json* value = member(object, name);
  if (value == nullptr && fallback) return *fallback;
  if (value == nullptr || !value->is_number())
    return fail(Errc::kInvalid, std::string(name) + " is not a number");
  double wide = value->get<double>();
  if (!(wide >= static_cast<double>(least) && wide <= static_cast<double>(most))) {
    return fail(Errc::kInvalid, std::string(name) + " is out of range");
  }
  return static_cast<int64_t>(wide);
}

Result<PullConfig> parse_pull(const Json& source, const EgressPolicy& egress) {
  PullConfig pull;
  OPENDAY_TRY(pull.url, text(source, "url"));
  if (const Json* options = member(source, "options"); options != nullptr && options->is_object()) {
    for (const auto& [key, value] : options->items()) {
      if (value.is_string()) pull.options[key] = value.get<std::string>();
      if (value.is_number_integer()) pull.options[key] = std::to_string(value.get<int64_t>());
    }
  }
  pull.egress = egress;
  return pull;
}

double ms(Duration d) {
  return std::round(static_cast<double>(d.count()) / 1e5) / 10;
}

}  // namespace

Result<FeedConfig> parse_config(const Json& config) {
  if (!config.is_object()) return fail(Errc::kInvalid, "config is not an object");
  FeedConfig out;
  OPENDAY_TRY(out.venue, text(config, "venue"));
  const Json* house = member(config, "house");
  if (house == nullptr || !house->is_object()) return fail(Errc::kInvalid, "house is missing");
  OPENDAY_TRY(int64_t width, number(*house, "width", 16, 4096));
  OPENDAY_TRY(int64_t height, number(*house, "height", 16, 4096));
  OPENDAY_TRY(int64_t fps, number(*house, "fps", 1, 60));
  out.house = {static_cast<int>(width), static_cast<int>(height), static_cast<int>(fps)};
  OPENDAY_TRY(int64_t jitter, number(config, "jitter_ms", 20, 1000, 120));
  out.jitter = milliseconds(jitter);
  OPENDAY_TRY(int64_t av_offset, number(config, "av_offset_ms", -1000, 1000, 0));
  out.av_offset = milliseconds(av_offset);
  if (const Json* egress = member(config, "egress"); egress != nullptr && egress->is_object()) {
    out.egress.allow_private = link::truth_in(*egress, "allow_private").value_or(false);
    if (const Json* root = member(*egress, "media_root"); root != nullptr && root->is_string()) {
      out.media_root = root->get<std::string>();
    }
  }
  const Json* source = member(config, "source");
  if (source == nullptr || !source->is_object()) return fail(Errc::kInvalid, "source is missing");
  OPENDAY_TRY(std::string kind, text(*source, "kind"));
  if (kind == "gateway") {
    out.source = GatewayConfig{};
  } else if (kind == "pull") {
    OPENDAY_TRY(out.source, parse_pull(*source, out.egress));
  } else if (kind == "file") {
    OPENDAY_TRY(std::string path, text(*source, "path"));
    out.source = FileConfig{path};
  } else if (kind == "test") {
    OPENDAY_TRY(int64_t seed, number(*source, "seed", 0, UINT32_MAX, 0));
    out.source = TestConfig{static_cast<uint32_t>(seed)};
  } else {
    return fail(Errc::kInvalid, "source.kind is one of gateway, pull, file, test");
  }
  return out;
}

Result<Want> parse_want(const Json& head) {
  Want want;
  OPENDAY_TRY(int64_t width, number(head, "width", 2, 4096));
  OPENDAY_TRY(int64_t height, number(head, "height", 2, 4096));
  want.width = static_cast<int>(width);
  want.height = static_cast<int>(height);
  OPENDAY_TRY(std::string mode, text(head, "mode"));
  if (mode == "idle") {
    want.mode = Mode::kIdle;
  } else if (mode == "preview") {
    want.mode = Mode::kPreview;
  } else if (mode == "program") {
    want.mode = Mode::kProgram;
  } else {
    return fail(Errc::kInvalid, "mode is one of idle, preview, program");
  }
  return want;
}

const char* name_of(State state) {
  switch (state) {
    case State::kWaiting: return "waiting";
    case State::kStarting: return "starting";
    case State::kLive: return "live";
    case State::kStalled: return "stalled";
    case State::kError: return "error";
  }
  return "error";
}

State judge(const SourceStatus& source, const Stats& stats, HouseTime now) {
  if (!source.connected) return source.error.empty() ? State::kWaiting : State::kError;
  if (source.waiting_for_key_frame) return State::kStarting;
  bool delivering = stats.last_unit >= source.since && now - stats.last_unit < kSilence;
  bool delivered = stats.last_output > source.since;
  if (delivered) return delivering ? State::kLive : State::kStalled;
  return delivering || now - source.since < kSilence ? State::kStarting : State::kStalled;
}

std::string why_of(const SourceStatus& source) {
  if (!source.error.empty() || !source.connected) return source.error;
  return source.waiting_for_key_frame ? "waiting for the encoder's next key frame" : "";
}

link::Message state_message(State state, const SourceStatus& status, const Stats& stats, const Rates& rates,
                            Duration av_offset) {
  Json source = Json::object();
  source["video"] = nullptr;
  source["audio"] = nullptr;
  if (!stats.video.codec.empty()) {
    source["video"] = {{"codec", stats.video.codec},
                       {"width", stats.video.width},
                       {"height", stats.video.height},
                       {"fps", stats.video.fps}};
  }
  if (!stats.audio.codec.empty()) {
    source["audio"] = {
        {"codec", stats.audio.codec}, {"rate", stats.audio.rate}, {"channels", stats.audio.channels}};
  }
  return link::make_message("state", {{"state", name_of(state)},
                                      {"caught_up", stats.caught_up},
                                      {"why", why_of(status)},
                                      {"waiting_for_key_frame", status.waiting_for_key_frame},
                                      {"source", std::move(source)},
                                      {"stats",
                                       {{"frames", stats.frames},
                                        {"dropped", stats.dropped},
                                        {"decode_errors", stats.decode_errors},
                                        {"kbps", rates.kbps},
                                        {"fps", rates.fps},
                                        {"reconnects", status.reconnects},
                                        {"jitter_ms", ms(stats.jitter)},
                                        {"queue_ms", ms(stats.queued)},
                                        {"av_offset_ms", ms(av_offset + stats.av_error)},
                                        {"reanchors", stats.reanchors}}}});
}

}  // namespace openday::feed
