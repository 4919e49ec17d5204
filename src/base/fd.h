// Owned file descriptors.
#pragma once

#include <utility>

#include "base/result.h"

namespace openday {

/// Closes its descriptor exactly once. -1 means none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  explicit operator bool() const { return valid(); }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// Two connected stream sockets, non-blocking and close-on-exec.
Result<std::pair<UniqueFd, UniqueFd>> socket_pair();
Result<UniqueFd> duplicate(const UniqueFd& fd);
Result<> set_nonblocking(int fd, bool nonblocking = true);
/// "what: strerror(errno)" as an Error of kind kIo.
Error errno_error(const char* what);

}  // namespace openday
