// The feed's words of docs/LINK.md as values.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "feed/pull_source.h"
#include "feed/stats.h"
#include "feed/unit.h"
#include "link/message.h"
#include "media/media.h"

namespace openday::feed {

struct GatewayConfig {};
struct FileConfig {
  std::string path;
};
struct TestConfig {
  uint32_t seed = 0;
};

/// `start.config` of a feed.
struct FeedConfig {
  std::string venue;
  std::variant<GatewayConfig, PullConfig, FileConfig, TestConfig> source;
  media::HouseFormat house;
  Duration jitter = milliseconds(120);
  Duration av_offset{0};
  EgressPolicy egress;
  std::string media_root;
};

/// kInvalid with the name of the field.
Result<FeedConfig> parse_config(const link::Json& config);
Result<Want> parse_want(const link::Json& head);

enum class State { kWaiting, kStarting, kLive, kStalled, kError };
const char* name_of(State state);

/// What the source itself knows.
struct SourceStatus {
  bool connected = false;
  std::string error;                   // why not, when something failed
  HouseTime since;                     // of the last change
  bool waiting_for_key_frame = false;  // media comes, and no picture can begin yet
  uint64_t reconnects = 0;             // beginnings after the first
};

/// starting, too: sound may be heard already, but the picture waits for its first key frame.
/// live: units come and something came out of them; stalled: none for a second and a half.
State judge(const SourceStatus& source, const Stats& stats, HouseTime now);
/// What there is to say about it: the error, or what is waited for.
std::string why_of(const SourceStatus& source);

/// What arrives, measured between two `state` messages.
struct Rates {
  int kbps = 0;
  double fps = 0;
};

/// The `state` message.
link::Message state_message(State state, const SourceStatus& source, const Stats& stats, const Rates& rates,
                            Duration av_offset);

}  // namespace openday::feed
