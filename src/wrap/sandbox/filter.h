// The seccomp allow-list of each role.
#pragma once

#include "wrap/sandbox/sandbox.h"

namespace openday::wrap {

/// Loads the filter into every thread of the process. `landlock`: a Landlock domain bounds what may be
/// opened.
Result<> load_filter(SandboxRole role, bool landlock);

}  // namespace openday::wrap
