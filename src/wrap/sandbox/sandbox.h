// Gives up, for good, what a process that parses strangers' bytes must not have.
//
// What enter_sandbox() does, in this order: resource limits, no core dumps, not dumpable (so nobody of the
// same user may attach to it), dies with its parent, no_new_privs, no capabilities, a Landlock domain where
// the kernel has one, and a seccomp allow-list. Everything not listed for the role fails with EPERM (clone3
// with ENOSYS, so that the C library falls back to clone, whose flags can be read).
//
//            open          socket()         threads  fork  exec  ptrace  kill others
//  gateway   no            no (accept yes)  yes      no    no    no      no
//  bytes     no            no               yes      no    no    no      no      (photos, too)
//  pull      read-only *   inet, inet6      yes      no    no    no      no
//  file      read-only **  no               yes      no    no    no      no
//
//   * what name resolution and certificate checks read (/etc/resolv.conf, /etc/ssl …), by Landlock. Without
//   Landlock
//     nothing can be opened: such a source must be given by a numeric address and without TLS.
//  ** below the media root, by Landlock. Without Landlock nothing can be opened: open the file before
//  entering.
//
// No role may map memory executable, so nothing can be loaded with dlopen afterwards and injected code cannot
// run.
//
// Call it while the process has one thread (a Landlock domain covers the caller and what it creates later;
// seccomp is synchronised to all threads). Threads made later inherit everything.
//
// Builds with AddressSanitizer or ThreadSanitizer use the same rules, with three differences: the address
// space is not capped (shadow memory needs terabytes), reports come without symbols (the symbolizer can be
// neither run nor can it read /proc), and LeakSanitizer cannot run at exit (it needs ptrace): leave with
// _exit() or switch it off.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace openday::wrap {

enum class SandboxRole { kGateway, kFeedBytes, kFeedPull, kFeedFile };

struct SandboxRules {
  SandboxRole role = SandboxRole::kFeedBytes;
  std::string media_root;     // kFeedFile: the only folder it may read; empty: nothing
  uint64_t open_files = 256;  // RLIMIT_NOFILE
  uint64_t user_tasks =
      4096;  // RLIMIT_NPROC; the kernel counts all tasks of the user, so it is no tight bound
  uint64_t address_space_bytes = 0;  // RLIMIT_AS; 0 leaves it
};

struct SandboxReport {
  int landlock_abi = 0;  // 0: this kernel has no Landlock, or it is switched off
};

/// Irreversible. kIo when the kernel refuses a step: the caller must then exit and not go on unprotected.
Result<SandboxReport> enter_sandbox(const SandboxRules& rules);

}  // namespace openday::wrap
