// What an engine is started with (docs/LINK.md, start.config of an engine), checked and typed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "link/message.h"
#include "media/media.h"
#include "mixer/mixer.h"

namespace openday::app {

struct EngineConfig {
  std::string broadcast;
  mixer::MixerConfig mixer;
  std::map<std::string, mixer::VenueMix> mix;
  mixer::Scene scene;
  link::Json targets = link::Json::array();  // as `configure` brings them
  std::vector<media::Rendition> ladder;      // empty: to be chosen from the cores
  std::string preset;
  ProgramTime not_before;  // no earlier than this begins the program
  std::string pipelines;   // folder
  struct Store {
    std::string dir;  // of this broadcast
    int retention_days = 0;
    int64_t max_bytes = 0;
    int64_t reserve_bytes = 0;
  } store;
  bool allow_private = false;
};

/// kInvalid names the field.
Result<EngineConfig> parse_engine_config(const link::Json& config);
/// The `slots` list of `start` and `configure`.
Result<std::vector<mixer::SlotAssignment>> parse_slots(const link::Json& slots);
/// The `mix` object of `start` and `mix`: venue → {gain_db, mute}.
Result<std::map<std::string, mixer::VenueMix>> parse_mix(const link::Json& venues);
link::Json to_json(const std::map<std::string, mixer::VenueMix>& mix);

/// What survives the engine: kept by the supervisor, handed to the next process.
struct Checkpoint {
  mixer::Scene scene;
  std::map<std::string, mixer::VenueMix> mix;
  int64_t msn = -1;      // of the newest segment that was begun; −1: none
  int runs = 0;          // that had media
  ProgramTime clock;     // of the newest run: program time at house time 0
  bool present = false;  // false: this is the first process
};
inline constexpr int64_t kLargestMsn = 1'000'000'000'000;
inline constexpr int kMostRuns = 999'999'999;  // above what number_run() takes from the clock, until 2051
inline constexpr ProgramTime kLatestClock{4'102'444'800'000};  // the year 2100
/// What is missing or strange counts as not said; numbers are kept within the above.
Checkpoint parse_checkpoint(const link::Json& json);
link::Json to_json(const Checkpoint& checkpoint);

}  // namespace openday::app
