#include "wrap/sandbox/sandbox.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "base/fd.h"
#include "wrap/sandbox/filter.h"
#include "wrap/sandbox/landlock.h"

namespace openday::wrap {
namespace {

#if defined(OPENDAY_SANITIZE_ADDRESS) || defined(OPENDAY_SANITIZE_THREAD)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

/// Lowers soft and hard limit to `most`; a limit that is already lower stays.
Result<> cap(__rlimit_resource what, uint64_t most) {
  rlimit limit{};
  if (::getrlimit(what, &limit) != 0) return std::unexpected(errno_error("getrlimit"));
  limit.rlim_max = std::min<rlim_t>(limit.rlim_max, most);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, limit.rlim_max);
  if (::setrlimit(what, &limit) != 0) return std::unexpected(errno_error("setrlimit"));
  return {};
}

Result<> set(int option, unsigned long value, const char* name) {
  if (::prctl(option, value, 0, 0, 0) != 0) return std::unexpected(errno_error(name));
  return {};
}

/// Root in a container keeps its user id but none of its powers.
Result<> drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  if (::syscall(SYS_capset, &header, none) != 0) return std::unexpected(errno_error("capset"));
  return {};
}

}  // namespace

Result<SandboxReport> enter_sandbox(const SandboxRules& rules) {
  OPENDAY_CHECK_OK(cap(RLIMIT_CORE, 0));
  OPENDAY_CHECK_OK(cap(RLIMIT_NOFILE, rules.open_files));
  OPENDAY_CHECK_OK(cap(RLIMIT_NPROC, rules.user_tasks));
  if (rules.address_space_bytes > 0 && !kSanitized)
    OPENDAY_CHECK_OK(cap(RLIMIT_AS, rules.address_space_bytes));
  OPENDAY_CHECK_OK(set(PR_SET_DUMPABLE, 0, "PR_SET_DUMPABLE"));
  OPENDAY_CHECK_OK(set(PR_SET_PDEATHSIG, SIGKILL, "PR_SET_PDEATHSIG"));
  OPENDAY_CHECK_OK(set(PR_SET_NO_NEW_PRIVS, 1, "PR_SET_NO_NEW_PRIVS"));
  OPENDAY_TRY(int abi,
              enter_landlock(rules));  // before the capabilities go: opening the media root may need them
  OPENDAY_CHECK_OK(drop_capabilities());
  OPENDAY_CHECK_OK(load_filter(rules.role, abi > 0));
  return SandboxReport{abi};
}

}  // namespace openday::wrap
