#include "wrap/sandbox/filter.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <span>
#include <system_error>

namespace openday::wrap {
namespace {

struct Release {
  void operator()(void* context) const { seccomp_release(context); }
};

// Memory, time, synchronisation and reading and writing of what is already open.
// clang-format off
constexpr int kCommon[] = {
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
    SCMP_SYS(preadv), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(lseek), SCMP_SYS(dup), SCMP_SYS(munmap),
    SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(mincore), SCMP_SYS(futex),
    SCMP_SYS(futex_waitv), SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq),
    SCMP_SYS(membarrier), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid),
    SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getrandom),
    SCMP_SYS(getrusage), SCMP_SYS(times), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrlimit),
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_create), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2), SCMP_SYS(pipe), SCMP_SYS(pipe2),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigpending), SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group)};
// clang-format on

// On sockets that exist. sendmsg carries descriptors over the link.
// clang-format off
constexpr int kConnected[] = {
    SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname), SCMP_SYS(getpeername)};
// clang-format on

class Filter {
 public:
  static Result<Filter> create() {
    Filter filter;
    filter.context_.reset(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
    if (!filter.context_) return fail(Errc::kIo, "seccomp_init failed");
    return filter;
  }

  void allow(std::span<const int> calls) {
    for (int call : calls) allow(call);
  }
  template <class... Conditions>
  void allow(int call, Conditions... conditions) {
    rule(SCMP_ACT_ALLOW, call, conditions...);
  }
  template <class... Conditions>
  void rule(uint32_t action, int call, Conditions... conditions) {
    int result = 0;
    if constexpr (sizeof...(conditions) == 0) {
      result = seccomp_rule_add(context_.get(), action, call, 0);
    } else {
      const scmp_arg_cmp list[] = {conditions...};
      result = seccomp_rule_add_array(context_.get(), action, call, sizeof...(conditions), list);
    }
    if (result != 0 && error_ == 0) error_ = result;
  }

  Result<> load() {
    // All threads at once; without it a thread made before would stay free.
    if (error_ == 0) error_ = seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_TSYNC, 1);
    // A binary tree instead of a chain of comparisons: the cost per call no longer grows with the list.
    if (error_ == 0) error_ = seccomp_attr_set(context_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (error_ == 0) error_ = seccomp_load(context_.get());
    if (error_ != 0)
      return fail(Errc::kIo, std::string("seccomp: ") + std::generic_category().message(-error_));
    return {};
  }

 private:
  std::unique_ptr<void, Release> context_;
  int error_ = 0;
};

scmp_arg_cmp equals(unsigned argument, uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, 0xFFFFFFFFu,
          value & 0xFFFFFFFFu};  // 32-bit arguments: ignore the upper half
}
scmp_arg_cmp bits_clear(unsigned argument, uint64_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, 0};
}
scmp_arg_cmp bits_set(unsigned argument, uint64_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, bits, bits};
}

void add_process_rules(Filter& filter) {
  auto self = static_cast<uint64_t>(::getpid());
  // A thread, never a process. clone3 hides its flags behind a pointer.
  filter.allow(SCMP_SYS(clone), bits_set(0, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND));
  filter.rule(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  filter.allow(SCMP_SYS(tgkill), equals(0, self));  // abort(), raise()
  filter.allow(SCMP_SYS(prctl), equals(0, PR_SET_NAME));
  filter.allow(SCMP_SYS(prctl), equals(0, PR_GET_NAME));
  filter.allow(SCMP_SYS(prctl), equals(0, PR_GET_DUMPABLE));
  filter.allow(SCMP_SYS(prctl), equals(0, 0x53564d41 /* PR_SET_VMA, Linux 5.17: names for memory */));
  filter.allow(SCMP_SYS(prlimit64), equals(0, 0), scmp_arg_cmp{2, SCMP_CMP_EQ, 0, 0});  // look, do not change
}

void add_memory_rules(Filter& filter) {
  filter.allow(SCMP_SYS(mmap), bits_clear(2, PROT_EXEC));
  filter.allow(SCMP_SYS(mprotect), bits_clear(2, PROT_EXEC));
}

void add_descriptor_rules(Filter& filter) {
  // F_SETOWN with F_SETSIG would let a readable descriptor send any signal to a process of the same user.
  for (int command : {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GET_SEALS}) {
    filter.allow(SCMP_SYS(fcntl), equals(1, static_cast<uint64_t>(command)));
  }
  filter.allow(SCMP_SYS(ioctl), equals(1, FIONBIO));
  filter.allow(SCMP_SYS(ioctl), equals(1, FIONREAD));
  // fstat() of this C library; a path cannot be seen by the filter, but without it there is nothing to name a
  // file with.
  filter.allow(SCMP_SYS(newfstatat), bits_set(3, AT_EMPTY_PATH));
}

void add_reading_of_files(Filter& filter) {
  // Landlock says which; the filter says that they are only read.
  uint64_t forbidden = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY);
  filter.allow(SCMP_SYS(openat), bits_clear(2, forbidden));
  filter.allow(SCMP_SYS(open), bits_clear(1, forbidden));
  filter.allow(SCMP_SYS(newfstatat));
  filter.allow(SCMP_SYS(stat));
  filter.allow(SCMP_SYS(access), equals(1, R_OK));
  filter.allow(SCMP_SYS(access), equals(1, F_OK));
  filter.allow(SCMP_SYS(getdents64));
  filter.allow(SCMP_SYS(readlink));
}

void add_outgoing_sockets(Filter& filter) {
  for (int family : {AF_INET, AF_INET6}) {
    for (int type : {SOCK_STREAM, SOCK_DGRAM}) {  // no raw sockets; the upper bits are NONBLOCK and CLOEXEC
      filter.allow(SCMP_SYS(socket), equals(0, static_cast<uint64_t>(family)),
                   scmp_arg_cmp{1, SCMP_CMP_MASKED_EQ, 0xF, static_cast<uint64_t>(type)});
    }
  }
  filter.allow(SCMP_SYS(connect));
  filter.allow(SCMP_SYS(bind));  // libsrt binds its UDP socket to port 0
}

}  // namespace

Result<> load_filter(SandboxRole role, bool landlock) {
  OPENDAY_TRY(Filter filter, Filter::create());
  filter.allow(kCommon);
  filter.allow(kConnected);
  add_process_rules(filter);
  add_memory_rules(filter);
  add_descriptor_rules(filter);
  switch (role) {
    case SandboxRole::kGateway:
      filter.allow(SCMP_SYS(accept));
      filter.allow(SCMP_SYS(accept4));
      break;
    case SandboxRole::kFeedBytes: break;
    case SandboxRole::kFeedPull:
      add_outgoing_sockets(filter);
      if (landlock) add_reading_of_files(filter);
      break;
    case SandboxRole::kFeedFile:
      if (landlock) add_reading_of_files(filter);
      break;
  }
  return filter.load();
}

}  // namespace openday::wrap
