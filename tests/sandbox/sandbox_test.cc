// Each case forks, enters the sandbox and then tries what a break-in would try. The same attempts are made
// without the sandbox first, so that a check which never fails would be seen.
#include "wrap/sandbox/sandbox.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "base/fd.h"

using namespace openday;
using wrap::SandboxRole;

namespace {

constexpr uid_t kNobody = 65534;

/// A folder with a database, a media root and a listening Unix socket, readable by everybody.
class Place {
 public:
  Place() {
    char pattern[] = "/tmp/openday-sandbox-XXXXXX";
    root_ = ::mkdtemp(pattern);
    ::chmod(root_.c_str(), 0755);
    std::filesystem::create_directory(media());
    std::ofstream(database()) << "secret";
    std::ofstream(media() + "/clip.ts") << "media";
    std::filesystem::create_symlink(database(), media() + "/link.ts");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path().c_str(), sizeof address.sun_path - 1);
    listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener_.get(), 8) == 0);
    ::chmod(socket_path().c_str(), 0777);
  }
  ~Place() { std::filesystem::remove_all(root_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  std::string database() const { return root_ + "/openday.db"; }
  std::string media() const { return root_ + "/media"; }
  std::string socket_path() const { return root_ + "/hub.sock"; }

 private:
  std::string root_;
  UniqueFd listener_;
};

int open_error(const std::string& path, int flags = O_RDONLY) {
  int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

int socket_error(int family, int type) {
  int fd = ::socket(family, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  ::close(fd);
  return 0;
}

/// What was tried → 0 or its errno.
using Outcome = std::map<std::string, int>;

/// Everything a break-in would want. `unix_socket` was made before the sandbox.
Outcome attempts(const Place& place, int unix_socket) {
  Outcome out;
  out["open passwd"] = open_error("/etc/passwd");
  out["open database"] = open_error(place.database());
  out["write database"] = open_error(place.database(), O_RDWR);
  out["open own memory"] = open_error("/proc/self/mem", O_RDWR);
  const char* argv[] = {"/nonexistent/program", nullptr};
  const char* environment[] = {nullptr};
  ::execve(argv[0], const_cast<char**>(argv), const_cast<char**>(environment));
  out["execve"] = errno;
  out["inet socket"] = socket_error(AF_INET, SOCK_STREAM);
  out["unix socket"] = socket_error(AF_UNIX, SOCK_STREAM);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, place.socket_path().c_str(), sizeof address.sun_path - 1);
  out["connect unix"] =
      ::connect(unix_socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  out["signal parent"] = ::kill(::getppid(), 0) == 0 ? 0 : errno;
  out["signal parent's thread"] = ::syscall(SYS_tgkill, ::getppid(), ::getppid(), 0) == 0 ? 0 : errno;
  out["own descriptor for another"] = ::fcntl(unix_socket, F_SETOWN, ::getppid()) == 0 ? 0 : errno;
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  out["executable memory"] = page == MAP_FAILED ? errno : 0;
  page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  out["make memory executable"] = ::mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? 0 : errno;
  pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  out["fork"] = child < 0 ? errno : 0;
  if (child > 0) ::waitpid(child, nullptr, 0);
  out["undo dumpable"] = ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? 0 : errno;
  out["leave parent"] = ::prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0 ? 0 : errno;
  out["ptrace"] =
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) == 0 ? 0 : errno;  // last: it binds us to the parent
  return out;
}

/// Forks (as `user`, the parent of the tried process being of the same user), runs `body` and brings its
/// outcome home.
Outcome in_child(uid_t user, const std::function<Outcome()>& body) {
  int pipe_fds[2];
  REQUIRE(::pipe2(pipe_fds, O_CLOEXEC) == 0);
  UniqueFd from(pipe_fds[0]);
  UniqueFd to(pipe_fds[1]);
  pid_t outer = ::fork();
  REQUIRE(outer >= 0);
  if (outer == 0) {
    if (user != ::geteuid() && ::setresuid(user, user, user) != 0) ::_exit(9);
    pid_t inner = ::fork();
    if (inner != 0) {
      int status = 0;
      ::waitpid(inner, &status, 0);
      ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
    }
    std::string text;
    for (const auto& [what, error] : body()) text += what + "=" + std::to_string(error) + "\n";
    if (::write(to.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) ::_exit(8);
    ::_exit(0);
  }
  to.reset();
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(from.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(got));
  }
  int status = 0;
  ::waitpid(outer, &status, 0);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  Outcome outcome;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    std::string line = text.substr(at, end - at);
    size_t equals = line.rfind('=');
    outcome[line.substr(0, equals)] = std::stoi(line.substr(equals + 1));
    at = end + 1;
  }
  return outcome;
}

/// Root here, and an ordinary user too when we may become one.
std::vector<uid_t> users() {
  if (::geteuid() == 0) return {0, kNobody};
  return {::geteuid()};
}

int enter(SandboxRole role, const std::string& media_root = {}) {
  auto entered = wrap::enter_sandbox({.role = role, .media_root = media_root});
  if (!entered) {
    (void)!::write(STDERR_FILENO, entered.error().message.data(), entered.error().message.size());
    ::_exit(7);
  }
  return entered->landlock_abi;
}

const std::map<SandboxRole, std::string> kRoles = {{SandboxRole::kGateway, "gateway"},
                                                   {SandboxRole::kFeedBytes, "bytes"},
                                                   {SandboxRole::kFeedPull, "pull"},
                                                   {SandboxRole::kFeedFile, "file"}};

}  // namespace

