#include "wrap/sandbox/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

#include "base/fd.h"

namespace openday::wrap {
namespace {

// linux/landlock.h of newer kernels; Debian 12 ships an older one. Documentation/userspace-api/landlock.rst.
struct RulesetAttr {
  uint64_t handled_access_fs = 0;
  uint64_t handled_access_net = 0;  // ABI 4
  uint64_t scoped = 0;              // ABI 6
};

struct __attribute__((packed)) PathBeneathAttr {
  uint64_t allowed_access = 0;
  int32_t parent_fd = -1;
};

constexpr uint32_t kCreateRulesetVersion = 1;
constexpr int kRulePathBeneath = 1;

constexpr uint64_t kReadFile = 1u << 2;
constexpr uint64_t kReadDir = 1u << 3;
constexpr uint64_t kNetBindTcp = 1u << 0;
constexpr uint64_t kScopeAbstractUnix = 1u << 0;
constexpr uint64_t kScopeSignal = 1u << 1;

/// Every file access right that a kernel of this ABI can deny.
uint64_t all_file_rights(int abi) {
  uint64_t rights = (1u << 13) - 1;  // ABI 1: execute … make symlink
  if (abi >= 2) rights |= 1u << 13;  // refer
  if (abi >= 3) rights |= 1u << 14;  // truncate
  if (abi >= 5) rights |= 1u << 15;  // ioctl on devices
  return rights;
}

size_t attr_size(int abi) {
  return abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
}

Result<> allow_reading(int ruleset, const std::string& path, bool must_exist) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!fd) {
    if (!must_exist && errno == ENOENT) return {};
    return std::unexpected(errno_error(("landlock: " + path).c_str()));
  }
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return std::unexpected(errno_error("fstat"));
  PathBeneathAttr rule{S_ISDIR(info.st_mode) ? kReadFile | kReadDir : kReadFile, fd.get()};
  if (::syscall(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &rule, 0) != 0) {
    return std::unexpected(errno_error("landlock_add_rule"));
  }
  return {};
}

// What getaddrinfo() and a TLS client read. Symbolic links are followed here, once, so resolv.conf may live
// in /run.
constexpr std::initializer_list<const char*> kResolverFiles = {"/etc/resolv.conf",
                                                               "/etc/hosts",
                                                               "/etc/nsswitch.conf",
                                                               "/etc/host.conf",
                                                               "/etc/gai.conf",
                                                               "/etc/services",
                                                               "/etc/ssl/certs",
                                                               "/usr/share/ca-certificates",
                                                               "/etc/ld.so.cache",
                                                               "/etc/localtime",
                                                               "/usr/local/share/ca-certificates"};

}  // namespace

Result<int> enter_landlock(const SandboxRules& rules) {
  auto abi = static_cast<int>(::syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateRulesetVersion));
  if (abi <= 0) return 0;  // ENOSYS: not built in; EOPNOTSUPP: not enabled; EPERM: a container's own filter
  RulesetAttr attr;
  attr.handled_access_fs = all_file_rights(abi);
  attr.handled_access_net = kNetBindTcp;
  attr.scoped = kScopeAbstractUnix | kScopeSignal;
  UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attr, attr_size(abi), 0)));
  if (!ruleset) return std::unexpected(errno_error("landlock_create_ruleset"));
  if (rules.role == SandboxRole::kFeedFile && !rules.media_root.empty()) {
    OPENDAY_CHECK_OK(allow_reading(ruleset.get(), rules.media_root, true));
  }
  if (rules.role == SandboxRole::kFeedPull) {
    for (const char* path : kResolverFiles) OPENDAY_CHECK_OK(allow_reading(ruleset.get(), path, false));
  }
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    return std::unexpected(errno_error("landlock_restrict_self"));
  }
  return abi;
}

}  // namespace openday::wrap
