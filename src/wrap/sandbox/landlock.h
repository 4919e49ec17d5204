// The Landlock domain of each role, by raw system calls: the C library of Debian 12 has no wrappers.
#pragma once

#include "wrap/sandbox/sandbox.h"

namespace openday::wrap {

/// Confines the calling thread and all that it creates. Returns the kernel's Landlock ABI, 0 when it has
/// none. Needs no_new_privs.
Result<int> enter_landlock(const SandboxRules& rules);

}  // namespace openday::wrap
