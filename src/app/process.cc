#include "app/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

namespace openday::app {
namespace {

constexpr size_t kControlBound = 4 * 1024 * 1024;
constexpr int kControlFd = 3;

// Between fork and exec in the child: async-signal-safe calls only.
[[noreturn]] void become_child(int control, int null, pid_t parent, const char* role, const char* title) {
  sigset_t none;
  sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(0);  // the supervisor died before the line above
  ::setpgid(0, 0);                        // Ctrl-C is the supervisor's to hear and to pass on
  if (control == kControlFd) {
    ::fcntl(control, F_SETFD, 0);
  } else {
    ::dup2(control, kControlFd);
  }
  ::dup2(null, STDIN_FILENO);
  ::dup2(null, STDOUT_FILENO);
  ::syscall(SYS_close_range, kControlFd + 1, ~0u, 0);
  const char* const argv[] = {title, "child", role, nullptr};
  ::execv("/proc/self/exe", const_cast<char* const*>(argv));
  ::_exit(127);
}

}  // namespace

Process::Process(Loop& loop, int pid, UniqueFd pidfd, Handlers handlers)
    : loop_(loop), pid_(pid), pidfd_(std::move(pidfd)), handlers_(std::move(handlers)) {}

Process::~Process() {
  loop_.unwatch(pidfd_.get());
  if (control_) control_->close();
  if (!reaped_) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

Result<std::unique_ptr<Process>> Process::spawn(Loop& loop, const std::string& role, const std::string& title,
                                                Handlers handlers) {
  OPENDAY_TRY(auto ends, socket_pair());
  UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return std::unexpected(errno_error("/dev/null"));
  pid_t parent = ::getpid();
  pid_t pid = ::fork();
  if (pid < 0) return std::unexpected(errno_error("fork"));
  if (pid == 0) become_child(ends.second.get(), null.get(), parent, role.c_str(), title.c_str());

  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd) {
    Error error = errno_error("pidfd_open");
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return std::unexpected(error);
  }
  std::unique_ptr<Process> process(new Process(loop, pid, std::move(pidfd), std::move(handlers)));
  OPENDAY_TRY(
      process->control_,
      link::Channel::open(
          loop, std::move(ends.first), kControlBound,
          [self = process.get()](link::Message message) { self->handlers_.on_message(std::move(message)); },
          [](const Error&) {}));  // its exit is what counts, and the pidfd tells that
  OPENDAY_CHECK_OK(
      loop.watch(process->pidfd_.get(), Loop::kRead, [self = process.get()](uint32_t) { self->reap(); }));
  return process;
}

void Process::kill() {
  if (!reaped_) ::kill(pid_, SIGKILL);
}

void Process::reap() {
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return;
  reaped_ = true;
  loop_.unwatch(pidfd_.get());
  std::string how = WIFEXITED(status) ? "exit " + std::to_string(WEXITSTATUS(status))
                                      : "signal " + std::to_string(WTERMSIG(status));
  auto on_exit = std::move(handlers_.on_exit);
  on_exit(how);  // may destroy this object
}

}  // namespace openday::app
