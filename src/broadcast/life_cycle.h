// The life of a broadcast: made, rehearsed, live, ended. Every function is one unit of work on the ledger: it
// checks, changes and writes the audit entry, or fails and changes nothing.
#pragma once

#include <string>
#include <vector>

#include "broadcast/ledger.h"
#include "broadcast/rules.h"
#include "broadcast/targets.h"

namespace openday::broadcast {

struct NewBroadcast {
  std::string id;
  std::string title;
  std::string description;
  std::string language = "zh-CN";
  std::optional<ProgramTime> starts_at;
  bool hidden = false;
  std::vector<std::string> venues;
  media::HouseFormat house;
  std::vector<NewTarget> targets;
  std::string preview;  // fresh unguessable name
};

/// What is not given stays.
struct BroadcastChanges {
  std::optional<std::string> title;
  std::optional<std::string> description;
  std::optional<std::string> language;
  std::optional<std::optional<ProgramTime>> starts_at;
  std::optional<bool> hidden;
  std::optional<std::vector<std::string>> venues;
  std::optional<media::HouseFormat> house;
};

Result<Broadcast> create(Ledger& ledger, const NewBroadcast& wanted, const Rules& rules, const Act& act);
/// Venues may change until the end (those that stay keep their slots), the house format only while scheduled.
Result<Broadcast> edit(Ledger& ledger, const std::string& id, const BroadcastChanges& changes,
                       const Rules& rules, const Act& act);
/// Only when scheduled or ended. Until Ledger::media_gone() nothing of the same name can be made.
Result<> remove(Ledger& ledger, const std::string& id, const Act& act);

/// scheduled → rehearsal: the engine runs, the public sees nothing. A venue serves one active broadcast at a
/// time, and all active ones have kMostProcesses together.
Result<Broadcast> rehearse(Ledger& ledger, const std::string& id, const Act& act);
/// How much farther an engine may come after it was told to stop.
inline constexpr auto kEngineStops = seconds(5);

/// rehearsal → scheduled. `edge`: how far the program has come on its own clock. A wall clock that is set
/// back later does not make it public.
Result<Broadcast> stop_rehearsal(Ledger& ledger, const std::string& id, std::optional<ProgramTime> edge,
                                 const Act& act);
/// scheduled or rehearsal → live. `edge`: the same, if an engine runs already; the public sees what follows.
Result<Broadcast> go_live(Ledger& ledger, const std::string& id, std::optional<ProgramTime> edge,
                          const Act& act);
/// live → ended, for good. `confirm` must be the title or the id.
Result<Broadcast> end(Ledger& ledger, const std::string& id, const std::string& confirm, const Act& act);

/// The engine has recorded something that the public may see. Not audited.
Result<Broadcast> note_recorded(Ledger& ledger, const std::string& id);
/// Retention has taken the last of it.
Result<Broadcast> note_recording_gone(Ledger& ledger, const std::string& id, const Act& act);

}  // namespace openday::broadcast