TEST_CASE("without the sandbox every attempt succeeds, so the attempts are real") {
  Place place;
  for (uid_t user : users()) {
    UniqueFd unix_socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    Outcome outcome = in_child(user, [&] { return attempts(place, unix_socket.get()); });
    REQUIRE(outcome.size() == 17);
    for (const auto& [what, error] : outcome) {
      INFO(what << " as user " << user);
      // The database is root's; and after a change of user a process's own files in /proc are root's as well.
      bool needs_root = (what == "write database" || what == "open own memory") && user != 0;
      if (what == "execve") {
        CHECK(error == ENOENT);
      } else if (!needs_root) {
        CHECK(error == 0);
      }
    }
  }
}

TEST_CASE("in every role each attempt of a break-in is refused") {
  Place place;
  for (const auto& [role, name] : kRoles) {
    for (uid_t user : users()) {
      UniqueFd unix_socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      Outcome outcome = in_child(user, [&] {
        enter(role, place.media());
        return attempts(place, unix_socket.get());
      });
      REQUIRE(outcome.size() == 17);
      for (const auto& [what, error] : outcome) {
        INFO(what << " in role " << name << " as user " << user);
        bool allowed = role == SandboxRole::kFeedPull && what == "inet socket";
        // A Unix socket cannot be made in this role; one made before could still be connected, so none must
        // be.
        if (role == SandboxRole::kFeedPull && what == "connect unix") continue;
        if (allowed) {
          CHECK(error == 0);
        } else {
          CHECK((error == EPERM || error == EACCES));
        }
      }
    }
  }
}

TEST_CASE("a thread made in the sandbox works and is as confined as the others") {
  Place place;
  for (const auto& [role, name] : kRoles) {
    Outcome outcome = in_child(::geteuid(), [&] {
      enter(role);
      Outcome out;
      std::thread worker([&] {
        out["open database"] = open_error(place.database());
        char* const nothing[] = {nullptr};
        out["execve"] = ::execve("/bin/true", nothing, nothing) == 0 ? 0 : errno;
        out["unix socket"] = socket_error(AF_UNIX, SOCK_STREAM);
      });
      worker.join();
      return out;
    });
    INFO(name);
    REQUIRE(outcome.size() == 3);
    for (const auto& [what, error] : outcome) CHECK((error == EPERM || error == EACCES));
  }
}

TEST_CASE("no core, no dump, no way back to higher limits") {
  Outcome outcome = in_child(::geteuid(), [] {
    enter(SandboxRole::kFeedBytes);
    Outcome out;
    rlimit core{};
    ::getrlimit(RLIMIT_CORE, &core);
    out["core"] = static_cast<int>(core.rlim_max);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    out["files"] = static_cast<int>(files.rlim_max);
    rlimit more{4096, 4096};
    out["raise"] = ::setrlimit(RLIMIT_NOFILE, &more) == 0 ? 0 : errno;
    out["dumpable"] = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    return out;
  });
  CHECK(outcome == Outcome{{"core", 0}, {"files", 256}, {"raise", EPERM}, {"dumpable", 0}});
}

