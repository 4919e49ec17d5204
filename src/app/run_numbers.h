// Which numbers a run of the engine begins with, and at which program time, whatever state its store is in.
#pragma once

#include <memory>
#include <string>

#include "app/engine_config.h"
#include "base/clock.h"
#include "output/store_index.h"

namespace openday::app {

struct RunNumbers {
  int64_t first_msn = 0;
  int discontinuity = 0;   // earlier runs of the broadcast that have media
  ProgramTime not_before;  // end of what is stored, and of the rehearsal
};

/// No number is used twice. The checkpoint knows what was published since the server started, the store what
/// was recorded, also before: each may be the older one, and the larger number counts.
///
/// A store that cannot be read leaves the checkpoint, which began above the store and has grown with every
/// segment since. Without one (the server has just started) nobody knows what was used, and both numbers are
/// taken from the clock: seconds since 2020, which no run can have reached, as a segment takes two.
/// `not_before` is the end of the rehearsal as the hub knows it, for when the store does not tell.
RunNumbers number_run(const Checkpoint& checkpoint, const Result<output::StoreSummary>& stored,
                      ProgramTime now, ProgramTime not_before = {});

/// Program time of the run's first tick, at house time `first_tick`: `wall`, but within a broadcast program
/// time never goes back, as viewers are shown nothing from before they were let in. After a wall clock that
/// was set back, a run goes on by the clock of the run before it, or, when the server has just started, not
/// before numbers.not_before.
ProgramTime start_of_run(const Checkpoint& checkpoint, const RunNumbers& numbers, ProgramTime wall,
                         HouseTime first_tick);
/// What the checkpoint keeps of a run that starts so.
ProgramTime clock_of_run(ProgramTime start, HouseTime first_tick);

/// summarize_store() for those who cannot wait for a disk that hangs: kTimeout after `patience`; the thread
/// that reads is then left to itself.
Result<output::StoreSummary> summarize_in_time(std::shared_ptr<output::Disk> disk, std::string store,
                                               Duration patience);

}  // namespace openday::app
