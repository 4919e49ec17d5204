#include "output/push_url.h"

#include "base/text.h"

namespace openday::output {
namespace {

// SRTO_PASSPHRASE and SRTO_STREAMID.
constexpr size_t kMinPassphrase = 10;
constexpr size_t kMaxPassphrase = 79;
constexpr size_t kMaxStreamId = 512;
constexpr int64_t kMaxLatencyMs = 8000;

Result<milliseconds> latency_of(const std::string& text) {
  int64_t value = decimal<int64_t>(text).value_or(-1);
  if (value > kMaxLatencyMs) value /= 1000;
  if (value < 0 || value > kMaxLatencyMs) {
    return fail(Errc::kInvalid, "the SRT URL's latency is not a number from 0 to 8000 ms");
  }
  return milliseconds(value);
}

Result<Place> parse_srt(const Url& url, const std::string& key) {
  SrtPlace place;
  place.host = url.host;
  place.port = url.port;
  if (url.parameter("mode").value_or("caller") != "caller") {
    return fail(Errc::kInvalid, "an SRT target is called: mode must be caller");
  }
  place.stream_id = url.parameter("streamid").value_or("");
  if (place.stream_id.size() > kMaxStreamId)
    return fail(Errc::kInvalid, "the SRT stream id is longer than 512 bytes");
  place.passphrase = key.empty() ? url.parameter("passphrase").value_or("") : key;
  if (!place.passphrase.empty() &&
      (place.passphrase.size() < kMinPassphrase || place.passphrase.size() > kMaxPassphrase)) {
    return fail(Errc::kInvalid, "an SRT passphrase has 10 to 79 characters");
  }
  if (auto latency = url.parameter("latency")) {
    OPENDAY_TRY(place.latency, latency_of(*latency));
  }
  return place;
}

}  // namespace

Result<Place> parse_place(const std::string& url, const std::string& key, const EgressPolicy& policy) {
  OPENDAY_TRY(auto parsed, check_url(url, kPushSchemes, policy));
  if (parsed.scheme == "srt") return parse_srt(parsed, key);
  OPENDAY_TRY(Place place, rtmp::parse_push_url(url, key));
  return place;
}

}  // namespace openday::output
