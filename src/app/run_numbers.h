// Which numbers a run of the engine begins with, whatever state its store is in.
#pragma once

#include <memory>
#include <string>

#include "app/engine_config.h"
#include "base/clock.h"
#include "output/store_index.h"

namespace openday::app {

struct RunNumbers {
  int64_t first_msn = 0;
  int discontinuity = 0;  // earlier runs of the broadcast that have media
};

/// No number is used twice. The checkpoint knows what was published since the server started, the store what
/// was recorded, also before: each may be the older one, and the larger number counts.
///
/// A store that cannot be read leaves the checkpoint, which began above the store and has grown with every
/// segment since. Without one (the server has just started) nobody knows what was used, and both numbers are
/// taken from the clock: seconds since 2020, which no run can have reached, as a segment takes two.
RunNumbers number_run(const Checkpoint& checkpoint, const Result<output::StoreSummary>& stored,
                      ProgramTime now);

/// summarize_store() for those who cannot wait for a disk that hangs: kTimeout after `patience`; the thread
/// that reads is then left to itself.
Result<output::StoreSummary> summarize_in_time(std::shared_ptr<output::Disk> disk, std::string store,
                                               Duration patience);

}  // namespace openday::app
