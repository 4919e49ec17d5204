// What a target's URL and key say, as far as a connection needs it.
#pragma once

#include <string>
#include <variant>

#include "base/clock.h"
#include "base/egress.h"
#include "rtmp/client_session.h"

namespace openday::output {

struct SrtPlace {
  std::string host;
  uint16_t port = 0;
  std::string stream_id;   // secret
  std::string passphrase;  // secret; empty: not encrypted
  milliseconds latency{250};
};

using Place = std::variant<rtmp::PushTarget, SrtPlace>;

/// rtmp(s)://host[:port]/app with the stream key, or srt://host:port?streamid=…&latency=…&passphrase=… with
/// the passphrase as the key (either place will do). `latency` is in ms, as libsrt's tools take it; values
/// above 8000 are taken for µs, as FFmpeg writes them. kRefused: scheme or address against the policy;
/// kInvalid says what is wrong without repeating the URL.
Result<Place> parse_place(const std::string& url, const std::string& key, const EgressPolicy& policy);

}  // namespace openday::output