TEST_CASE("the file role reads below its media root and nowhere else") {
  Place place;
  for (uid_t user : users()) {
    Outcome outcome = in_child(user, [&] {
      Outcome out;
      out["landlock"] = enter(SandboxRole::kFeedFile, place.media()) > 0;
      out["clip"] = open_error(place.media() + "/clip.ts");
      out["clip for writing"] = open_error(place.media() + "/clip.ts", O_RDWR);
      out["new file"] = open_error(place.media() + "/new.ts", O_WRONLY | O_CREAT);
      out["dots"] = open_error(place.media() + "/../openday.db");
      out["link that leads out"] = open_error(place.media() + "/link.ts");
      return out;
    });
    if (outcome["landlock"] == 0) {
      WARN("this kernel has no Landlock: the file role opens nothing");
      CHECK(outcome["clip"] == EPERM);
    } else {
      CHECK(outcome["clip"] == 0);
    }
    CHECK(outcome["clip for writing"] == EPERM);
    CHECK(outcome["new file"] == EPERM);
    CHECK((outcome["dots"] == EACCES || outcome["dots"] == EPERM));
    CHECK((outcome["link that leads out"] == EACCES || outcome["link that leads out"] == EPERM));
  }
}

TEST_CASE("the pull role resolves names and connects, and makes no raw or netlink sockets") {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener.get(), 8) == 0);
  REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  for (uid_t user : users()) {
    Outcome outcome = in_child(user, [&] {
      Outcome out;
      out["landlock"] = enter(SandboxRole::kFeedPull) > 0;
      addrinfo hints{};
      hints.ai_socktype = SOCK_STREAM;
      addrinfo* found = nullptr;
      out["resolve"] = ::getaddrinfo("localhost", "80", &hints, &found);
      if (found != nullptr) ::freeaddrinfo(found);
      UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      out["connect"] =
          ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
      out["raw"] = socket_error(AF_INET, SOCK_RAW);
      out["netlink"] = socket_error(AF_NETLINK, SOCK_RAW);
      out["listen"] = ::listen(fd.get(), 1) == 0 ? 0 : errno;
      return out;
    });
    if (outcome["landlock"] != 0) CHECK(outcome["resolve"] == 0);
    CHECK(outcome["connect"] == 0);
    CHECK(outcome["raw"] == EPERM);
    CHECK(outcome["netlink"] == EPERM);
    CHECK(outcome["listen"] == EPERM);
  }
}

TEST_CASE("the gateway accepts on a listener it was given and can make none") {
  UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::listen(listener.get(), 8) == 0);
  REQUIRE(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
  UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(::send(client.get(), "x", 1, 0) == 1);
  Outcome outcome = in_child(::geteuid(), [&] {
    enter(SandboxRole::kGateway);
    Outcome out;
    UniqueFd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    out["accept"] = accepted ? 0 : errno;
    char byte = 0;
    out["receive"] = ::recv(accepted.get(), &byte, 1, MSG_WAITALL) == 1 ? 0 : errno;
    out["socket"] = socket_error(AF_INET, SOCK_STREAM);
    out["connect"] =
        ::connect(accepted.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0
                                                                                                    : errno;
    return out;
  });
  CHECK(outcome == Outcome{{"accept", 0}, {"receive", 0}, {"socket", EPERM}, {"connect", EPERM}});
}

TEST_CASE("a sandboxed process dies with its parent") {
  int pipe_fds[2];
  REQUIRE(::pipe2(pipe_fds, O_CLOEXEC) == 0);
  UniqueFd from(pipe_fds[0]);
  UniqueFd to(pipe_fds[1]);
  pid_t outer = ::fork();
  REQUIRE(outer >= 0);
  if (outer == 0) {
    if (::fork() == 0) {
      enter(SandboxRole::kFeedBytes);
      (void)!::write(to.get(), "1", 1);
      for (;;) ::poll(nullptr, 0, -1);  // holds the pipe until it is killed
    }
    to.reset();
    char byte = 0;
    (void)!::read(from.get(), &byte, 1);  // the child is in its sandbox
    ::_exit(0);
  }
  to.reset();
  ::waitpid(outer, nullptr, 0);
  pollfd end{from.get(), POLLIN, 0};
  REQUIRE(::poll(&end, 1, 10'000) == 1);
  char byte = 0;
  CHECK(::read(from.get(), &byte, 1) == 0);
}
